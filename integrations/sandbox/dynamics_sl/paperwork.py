"""Documents that come into being inside Dynamics SL: invoices of orders, purchase orders.

Called by the operation table (``purchaseOrders``) and the control API, which does what a clerk would do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.sandbox.core.catalogue import CATALOGUE
from integrations.sandbox.dynamics_sl.columns import NULL_DATE
from integrations.sandbox.dynamics_sl.events import add_event
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.orders import load_order
from integrations.sandbox.dynamics_sl.store import (
    AP_DOCUMENTS,
    AR_DOCUMENTS,
    ITEMS,
    PURCHASE_LINES,
    PURCHASE_ORDERS,
    find,
    find_one,
    next_number,
    put,
    trimmed,
    truncation,
)

VENDORS = {"V100": "Filament Works", "V200": "Glass & Shade Co."}


def invoice_order(installation: Installation, ord_nbr: str) -> str:
    """Write the invoice of an order (the credit memo of a return), close the order, and return its number.

    Raises KeyError for an unknown order.
    """
    with installation.state.transaction() as db:
        order = load_order(installation, ord_nbr)
        if order is None:
            raise KeyError(ord_nbr)
        number = f"{next_number(db, 'InvcNbr', 70001):06d}"
        amount = order["CuryTotOrd"]
        document = {
            "CustId": order["CustID"],
            "DocType": "CM" if order["SOTypeID"].strip() in ("CM", "RMA") else "IN",
            "RefNbr": number,
            "BatNbr": f"{next_number(db, 'BatNbr AR', 231):06d}",
            "CpnyID": installation.cpny_id,
            "OrdNbr": order["OrdNbr"],
            "CustOrdNbr": order["CustOrdNbr"],
            "CuryId": order["CuryID"],
            "Terms": order["TermsID"],
            "PerPost": installation.period(),
            "OpenDoc": 1,
            "Rlsed": 1,
            "DueDate": installation.today(),
            "DocDate": installation.today(),
            **dict.fromkeys(("OrigDocAmt", "CuryOrigDocAmt", "DocBal", "CuryDocBal"), amount),
        }
        put(db, AR_DOCUMENTS, document | installation.stamps(is_new=True))
        db.execute(
            "UPDATE SOHeader SET InvcNbr = ?, InvcDate = ?, Status = 'C', LUpd_DateTime = ? WHERE OrdNbr = ?",
            (number, installation.today(), installation.minute(), order["OrdNbr"]),
        )
        add_event(installation, db, ord_nbr=order["OrdNbr"], event_type="CINV", descr="Invoice printed")
    return number


def add_voucher(installation: Installation, asked: Mapping[str, Any]) -> str:
    """Write a vendor's document as the payables clerk would, and return its number. ``asked``: any column."""
    with installation.state.transaction() as db:
        number = f"{next_number(db, 'RefNbr AP', 100):06d}"
        amount = float(asked.get("CuryOrigDocAmt", 240.0))
        document = {
            "DocType": "VO",
            "RefNbr": number,
            "RecordID": next_number(db, "RecordID AP", 1),
            "BatNbr": f"{next_number(db, 'BatNbr AP', 31):06d}",
            "CpnyID": installation.cpny_id,
            "VendId": "V100",
            "VendName": VENDORS["V100"],
            "InvcNbr": f"FW-{number}",
            "InvcDate": installation.today(),
            "DocDate": installation.today(),
            "DueDate": installation.today(),
            "PayDate": installation.today(),
            "CuryId": "USD",
            "Terms": "30",
            "PerPost": installation.period(),
            "OpenDoc": 1,
            "Rlsed": 1,
            "Status": "A",
            **dict.fromkeys(("OrigDocAmt", "CuryOrigDocAmt", "DocBal", "CuryDocBal"), amount),
        }
        put(db, AP_DOCUMENTS, document | installation.stamps(is_new=True) | dict(asked))
    return str(asked.get("RefNbr", number))


def save_purchase_order(installation: Installation, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Enter a new purchase order; a refusal is in ``returnVal`` with HTTP 200 [wording ours]."""
    lines = [trimmed(line) for line in asked.get("LineItems") or ()]
    columns = {column.name for column in PURCHASE_ORDERS.columns}
    order = {name: value for name, value in trimmed(asked).items() if name in columns}
    problem = _purchase_problem(installation, order, lines)
    if problem:
        return {**order, "PONbr": "", "returnVal": {"success": False, "returnString": problem}}
    known = {"VendName": VENDORS[order["VendId"]], "CuryID": "USD"}
    blank = {"", NULL_DATE}
    given = {name: value for name, value in order.items() if value not in blank}
    for line in lines:
        item = find_one(installation.state, ITEMS, InvtID=line["InvtID"]) or {}
        line["CuryUnitCost"] = line.get("CuryUnitCost") or item["LastCost"]
    number = add_purchase_order(installation, {**known, **given, "PONbr": "", "lines": lines})
    return load_purchase_order(installation, number)


def _purchase_problem(
    installation: Installation, order: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> str:
    if order.get("VendId") not in VENDORS:
        return f"Vendor {order.get('VendId') or '(blank)'} not found."
    if not lines:
        return "A purchase order needs at least one line."
    for line in lines:
        if find_one(installation.state, ITEMS, InvtID=line.get("InvtID", "")) is None:
            return f"Inventory item {line.get('InvtID')} not found."
    return truncation(PURCHASE_ORDERS, order)


def add_purchase_order(installation: Installation, asked: Mapping[str, Any]) -> str:
    """Write a purchase order and return its number. ``asked``: any column, and ``lines``."""
    lines = asked.get("lines") or [{"InvtID": CATALOGUE[0].sku, "QtyOrd": 10.0, "CuryUnitCost": 20.0}]
    with installation.state.transaction() as db:
        number = f"P{next_number(db, 'PONbr', 501):05d}"
        amount = sum(line["QtyOrd"] * line["CuryUnitCost"] for line in lines)
        header = {
            "PONbr": number,
            "POType": "OR",
            "CpnyID": installation.cpny_id,
            "VendId": "V100",
            "VendName": "Filament Works",
            "Status": "O",
            "RcptStage": "N",
            "CuryID": "USD",
            "PODate": installation.today(),
            "LastRcptDate": NULL_DATE,
            **{name: value for name, value in asked.items() if name not in ("lines", "PONbr")},
            "POAmt": amount,
            "CuryPOAmt": amount,
            "LUpd_DateTime": installation.minute(),
        }
        put(db, PURCHASE_ORDERS, header)
        for place, line in enumerate(lines, 1):
            row = {"PONbr": number, "LineRef": f"{place:05d}", "UOM": "EA", "SiteID": installation.warehouse}
            put(db, PURCHASE_LINES, row | dict(line) | {"CuryExtCost": line["QtyOrd"] * line["CuryUnitCost"]})
    return number


def load_purchase_order(installation: Installation, po_nbr: str) -> dict[str, Any]:
    """Return a purchase order with its lines; an unknown number gives one with a blank PONbr."""
    header = find_one(installation.state, PURCHASE_ORDERS, PONbr=po_nbr.strip()) if po_nbr.strip() else None
    if header is None:
        text = f"Purchase order {po_nbr.strip()} not found."
        return {"returnVal": {"success": False, "returnString": text}}
    lines = find(installation.state, PURCHASE_LINES, {"PONbr": header["PONbr"]})
    return header | {"LineItems": lines, "returnVal": {"success": True, "returnString": ""}}
