"""Sales orders as they are read: header with its codes, lines with their quantities, status in the portal's words.

Called by the connector, by the order writer for what is there before and after, and by shipments.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found
from integrations.connectors.errors import NotFound
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.records import (
    amount,
    record,
    surrogate_key,
    to_day,
    to_utc,
    yes_no,
)
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.connectors.systems.sage_500.schema import ORDER_STATUSES
from integrations.kinds import Kind, Record

ORDER_TYPE, RETURN_TYPE = 801, 835
OPEN, INACTIVE, CANCELED, CLOSED = 1, 2, 3, 4
GONE = (3, 6)
"""TranStatus of a shipment that left the house: posted, committed."""
LINE_STATUSES = {1: "Open", 2: "Closed"}

_ADDRESS = (
    "AddrName", "AddrLine1", "AddrLine2", "AddrLine3", "AddrLine4", "AddrLine5", "City", "StateID", "CountryID",
    "PostalCode",
)  # fmt: skip
_ADDRESSES = ", ".join(
    f"{table}.{name} AS {prefix}{name}"
    for table, prefix in (("sa", "DfltShipTo"), ("ba", "BillTo"))
    for name in _ADDRESS
)
# Reference: columns of tsoSalesOrder, tsoSOLine and tsoSOLineDist as spSOapiSalesOrdIns uses them.
_HEAD = f"""SELECT so.SOKey, so.TranType, so.TranNo, so.TranID, so.TranDate, so.Status, so.Hold, so.HoldReason, so.CrHold,
 so.CustPONo, so.ConfirmNo, so.ContactName, so.CurrID, so.SalesAmt, so.FreightAmt, so.STaxAmt, so.TradeDiscAmt,
 so.TranAmt, so.OpenAmt, so.TranCmnt, so.CloseDate, so.DfltRequestDate, so.DfltPromDate, so.DfltShipDate, so.UserFld1,
 so.UserFld2, so.UserFld3, so.UserFld4, so.UpdateDate, so.UpdateCounter, c.CustID, c.CustName,
 sm.ShipMethID AS DfltShipMethID, pt.PmtTermsID, w.WhseID AS DfltWarehouseID, {_ADDRESSES}
 FROM tsoSalesOrder so JOIN tarCustomer c ON c.CustKey = so.CustKey
 LEFT JOIN tciShipMethod sm ON sm.ShipMethKey = so.DfltShipMethKey
 LEFT JOIN tciPaymentTerms pt ON pt.PmtTermsKey = so.PmtTermsKey LEFT JOIN timWarehouse w ON w.WhseKey = so.DfltWhseKey
 LEFT JOIN tciAddress sa ON sa.AddrKey = so.DfltShipToAddrKey LEFT JOIN tciAddress ba ON ba.AddrKey = so.BillToAddrKey
 WHERE so.CompanyID = %s AND so.SOKey = %s"""
_LINES = """SELECT l.SOLineNo, l.Description, l.UnitPrice, l.Status, l.CmntOnly, l.ExtCmnt, l.UserFld1, l.UserFld2,
 i.ItemID, w.WhseID AS WarehouseID, d.QtyOrd, d.QtyShip, d.QtyOpenToShip, d.QtyOnBO, d.QtyInvcd,
 d.QtyRtrnCredit, d.QtyRtrnReplacement, d.ExtAmt
 FROM tsoSOLine l JOIN tsoSOLineDist d ON d.SOLineKey = l.SOLineKey LEFT JOIN timItem i ON i.ItemKey = l.ItemKey
 LEFT JOIN timWarehouse w ON w.WhseKey = d.WhseKey WHERE l.SOKey = %s ORDER BY l.SOLineNo"""
_SHIPPED = """SELECT d.QtyShipped FROM tsoShipLineDist d JOIN tsoShipLine sl ON sl.ShipLineKey = d.ShipLineKey
 JOIN tsoSOLine l ON l.SOLineKey = sl.SOLineKey JOIN tsoShipmentLog g ON g.ShipKey = sl.ShipKey
 WHERE l.SOKey = %s AND (g.TranStatus = 3 OR g.TranStatus = 6)"""
_PLAIN = (
    "HoldReason", "CustPONo", "ConfirmNo", "ContactName", "CurrID", "SalesAmt", "FreightAmt", "STaxAmt", "TradeDiscAmt",
    "TranAmt", "OpenAmt", "TranCmnt", "UserFld1", "UserFld2", "UserFld3", "UserFld4", "UpdateCounter", "CustID",
    "CustName", "TranNo", "TranID", "DfltShipMethID", "PmtTermsID", "DfltWarehouseID",
    *(f"{prefix}{name}" for prefix in ("DfltShipTo", "BillTo") for name in _ADDRESS),
)  # fmt: skip
_DAYS = ("TranDate", "DfltRequestDate", "DfltPromDate", "DfltShipDate")

Row = dict[str, Any]


def fetch_order(sage: Sage, external_id: str) -> Record:
    """Return an order with lines and addresses. Raises NotFound."""
    return order_record(Kind.ORDER, load_order(sage, external_id))


def order_record(kind: Kind, order: Mapping[str, Any]) -> Record:
    names = ("CustPONo", "UserFld1", "CustID", "TranID")
    return record(
        kind,
        str(order["SOKey"]),
        order,
        business_key=str(order["TranNo"]),
        updated_at=order["UpdateDate"],
        search_keys={name: order.get(name) for name in names},
        version=f"{order['UpdateDate'].isoformat() if order['UpdateDate'] else ''}/{order['UpdateCounter']}",
    )


def load_order(sage: Sage, external_id: str, *, tran_type: int | None = None) -> Row:
    """Return an order's fields as the schema names them; ``tran_type`` = of this type alone. Raises NotFound."""
    key = surrogate_key(external_id, "sales order")
    rows = sage.query(_HEAD, sage.company, key)
    if not rows or tran_type not in (None, rows[0]["TranType"]):
        raise NotFound(f"Sage 500 has no sales order {external_id}")
    head = rows[0]
    lines = sage.query(_LINES, key)
    shipped = sum((amount(row["QtyShipped"]) for row in sage.query(_SHIPPED, key)), Decimal(0))
    ordered = sum((amount(line["QtyOrd"]) for line in lines), Decimal(0))
    return {
        "SOKey": str(head["SOKey"]),
        **{name: head[name] for name in _PLAIN},
        **{name: to_day(head[name]) for name in _DAYS},
        "Status": ORDER_STATUSES[int(head["Status"])]
        if 0 <= int(head["Status"]) < len(ORDER_STATUSES)
        else None,
        "Hold": yes_no(head["Hold"]),
        "CrHold": yes_no(head["CrHold"]),
        "Cancelled": head["Status"] == CANCELED,
        "portal_status": portal_status(head, shipped, ordered),
        "CloseDate": to_utc(head["CloseDate"], sage.zone),
        "UpdateDate": to_utc(head["UpdateDate"], sage.zone),
        "Lines": [_line(line) for line in lines],
    }


