"""Shippers: created and confirmed by the process tick (Process Manager) or by hand, never inside placeOrder.

Called by the control API and the ticking thread of the simulator.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.sandbox.dynamics_sl.events import add_event
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.orders import load_order
from integrations.sandbox.dynamics_sl.stock import on_hand, take_out
from integrations.sandbox.dynamics_sl.store import (
    PACKS,
    SHIPPER_LINES,
    SHIPPERS,
    find,
    find_one,
    next_number,
    put,
)

FIRST_SHIPPER = 412
_WAITING = (
    "SELECT OrdNbr FROM SOHeader WHERE Status = 'O' AND AdminHold = 0 AND CreditHold = 0 AND Cancelled = 0"
    " AND SOTypeID NOT IN ('CM', 'RMA') AND OrdNbr NOT IN (SELECT OrdNbr FROM SOShipHeader WHERE ShippingConfirmed = 0)"
    " AND OrdNbr IN (SELECT OrdNbr FROM SOLine WHERE QtyOpenShip > 0) ORDER BY OrdNbr"
)


def run_process(installation: Installation) -> dict[str, list[str]]:
    """Run one tick: confirm the shippers of earlier ticks, then create shippers for open orders."""
    with installation.state.transaction() as db:
        waiting = find(installation.state, SHIPPERS, {"ShippingConfirmed": 0})
        for shipper in waiting:
            confirm_shipper(installation, db, shipper["ShipperID"])
        created = []
        for row in db.execute(_WAITING).fetchall():
            quantities = _quantities_in_stock(installation, db, row["OrdNbr"])
            if quantities:
                created.append(create_shipper(installation, db, row["OrdNbr"], quantities))
    return {"created": created, "confirmed": [shipper["ShipperID"] for shipper in waiting]}


def _quantities_in_stock(
    installation: Installation, db: sqlite3.Connection, ord_nbr: str
) -> dict[str, float]:
    order = load_order(installation, ord_nbr)
    quantities = {}
    for line in order["orderItems"] if order else ():
        quantity = min(line["QtyOpenShip"], on_hand(db, line["InvtID"], line["SiteID"]))
        if quantity > 0:
            quantities[line["LineRef"]] = quantity
    return quantities


_FROM_ORDER = (
    "CpnyID",
    "OrdNbr",
    "CustID",
    "CustOrdNbr",
    "CuryID",
    "SOTypeID",
    "ShipName",
    "ShipAddr1",
    "ShipAddr2",
    "ShipCity",
    "ShipState",
    "ShipZip",
    "ShipCountry",
    "ShiptoID",
    "TermsID",
    "OrdDate",
)
_FROM_LINE = (
    "CpnyID",
    "OrdNbr",
    "InvtID",
    "Descr",
    "UnitDesc",
    "SiteID",
    "CurySlsPrice",
    "CuryCost",
    "TaxCat",
)


def create_shipper(
    installation: Installation,
    db: sqlite3.Connection,
    ord_nbr: str,
    quantities: Mapping[str, float],
    *,
    carrier: str = "",
) -> str:
    """Create an unconfirmed shipper for some quantities by LineRef; what is left over is back-ordered."""
    order = load_order(installation, ord_nbr)
    if order is None:
        raise KeyError(ord_nbr)
    shipper_id = f"S{next_number(db, 'ShipperID', FIRST_SHIPPER):07d}"
    stamps = installation.stamps(is_new=True)
    lines = [line for line in order["orderItems"] if quantities.get(line["LineRef"], 0) > 0]
    header = {name: order[name] for name in _FROM_ORDER} | stamps
    header |= {
        "ShipperID": shipper_id,
        "ShipViaID": carrier or order["ShipViaID"] or "BEST",
        "SiteID": lines[0]["SiteID"] if lines else installation.warehouse,
        "ShipDatePlan": installation.today(),
        "Status": "O",
        "LineCntr": len(lines),
    }
    put(db, SHIPPERS, header)
    for line in lines:
        quantity = quantities[line["LineRef"]]
        row = {name: line[name] for name in _FROM_LINE} | stamps
        row |= {
            "ShipperID": shipper_id,
            "LineRef": line["LineRef"],
            "OrdLineRef": line["LineRef"],
            "QtyOrd": line["QtyOrd"],
            "QtyPick": quantity,
            "QtyShip": quantity,
            "QtyPrevShip": line["QtyShip"],
            "QtyBO": line["QtyOpenShip"] - quantity,
        }
        put(db, SHIPPER_LINES, row)
    add_event(
        installation,
        db,
        ord_nbr=ord_nbr,
        event_type="PSHP",
        descr="Shipper created",
        shipper_id=shipper_id,
    )
    return shipper_id


def confirm_shipper(
    installation: Installation, db: sqlite3.Connection, shipper_id: str, *, tracking: Sequence[str] = ()
) -> None:
    """Confirm a shipper: box it (two boxes, two tracking numbers unless told), move stock and order lines."""
    header = find_one(installation.state, SHIPPERS, ShipperID=shipper_id)
    if header is None:
        raise KeyError(shipper_id)
    lines = find(installation.state, SHIPPER_LINES, {"ShipperID": shipper_id})
    for line in lines:
        take_out(installation, db, line["InvtID"], line["SiteID"], line["QtyShip"])
        db.execute(
            "UPDATE SOLine SET QtyShip = QtyShip + ?1, QtyOpenShip = QtyOpenShip - ?1,"
            " QtyBO = QtyOpenShip - ?1 WHERE OrdNbr = ?2 AND LineRef = ?3",
            (line["QtyShip"], line["OrdNbr"], line["OrdLineRef"]),
        )
    numbers = list(tracking) or [f"1Z999AA1{shipper_id[1:]}{box:03d}" for box in (1, 2)]
    for box, number in enumerate(numbers, 1):
        pack = {"CpnyID": header["CpnyID"], "ShipperID": shipper_id, "BoxRef": f"{box:05d}"}
        pack |= {"TrackingNbr": number, "Wght": 1.4}
        put(db, PACKS, pack | installation.stamps(is_new=True))
    put(
        db,
        SHIPPERS,
        header
        | installation.stamps(is_new=False)
        | {
            "ShippingConfirmed": 1,
            "ShipDateAct": installation.today(),
            "PackDate": installation.today(),
            "TrackingNbr": numbers[0],
            "BoxCntr": len(numbers),
            "TotBoxes": len(numbers),
        },
    )
    db.execute(
        "UPDATE SOHeader SET LUpd_DateTime = ? WHERE OrdNbr = ?", (installation.minute(), header["OrdNbr"])
    )
    add_event(
        installation,
        db,
        ord_nbr=header["OrdNbr"],
        event_type="CSHP",
        descr="Shipper confirmed",
        shipper_id=shipper_id,
    )


def ship_order(installation: Installation, ord_nbr: str, asked: Mapping[str, Any]) -> str:
    """Ship an order by hand and return the ShipperID.

    ``asked``: ``lines`` as {LineRef or InvtID: quantity} (default: all open), ``carrier``, ``tracking``.
    Raises KeyError for an unknown order, ValueError when nothing is left to ship.
    """
    with installation.state.transaction() as db:
        order = load_order(installation, ord_nbr)
        if order is None:
            raise KeyError(ord_nbr)
        wanted = asked.get("lines") or {}
        quantities = {}
        for line in order["orderItems"]:
            quantity = wanted.get(
                line["LineRef"], wanted.get(line["InvtID"], 0 if wanted else line["QtyOpenShip"])
            )
            quantities[line["LineRef"]] = min(float(quantity), line["QtyOpenShip"])
        if not any(quantity > 0 for quantity in quantities.values()):
            raise ValueError(f"nothing of order {ord_nbr} is left to ship")
        shipper_id = create_shipper(
            installation, db, order["OrdNbr"], quantities, carrier=asked.get("carrier", "")
        )
        confirm_shipper(installation, db, shipper_id, tracking=asked.get("tracking") or ())
    return shipper_id


def load_screen(installation: Installation, shipper_id: str) -> dict[str, Any]:
    """Return the shipper screen; an unknown shipper gives a screen with errorMessage."""
    header = find_one(installation.state, SHIPPERS, ShipperID=shipper_id.strip())
    if header is None:
        return {"errorMessage": f"Shipper {shipper_id.strip()} not found."}
    lines = find(installation.state, SHIPPER_LINES, {"ShipperID": header["ShipperID"]})
    return {"errorMessage": "", "mySOShipHeader": header, "mySOShipLine": lines}
