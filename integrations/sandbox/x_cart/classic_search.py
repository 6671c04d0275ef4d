"""Conditions of classic lists: paging by offset, sorting, and the filters that the shop knows.

What the shop does not know it ignores. [documented] names; [inferred] that ``dateRange`` has two forms, of which a
store understands one: ``d-M-Y ~ d-M-Y`` in the store's days, or two unix times.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from integrations.sandbox.x_cart.shop import XCartSimulator

Record = dict[str, Any]
_SORTS: dict[str, Callable[[Record], Any]] = {
    "order_id": lambda row: row["id"],
    "date": lambda row: row["create_date"],
    "price": lambda row: row["price"],
}


def page(
    shop: "XCartSimulator", entity: str, records: Sequence[Record], conditions: Mapping[str, Any]
) -> list[Record]:
    """Return the records of one page of a list."""
    found = list(records)
    if entity == "order":
        found = [each for each in found if _is_wanted_order(shop, each, conditions)]
    if entity == "product" and "sKU" in conditions:
        found = [each for each in found if conditions["sKU"].lower() in each["sku"].lower()]
    ordering = conditions.get("orderBy", {})
    if isinstance(ordering, dict) and "0" in ordering:
        name = str(ordering["0"]).rpartition(".")[2]
        if name in _SORTS:
            found.sort(key=_SORTS[name], reverse=str(ordering.get("1", "asc")).lower() == "desc")
    limit = conditions.get("limit", {})
    if isinstance(limit, dict) and str(limit.get("1", "")).isdigit():
        offset = int(limit["0"])
        return found[offset : offset + int(limit["1"])]
    return found


def _is_wanted_order(shop: "XCartSimulator", order: Record, conditions: Mapping[str, Any]) -> bool:
    if "orderNumber" in conditions and order["order_number"] != conditions["orderNumber"]:
        return False
    if "email" in conditions and conditions["email"].lower() not in order["email"].lower():
        return False
    span = _span(shop, conditions.get("dateRange"))
    if span is None:
        return True
    created = datetime.fromisoformat(order["create_date"])
    return span[0] <= created <= span[1]


def _span(shop: "XCartSimulator", given: Any) -> tuple[datetime, datetime] | None:
    zone = ZoneInfo(shop.settings["store_timezone"])
    form = shop.settings["classic_date_range"]
    try:
        if form == "array" and isinstance(given, dict):
            return datetime.fromtimestamp(int(given["0"]), zone), datetime.fromtimestamp(
                int(given["1"]), zone
            )
        if form == "string" and isinstance(given, str):
            first, _, last = given.partition(" ~ ")
            days = [datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=zone) for text in (first, last)]
            return days[0], days[1] + timedelta(days=1, seconds=-1)
    except (ValueError, KeyError, OverflowError):
        return None
    return None
