"""The shop's records as the classic API shows them: default schema (scalars, associations) and complex schema.

[documented] names of the default schema's order and of the complex order; [inferred] all values, the rest of the
names, and that the complex profile carries the password's hash.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.sandbox.x_cart import statuses
from integrations.sandbox.x_cart.classic_orders import (
    order_complex,
    order_default,
    order_scalars,
    orders,
    steps,
    tracking_numbers,
    transaction_default,
    transaction_scalars,
    unix,
)

if TYPE_CHECKING:
    from integrations.sandbox.x_cart.shop import XCartSimulator


# -- products ------------------------------------------------------------------------------------------------


def _products(shop: "XCartSimulator") -> list[dict[str, Any]]:
    return [shop.goods.shown(row) for row in shop.state.rows("SELECT * FROM products ORDER BY id")]


def product_scalars(product: dict[str, Any]) -> dict[str, Any]:
    """Return a product of the default schema's list: the name lives in the translations, so it is not there."""
    return {
        "product_id": product["id"],
        "sku": product["sku"],
        "price": product["price"],
        "amount": product["amount"],
        "weight": product["weight"],
        "enabled": product["enabled"],
        "free_shipping": product["free_shipping"],
        "taxable": product["taxable"],
        "date": unix(product["create_date"]),
        "updateDate": unix(product["update_date"]),
    }


def _product_default(product: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "description")
    return {
        **product_scalars(product),
        "translations": [{"code": "en", **{name: product[name] for name in names}}],
    }


def _product_complex(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "productId": product["id"],
        "sku": product["sku"],
        "name": product["name"],
        "description": product["description"],
        "shortDescription": product["brief_description"],
        "price": product["price"],
        "weight": product["weight"],
        "quantity": product["amount"],
        "URL": product["clean_url"],
        "enabled": product["enabled"],
        "freeShipping": product["free_shipping"],
        "image": product["images"],
    }


def _variants(shop: "XCartSimulator") -> list[dict[str, Any]]:
    rows = shop.state.rows("SELECT id, product_id FROM variants ORDER BY id")
    return [
        {**(shop.goods.variant(row["product_id"], row["id"]) or {}), "of": row["product_id"]} for row in rows
    ]


def _variant_scalars(variant: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "sku", "price", "amount")
    return {
        **{name: variant[name] for name in names},
        "defaultAmount": variant["default_amount"],
        "defaultPrice": variant["default_price"],
    }


def _variant_default(variant: dict[str, Any]) -> dict[str, Any]:
    return {**_variant_scalars(variant), "product": {"product_id": variant["of"]}}


# -- people and the rest -------------------------------------------------------------------------------------


def profile_scalars(profile: dict[str, Any]) -> dict[str, Any]:
    """Return a profile of the default schema's list."""
    return {
        "profile_id": profile["id"],
        "login": profile["login"],
        "access_level": profile["access_level"],
        "status": profile["status"],
        "language": profile["language"],
        "added": unix(profile["create_date"]),
    }


def _profile_complex(shop: "XCartSimulator", profile: dict[str, Any]) -> dict[str, Any]:
    book = shop.profiles.addresses(profile["id"])
    return {
        "profileId": profile["id"],
        "isAnonymous": False,
        "login": profile["login"],
        "email": profile["login"],
        "password": "SHA512:" + hashlib.sha512(profile["login"].encode()).hexdigest(),
        "status": profile["status"],
        "isAdmin": False,
        "addedDate": unix(profile["create_date"]),
        "membership": "",
        "firstname": book[0]["firstname"] if book else "",
        "lastname": book[0]["lastname"] if book else "",
    }


def _category_default(row: dict[str, Any]) -> dict[str, Any]:
    scalars = {"category_id": row["id"], "enabled": row["enabled"], "pos": row["position"]}
    parent = {"category_id": row["parent"]} if row.get("parent") else None
    named = [{"code": "en", "name": row["name"], "description": row.get("description", "")}]
    return {**scalars, "cleanURL": row["clean_url"], "parent": parent, "translations": named}


def _scalars_of(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not isinstance(value, list | dict)}


