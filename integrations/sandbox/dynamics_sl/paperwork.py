"""Documents that come into being inside Dynamics SL: invoices of orders, purchase orders.

Called by the operation table (``purchaseOrders``) and the control API, which does what a clerk would do.
"""

from collections.abc import Mapping
from typing import Any

from integrations.sandbox.core.catalogue import CATALOGUE
from integrations.sandbox.dynamics_sl.columns import NULL_DATE
from integrations.sandbox.dynamics_sl.events import add_event
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.orders import load_order
from integrations.sandbox.dynamics_sl.store import (
    AR_DOCUMENTS,
    PURCHASE_LINES,
    PURCHASE_ORDERS,
    find,
    find_one,
    next_number,
    put,
)


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
            **{name: value for name, value in asked.items() if name != "lines"},
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
