"""Finds what changed: by UpdateDate, UpdateCounter and key for orders, returns, customers, items and invoices; by key
for shipments.

Cursor: ``{"at": time}`` as the SQL Server's own clock tells it, or ``{"after": ShipKey}``. Reads begin a little before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.errors import UnexpectedResponse
from integrations.connectors.systems.sage_500 import customers, invoices, items
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.orders import ORDER_TYPE, RETURN_TYPE
from integrations.connectors.systems.sage_500.records import record, to_utc
from integrations.kinds import Kind, Record

OVERLAP = timedelta(seconds=5)
PAGE_SIZE = 200
BEFORE_ALL = datetime.fromisoformat("1900-01-01")
"""Of the server's own clock, as all times here: no zone."""
_TIME = "ISNULL(t.UpdateDate, ISNULL(t.CreateDate, CAST('1900-01-02' AS datetime)))"
_GIVEN = "CAST(%s AS datetime)"
_VERSION = "ISNULL(t.UpdateCounter, 0)"
"""Rows that nobody has changed since an import may lack both [inferred]; they must be in an initial load."""
_RESCAN = timedelta(days=7)
_TICKS = 300

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Feed:
    """Where a kind's changes are: what is selected, from where, its surrogate key, and records of the rows."""

    columns: str
    table: str
    key: str
    condition: str
    records: Callable[[Sage, Sequence[Row]], list[Record]]


def _thin_orders(sage: Sage, rows: Sequence[Row]) -> list[Record]:
    return [_thin(sage, Kind.ORDER, row) for row in rows]


def _thin_returns(sage: Sage, rows: Sequence[Row]) -> list[Record]:
    return [_thin(sage, Kind.RETURN, row) for row in rows]


def _thin(sage: Sage, kind: Kind, row: Row) -> Record:
    at = to_utc(row["UpdateDate"], sage.zone)
    return record(
        kind,
        str(row["SOKey"]),
        {},
        business_key=str(row["TranNo"]),
        updated_at=at,
        version=f"{at.isoformat() if at else ''}/{row['UpdateCounter']}",
    )


FEEDS = {
    Kind.ORDER: Feed(
        "t.SOKey, t.TranNo", "tsoSalesOrder t", "SOKey", f"t.TranType = {ORDER_TYPE}", _thin_orders
    ),
    Kind.RETURN: Feed(
        "t.SOKey, t.TranNo", "tsoSalesOrder t", "SOKey", f"t.TranType = {RETURN_TYPE}", _thin_returns
    ),
    Kind.INVOICE: Feed(
        invoices.COLUMNS,
        invoices.TABLES,
        "InvcKey",
        f"t.TranType = {invoices.INVOICE_TYPE}",
        invoices.records_of,
    ),
    Kind.CUSTOMER: Feed(
        customers.COLUMNS, customers.TABLES, "CustKey", "t.Status <> 4", customers.records_of
    ),
    Kind.PRODUCT: Feed(items.COLUMNS, items.TABLES, "ItemKey", "t.Status <> 4", items.records_of),
}


def start(sage: Sage) -> dict[str, Any]:
    """Return the cursor of now, by the SQL Server's clock."""
    rows = sage.query("SELECT GETDATE() AS Moment")
    return {"at": sql_time(_moment(rows[0], "Moment"))}


