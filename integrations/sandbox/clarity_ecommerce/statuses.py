"""Order and return statuses and the legal moves between them. Names are the platform's, the moves are ours."""

ORDER_STATUSES = (
    "Pending", "On Hold", "Confirmed", "Backordered", "Split", "Partial Payment Received", "Full Payment Received",
    "Processing", "Shipped", "Shipped from Vendor", "Ready for Pickup", "Completed", "Void",
)  # fmt: skip

_MOVES: dict[str, tuple[str, ...]] = {
    "Pending": ("On Hold", "Confirmed", "Backordered", "Void"),
    "On Hold": ("Pending", "Confirmed", "Void"),
    "Confirmed": (
        "Partial Payment Received", "Full Payment Received", "Processing", "Backordered", "Split", "Void",
    ),
    "Backordered": ("Confirmed", "Processing", "Void"),
    "Partial Payment Received": ("Full Payment Received", "Processing"),
    "Full Payment Received": ("Processing",),
    "Processing": ("Shipped", "Shipped from Vendor", "Ready for Pickup", "Void"),
    "Shipped": ("Completed",),
    "Shipped from Vendor": ("Completed",),
    "Ready for Pickup": ("Completed",),
    "Completed": (),
    "Void": (),
    "Split": (),
}  # fmt: skip

CLOSED = frozenset({"Completed", "Void", "Split"})
SHIPPED = frozenset({"Shipped", "Shipped from Vendor", "Ready for Pickup", "Completed"})

_RETURN_MOVES: dict[str, tuple[str, ...]] = {
    "requested": ("approved", "rejected"),
    "approved": ("received", "rejected"),
    "received": ("refunded",),
    "refunded": ("closed",),
    "closed": (),
    "rejected": (),
}


def may_move(before: str, after: str, custom: list[str]) -> bool:
    """Say whether an order may move. A status of the site's own stands beside Confirmed."""
    if after in custom:
        return before in ("Pending", "Confirmed")
    if before in custom:
        return after in _MOVES["Confirmed"] or after == "Confirmed"
    return after in _MOVES.get(before, ())


def may_move_return(before: str, after: str) -> bool:
    return after in _RETURN_MOVES.get(before, ())
