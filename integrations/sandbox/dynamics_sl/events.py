"""SOEvent rows: what happened to an order, the feed that shipment polling reads.

The event types are ours; the vendor's list is unknown.
"""

import sqlite3
from typing import Any

from integrations.sandbox.dynamics_sl.columns import NULL_DATE
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.store import EVENTS, put


def add_event(
    installation: Installation,
    db: sqlite3.Connection,
    *,
    ord_nbr: str,
    event_type: str,
    descr: str,
    shipper_id: str = "",
) -> None:
    """Write one event; numbers run per order, date and time of day are two columns."""
    now = installation.local_now()
    number = db.execute(
        "SELECT coalesce(max(EventID), 0) + 1 FROM SOEvent WHERE OrdNbr = ?", (ord_nbr,)
    ).fetchone()[0]
    put(
        db,
        EVENTS,
        {
            "CpnyID": installation.cpny_id,
            "OrdNbr": ord_nbr,
            "EventID": number,
            "EventType": event_type,
            "EventDate": now.strftime("%Y-%m-%dT00:00:00"),
            "EventTime": now.strftime("1900-01-01T%H:%M:%S"),
            "Descr": descr,
            "ShipperID": shipper_id,
            "ProgID": "40100",
            "UserID": "SYSADMIN",
            **installation.stamps(is_new=True),
        },
    )


def search_events(installation: Installation, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Return events as ``searchSOEvent`` does; blank and 1900-01-01 mean no condition [inferred]."""
    conditions, values = ["CpnyID = ?"], [installation.cpny_id]
    moment = "substr(EventDate, 1, 10) || substr(EventTime, 11)"
    for name, sign in (("startDate", ">="), ("endDate", "<=")):
        if asked.get(name, NULL_DATE)[:4] != "1900":
            conditions.append(f"{moment} {sign} ?")
            values.append(asked[name][:19])
            if name == "startDate":
                conditions.append("EventDate >= ?")  # the indexed column narrows the scan
                values.append(f"{asked[name][:10]}T00:00:00")
    for name, column in (("ordNbr", "OrdNbr"), ("shipperID", "ShipperID")):
        if asked.get(name, "").strip():
            conditions.append(f"{column} = ?")
            values.append(asked[name].strip())
    if asked.get("withShippersOnly"):
        conditions.append("ShipperID <> ''")
    sql = f"SELECT * FROM SOEvent WHERE {' AND '.join(conditions)} ORDER BY {moment}, OrdNbr, EventID"
    rows = [dict(row) for row in installation.state.rows(sql, values)]
    if asked.get("lastEventOnly"):
        rows = list({row["OrdNbr"]: row for row in rows}.values())
    return rows
