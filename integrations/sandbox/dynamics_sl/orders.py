"""Sales orders: checks, saves and returns them the way the ``orders`` service does.

Called by the operation table and the control API. Business errors are in-band (``errorString``).
"""

import sqlite3
from typing import Any

from integrations.sandbox.dynamics_sl.columns import NULL_DATE
from integrations.sandbox.dynamics_sl.events import add_event
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.pricing import address_header, find_item, price_line, total_header
from integrations.sandbox.dynamics_sl.stock import promise
from integrations.sandbox.dynamics_sl.store import (
    LINES,
    ORDERS,
    find,
    find_one,
    next_number,
    put,
    trimmed,
    truncation,
)

ORDER_TYPES = {
    "SO": "Sales order",
    "CM": "Credit memo",
    "INVC": "Invoice only",
    "Q": "Quote",
    "RMA": "Return authorisation",
    "WC": "Will call",
}
RETURN_TYPES = ("CM", "RMA")
"""Types whose goods come back: nothing of them is promised or shipped."""
SHIP_VIAS = {"BEST": "Best way", "UPSGRND": "UPS Ground", "FEDEX": "FedEx", "DHL": "DHL", "USPS": "US Mail"}
FIRST_ORDER = 124


def load_order(installation: Installation, ord_nbr: str) -> dict[str, Any] | None:
    """Return an order with its lines, or None."""
    header = find_one(installation.state, ORDERS, OrdNbr=ord_nbr.strip())
    if header is None or not ord_nbr.strip():
        return None
    return header | {
        "orderItems": find(installation.state, LINES, {"OrdNbr": header["OrdNbr"]}),
        "errorString": "",
    }


def _check_line(db: sqlite3.Connection, line: dict[str, Any]) -> str:
    invt_id = line.get("InvtID", "").strip()
    item = find_item(db, invt_id)
    if item is None:
        return f"Inventory item {invt_id} not found."
    if item["TranStatusCode"].strip() in ("IN", "DE"):
        return f"Inventory item {invt_id} is not active."
    if line["QtyOrd"] <= 0:
        return f"Quantity ordered of item {invt_id} must be greater than zero."
    return truncation(LINES, line)


def _check_change(before: dict[str, Any], given: dict[str, Any]) -> str:
    """Return why an order may not become what was sent, "" when it may."""
    number = before["OrdNbr"]
    if before["Status"].strip() == "C":
        return f"Order {number} is closed and cannot be changed."
    if before["Cancelled"]:
        return f"Order {number} is cancelled and cannot be changed."
    shipped = {line["LineRef"].strip(): line["QtyShip"] for line in before["orderItems"] if line["QtyShip"]}
    if given.get("Cancelled") and shipped:
        return f"Order {number} has shipments and cannot be cancelled."
    kept = {
        line.get("LineRef", "").strip(): line["QtyOrd"]
        for line in given.get("orderItems") or ()
        if not line.get("deleteFlag")
    }
    for line_ref, quantity in shipped.items():
        if kept.get(line_ref, 0) < quantity:
            return f"Line {line_ref} of order {number} has shipped {quantity:g} already."
    return ""


def check_order(installation: Installation, db: sqlite3.Connection, order: dict[str, Any]) -> str:
    """Return the first business error of an order, "" when it may be saved."""
    cust_id = order.get("CustID", "").strip()
    customer = db.execute("SELECT Status FROM Customer WHERE CustId = ?", (cust_id,)).fetchone()
    if customer is None:
        return f"Customer {cust_id} not found." if cust_id else "CustID is required."
    if customer["Status"].strip() == "I":
        return f"Customer {cust_id} is inactive."
    so_type = order.get("SOTypeID", "").strip()
    if so_type not in ORDER_TYPES:
        return f"Order type {so_type} not found."
    company = order.get("CpnyID", "").strip()
    if company and company != installation.cpny_id:
        return f"Company {company} not found."
    original = order.get("OrigOrdNbr", "").strip()
    if original and find_one(installation.state, ORDERS, OrdNbr=original) is None:
        return f"Original order {original} not found."
    lines = [line for line in order.get("orderItems") or () if not line.get("deleteFlag")]
    if not lines:
        return "An order needs at least one line."
    scalars = {name: value for name, value in order.items() if isinstance(value, str)}
    return truncation(ORDERS, scalars) or next(filter(None, (_check_line(db, line) for line in lines)), "")


def _customer_and_ship_to(
    db: sqlite3.Connection, order: dict[str, Any]
) -> tuple[sqlite3.Row, sqlite3.Row | None]:
    columns = "Name, Addr1, Addr2, City, State, Zip, Country, Attn, Phone"
    cust_id = order["CustID"].strip()
    customer = db.execute(
        f"SELECT CustId, Terms, CuryId, CrLmt, {columns} FROM Customer WHERE CustId = ?",
        (cust_id,),
    ).fetchone()
    ship_to = db.execute(
        f"SELECT {columns} FROM SOAddress WHERE CustId = ? AND ShipToId = ?",
        (cust_id, (order.get("ShiptoID") or "DEFAULT").strip()),
    ).fetchone()
    return customer, ship_to


