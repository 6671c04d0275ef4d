"""Items and their quantities by warehouse. Called by the connector.

Acumatica keeps stock items and non-stock items (services, fees) apart, under numbers that are one set. Both are
products here, in the names of stock items; only stock items are written.

Quantities come from the Storage Details inquiry or from the generic inquiry InventorySummary: never one call an item.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import NotFound
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.envelope import quoted
from integrations.connectors.systems.acumatica.records import changed_fields, record, refuse_unfit, writable
from integrations.connectors.systems.acumatica.schema import PRODUCT
from integrations.kinds import Kind, Record

EXPAND = "Attributes,Categories,CrossReferences"
NON_STOCK_EXPAND = "Attributes,CrossReferences"
_NON_STOCK_NAMES = {
    "BaseUnit": "BaseUOM", "SalesUnit": "SalesUOM", "Weight": "DimensionWeight", "Volume": "DimensionVolume",
    "LastModifiedDateTime": "LastModified",
}  # fmt: skip
_FOUND = "InventoryID,Description,ItemStatus,DefaultPrice"
PAGE_SIZE = 100
_GI_PAGE = 500


def non_stock_record(item: Mapping[str, Any]) -> Record:
    """Return a non-stock item as a record, in the names of stock items."""
    named = {_NON_STOCK_NAMES.get(name, name): value for name, value in item.items()}
    return item_record({**named, "is_stock_item": False})


def item_record(item: Mapping[str, Any]) -> Record:
    """Return an item in the names of stock items as a record."""
    number = str(item["InventoryID"]).strip()
    keys = {"Description": item.get("Description")}
    return record(
        Kind.PRODUCT,
        number,
        {"is_stock_item": True, **item},
        updated_at=item.get("LastModified"),
        business_key=number,
        search_keys=keys,
    )


def fetch_item(api: Acumatica, number: str) -> Record:
    """Return an item, a stock item with its warehouses. Raises NotFound."""
    expand = f"{EXPAND},WarehouseDetails"
    try:
        return item_record(api.one("StockItem", number, expand=expand, custom=api.custom_fields("StockItem")))
    except NotFound:
        custom = api.custom_fields("NonStockItem")
        return non_stock_record(api.one("NonStockItem", number, expand=NON_STOCK_EXPAND, custom=custom))


def find_item(api: Acumatica, number: str) -> Found | None:
    """Return the item with this number, stock or not, whatever its letter case."""
    if not number.strip():
        return None
    for entity in ("StockItem", "NonStockItem"):
        try:
            item = api.one(entity, number.strip(), select=_FOUND)
        except NotFound:
            continue
        return Found(str(item["InventoryID"]).strip(), item)
    return None


def create_item(api: Acumatica, request: WriteRequest) -> WriteResult:
    """Add a stock item; the number is its key, so Acumatica itself refuses a second one. Raises Duplicate."""
    item = writable(request.fields, PRODUCT.fields)
    refuse_unfit(item, PRODUCT, creating=True)
    return _result(api.put("StockItem", item, expand=EXPAND, if_none_match=True))


def update_item(api: Acumatica, request: WriteRequest) -> WriteResult:
    """Change a stock item by value; equal values are not sent. Raises NotFound for non-stock items."""
    before = api.one("StockItem", request.external_id, expand=EXPAND)
    item = writable(request.fields, PRODUCT.fields)
    item.pop("InventoryID", None)
    refuse_unfit(item, PRODUCT, creating=False)
    changed = changed_fields(before, item)
    if not changed:
        return _result(before, is_unchanged=True)
    return _result(api.put("StockItem", {"id": before["id"], **changed}, expand=EXPAND))


def _result(item: Mapping[str, Any], *, is_unchanged: bool = False) -> WriteResult:
    number = str(item.get("InventoryID") or "").strip()
    return WriteResult(number, number, dict(item), is_unchanged=is_unchanged)


def read_stock(api: Acumatica, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield the quantities of all items, item by item number; a kept cursor goes on behind ``after``."""
    by_item: dict[str, list[dict[str, Any]]] = {}
    for row in _all_rows(api):
        by_item.setdefault(str(row.get("InventoryID") or "").strip(), []).append(row)
    names = sorted(name for name in by_item if name and name > str(cursor.get("after") or ""))
    if not names:
        yield Page((), {"after": ""}, is_last=True)
    for start in range(0, len(names), PAGE_SIZE):
        chunk = names[start : start + PAGE_SIZE]
        is_last = start + PAGE_SIZE >= len(names)
        records = [_stock_record(name, by_item[name]) for name in chunk]
        yield Page(records, {"after": "" if is_last else chunk[-1]}, is_last=is_last)


def warehouses(api: Acumatica) -> list[str]:
    """Return the warehouses that stock is read from; [] = all."""
    return [name.strip() for name in api.text("stock_warehouses").split(",") if name.strip()]


def _all_rows(api: Acumatica) -> Iterator[dict[str, Any]]:
    wanted = warehouses(api)
    if api.text("stock_source") == "gi":
        yield from _inquiry_rows(api, wanted)
        return
    # Reference: endpoint Default, Storage Details (IN408050); a PUT that only reads.
    for name in wanted or [""]:
        parameters = {"WarehouseID": name} if name else {}
        yield from api.inquire("StorageDetailsInquiry", "StorageDetails", **parameters)


def _inquiry_rows(api: Acumatica, wanted: list[str]) -> Iterator[dict[str, Any]]:
    skip = 0
    while True:
        # Paging needs an order; key values come padded and are trimmed by the client.
        rows = api.inquiry_rows(
            "InventorySummary", orderby="InventoryID,WarehouseID", top=_GI_PAGE, skip=skip
        )
        yield from (row for row in rows if not wanted or row.get("WarehouseID") in wanted)
        if len(rows) < _GI_PAGE:
            return
        skip += len(rows)


def fetch_stock(api: Acumatica, number: str) -> Record:
    """Return the quantities of one item. Raises NotFound."""
    wanted = warehouses(api)
    if api.text("stock_source") == "gi":
        found = api.inquiry_rows("InventorySummary", filter=f"InventoryID eq {quoted(number)}")
    else:
        # Reference: endpoint Default, Inventory Summary (IN401000); without an item it is empty.
        found = api.inquire("InventorySummaryInquiry", "Results", InventoryID=number)
    rows = [row for row in found if row.get("WarehouseID") and (not wanted or row["WarehouseID"] in wanted)]
    if not rows:
        raise NotFound(f"Item {number} lies in no warehouse that this connection reads")
    return _stock_record(number, rows)


def _stock_record(number: str, rows: list[dict[str, Any]]) -> Record:
    by_warehouse: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        held = by_warehouse.setdefault(str(row.get("WarehouseID") or "").strip(), _nothing())
        for name in held:
            held[name] += Decimal(row.get(name) or 0)
    totals = {name: sum((held[name] for held in by_warehouse.values()), Decimal(0)) for name in _nothing()}
    shown = [{"WarehouseID": name, **held} for name, held in sorted(by_warehouse.items())]
    fields = {"InventoryID": number, **totals, "warehouses": shown}
    return record(Kind.INVENTORY, number, fields, business_key=number)


def _nothing() -> dict[str, Decimal]:
    return {"QtyOnHand": Decimal(0), "QtyAvailable": Decimal(0)}
