"""Quantities by warehouse, and items: a full snapshot in pages, one item, and the look-up by item number."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, Page
from integrations.connectors.errors import NotFound
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.orders import moment
from integrations.connectors.systems.dynamics_sl.schema import PRODUCT
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.connectors.systems.dynamics_sl.sql_reads import pages_by_rowversion
from integrations.kinds import Kind, Record

PAGE_SIZE = 200
_QUANTITIES = ("QtyAvail", "QtyOnHand", "QtyAlloc")
_COLUMNS = tuple(each.name for each in PRODUCT.fields)
_SHOWN = frozenset(_COLUMNS)


def stock_sites(api: CtApi) -> list[str]:
    """Return the warehouses to read; [""] means all of them."""
    named = str(api.settings.get("stock_sites") or "").split(",")
    sites = [site.strip() for site in named if site.strip()]
    return sites or [str(api.settings.get("default_site") or "")]


def _bins(api: CtApi, item: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for site in stock_sites(api):
        # Reference: inventoryIssues.asmx?op=getWarehouseBinLocations. Blank parameters ask for all.
        rows += (
            api.call("inventoryIssues", "getWarehouseBinLocations", siteID=site, whseLoc="", invtID=item)
            or []
        )
    return rows


def read_stock(api: CtApi, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield the whole stock list in pages by item number.

    There is no change feed for quantities; the caller skips what has not changed. A cursor with ``after``
    resumes an interrupted snapshot behind that item; the cursor of a finished one is ``{"after": ""}``.
    """
    if api.sql is not None:
        yield from pages_by_rowversion(
            api.sql, "ItemSite", ("InvtID",), cursor, lambda rows: _stock_of(api, rows), of_company=True
        )
        return
    by_item: dict[str, list[dict[str, Any]]] = {}
    for row in _bins(api):
        if row.get("InvtID"):
            by_item.setdefault(row["InvtID"], []).append(row)
    names = sorted(name for name in by_item if name > str(cursor.get("after") or ""))
    if not names:
        yield Page((), {"after": ""}, is_last=True)
    for start in range(0, len(names), PAGE_SIZE):
        chunk = names[start : start + PAGE_SIZE]
        is_last = start + PAGE_SIZE >= len(names)
        records = [_stock_record(name, by_item[name]) for name in chunk]
        yield Page(records, {"after": "" if is_last else chunk[-1]}, is_last=is_last)


def _stock_of(api: CtApi, changed: list[dict[str, Any]]) -> list[Record]:
    """Return the quantities of the changed items over all warehouses that this connection reads."""
    names = sorted({row["InvtID"] for row in changed})
    columns = ("InvtID", "SiteID", *_QUANTITIES, "LUpd_DateTime")
    rows = api.sql.within("ItemSite", columns, "InvtID", names) if api.sql is not None else []
    sites = stock_sites(api)
    by_item: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if sites == [""] or row["SiteID"] in sites:
            by_item.setdefault(row["InvtID"], []).append(row)
    return [_stock_record(name, by_item[name]) for name in names if name in by_item]


def fetch_stock(api: CtApi, invt_id: str) -> Record:
    """Return the quantities of one item. Raises NotFound."""
    rows = [row for row in _bins(api, invt_id) if row.get("InvtID") == invt_id]
    if not rows:
        raise NotFound(f"Item {invt_id} lies in no warehouse that this connection reads")
    return _stock_record(invt_id, rows)


def _stock_record(invt_id: str, bins: list[dict[str, Any]]) -> Record:
    sites: dict[str, dict[str, Any]] = {}
    for row in bins:
        site = sites.setdefault(row.get("SiteID", ""), dict.fromkeys(_QUANTITIES, Decimal(0)))
        for name in _QUANTITIES:
            site[name] += row.get(name) or Decimal(0)
    totals = {name: sum((site[name] for site in sites.values()), Decimal(0)) for name in _QUANTITIES}
    moments = [found for found in (moment(row.get("LUpd_DateTime")) for row in bins) if found]
    fields = {
        "InvtID": invt_id,
        **totals,
        "sites": [{"SiteID": name, **site} for name, site in sorted(sites.items())],
    }
    return Record(
        SYSTEM, Kind.INVENTORY, invt_id, fields, updated_at=max(moments, default=None), business_key=invt_id
    )


def fetch_item(api: CtApi, invt_id: str) -> Record:
    """Return an inventory item. Raises NotFound."""
    item = _load_item(api, invt_id)
    if item is None:
        raise NotFound(f"Item {invt_id} is not in Dynamics SL")
    return _item_record(item)


def _item_record(item: Mapping[str, Any]) -> Record:
    fields = {name: value for name, value in item.items() if name in _SHOWN or value not in ("", None, 0, [])}
    return Record(
        SYSTEM,
        Kind.PRODUCT,
        item["InvtID"],
        fields,
        updated_at=moment(item.get("LUpd_DateTime")),
        business_key=item["InvtID"],
    )


def read_items(api: CtApi, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield all items in pages by item number; there is no change feed. Resumes behind ``after``."""
    if api.sql is not None:
        yield from pages_by_rowversion(
            api.sql,
            "Inventory",
            _COLUMNS,
            cursor,
            lambda rows: [_item_record(row) for row in rows],
            of_company=False,
        )
        return
    # Reference: inventoryItems.asmx?op=getInventoryByID. The key is a prefix: blank is the prefix of all.
    rows = api.call("inventoryItems", "getInventoryByID", invtID="") or []
    by_name = {row["InvtID"]: row for row in rows if row.get("InvtID")}
    names = sorted(name for name in by_name if name > str(cursor.get("after") or ""))
    if not names:
        yield Page((), {"after": ""}, is_last=True)
    for start in range(0, len(names), PAGE_SIZE):
        chunk = names[start : start + PAGE_SIZE]
        is_last = start + PAGE_SIZE >= len(names)
        records = [_item_record(by_name[name]) for name in chunk]
        yield Page(records, {"after": "" if is_last else chunk[-1]}, is_last=is_last)


def find_item(api: CtApi, invt_id: str) -> Found | None:
    """Return the item with this number, whatever its letter case in Dynamics SL."""
    item = _load_item(api, invt_id) if invt_id.strip() else None
    if item is None:
        return None
    return Found(item["InvtID"], {name: item[name] for name in _SHOWN if name in item})


def _load_item(api: CtApi, invt_id: str) -> dict[str, Any] | None:
    # Reference: inventoryItems.asmx?op=getInventoryByExactID. Unknown gives an empty item.
    item = api.call("inventoryItems", "getInventoryByExactID", invtID=invt_id.strip())
    return item if item and item.get("InvtID") else None