def read_changes(sage: Sage, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield pages in the order of change; rows with one time are told apart by version and key."""
    feed = FEEDS[kind]
    at = datetime.fromisoformat(str((cursor if cursor.get("at") else start(sage))["at"]))
    place: tuple[str, int, int] = (sql_time(_since(sage, at)), -1, -1)
    while True:
        rows = _page(sage, feed, place)
        if rows:
            last = rows[-1]
            place = (
                sql_time(_moment(last, "UpdateDate")),
                int(last["UpdateCounter"] or 0),
                int(last[feed.key]),
            )
            at = max(at, _moment(last, "UpdateDate"))
        is_last = len(rows) < PAGE_SIZE
        yield Page(feed.records(sage, rows), {"at": sql_time(at)}, is_last)
        if is_last:
            return


def _page(sage: Sage, feed: Feed, place: tuple[str, int, int]) -> list[Row]:
    moment, counter, key = place
    return sage.query(
        f"SELECT TOP {PAGE_SIZE} {feed.columns}, {_TIME} AS UpdateDate, {_VERSION} AS UpdateCounter FROM {feed.table}"
        f" WHERE t.CompanyID = %s AND {feed.condition} AND ({_TIME} > {_GIVEN} OR ({_TIME} = {_GIVEN} AND"
        f" ({_VERSION} > %s OR ({_VERSION} = %s AND t.{feed.key} > %s)))) ORDER BY {_TIME}, {_VERSION}, t.{feed.key}",
        *(sage.company, moment, moment, counter, counter, key),
    )


def _moment(row: Row, name: str) -> datetime:
    found = row.get(name)
    if not isinstance(found, datetime):
        raise UnexpectedResponse("Sage 500 sent a row without its time of change", detail=name)
    return found.replace(tzinfo=None)


def _since(sage: Sage, at: datetime) -> datetime:
    """Return where to begin: a little earlier, and an hour more where the server's clock is about to go back."""
    if at <= BEFORE_ALL + OVERLAP:
        return BEFORE_ALL
    offset, later = (moment.replace(tzinfo=sage.zone).utcoffset() for moment in (at, at + timedelta(hours=3)))
    repeated = max(timedelta(0), (offset or timedelta(0)) - (later or timedelta(0)))
    return at - OVERLAP - repeated


def sql_time(moment: datetime) -> str:
    """Return a time as a datetime column holds it: in 1/300 s, told with three digits."""
    ticks = round(moment.microsecond * _TICKS / 1_000_000)
    rounded = moment.replace(microsecond=0) + timedelta(milliseconds=round(ticks * 1000 / _TICKS))
    return rounded.isoformat(timespec="milliseconds")


# -- shipments ---------------------------------------------------------------------------------------------

_SHIPMENTS = f"""SELECT TOP {PAGE_SIZE} s.ShipKey, s.TranID, s.TranDate, s.PostDate, g.TranStatus
 FROM tsoShipment s JOIN tsoShipmentLog g ON g.ShipKey = s.ShipKey
 WHERE s.CompanyID = %s AND (s.TranType = 810 OR s.TranType = 814) AND s.ShipKey > %s
 AND (s.ShipKey > %s OR s.TranDate >= %s) ORDER BY s.ShipKey"""
_ORDERS_OF = """SELECT DISTINCT l.SOKey FROM tsoShipLine sl JOIN tsoSOLine l ON l.SOLineKey = sl.SOLineKey
 WHERE sl.ShipKey = %s ORDER BY l.SOKey"""


def read_shipments(sage: Sage, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield new shipments, and those of the last seven days again: they are posted late, and voided."""
    after = int(cursor["after"]) if "after" in cursor else _newest(sage)
    window = sql_time((sage.now() - _RESCAN).astimezone(sage.zone).replace(tzinfo=None))
    place, newest = 0, after
    while True:
        rows = sage.query(_SHIPMENTS, sage.company, place, after, window)
        if rows:
            place = int(rows[-1]["ShipKey"])
            newest = max(newest, place)
        is_last = len(rows) < PAGE_SIZE
        yield Page([each for row in rows for each in _thin_shipments(sage, row)], {"after": newest}, is_last)
        if is_last:
            return


def _newest(sage: Sage) -> int:
    rows = sage.query("SELECT MAX(ShipKey) AS Newest FROM tsoShipment WHERE CompanyID = %s", sage.company)
    return int(rows[0]["Newest"] or 0) if rows else 0


def _thin_shipments(sage: Sage, row: Row) -> list[Record]:
    mark = f"{row['TranStatus']}/{row['PostDate']}"
    return [
        record(
            Kind.SHIPMENT,
            f"{row['ShipKey']}/{order['SOKey']}",
            {},
            business_key=str(row["TranID"]),
            version=mark,
        )
        for order in sage.query(_ORDERS_OF, row["ShipKey"])
    ]
