"""X-Cart's JSON to records: vendor names kept, types normalised, the derived fields added.

ids become str, dates aware UTC, money Decimal. Unknown keys of add-ons are left out. Card fields of gateways
(``data`` of transactions) are dropped here, on receipt.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from integrations.connectors.errors import UnexpectedResponse
from integrations.connectors.systems.x_cart import money, places
from integrations.kinds import Kind, Record

SYSTEM = "x_cart"

Built = TypeVar("Built")

_ADDRESS_KEYS = (
    "title firstname lastname phone street zipcode city country_code state_name type is_billing is_shipping"
)
_COUPON_KEYS = ("code", "type")


def fitting(build: Callable[[], Record]) -> Record:
    """Run a normaliser; what does not fit the contract becomes UnexpectedResponse."""
    return fitted(build)


def fitted(build: Callable[[], Built]) -> Built:
    """Like :func:`fitting`, for whatever a normaliser makes of a vendor's rows."""
    try:
        return build()
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnexpectedResponse(
            "The shop sent a record in a form that we do not know", detail=f"{type(error).__name__}: {error}"
        ) from error


def moment(value: object) -> datetime | None:
    """Return an RFC 3339 date as aware UTC. Raises ValueError."""
    if value in (None, ""):
        return None
    parsed = datetime.fromisoformat(str(value))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def store_moment(value: object, zone: str) -> datetime | None:
    """Return a product date as aware UTC; a date without offset is in the shop's zone."""
    if value in (None, ""):
        return None
    parsed = datetime.fromisoformat(str(value))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _id(value: object) -> str | None:
    return None if value is None else str(value)


def one_word_status(payment: str, shipping: str) -> str:
    """Return the order's state in one word; custom codes of the store count as Queued or Processing."""
    if payment in ("C", "D"):
        return "Cancelled"
    word = {"S": "Shipped", "D": "Delivered", "R": "Returned", "WND": "Cancelled"}.get(shipping)
    if word:
        return word
    if payment == "R":
        return "Refunded"
    if shipping == "P" or (shipping == "N" and payment in ("P", "A", "PP")):
        return "Processing"
    return "Queued"


_PAYMENT_WORDS = {
    "Q": "Awaiting payment",
    "A": "Authorized",
    "PP": "Partially paid",
    "P": "Paid",
    "D": "Declined",
    "C": "Canceled",
    "R": "Refunded",
}
_SHIPPING_WORDS = {
    "N": "New",
    "P": "Processing",
    "S": "Shipped",
    "D": "Delivered",
    "WND": "Will not deliver",
    "R": "Returned",
    "WFA": "Waiting for approval",
    "NBA": "New backordered",
    "NF": "Not finished",
}


def status_pair(payment: Mapping[str, str], shipping: Mapping[str, str]) -> str:
    """Return both statuses as X-Cart's own mapping screens write them: ``Paid|New``.

    X-Cart's codes have one word each, whatever the shop calls them; a shop's own code has the shop's name.
    """
    first = _PAYMENT_WORDS.get(payment["code"]) or payment["name"] or payment["code"]
    second = _SHIPPING_WORDS.get(shipping["code"]) or shipping["name"] or shipping["code"]
    return f"{first}|{second}"


def order_record(
    order: Mapping[str, Any], transactions: Sequence[Mapping[str, Any]], default_currency: str
) -> Record:
    """Return an order with its payments. Raises UnexpectedResponse."""
    return fitting(lambda: _order_record(order, transactions, default_currency))


