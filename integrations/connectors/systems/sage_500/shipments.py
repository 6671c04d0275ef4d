"""Shipments as one of their orders sees them: quantities, tracking numbers, whether they complete the order.

An external id names shipment and order (``412/7781``), for a shipment may serve several orders. Called by the connector.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.errors import Misconfigured, NotFound
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.orders import GONE, load_order
from integrations.connectors.systems.sage_500.records import record, surrogate_key, to_day
from integrations.kinds import Kind, Record

VOID = 5
_DONE = frozenset({"shipped", "closed"})
_HEAD = """SELECT s.ShipKey, s.TranID, s.TranDate, s.PostDate, s.FreightAmt, g.TranStatus
 FROM tsoShipment s JOIN tsoShipmentLog g ON g.ShipKey = s.ShipKey WHERE s.CompanyID = %s AND s.ShipKey = %s"""
_LINES = """SELECT l.SOKey, l.SOLineNo, i.ItemID, d.QtyShipped FROM tsoShipLine sl
 JOIN tsoShipLineDist d ON d.ShipLineKey = sl.ShipLineKey JOIN tsoSOLine l ON l.SOLineKey = sl.SOLineKey
 LEFT JOIN timItem i ON i.ItemKey = sl.ItemKey WHERE sl.ShipKey = %s ORDER BY l.SOKey, l.SOLineNo"""


def fetch_shipment(sage: Sage, external_id: str) -> Record:
    """Return a shipment as one of its orders sees it; a bare key means its first order. Raises NotFound."""
    number, _, wanted = external_id.partition("/")
    key = surrogate_key(number, "shipment")
    heads = sage.query(_HEAD, sage.company, key)
    lines = sage.query(_LINES, key)
    orders = dict.fromkeys(str(line["SOKey"]) for line in lines)
    if not heads or not orders:
        raise NotFound(f"Sage 500 has no shipment {number}")
    order_key = wanted or next(iter(orders))
    if order_key not in orders:
        raise NotFound(f"Shipment {number} does not belong to the order of {external_id}")
    order = load_order(sage, order_key)
    fields = _fields(sage, heads[0], order)
    fields["Lines"] = [
        {name: value for name, value in line.items() if name != "SOKey"}
        for line in lines
        if str(line["SOKey"]) == order_key
    ]
    tracking = {f"tracking {place}": row["value"] for place, row in enumerate(fields["tracking_numbers"], 1)}
    return record(
        Kind.SHIPMENT,
        f"{number}/{order_key}",
        fields,
        business_key=str(heads[0]["TranID"]),
        search_keys={"order": order["TranNo"], "reference": order[sage.reference_column], **tracking},
        version=f"{heads[0]['TranStatus']}/{heads[0]['PostDate']}",
    )


def _fields(sage: Sage, head: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    status = int(head["TranStatus"])
    carrier = str(order.get("DfltShipMethID") or "")
    return {
        "ShipKey": str(head["ShipKey"]),
        "TranID": str(head["TranID"]),
        "order_key": order["SOKey"],
        "OrderNo": order["TranNo"],
        "OrderReference": order[sage.reference_column],
        "OrderStatus": order["Status"],
        "portal_status": order["portal_status"],
        "is_posted": status in GONE,
        "is_void": status == VOID,
        "is_complete": status in GONE and order["portal_status"] in _DONE,
        "carrier": carrier,
        "tracking_numbers": [
            {"value": value, "carrier": carrier} for value in _tracking(sage, int(head["ShipKey"]))
        ],
        "TranStatus": status,
        "TranDate": to_day(head["TranDate"]),
        "PostDate": to_day(head["PostDate"]),
        "FreightAmt": head["FreightAmt"],
    }


def _tracking(sage: Sage, key: int) -> list[str]:
    """Return a shipment's tracking numbers from the site's own view, each once; [] where none is named."""
    view, column = sage.text("tracking_view"), sage.text("tracking_column")
    if not view or not column:
        return []
    if not (view.replace("_", "a").isalnum() and column.replace("_", "a").isalnum()):
        raise Misconfigured("View and column of tracking numbers are no names", missing="tracking_view")
    rows = sage.query(f"SELECT {column} AS Number FROM {view} WHERE ShipKey = %s", key)
    return list(dict.fromkeys(str(row["Number"]).strip() for row in rows if row["Number"]))


def locate_shipment(sage: Sage, number: str) -> str | None:
    """Return the id of the shipment with this number, with or without its type."""
    wanted = number.strip()
    rows = sage.query(
        "SELECT ShipKey FROM tsoShipment WHERE CompanyID = %s AND (TranID = %s OR TranID = %s)",
        *(sage.company, wanted, f"{wanted.zfill(10)}-SH"),
    )
    return fetch_shipment(sage, str(rows[0]["ShipKey"])).external_id if rows else None
