"""The order of the mapping bench, and its mapping as a document: 40 target fields, four lines, 3 KB of JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.mapping import EvaluationContext, ValueTable

ZONE = "America/Chicago"
SHIP_VIA = {"Courier": "UPSGRND", "Express air": "UPSRED", "Local pickup": "PICKUP"}
TERMS = {"Credit card": "CC", "PayPal": "PP", "Purchase order": "30"}
COUNTRIES = {"US": "USA", "CA": "CAN", "DE": "DEU"}
LINKS = {
    ("customer", "pat.lee@example.com"): "C300417",
    ("product", "A50-HALO"): "A50HALO",
    ("product", "B7-CABLE"): "B7CABLE",
    ("product", "MX-900"): "MX900",
    ("product", "GIFT"): "GIFT-WRAP",
}
CONTEXT = EvaluationContext(
    now=datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC),
    value_tables={
        "ship_via": ValueTable("ship_via", 3, SHIP_VIA, "hold"),
        "terms": ValueTable("terms", 1, TERMS, "default", "30"),
        "countries": ValueTable("countries", 1, COUNTRIES, "fail"),
    },
    links=LINKS,
)


def _address(street: str, company: str | None) -> dict[str, Any]:
    return {
        "firstname": "Pat",
        "lastname": "Lee",
        "company": company,
        "street1": street,
        "street2": "",
        "city": "Chicago ",
        "state_code": "IL",
        "zip": "60614",
        "country_code": "US",
        "phone": "+1 312 555 0142",
    }


def _line(place: int, sku: str, amount: int, price: str, discount: str) -> dict[str, Any]:
    subtotal = Decimal(price) * amount
    return {
        "id": str(7000 + place),
        "sku": sku,
        "name": f"{sku.strip().title()} headphones with noise cancelling, batch {place}",
        "amount": amount,
        "price": Decimal(price),
        "subtotal": subtotal,
        "discount": Decimal(discount),
        "net_amount": subtotal - Decimal(discount),
        "tax_code": "STD",
        "attributes": [{"name": "Colour", "value": "Black"}, {"name": "Size", "value": "M"}],
    }


ORDER: dict[str, Any] = {
    "order_id": "88213",
    "order_number": "1043",
    "create_date": datetime(2026, 3, 2, 3, 14, 15, tzinfo=UTC),
    "email": " Pat.Lee@Example.com ",
    "currency": "usd",
    "customer_notes": "Please leave the parcel at the back door if nobody answers, the dog is friendly.",
    "payment_method": "Credit card",
    "payment_status": {"code": "P", "name": "Paid"},
    "shipping_status": {"code": "N", "name": "New"},
    "shipping_method": "Courier",
    "billing_address": _address("1200 W Fullerton Ave", "Northline Audio Ltd"),
    "shipping_address": _address("445 N Wells St", None),
    "items": [
        _line(1, " a50-halo ", 2, "149.99", "10.00"),
        _line(2, "b7-cable", 12, "4.25", "0.00"),
        _line(3, "mx-900", 1, "899.00", "45.55"),
        _line(4, "gift", 3, "3.50", "0.00"),
    ],
    "subtotal": Decimal("1260.48"),
    "discount_amount": Decimal("-55.55"),
    "tax_amount": Decimal("101.234"),
    "shipping_cost": Decimal("18.50"),
    "handling_cost": Decimal("2.00"),
    "total": Decimal("1326.66"),
    "payments": [{"method": "Credit card", "reference": "ch_3PqK2v", "amount": Decimal("1326.66")}],
    "staff_notes": "Called on Friday: wants the cables in black. Gift wrap for the MX-900 only. " * 4,
    "membership": {"level": "gold", "since": "2021-04-01", "points": 1840, "newsletter": True},
    "tracking": "UPS 1Z9Y80",
    "source": {
        "channel": "web",
        "ip": "198.51.100.7",
        "agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
    },
}


def _either(field: str, *steps: Any) -> dict[str, Any]:
    return {"from": [f"shipping_address.{field}", f"billing_address.{field}"], "do": ["coalesce", *steps]}


def _lookup(name: str) -> dict[str, str]:
    return {"fn": "lookup", "map": name}


_WHEN_REVIEW = {
    "any": [
        {"field": "total", "op": "gt", "value": 1000},
        {"field": "payment_status.code", "op": "in", "value": ["Q", "A"]},
    ]
}
_BY_PURCHASE_ORDER = {"field": "payment_method", "op": "eq", "value": "Purchase order"}
_LINES: list[Mapping[str, Any]] = [
    {"to": "InvtID", "from": "sku", "do": ["trim", "upper", {"fn": "link", "kind": "product"}]},
    {"to": "Descr", "from": "name", "do": ["trim", {"fn": "truncate", "length": 60}]},
    {"to": "QtyOrd", "from": "amount", "do": ["to_decimal"]},
    {"to": "CuryUnitPrice", "from": ["net_amount", "amount"], "do": [{"fn": "net_unit_price", "places": 4}]},
    {"to": "CuryExtPrice", "from": "net_amount", "do": [{"fn": "round", "places": 2}]},
    {"to": "CuryID", "from": "^.currency", "do": ["upper"]},
    {"to": "TaxCat", "from": "tax_code", "do": [{"fn": "default", "value": "STD"}]},
    {"to": "SiteID", "value": "MAIN"},
    {"to": "Colour", "from": "attributes[0].value"},
]
DOCUMENT: dict[str, Any] = {
    "name": "bench",
    "rules": [
        {"to": "CustID", "from": "email", "do": ["trim", "lower", {"fn": "link", "kind": "customer"}]},
        {"to": "CustOrdNbr", "from": "order_number", "do": [{"fn": "prefix", "with": "XC-"}]},
        {"to": "OrdDate", "from": "create_date", "do": [{"fn": "to_date", "zone": ZONE}]},
        {"to": "ShiptoID", "value": "DEFAULT"},
        {"to": "ShipName", "from": ["shipping_address.firstname", "shipping_address.lastname"], "do": ["join"]},
        {"to": "ShipAttn", **_either("company", {"fn": "truncate", "length": 30})},
        {"to": "ShipAddr1", **_either("street1", "trim")},
        {"to": "ShipAddr2", **_either("street2", {"fn": "default", "value": ""})},
        {"to": "ShipCity", **_either("city", "trim")},
        {"to": "ShipState", **_either("state_code", "upper")},
        {"to": "ShipZip", **_either("zip", "trim")},
        {"to": "ShipCountry", **_either("country_code", _lookup("countries"))},
        {"to": "ShipPhone", **_either("phone", {"fn": "replace", "old": " "})},
        {"to": "BillName", "from": ["billing_address.firstname", "billing_address.lastname"], "do": ["join"]},
        {"to": "BillAddr1", "from": "billing_address.street1", "do": ["trim"]},
        {"to": "BillCity", "from": "billing_address.city", "do": ["trim"]},
        {"to": "BillState", "from": "billing_address.state_code", "do": ["upper"]},
        {"to": "BillZip", "from": "billing_address.zip", "do": ["trim"]},
        {"to": "Email", "from": "email", "do": ["trim", "lower"]},
        {"to": "ShipViaID", "from": "shipping_method", "do": [_lookup("ship_via")]},
        {"to": "Terms", "from": "payment_method", "do": [_lookup("terms")]},
        {"to": "CuryID", "from": "currency", "do": ["upper"]},
        {"to": "CuryTotFrt", "from": ["shipping_cost", "handling_cost"], "do": ["sum", "round"]},
        {"to": "CuryTotTax", "from": "tax_amount", "do": ["round"]},
        {"to": "CuryDisc", "from": "discount_amount", "do": [{"fn": "multiply", "by": -1}, "round"]},
        {"to": "CuryTotOrd", "from": "total", "do": ["to_decimal"]},
        {"to": "Review", "value": True, "when": _WHEN_REVIEW, "else": False},
        {"to": "PONumber", "from": "po_number", "when": _BY_PURCHASE_ORDER},
        {"to": "Note", "from": "customer_notes", "do": ["trim", {"fn": "truncate", "length": 120}]},
        {"to": "PmtRef", "from": "payments[0].reference"},
        {"to": "Tracking", "from": "tracking", "do": [{"fn": "split", "at": " ", "part": 1}]},
        {"to": "Lines", "each": "items", "where": {"field": "amount", "op": "gt", "value": 0}, "rules": _LINES},
    ],
}  # fmt: skip