def _order_record(
    order: Mapping[str, Any], transactions: Sequence[Mapping[str, Any]], default_currency: str
) -> Record:
    currency = order.get("currency") or default_currency
    payment, shipping = order.get("payment_status") or {}, order.get("shipping_status") or {}
    payments = [transaction_fields(each, currency) for each in transactions]
    billing = address_fields(order.get("billing_address"))
    delivery = address_fields(order.get("shipping_address"))
    updated_at = moment(order["update_date"])
    fields: dict[str, Any] = {
        "id": str(order["id"]),
        "order_number": str(order.get("order_number") or ""),
        "total": money.amount(order["total"], currency),
        "sub_total": money.amount(order["sub_total"], currency),
        "currency": currency,
        "email": order.get("email") or "",
        "customer_id": _id(order.get("customer_id")),
        "order_profile_id": _id(order.get("order_profile_id")),
        "create_date": moment(order["create_date"]),
        "update_date": updated_at,
        "payment_status": _status_fields(payment),
        "shipping_status": _status_fields(shipping),
        "shipping_id": _id(order.get("shipping_id")),
        "shipping_method_name": order.get("shipping_method_name") or "",
        "billing_address": billing,
        "shipping_address": delivery,
        "items": [_item_fields(item, currency) for item in order["items"]],
        "surcharges": [_surcharge_fields(row, currency) for row in order.get("surcharges") or ()],
        "tracking_numbers": [
            {"id": str(each["id"]), "date": moment(each.get("date")), "value": str(each["value"])}
            for each in order.get("tracking_numbers") or ()
        ],
        "used_coupons": [
            {key: each.get(key) or "" for key in _COUPON_KEYS} for each in order.get("used_coupons") or ()
        ],
        "notes": order.get("notes") or "",
        "admin_notes": order.get("admin_notes") or "",
        "stock_status": order.get("stock_status") or "",
        "payment_transactions": payments,
    }
    fields |= _derived(fields, payments)
    return Record(
        system=SYSTEM,
        kind=Kind.ORDER,
        external_id=fields["id"],
        fields=fields,
        updated_at=updated_at,
        business_key=fields["order_number"],
        search_keys={"email": fields["email"], "customer_name": fields["customer_name"]},
    )


