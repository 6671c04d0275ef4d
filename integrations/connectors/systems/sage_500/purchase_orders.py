"""Purchase orders from the view that the connection names, read only. Called by the connector.

The tables of the module PO are not public, so a site gives us a view with these columns [ours], a row for each line:
CompanyID, PurchaseOrderNo, VendorID, OrderDate, Status, LineNumber, ItemID, QtyOrdered, QtyReceived, UnitCost,
PromiseDate. A view tells no time of change: it is read as a whole, and what is unchanged is skipped.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.errors import Misconfigured, NotFound
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.records import record, to_day
from integrations.kinds import Kind, Record

PAGE_SIZE = 200
_HEAD = ("PurchaseOrderNo", "VendorID", "OrderDate", "Status")
_LINE = ("LineNumber", "ItemID", "QtyOrdered", "QtyReceived", "UnitCost", "PromiseDate")
COLUMNS = (*_HEAD, *_LINE)

Row = Mapping[str, Any]


def view_of(sage: Sage) -> str:
    """Return the view with purchase orders; a plain name, so it may stand in a statement. Raises Misconfigured."""
    view = sage.text("purchase_order_view")
    if not view:
        raise Misconfigured(
            "This connection names no view with purchase orders", missing="purchase_order_view"
        )
    if not view.replace("_", "a").isalnum():
        raise Misconfigured("The view with purchase orders is no name", missing="purchase_order_view")
    return view


def read_purchase_orders(sage: Sage, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield all purchase orders of the view by number; a kept cursor goes on behind ``after``."""
    view, after = view_of(sage), str(cursor.get("after") or "")
    while True:
        numbers = [
            str(row["PurchaseOrderNo"])
            for row in sage.query(
                f"SELECT TOP {PAGE_SIZE} PurchaseOrderNo FROM {view} WHERE CompanyID = %s AND PurchaseOrderNo > %s"
                " GROUP BY PurchaseOrderNo ORDER BY PurchaseOrderNo",
                *(sage.company, after),
            )
        ]
        is_last = len(numbers) < PAGE_SIZE
        rows = _rows(sage, view, numbers[0], numbers[-1]) if numbers else []
        after = numbers[-1] if numbers else after
        yield Page(_records(rows), {"after": "" if is_last else after}, is_last)
        if is_last:
            return


def _rows(sage: Sage, view: str, first: str, last: str) -> list[dict[str, Any]]:
    return sage.query(
        f"SELECT {', '.join(COLUMNS)} FROM {view} WHERE CompanyID = %s AND PurchaseOrderNo >= %s"
        " AND PurchaseOrderNo <= %s ORDER BY PurchaseOrderNo, LineNumber",
        *(sage.company, first, last),
    )


def _records(rows: Sequence[Row]) -> list[Record]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        key = str(row["PurchaseOrderNo"])
        head = {"PurchaseOrderNo": key, "VendorID": row["VendorID"], "OrderDate": to_day(row["OrderDate"])}
        order = found.setdefault(key, {**head, "Status": row["Status"], "Lines": []})
        line = {name: row[name] for name in _LINE}
        order["Lines"].append({**line, "PromiseDate": to_day(row["PromiseDate"])})
    return [
        record(
            Kind.PURCHASE_ORDER, key, fields, business_key=key, search_keys={"VendorID": fields["VendorID"]}
        )
        for key, fields in found.items()
    ]


def fetch_purchase_order(sage: Sage, number: str) -> Record:
    """Return a purchase order. Raises NotFound."""
    found = _records(_rows(sage, view_of(sage), number, number))
    if not found:
        raise NotFound(f"Sage 500 has no purchase order {number}")
    return found[0]