def _coupon(row: dict[str, Any]) -> dict[str, Any]:
    return _scalars_of(
        {
            "id": row["id"],
            "code": row["code"],
            "enabled": row["enabled"],
            "value": row["value"],
            "type": row["type"],
            "comment": row["comment"],
            "dateRangeBegin": unix(row["date_range_begin"]) or 0,
            "dateRangeEnd": unix(row["date_range_end"]) or 0,
            "totalRangeBegin": row["total_range_begin"],
            "totalRangeEnd": row["total_range_end"],
            "usesLimit": row["uses_limit"],
            "usesLimitPerUser": row["uses_limit_per_user"],
            "singleUse": row["single_use"],
            "specificProducts": row["specific_products"],
        }
    )


def _return_default(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "comment": row["comment"],
        "status": row["status"],
        "date": unix(row["date"]),
        "order": {"order_id": row["order_id"], "orderNumber": row["order_number"]},
        "reason": {"name": row["reason"]},
        "action": {"name": row["action"]},
        "items": [
            {"amount": each["amount"], "orderItem": {"item_id": each["item_id"], "sku": each["sku"]},
             "name": each["name"]}
            for each in row["items"]
        ],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """How one entity is shown: ``source`` gives its records, the rest turns one of them into a row."""

    source: Callable[["XCartSimulator"], list[dict[str, Any]]]
    scalars: Callable[[dict[str, Any]], dict[str, Any]]
    whole: Callable[["XCartSimulator", dict[str, Any]], dict[str, Any]]
    complex: Callable[["XCartSimulator", dict[str, Any]], dict[str, Any]] | None = None

    def shown(self, shop: "XCartSimulator", record: dict[str, Any], *, is_complex: bool) -> dict[str, Any]:
        """Return one record: complex, or the default schema with associations one level deep."""
        render = self.complex if is_complex and self.complex is not None else self.whole
        return render(shop, record)


def _collection(name: str) -> Callable[["XCartSimulator"], list[dict[str, Any]]]:
    return lambda shop: shop.entities.all(name)


def _status_rows(table: dict[str, tuple[int, str]]) -> Rows:
    rows = [{"id": number, "code": code} for code, (number, _) in table.items()]
    return Rows(lambda shop: rows, dict, lambda shop, row: dict(row))


def _profiles(shop: "XCartSimulator") -> list[dict[str, Any]]:
    return shop.profiles.all()


def _profile_default(shop: "XCartSimulator", profile: dict[str, Any]) -> dict[str, Any]:
    book = [{"address_id": each["id"]} for each in shop.profiles.addresses(profile["id"])]
    return {**profile_scalars(profile), "addresses": book}


def _currencies(shop: "XCartSimulator") -> list[dict[str, Any]]:
    return [{"id": 840, "code": shop.settings["currency"]}]


_PROFILES = Rows(_profiles, profile_scalars, _profile_default, _profile_complex)


ROWS: dict[str, Rows] = {
    "ordertrackingnumber": Rows(
        tracking_numbers,
        lambda row: {"tracking_id": row["id"], "value": row["value"]},
        lambda shop, row: {
            "tracking_id": row["id"],
            "value": row["value"],
            "order": {"order_id": row["order_id"]},
        },
    ),
    "order": Rows(orders, order_scalars, order_default, order_complex),
    "product": Rows(
        _products,
        product_scalars,
        lambda shop, row: _product_default(row),
        lambda shop, row: _product_complex(row),
    ),
    "profile": _PROFILES,
    "person": _PROFILES,
    "xc-productvariants-productvariant": Rows(
        _variants, _variant_scalars, lambda shop, row: _variant_default(row)
    ),
    "cdev-coupons-coupon": Rows(_collection("coupons"), _coupon, lambda shop, row: _coupon(row)),
    "category": Rows(
        _collection("categories"),
        lambda row: _scalars_of(_category_default(row)),
        lambda shop, row: _category_default(row),
    ),
    "qsl-returns-orderreturn": Rows(
        _collection("returns"),
        lambda row: _scalars_of(_return_default(row)),
        lambda shop, row: _return_default(row),
    ),
    "payment-transaction": Rows(
        steps, transaction_scalars, lambda shop, row: transaction_default(shop, row["id"]) or {}
    ),
    "order-status-shipping": _status_rows(statuses.SHIPPING),
    "order-status-payment": _status_rows(statuses.PAYMENT),
    "currency": Rows(_currencies, dict, lambda shop, row: dict(row)),
}
