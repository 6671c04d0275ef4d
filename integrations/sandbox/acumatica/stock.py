"""Quantities by item and warehouse, and the inquiries that show them. Called by shipping, REST, OData and control.

On hand falls when a shipment is confirmed; available falls when an order is entered [documented].
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.sandbox.acumatica.store import Store

_ZERO = Decimal("0.000000")
_PROMISED = frozenset(("Open", "On Hold", "Back Order", "Shipping", "Credit Hold", "Awaiting Payment"))


def item_of(store: Store, number: str) -> dict[str, Any] | None:
    """Return a stock or non-stock item in the names of stock items."""
    found = store.get("StockItem", number)
    if found is not None:
        return found | {"is_stock": True}
    found = store.get("NonStockItem", number)
    return None if found is None else found | {"is_stock": False, "SalesUOM": found.get("SalesUnit")}


def on_hand(store: Store, item: str, warehouse: str) -> Decimal:
    row = store.state.row("SELECT on_hand FROM stock WHERE item = ? AND warehouse = ?", (item, warehouse))
    return Decimal(row["on_hand"]) if row else _ZERO


def count_stock(store: Store, item: str, warehouse: str, quantity: Decimal) -> None:
    """Set what lies in a warehouse."""
    before = {row["WarehouseID"]: row for row in quantities(store, item)}
    with store.state.transaction() as db:
        db.execute(
            "INSERT OR REPLACE INTO stock (item, warehouse, on_hand, modified) VALUES (?, ?, ?, ?)",
            (item, warehouse, str(quantity.quantize(_ZERO)), store.stamp()),
        )
    after = next(row for row in quantities(store, item) if row["WarehouseID"] == warehouse)
    store.changed("Item Availability", before.get(warehouse), after)


def move(store: Store, item: str, warehouse: str, change: Decimal) -> None:
    count_stock(store, item, warehouse, on_hand(store, item, warehouse) + change)


def promised(store: Store) -> dict[tuple[str, str], Decimal]:
    """Return what open order lines have promised, by item and warehouse."""
    found: dict[tuple[str, str], Decimal] = {}
    for order in store.all("SalesOrder"):
        if order["Status"] not in _PROMISED or order["OrderType"] != "SO":
            continue
        for line in order.get("Details") or ():
            key = (line["InventoryID"], line["WarehouseID"])
            found[key] = found.get(key, _ZERO) + line["OpenQty"]
    return found


def quantities(store: Store, item: str = "", warehouse: str = "") -> list[dict[str, Any]]:
    """Return one row per item and warehouse, by item and warehouse."""
    taken = promised(store)
    rows = store.state.rows(
        "SELECT * FROM stock WHERE (?1 = '' OR item = ?1) AND (?2 = '' OR warehouse = ?2) ORDER BY item, warehouse",
        (item, warehouse),
    )
    found = []
    for row in rows:
        held = Decimal(row["on_hand"])
        free = held - taken.get((row["item"], row["warehouse"]), _ZERO)
        found.append(
            {"InventoryID": row["item"], "WarehouseID": row["warehouse"], "QtyOnHand": held, "QtyAvailable": free,
             "QtyAvailableForShipment": held, "QtyNotAvailable": _ZERO, "QtyAvailableforIssue": held,
             "QtyHardAvailable": free, "BaseUOM": "EA", "LastModifiedDateofWarehouseQty": row["modified"]}
        )  # fmt: skip
    return found


def warehouse_details(store: Store, item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the warehouses of a stock item."""
    default = item.get("DefaultWarehouseID")
    return [
        {"WarehouseID": row["WarehouseID"], "QtyOnHand": row["QtyOnHand"], "Status": "Active",
         "IsDefault": row["WarehouseID"] == default}
        for row in quantities(store, str(item["InventoryID"]))
    ]  # fmt: skip


def inquire(store: Store, entity: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Run an inquiry: PUT with its parameters. The summary without InventoryID is empty [documented]."""
    item, warehouse = str(asked.get("InventoryID") or ""), str(asked.get("WarehouseID") or "")
    if entity == "StorageDetailsInquiry":
        return {**asked, "StorageDetails": quantities(store, item, warehouse)}
    if entity == "InventorySummaryInquiry":
        return {**asked, "Results": quantities(store, item, warehouse) if item else []}
    since = str(asked.get("LastModifiedDateTime") or "")
    rows = quantities(store, item)
    changed = [row for row in rows if not since or row["LastModifiedDateofWarehouseQty"] > since]
    return {**asked, "Results": changed}
