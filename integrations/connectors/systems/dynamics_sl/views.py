"""Rows of the Quick Query views that stand in for tables ctAPI has no operation for: AR documents, journal lines.

Called by the receipt, journal, invoice and purchase order modules. A view is searched by column; a server that
ignores the condition is noticed, never taken for "not there".
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.errors import Misconfigured
from integrations.connectors.systems.dynamics_sl.changes import same
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.orders import moment
from integrations.connectors.systems.dynamics_sl.sql_reads import pages_by_rowversion
from integrations.kinds import Record

_AR_COLUMNS = (
    "CustId",
    "DocType",
    "RefNbr",
    "BatNbr",
    "CuryOrigDocAmt",
    "CuryDocBal",
    "BankAcct",
    "BankSub",
    "DocDate",
    "DueDate",
    "OrdNbr",
    "CustOrdNbr",
    "CuryId",
    "PmtMethod",
    "DocDesc",
    "PerPost",
    "ProjectID",
    "Terms",
    "OpenDoc",
    "Rlsed",
    "User1",
    "LUpd_DateTime",
)
_AP_COLUMNS = (
    "VendId",
    "VendName",
    "DocType",
    "RefNbr",
    "BatNbr",
    "InvcNbr",
    "InvcDate",
    "PONbr",
    "CuryOrigDocAmt",
    "CuryDocBal",
    "CuryId",
    "DocDate",
    "DueDate",
    "PayDate",
    "DocDesc",
    "PerPost",
    "ProjectID",
    "Terms",
    "Status",
    "OpenDoc",
    "Rlsed",
    "User1",
    "LUpd_DateTime",
)
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "view_apdoc": ("APDoc", _AP_COLUMNS),
    "view_ardoc": ("ARDoc", _AR_COLUMNS),
    "view_gltran": ("GLTran", ("Module", "BatNbr", "LineNbr", "ExtRefNbr", "Posted", "PerPost")),
    "view_intran": (
        "INTran",
        ("BatNbr", "LineRef", "ExtRefNbr", "InvtID", "SiteID", "TranType", "Qty", "Rlsed"),
    ),
    "view_purchord": ("PurchOrd", ("PONbr", "Status", "RcptStage", "CuryPOAmt", "User1", "LUpd_DateTime")),
}
"""The table behind each view, and what is read of it where the connection has a SQL login."""
OVERLAP = timedelta(minutes=3)
"""LUpd_DateTime is cut to the minute, and rows commit late."""
PAGE_SIZE = 200


def can_search(api: CtApi, setting: str) -> bool:
    """Return whether these records can be looked up: by SQL or through a view."""
    return api.sql is not None or bool(api.settings.get(setting))


def matching(api: CtApi, setting: str, **columns: str) -> list[dict[str, Any]]:
    """Return the rows of the view named by a setting whose columns hold these values.

    Raises Misconfigured where the connection has no such view, or its condition was ignored.
    """
    if api.sql is not None:
        table, names = TABLES[setting]
        return api.sql.matching(table, names, columns)
    view = str(api.settings.get(setting) or "")
    if not view:
        raise Misconfigured("These records cannot be searched on this connection", missing=setting)
    rows = api.query(view, *((name, "=", value) for name, value in columns.items()))
    found = [row for row in rows if all(same(row.get(name), value) for name, value in columns.items())]
    if rows and not found:
        raise Misconfigured(f"Dynamics SL ignored the search in view {view}", missing=setting)
    return found


def changed_rows(
    api: CtApi, setting: str, cursor: Mapping[str, Any], now: datetime, record_of: Any
) -> Iterator[Page]:
    """Yield pages of records whose row was changed since the cursor, oldest first.

    ``record_of(row)`` returns a Record, or None for a row that is of another kind. The time of change has minutes
    only, so the last minutes are read again each time.
    """

    def records_of(rows: list[dict[str, Any]]) -> list[Record]:
        return [record for record in map(record_of, rows) if isinstance(record, Record)]

    if api.sql is not None and cursor.get("rowversion"):
        table, names = TABLES[setting]
        yield from pages_by_rowversion(api.sql, table, names, cursor, records_of, of_company=True)
        return
    view = str(api.settings.get(setting) or "")
    if not view and api.sql is None:
        raise Misconfigured("These records cannot be listed on this connection", missing=setting)
    since = datetime.fromisoformat(cursor["since"]) if cursor.get("since") else now
    begin = (since - OVERLAP).astimezone(api.zone).replace(tzinfo=None, second=0, microsecond=0)
    if api.sql is not None:
        table, names = TABLES[setting]
        rows, after = api.sql.changed_by_time(table, names, begin)
        yield Page(records_of(rows), {"rowversion": after}, is_last=True)
        return
    rows = api.query(view, ("LUpd_DateTime", ">=", begin.isoformat()))
    rows.sort(key=lambda row: moment(row.get("LUpd_DateTime")) or datetime.min.replace(tzinfo=UTC))
    records = records_of(rows)
    if not records:
        yield Page((), {"since": since.isoformat()}, is_last=True)
    for start in range(0, len(records), PAGE_SIZE):
        chunk = records[start : start + PAGE_SIZE]
        latest = chunk[-1].updated_at
        if latest is not None and cursor.get("since"):
            since = max(since, min(latest, now))
        yield Page(chunk, {"since": since.isoformat()}, is_last=start + PAGE_SIZE >= len(records))