def _derived(fields: Mapping[str, Any], payments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    billing = fields["billing_address"] or fields["shipping_address"] or {}
    paid = [each["name"] for each in payments if each["status"] == "S"]
    return {
        "status": one_word_status(fields["payment_status"]["code"], fields["shipping_status"]["code"]),
        "status_pair": status_pair(fields["payment_status"], fields["shipping_status"]),
        "payment_method": paid[0] if paid else (payments[0]["name"] if payments else ""),
        "money_moved": money.money_moved(payments),
        "customer_name": f"{billing.get('firstname', '')} {billing.get('lastname', '')}".strip(),
        "company": billing.get("company", ""),
        "tax_amount": money.surcharge_sum(fields, "tax"),
        "shipping_cost": money.surcharge_sum(fields, "shipping"),
        "handling_cost": money.surcharge_sum(fields, "handling"),
        "discount_amount": money.surcharge_sum(fields, "discount"),
        "discount_beyond_lines": money.discount_beyond_lines(fields),
    }


def _status_fields(status: Mapping[str, Any]) -> dict[str, str]:
    return {"code": str(status.get("code") or ""), "name": str(status.get("name") or "")}


def _item_fields(item: Mapping[str, Any], currency: str) -> dict[str, Any]:
    variant = item.get("variant")
    fields = {
        "id": str(item["id"]),
        "product_id": _id(item.get("product_id")),
        "variant": _id(variant),
        "sku": str(item.get("sku") or ""),
        "name": item.get("name") or "",
        "price": money.amount(item["price"], currency),
        "item_net_price": money.amount(item.get("item_net_price", item["price"]), currency),
        "amount": int(item["amount"]),
        "backordered_amount": int(item.get("backordered_amount") or 0),
        "discounted_subtotal": money.amount(item["discounted_subtotal"], currency),
        "update_date": moment(item.get("update_date")),
        "surcharges": [_surcharge_fields(row, currency) for row in item.get("surcharges") or ()],
    }
    fields["net_unit_price"], fields["net_amount"] = money.net_line(fields, currency)
    return fields


def _surcharge_fields(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "type": str(row["type"]),
        "code": str(row.get("code") or ""),
        "name": row.get("name") or "",
        "include": bool(row.get("include")),
        "available": bool(row.get("available", True)),
        "value": money.amount(row["value"], currency),
    }


def address_fields(address: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an address with state code, two street lines and the company lifted out of custom fields."""
    if address is None:
        return None
    custom = {str(each["name"]): str(each.get("value") or "") for each in address.get("custom_fields") or ()}
    fields: dict[str, Any] = {"id": _id(address.get("id"))}
    for key in _ADDRESS_KEYS.split():
        fields[key] = address.get(key) if key.startswith("is_") else str(address.get(key) or "")
    fields["state"] = _id(address.get("state"))
    fields["state_code"] = places.state_code(fields["country_code"], fields["state_name"])
    second = custom.get("street2") or custom.get("address2") or ""
    fields["street1"], fields["street2"] = places.street_lines(fields["street"], second)
    fields["company"] = custom.get("company", "")
    fields["custom_fields"] = [{"name": name, "value": value} for name, value in custom.items()]
    return fields


def transaction_fields(transaction: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Return a payment transaction without the gateway's own fields, which may hold card data."""
    currency = transaction.get("currency") or currency
    return {
        "id": str(transaction["id"]),
        "public_id": str(transaction.get("public_id") or ""),
        "public_txn_id": str(transaction.get("public_txn_id") or ""),
        "method_id": _id(transaction.get("method_id")),
        "type": str(transaction.get("type") or ""),
        "status": str(transaction.get("status") or ""),
        "date": moment(transaction.get("date")),
        "value": money.amount(transaction["value"], currency),
        "currency": currency,
        "name": transaction.get("name") or "",
        "note": transaction.get("note") or "",
        "backend_transactions": [
            {
                "id": str(backend["id"]),
                "type": str(backend.get("type") or ""),
                "date": moment(backend.get("date")),
                "status": str(backend.get("status") or ""),
                "value": money.amount(backend["value"], currency),
            }
            for backend in transaction.get("backend_transactions") or ()
        ],
    }


_MEASURES = ("price", "weight", "width", "length", "height")
_PRODUCT_TEXTS = ("name", "description", "brief_description", "clean_url", "meta_title", "meta_description")
_PRODUCT_FLAGS = ("enabled", "taxable", "free_shipping", "separate_box", "inventory_traceable")


def product_record(product: Mapping[str, Any], zone: str) -> Record:
    """Return a product. Raises UnexpectedResponse."""
    return fitting(lambda: _product_record(product, zone))


def _product_record(product: Mapping[str, Any], zone: str) -> Record:
    updated_at = store_moment(product.get("update_date"), zone)
    fields: dict[str, Any] = {"id": str(product["id"]), "sku": str(product["sku"])}
    fields |= {key: product.get(key) or "" for key in _PRODUCT_TEXTS}
    # Prices keep four places; the shop's currency is not part of a product.
    fields |= {key: Decimal(product.get(key) or 0) for key in _MEASURES}
    fields |= {key: bool(product.get(key)) for key in _PRODUCT_FLAGS}
    fields |= {
        "amount": int(product["amount"]),
        "images": [
            {"id": str(each["id"]), "url": str(each.get("url") or ""), "alt": str(each.get("alt") or "")}
            for each in product.get("images") or ()
        ],
        "create_date": store_moment(product.get("create_date"), zone),
        "update_date": updated_at,
        "arrival_date": store_moment(product.get("arrival_date"), zone),
    }
    return Record(
        system=SYSTEM,
        kind=Kind.PRODUCT,
        external_id=fields["id"],
        fields=fields,
        updated_at=updated_at,
        business_key=fields["sku"],
        search_keys={"name": fields["name"]},
    )


def stock_record(row: Mapping[str, Any], external_id: str) -> Record:
    """Return the amount of a product (``"40"``) or variant (``"40/143"``). Raises UnexpectedResponse."""
    return fitting(lambda: _stock_record(row, external_id))


def _stock_record(row: Mapping[str, Any], external_id: str) -> Record:
    fields = {"product_id": external_id, "sku": str(row["sku"]), "amount": int(row["amount"])}
    return Record(SYSTEM, Kind.INVENTORY, external_id, fields, business_key=str(row["sku"]))


def customer_record(profile: Mapping[str, Any], addresses: Sequence[Mapping[str, Any]]) -> Record:
    """Return a customer with the address book, from which name and phone come. Raises UnexpectedResponse."""
    return fitting(lambda: _customer_record(profile, addresses))


def _customer_record(profile: Mapping[str, Any], addresses: Sequence[Mapping[str, Any]]) -> Record:
    book = [fields for fields in (address_fields(each) for each in addresses) if fields]
    billing = next((each for each in book if each["is_billing"]), book[0] if book else {})
    fields: dict[str, Any] = {
        "id": str(profile["id"]),
        "login": str(profile["login"]),
        "status": str(profile.get("status") or ""),
        "status_comment": profile.get("status_comment") or "",
        "language": profile.get("language") or "",
        "membership_id": _id(profile.get("membership_id")),
        "create_date": moment(profile.get("create_date")),
        "addresses": book,
        "billing_address": billing or None,
        # The classic dialect tells a name beside the profile and no addresses.
        "firstname": billing.get("firstname") or str(profile.get("firstname") or ""),
        "lastname": billing.get("lastname") or str(profile.get("lastname") or ""),
        "phone": billing.get("phone", ""),
        "company": billing.get("company", ""),
    }
    fields["customer_name"] = f"{fields['firstname']} {fields['lastname']}".strip()
    return Record(
        system=SYSTEM,
        kind=Kind.CUSTOMER,
        external_id=fields["id"],
        fields=fields,
        business_key=fields["login"],
        search_keys={"email": fields["login"], "customer_name": fields["customer_name"]},
    )
