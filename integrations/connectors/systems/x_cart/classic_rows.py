"""Rows of the classic API in the words of the 5.5 API, so that both dialects give the same records.

Complex orders carry only sums of tax, shipping and discounts: they become one surcharge each. Their ``subtotal``
is the total minus shipping, tax still inside, and is not used.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.systems.x_cart import money, places


def when(value: object) -> str | None:
    """Return a classic time (unix seconds, or a text with offset) as RFC 3339 in UTC; 0 and '' are none."""
    if value in (None, "", 0, "0"):
        return None
    text = str(value)
    if text.lstrip("-").isdigit():
        return datetime.fromtimestamp(int(text), UTC).isoformat()
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def order_row(order: Mapping[str, Any], default_currency: str) -> dict[str, Any]:
    """Return a complex order as the 5.5 API would show it. Raises KeyError, TypeError, ValueError."""
    currency = str(order.get("currency") or default_currency)
    person: Mapping[str, Any] = order.get("customerInfo") or {}
    profile_id = person.get("profileId")
    items = [_item(index, each) for index, each in enumerate(order["items"], start=1)]
    sub_total = sum((money.amount(each["subtotal"], currency) for each in order["items"]), Decimal(0))
    surcharges = _surcharges(order, sub_total, currency)
    number = str(order.get("trackingNumber") or "")
    return {
        "id": order["orderId"],
        "order_number": order.get("orderNumber"),
        "total": order["total"],
        "sub_total": sub_total,
        "currency": currency,
        "email": person.get("email") or person.get("login") or "",
        "customer_id": None if person.get("isAnonymous") else profile_id,
        "order_profile_id": None,
        "create_date": when(order["orderDate"]),
        "update_date": when(order["updateDate"]),
        "payment_status": {"code": order.get("paymentStatus") or ""},
        "shipping_status": {"code": order.get("shippingStatus") or ""},
        "shipping_method_name": order.get("shippingMethod"),
        "billing_address": _address(order.get("billingInfo"), is_billing=True),
        "shipping_address": _address(order.get("shippingInfo"), is_billing=False),
        "items": _without_included_tax(items, surcharges, currency),
        "surcharges": surcharges,
        # Only the first number is in here; the default schema has them all.
        "tracking_numbers": [{"id": 0, "date": None, "value": number}] if number else [],
        "used_coupons": [{"code": str(code), "type": ""} for code in order.get("coupon") or ()],
        "notes": order.get("customerNotes"),
        "admin_notes": order.get("adminNotes"),
    }


def _item(index: int, item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": index,
        "product_id": item.get("productId"),
        "sku": item.get("sku"),
        "name": item.get("name"),
        "price": item["price"],
        "amount": item["quantity"],
        "discounted_subtotal": item["total"],
    }


def _surcharges(order: Mapping[str, Any], sub_total: Decimal, currency: str) -> list[dict[str, Any]]:
    discount = -abs(money.amount(order.get("discountValue"), currency))
    sums = {
        "discount": discount,
        "shipping": money.amount(order.get("shippingCost"), currency),
        "handling": money.amount(order.get("otherSurcharges"), currency),
        "tax": money.amount(order.get("taxAmount"), currency),
    }
    without_tax = sub_total + sums["discount"] + sums["shipping"] + sums["handling"]
    # Tax is either added at the end or in the prices already; the total tells which.
    is_included = bool(sums["tax"]) and money.amount(order["total"], currency) == without_tax
    return [
        {
            "id": index,
            "type": kind,
            "code": kind.upper(),
            "name": kind.capitalize(),
            "include": is_included and kind == "tax",
            "available": True,
            "value": value,
        }
        for index, (kind, value) in enumerate(sums.items(), start=1)
        if value
    ]


def _without_included_tax(
    items: list[dict[str, Any]], surcharges: Sequence[Mapping[str, Any]], currency: str
) -> list[dict[str, Any]]:
    """Give every line its price without included tax: the classic API tells the sum of the tax only."""
    included = sum((row["value"] for row in surcharges if row["include"]), Decimal(0))
    goods = sum((money.amount(each["discounted_subtotal"], currency) for each in items), Decimal(0))
    if included and goods:
        for each in items:
            price = Decimal(each["price"])
            each["item_net_price"] = price * (goods - included) / goods
    return items


def _address(address: Mapping[str, Any] | None, *, is_billing: bool) -> dict[str, Any] | None:
    if not address:
        return None
    country, code = str(address.get("country") or ""), str(address.get("state") or "")
    return {
        "title": address.get("title"),
        "firstname": address.get("firstname"),
        "lastname": address.get("lastname"),
        "phone": address.get("phone"),
        "street": address.get("address"),
        "zipcode": address.get("zipcode"),
        "city": address.get("city"),
        "country_code": country,
        # Here the state is a code already, or a free text where the country has no list.
        "state_name": places.state_name(country, code) or code,
        "is_billing": is_billing,
        "is_shipping": not is_billing,
    }


def transaction_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payment transaction of the default schema as the 5.5 API would show it."""
    return {
        **{name: row.get(name) for name in ("public_id", "public_txn_id", "type", "status", "value", "note")},
        "id": row["transaction_id"],
        "date": when(row.get("date")),
        "name": row.get("method_local_name") or row.get("method_name"),
        "backend_transactions": [
            {**{name: step.get(name) for name in ("id", "type", "status", "value")}, "date": when(step.get("date"))}
            for step in row.get("backend_transactions") or ()
        ],
    }  # fmt: skip


