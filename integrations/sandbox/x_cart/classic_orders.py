"""Orders and their payments as the classic API shows them; used by ``classic_rows``.

[documented] names of the default schema's order and of the complex order; [inferred] the values.
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from integrations.sandbox.x_cart.people import TOWNS

if TYPE_CHECKING:
    from integrations.sandbox.x_cart.shop import XCartSimulator


def unix(text: str | None) -> int | None:
    """Return unix seconds of an API date."""
    return int(datetime.fromisoformat(text).timestamp()) if text else None


def order_scalars(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order of the default schema's list: no items, statuses or addresses."""
    numbers = [each["value"] for each in order["tracking_numbers"]]
    return {
        "order_id": order["id"],
        "orderNumber": order["order_number"],
        "total": order["total"],
        "subtotal": order["sub_total"],
        "date": unix(order["create_date"]),
        "lastRenewDate": unix(order["update_date"]),
        "shipping_id": order["shipping_id"],
        "shipping_method_name": order["shipping_method_name"],
        "payment_method_name": "",
        "tracking": numbers[0][:32] if numbers else "",
        "notes": order["notes"],
        "adminNotes": order["admin_notes"],
        "recent": 0,
    }


def order_default(shop: "XCartSimulator", order: dict[str, Any]) -> dict[str, Any]:
    """Return one order of the default schema, associations one level deep."""
    transactions = _transactions(shop, order["id"])
    profile = {"profile_id": order["order_profile_id"], "login": order["email"], "order_id": order["id"]}
    account = {"profile_id": order["customer_id"], "login": order["email"]} if order["customer_id"] else None
    return {
        **order_scalars(order),
        "payment_method_name": transactions[0]["name"],
        "profile": profile,
        "orig_profile": account,
        "paymentStatus": _status(order["payment_status"]),
        "shippingStatus": _status(order["shipping_status"]),
        "items": [
            {"item_id": each["id"], "name": each["name"], "sku": each["sku"], "price": each["price"]}
            for each in order["items"]
        ],
        "surcharges": [
            {key: row[key] for key in ("id", "type", "code", "include", "available", "value", "name")}
            for row in order["surcharges"]
        ],
        "details": [],
        "trackingNumbers": [
            {"tracking_id": each["id"], "value": each["value"]} for each in order["tracking_numbers"]
        ],
        "payment_transactions": [transaction_scalars(each) for each in transactions],
        "currency": {"currency_id": 840, "code": order["currency"]},
        "usedCoupons": order["used_coupons"],
    }


def _status(status: dict[str, Any]) -> dict[str, Any]:
    return {"id": status["id"], "code": status["code"]}


def order_complex(shop: "XCartSimulator", order: dict[str, Any]) -> dict[str, Any]:
    """Return an order of the complex schema."""

    def total_of(kind: str) -> float:
        cents = sum(round(row["value"] * 100) for row in order["surcharges"] if row["type"] == kind)
        return cents / 100

    numbers = [each["value"] for each in order["tracking_numbers"]]
    transactions = _transactions(shop, order["id"])
    return {
        "orderId": order["id"],
        "orderNumber": order["order_number"],
        # The total minus shipping: tax, discounts and fees are still inside.
        "subtotal": round(order["total"] - total_of("shipping"), 2),
        "total": order["total"],
        "shippingCost": total_of("shipping"),
        "paymentFee": 0,
        "taxAmount": total_of("tax"),
        "discountValue": total_of("discount"),
        "otherSurcharges": total_of("handling"),
        "currency": order["currency"],
        "items": [_item_complex(each) for each in order["items"]],
        "orderDate": unix(order["create_date"]),
        "updateDate": unix(order["update_date"]),
        "trackingNumber": numbers[0] if numbers else "",
        "customerNotes": order["notes"],
        "adminNotes": order["admin_notes"],
        "coupon": [each["code"] for each in order["used_coupons"]],
        "customerInfo": {
            "profileId": order["customer_id"] or order["order_profile_id"],
            "isAnonymous": order["customer_id"] is None,
            "login": order["email"],
            "email": order["email"],
            "status": "E",
            "isAdmin": False,
            "firstname": order["billing_address"]["firstname"],
            "lastname": order["billing_address"]["lastname"],
        },
        "billingInfo": _address_complex(order["billing_address"]),
        "shippingInfo": _address_complex(order["shipping_address"]),
        "paymentMethod": transactions[0]["name"],
        "paymentStatus": order["payment_status"]["code"],
        "shippingMethod": order["shipping_method_name"],
        "shippingStatus": order["shipping_status"]["code"],
        "transactions": [
            {
                "id": each["id"],
                "type": each["type"],
                "value": each["value"],
                "status": each["status"],
                "human_status": each["status"],
                "method": each["name"],
                "note": each["note"],
            }
            for each in transactions
        ],
        "details": [{"code": each["name"], "label": each["label"], "value": each["value"]}
                    for transaction in transactions for each in transaction["data"]],
    }  # fmt: skip