def complete_order(
    installation: Installation, db: sqlite3.Connection, given: dict[str, Any]
) -> dict[str, Any]:
    """Return a checked order with everything SL computes; nothing is saved."""
    order = trimmed(given)
    customer, ship_to = _customer_and_ship_to(db, order)
    order["CustID"] = customer["CustId"]
    order["CpnyID"] = installation.cpny_id
    order["OrdDate"] = f"{(order.get('OrdDate') or installation.today())[:10]}T00:00:00"
    order["ShiptoID"] = order.get("ShiptoID") or "DEFAULT"
    order["Status"] = order.get("Status") or "O"
    for column in ("CancelDate", "InvcDate", "DateCanceled"):
        order[column] = order.get(column) or NULL_DATE
    address_header(order, customer, ship_to)
    kept = [line for line in order["orderItems"] if not line.get("deleteFlag")]
    used = {line.get("LineRef", "").strip() for line in kept}
    free = (f"{number:05d}" for number in range(1, 100000) if f"{number:05d}" not in used)
    lines = []
    for given_line in kept:
        item = find_item(db, given_line["InvtID"])
        if item is None:
            raise LookupError(given_line["InvtID"])
        line = price_line(given_line, item, installation.warehouse)
        line["LineRef"] = line.get("LineRef") or next(free)
        line["CpnyID"] = installation.cpny_id
        lines.append(line)
    order["orderItems"] = lines
    total_header(order, lines)
    if (
        customer["CrLmt"]
        and order["SOTypeID"] not in RETURN_TYPES
        and order["CuryTotOrd"] > customer["CrLmt"]
    ):
        order["CreditHold"] = 1
    order["errorString"] = ""
    order["businessRuleViolations"] = _violations(order)
    return order


def _violations(order: dict[str, Any]) -> list[dict[str, Any]]:
    if not order.get("CreditHold"):
        return []
    message = f"Order total exceeds the credit limit of customer {order['CustID']}."
    return [
        {
            "key": "CREDIT",
            "fatal": False,
            "message": message,
            "messageNbr": 1017,
            "raised": True,
            "severity": 1,
        }
    ]


def place_order(
    installation: Installation, given: dict[str, Any], *, is_saved: bool = True
) -> dict[str, Any]:
    """Check an order and, unless only validating, save it. Never refuses by Fault."""
    with installation.state.transaction() as db:
        number = given.get("OrdNbr", "").strip()
        before = load_order(installation, number) if number else None
        problem = f"Order {number} not found." if number and before is None else ""
        if before is not None:
            problem = _check_change(before, given)
        problem = problem or check_order(installation, db, given)
        if problem:
            return given | {"OrdNbr": number, "errorString": problem}
        order = complete_order(installation, db, given)
        if not is_saved:
            return order
        if before is None:
            order["OrdNbr"] = f"O{next_number(db, 'OrdNbr', FIRST_ORDER):07d}"
        _save(installation, db, order, before)
        return order


def _save(
    installation: Installation, db: sqlite3.Connection, order: dict[str, Any], before: dict[str, Any] | None
) -> None:
    order |= installation.stamps(is_new=before is None)
    is_promised = order["SOTypeID"] not in RETURN_TYPES
    if before:
        for line in before["orderItems"] if is_promised and not before["Cancelled"] else ():
            promise(installation, db, line["InvtID"], line["SiteID"], -line["QtyOpenShip"])
        db.execute("DELETE FROM SOLine WHERE OrdNbr = ?", (order["OrdNbr"],))
    if order.get("Cancelled") and order["DateCanceled"] == NULL_DATE:
        order["DateCanceled"] = installation.today()
    put(db, ORDERS, order)
    for line in order["orderItems"]:
        line["OrdNbr"] = order["OrdNbr"]
        put(db, LINES, line | installation.stamps(is_new=before is None))
        if is_promised and not order.get("Cancelled"):
            promise(installation, db, line["InvtID"], line["SiteID"], line["QtyOpenShip"])
    kind, descr = ("ADDO", "Order entered") if before is None else ("UPDO", "Order changed")
    if order.get("Cancelled") and not (before or {}).get("Cancelled"):
        kind, descr = "CANC", "Order cancelled"
    add_event(installation, db, ord_nbr=order["OrdNbr"], event_type=kind, descr=descr)


def set_admin_hold(installation: Installation, ord_nbr: str, *, is_held: bool) -> None:
    """Set or clear the hold flag; the status letter stays as it is. Unknown orders are ignored."""
    with installation.state.transaction() as db:
        changed = db.execute(
            "UPDATE SOHeader SET AdminHold = ?, LUpd_DateTime = ? WHERE OrdNbr = ?",
            (int(is_held), installation.minute(), ord_nbr.strip()),
        )
        if changed.rowcount:
            kind, descr = ("HOLD", "Admin hold") if is_held else ("RLSE", "Admin hold released")
            add_event(installation, db, ord_nbr=ord_nbr.strip(), event_type=kind, descr=descr)


def delete_line(installation: Installation, ord_nbr: str, line_ref: str) -> bool:
    """Remove one line; False when the order or the line does not exist."""
    order = load_order(installation, ord_nbr)
    kept = [line for line in (order or {}).get("orderItems", ()) if line["LineRef"] != line_ref.strip()]
    if order is None or len(kept) == len(order["orderItems"]) or not kept:
        return False
    return not place_order(installation, order | {"orderItems": kept})["errorString"]
