"""Items with prices, and their quantities by warehouse. Called by connector and changes.

Stock has no time of change and is compared as a whole. Dirty reads (NOLOCK) are allowed here and nowhere else: a count
that is a moment old is as good, and a lock would hold up the warehouse.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, Page
from integrations.connectors.errors import NotFound
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.records import amount, record, to_utc
from integrations.kinds import Kind, Record

COLUMNS = "t.ItemKey, t.ItemID, t.ItemType, t.Status, t.StdPrice, d.ShortDesc, d.LongDesc, u.UnitMeasID"
TABLES = (
    "timItem t LEFT JOIN timItemDescription d ON d.ItemKey = t.ItemKey"
    " LEFT JOIN tciUnitMeasure u ON u.UnitMeasKey = t.SalesUnitMeasKey"
)
STATUSES = {1: "Active", 2: "Inactive", 3: "Discontinued", 4: "Deleted"}
PAGE_SIZE = 200
# Reference: a public production formula of available quantity; bins that are excluded and what is on order only count
# for what may be promised.
_BINS = """SELECT i.ItemID, w.WhseID, b.ExclFromAvail, SUM(bi.QtyOnHand) AS QtyOnHand,
 SUM(bi.QtyOnHand - bi.PendQtyDecrease) AS QtyAvailable
 FROM timWhseBinInvt bi WITH (NOLOCK) JOIN timItem i WITH (NOLOCK) ON i.ItemKey = bi.ItemKey
 JOIN timWhseBin b WITH (NOLOCK) ON b.WhseBinKey = bi.WhseBinKey
 JOIN timWarehouse w WITH (NOLOCK) ON w.WhseKey = b.WhseKey
 WHERE i.CompanyID = %s AND w.CompanyID = %s"""
_ON_ORDER = """SELECT i.ItemID, w.WhseID, v.QtyOnSO FROM timInventory v WITH (NOLOCK)
 JOIN timItem i WITH (NOLOCK) ON i.ItemKey = v.ItemKey JOIN timWarehouse w WITH (NOLOCK) ON w.WhseKey = v.WhseKey
 WHERE i.CompanyID = %s AND w.CompanyID = %s"""
_BY_PLACE = " GROUP BY i.ItemID, w.WhseID, b.ExclFromAvail"
_QUANTITIES = ("QtyOnHand", "QtyAvailable", "QtyToPromise")

Row = Mapping[str, Any]


def records_of(sage: Sage, rows: Sequence[Row]) -> list[Record]:
    return [item_record(sage, row) for row in rows]


def item_record(sage: Sage, row: Row) -> Record:
    """Return an item as a record; its id is the number that people and orders use."""
    number = str(row["ItemID"])
    changed = to_utc(row["UpdateDate"], sage.zone)
    fields = {name: value for name, value in row.items() if name not in ("ItemKey", "UpdateCounter")} | {
        "Status": STATUSES.get(int(row["Status"] or 0)),
        "UpdateDate": changed,
    }
    return record(
        Kind.PRODUCT,
        number,
        fields,
        business_key=number,
        updated_at=changed,
        search_keys={"ShortDesc": row.get("ShortDesc")},
        version=f"{changed.isoformat() if changed else ''}/{row['UpdateCounter']}",
    )


def fetch_item(sage: Sage, number: str) -> Record:
    """Return an item. Raises NotFound."""
    rows = sage.query(
        f"SELECT {COLUMNS}, t.UpdateDate, t.UpdateCounter FROM {TABLES} WHERE t.CompanyID = %s AND t.ItemID = %s",
        *(sage.company, number),
    )
    if not rows:
        raise NotFound(f"Sage 500 has no item {number}")
    return item_record(sage, rows[0])


def find_item(sage: Sage, number: str) -> Found | None:
    """Return the item with this number that may be sold."""
    rows = sage.query(
        "SELECT ItemID, StdPrice FROM timItem WHERE CompanyID = %s AND ItemID = %s AND Status = 1",
        *(sage.company, number.strip()),
    )
    return Found(str(rows[0]["ItemID"]), {"StdPrice": rows[0]["StdPrice"]}) if rows else None


def read_stock(sage: Sage, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield the quantities of all items of our warehouses, by item number; a kept cursor goes on behind ``after``."""
    by_item = _quantities(sage, "")
    names = sorted(name for name in by_item if name > str(cursor.get("after") or ""))
    if not names:
        yield Page((), {"after": ""}, is_last=True)
    for start in range(0, len(names), PAGE_SIZE):
        chunk = names[start : start + PAGE_SIZE]
        is_last = start + PAGE_SIZE >= len(names)
        records = [_stock_record(name, by_item[name]) for name in chunk]
        yield Page(records, {"after": "" if is_last else chunk[-1]}, is_last=is_last)


def fetch_stock(sage: Sage, number: str) -> Record:
    """Return the quantities of one item. Raises NotFound."""
    found = _quantities(sage, number)
    if number not in found:
        raise NotFound(f"Item {number} lies in no warehouse of this connection")
    return _stock_record(number, found[number])


def _quantities(sage: Sage, number: str) -> dict[str, dict[str, dict[str, Decimal]]]:
    """Return quantities by item and warehouse; ``number`` '' = all items."""
    narrowed = " AND i.ItemID = %s" if number else ""
    values = (sage.company, sage.company, *((number,) if number else ()))
    wanted = {name.casefold() for name in sage.warehouses}
    found: dict[str, dict[str, dict[str, Decimal]]] = {}
    for row in sage.query(f"{_BINS}{narrowed}{_BY_PLACE}", *values):
        if str(row["WhseID"]).casefold() not in wanted:
            continue
        held = found.setdefault(str(row["ItemID"]), {}).setdefault(str(row["WhseID"]), _nothing())
        held["QtyOnHand"] += amount(row["QtyOnHand"])
        held["QtyAvailable"] += amount(row["QtyAvailable"])
        if not row["ExclFromAvail"]:
            held["QtyToPromise"] += amount(row["QtyAvailable"])
    for row in sage.query(f"{_ON_ORDER}{narrowed}", *values):
        place = found.get(str(row["ItemID"]), {}).get(str(row["WhseID"]))
        if place is not None:
            place["QtyToPromise"] -= amount(row["QtyOnSO"])
    return found


def _stock_record(number: str, by_warehouse: Mapping[str, Mapping[str, Decimal]]) -> Record:
    totals = {name: sum((held[name] for held in by_warehouse.values()), Decimal(0)) for name in _QUANTITIES}
    shown = [{"WhseID": name, **held} for name, held in sorted(by_warehouse.items())]
    return record(
        Kind.INVENTORY, number, {"ItemID": number, **totals, "warehouses": shown}, business_key=number
    )


def _nothing() -> dict[str, Decimal]:
    return dict.fromkeys(_QUANTITIES, Decimal(0))
