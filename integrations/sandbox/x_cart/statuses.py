"""Status tables of the shop and the matrix that says where an order's goods are.

[documented] codes; ids of payment statuses, ``HLD`` and the matrix are ours.
"""

PAYMENT = {
    "Q": (1, "Awaiting payment"),
    "A": (2, "Authorized"),
    "PP": (3, "Partially paid"),
    "P": (4, "Paid"),
    "D": (5, "Declined"),
    "C": (6, "Canceled"),
    "R": (7, "Refunded"),
}

SHIPPING = {
    "N": (1, "New"),
    "P": (2, "Processing"),
    "S": (3, "Shipped"),
    "D": (4, "Delivered"),
    "WND": (5, "Will Not Deliver"),
    "R": (6, "Returned"),
    "WFA": (7, "Waiting for approval"),
    "NBA": (8, "New, backordered"),
    "NF": (9, "Not finished"),
    "HLD": (10, "On hold by store"),
}
"""``HLD`` is a custom code of this store: no reader may expect a closed list."""


def as_json(table: dict[str, tuple[int, str]], code: str) -> dict[str, object]:
    """Return the status object of the API."""
    number, name = table[code]
    return {"id": number, "code": code, "name": name, "customer_name": name}


def stock_status(payment: str, shipping: str) -> str:
    """Say whether the order holds its goods: ``reduced`` (taken from stock) or ``increased`` (given back)."""
    if shipping in ("R", "WND"):
        return "increased"
    if payment in ("C", "D", "R") and shipping not in ("S", "D"):
        return "increased"
    return "reduced"
