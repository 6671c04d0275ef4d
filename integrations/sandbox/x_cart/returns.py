"""A return as the Returns add-on keeps it, made from an order; one for an order in the real add-on.

[inferred] fields, reasons and actions; the route that shows it is our companion add-on's.
"""

from typing import Any


def returned(order: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the document of a new return: every line of the order unless ``items`` names {sku, amount}."""
    amounts = {str(each["sku"]): int(each["amount"]) for each in given.get("items", ())}
    items = [
        {
            "item_id": item["id"],
            "sku": item["sku"],
            "name": item["name"],
            "amount": amounts.get(item["sku"], item["amount"]),
        }
        for item in order["items"]
        if not amounts or item["sku"] in amounts
    ]
    return {
        "order_id": order["id"],
        "order_number": order["order_number"],
        "status": given.get("status", "I"),
        "date": order["update_date"],
        "reason": given.get("reason", "Damaged item"),
        "action": given.get("action", "credit"),
        "comment": given.get("comment", ""),
        "items": items,
    }