def _line(line: Mapping[str, Any]) -> Row:
    status = LINE_STATUSES.get(int(line["Status"] or 0))
    return {**line, "Status": status, "CmntOnly": yes_no(line["CmntOnly"])}


def portal_status(head: Mapping[str, Any], shipped: Decimal, ordered: Decimal) -> str:
    """Return the portal's word for an order; the first that fits, in this order."""
    status = int(head["Status"])
    if status == CANCELED:
        return "cancelled"
    if head["Hold"] or head["CrHold"]:
        return "on_hold"
    if status in (0, 5, 6):
        return "pending"
    if status == OPEN:
        if shipped > 0:
            return "shipped" if shipped >= ordered else "partially_shipped"
        return "open"
    return "closed" if status == CLOSED else "inactive"


def find_order(sage: Sage, reference: str, *, tran_type: int = ORDER_TYPE) -> Found | None:
    """Return the order that carries our reference; cancelled ones last."""
    wanted = fit_reference(reference.strip())
    if not wanted:
        return None
    column = sage.reference_column if tran_type == ORDER_TYPE else "UserFld1"
    rows: Sequence[Row] = sage.query(
        f"SELECT SOKey, TranNo, Status, CustPONo FROM tsoSalesOrder"
        f" WHERE CompanyID = %s AND TranType = %s AND {column} = %s",
        *(sage.company, tran_type, wanted),
    )
    if not rows:
        return None
    first = min(rows, key=lambda row: (row["Status"] == CANCELED, row["SOKey"]))
    return Found(str(first["SOKey"]), {"TranNo": first["TranNo"], "CustPONo": first["CustPONo"]})


def locate_order(sage: Sage, number: str, *, tran_type: int = ORDER_TYPE) -> str | None:
    """Return the key of the order with this number, with or without its zeros and its type."""
    wanted = number.strip().removesuffix("-SO")
    rows = sage.query(
        "SELECT SOKey FROM tsoSalesOrder WHERE CompanyID = %s AND TranType = %s AND (TranNo = %s OR TranNo = %s)",
        *(sage.company, tran_type, wanted, wanted.zfill(10) if wanted.isdecimal() else wanted),
    )
    return str(rows[0]["SOKey"]) if rows else None
