"""Fills an empty site: the shared catalogue with stock at two locations, shoppers, coupons, categories."""

from integrations.sandbox.clarity_ecommerce.goods import MAIN, Goods
from integrations.sandbox.clarity_ecommerce.people import People
from integrations.sandbox.clarity_ecommerce.records import Records
from integrations.sandbox.core.catalogue import CATALOGUE
from integrations.sandbox.core.state import State

_SHOPPERS = (
    ("Pat", "Lee", "Acme", "1 Main St", "Austin", "TX", "78701", "US"),
    ("Ines", "Müller", "", "445 N Wells St", "Chicago", "IL", "60654", "US"),
    ("Noor", "Haddad", "Haddad Interiors", "12 Queen St W", "Toronto", "ON", "M5H 2N2", "CA"),
    ("Ola", "Nowak", "", "77 Pine Ave", "Seattle", "WA", "98101", "US"),
)
_CATEGORIES = ("Lamps", "Bulbs", "Accessories")
_COUPONS = (("SPRING10", "Spring, 10 % off", "percent", 10), ("LAMP5", "5 off a lamp", "amount", 5))


def is_empty(records: Records) -> bool:
    return records.rows("product", limit=1)[1] == 0


def fill(state: State, records: Records, goods: Goods, people: People) -> None:
    """Create the demo contents in one transaction."""
    with state.transaction():
        for sort, name in enumerate(_CATEGORIES):
            records.add(
                "category",
                {"parentId": None, "name": name, "seoUrl": name.lower(), "isVisible": True, "sort": sort},
            )
        for article in CATALOGUE:
            goods.create(
                {
                    "sku": article.sku,
                    "name": article.name,
                    "price": float(article.price),
                    "weight": float(article.weight),
                    "weightUom": "kg",
                    "categoryIds": [1],
                }
            )
            goods.set_stock(article.sku, article.stock, MAIN)
        goods.set_stock(CATALOGUE[0].sku, 5, "WEST")
        _fill_people(people)
        _fill_coupons(records)


def _fill_people(people: People) -> None:
    for first, last, company, street, city, region, postal_code, country in _SHOPPERS:
        mail = f"{first}.{last}".replace("ü", "u").lower() + "@example.com"
        people.create(
            {
                "name": company or f"{first} {last}",
                "email": mail,
                "addresses": [
                    {
                        "firstName": first,
                        "lastName": last,
                        "company": company,
                        "street1": street,
                        "city": city,
                        "region": region,
                        "postalCode": postal_code,
                        "country": country,
                        "phone": "+15125550100",
                        "email": mail,
                        "isBilling": True,
                        "isShipping": True,
                        "addressKey": "MAIN",
                    }
                ],
            }
        )


def _fill_coupons(records: Records) -> None:
    for code, name, kind, value in _COUPONS:
        body = {
            "code": code,
            "name": name,
            "type": kind,
            "value": value,
            "startDate": None,
            "endDate": None,
            "isActive": True,
            "usageLimit": None,
            "usageLimitPerCustomer": 1,
            "combinable": False,
        }
        records.add("coupon", body, code)