def _item_complex(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "sku": item["sku"],
        "productId": item["product_id"],
        "name": item["name"],
        "description": "",
        "shortDescription": "",
        "attributes": [],
        "price": item["price"],
        "weight": 0,
        "quantity": item["amount"],
        "subtotal": round(item["price"] * item["amount"], 2),
        "total": item["discounted_subtotal"],
        "URL": "",
        "enabled": True,
        "freeShipping": False,
    }


def _address_complex(address: dict[str, Any]) -> dict[str, Any]:
    codes = {town.state_id: town.state_code for town in TOWNS}
    return {
        "title": address["title"],
        "firstname": address["firstname"],
        "lastname": address["lastname"],
        "address": address["street"],
        "city": address["city"],
        "country": address["country_code"],
        # Here the state is its code.
        "state": codes.get(address["state"], address["state_name"]),
        "zipcode": address["zipcode"],
        "phone": address["phone"],
        "isDefaultBilling": address["is_billing"],
        "isDefaultShipping": address["is_shipping"],
    }


def orders(shop: "XCartSimulator") -> list[dict[str, Any]]:
    """Return all orders as the 5.5 API keeps them."""
    return [json.loads(row["body"]) for row in shop.state.rows("SELECT body FROM orders ORDER BY id")]


def _transactions(shop: "XCartSimulator", order_id: int) -> list[dict[str, Any]]:
    row = shop.state.row("SELECT transactions FROM orders WHERE id = ?", (order_id,))
    return json.loads(row["transactions"]) if row else []


def transaction_scalars(each: dict[str, Any]) -> dict[str, Any]:
    """Return a payment transaction of the default schema's list."""
    names = ("public_id", "public_txn_id", "type", "status", "value", "note")
    return {
        "transaction_id": each["id"],
        "method_name": each["name"],
        "date": unix(each["date"]),
        **{name: each[name] for name in names},
    }


def transaction_default(shop: "XCartSimulator", number: int) -> dict[str, Any] | None:
    """Return one payment transaction with what the gateway did later."""
    for order in orders(shop):
        for each in _transactions(shop, order["id"]):
            if each["id"] == number:
                steps = [_backend_scalars(step) for step in each["backend_transactions"]]
                return {
                    **transaction_scalars(each),
                    "order": {"order_id": order["id"]},
                    "data": each["data"],
                    "backend_transactions": steps,
                }
    return None


def _backend_scalars(step: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "type", "status", "value")
    return {**{name: step[name] for name in names}, "date": unix(step["date"])}


def steps(shop: "XCartSimulator") -> list[dict[str, Any]]:
    """Return the payment transactions of all orders."""
    return [{"id": each["id"], **each} for order in orders(shop) for each in _transactions(shop, order["id"])]


def tracking_numbers(shop: "XCartSimulator") -> list[dict[str, Any]]:
    """Return the tracking numbers of all orders."""
    return [{**each, "order_id": order["id"]} for order in orders(shop) for each in order["tracking_numbers"]]