def product_row(product: Mapping[str, Any]) -> dict[str, Any]:
    """Return a complex product as the 5.5 API would show it; what the dialect leaves out stays empty."""
    return {
        "id": product["productId"],
        "sku": product["sku"],
        "name": product.get("name"),
        "description": product.get("description"),
        "brief_description": product.get("shortDescription"),
        "price": product.get("price"),
        "weight": product.get("weight"),
        "amount": product["quantity"],
        "enabled": product.get("enabled"),
        "free_shipping": product.get("freeShipping"),
        "clean_url": product.get("URL"),
    }


def profile_row(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return a complex profile as the 5.5 API would show it; the password's hash is dropped here."""
    return {
        "id": profile["profileId"],
        "login": profile.get("login") or profile.get("email"),
        "status": profile.get("status"),
        "create_date": when(profile.get("addedDate")),
        "firstname": profile.get("firstname"),
        "lastname": profile.get("lastname"),
    }


def coupon_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a coupon as the 5.5 API would show it."""
    names = {
        "total_range_begin": "totalRangeBegin",
        "total_range_end": "totalRangeEnd",
        "uses_limit": "usesLimit",
        "uses_limit_per_user": "usesLimitPerUser",
        "single_use": "singleUse",
        "specific_products": "specificProducts",
    }
    kept = {name: row.get(name) for name in ("id", "code", "enabled", "value", "type", "comment")}
    moved = {ours: row.get(theirs) for ours, theirs in names.items()}
    dates = {
        "date_range_begin": when(row.get("dateRangeBegin")),
        "date_range_end": when(row.get("dateRangeEnd")),
    }
    return {**kept, **moved, **dates}


def category_row(row: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return a category of the default schema, with its name out of the translations."""
    parent: Mapping[str, Any] = row.get("parent") or {}
    return {
        "id": row["category_id"],
        "name": translated(row, "name", language),
        "parent": parent.get("category_id"),
        "enabled": row.get("enabled"),
        "position": row.get("pos"),
        "clean_url": row.get("cleanURL"),
        "description": translated(row, "description", language),
    }


def return_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a return of the Returns add-on with its associations."""
    order = row["order"]
    return {
        "id": row["id"],
        "order_id": order["order_id"],
        "order_number": order.get("orderNumber"),
        "status": row.get("status"),
        "date": when(row.get("date")),
        "reason": (row.get("reason") or {}).get("name"),
        "action": (row.get("action") or {}).get("name"),
        "comment": row.get("comment"),
        "items": [
            {
                "item_id": each["orderItem"]["item_id"],
                "sku": each["orderItem"].get("sku"),
                "name": each.get("name"),
                "amount": each["amount"],
            }
            for each in row.get("items") or ()
        ],
    }


def translated(row: Mapping[str, Any], name: str, language: str) -> str:
    """Return a text in the connection's language, else in the first that is there."""
    texts: Sequence[Mapping[str, Any]] = row.get("translations") or ()
    chosen = next((each for each in texts if each.get("code") == language), texts[0] if texts else {})
    return str(chosen.get(name) or "")
