"""Inventory items: seeding, adding and removing them, prices and sizes."""

from collections.abc import Mapping
from typing import Any

from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.stock import count_stock
from integrations.sandbox.dynamics_sl.store import ITEM_SIZES, ITEMS, find_one, put, trimmed, truncation

_STATUSES = ("AC", "NP", "NU", "OH", "IN", "DE")


def add_item(installation: Installation, asked: dict[str, Any]) -> dict[str, Any]:
    """Add or replace an item. ``asked``: InvtID, and Descr, price, cost, stock, site, weight, status."""
    invt_id = str(asked["InvtID"])
    price, cost = float(asked.get("price", 10)), float(asked.get("cost", 5))
    weight = float(asked.get("weight", 1))
    with installation.state.transaction() as db:
        row = {
            "InvtID": invt_id,
            "Descr": str(asked.get("Descr", invt_id))[:60],
            "InvtType": "F",
            "StkItem": 1,
            "ClassID": "LIGHT",
            "StkUnit": "EA",
            "DfltSOUnit": "EA",
            "DfltPOUnit": "EA",
            "StkBasePrc": price,
            "CuryListPrice": price,
            "LastCost": cost,
            "StdCost": cost,
            "StkWt": weight,
            "TaxCat": "TAX",
            "DfltSite": installation.warehouse,
            "LotSerTrack": "NN",
            "ValMthd": "A",
            "TranStatusCode": str(asked.get("status", "AC")),
        }
        stamps = installation.stamps(is_new=True)
        put(db, ITEMS, row | stamps)
        sizes = {"InvtID": invt_id, "ListPrice": price, "Weight": weight, "WeightUOM": "KG"}
        put(db, ITEM_SIZES, sizes | stamps)
        site = str(asked.get("site", installation.warehouse))
        count_stock(installation, db, invt_id, site, float(asked.get("stock", 0)))
    return {"InvtID": invt_id}


def remove_item(installation: Installation, invt_id: str) -> bool:
    """Remove an item with its bins and sizes; orders keep their lines. False when it did not exist."""
    with installation.state.transaction() as db:
        removed = db.execute("DELETE FROM Inventory WHERE InvtID = ?", (invt_id,)).rowcount
        db.execute("DELETE FROM InventoryADG WHERE InvtID = ?", (invt_id,))
        db.execute("DELETE FROM Location WHERE InvtID = ?", (invt_id,))
    return bool(removed)


def price_of(installation: Installation, asked: dict[str, Any]) -> dict[str, Any]:
    """Answer ``getItemPrice``: the base price for everyone [ours: no price lists are simulated]."""
    invt_id = asked.get("invtID", "").strip()
    item = find_one(installation.state, ITEMS, InvtID=invt_id)
    if item is None:
        return asked | {"errorMessage": f"Inventory item {invt_id} not found.", "resultCode": 1}
    price = item["StkBasePrc"]
    return asked | {"curySlsPrice": price, "slsPrice": price, "errorMessage": "", "resultCode": 0}


def load_screen(installation: Installation, invt_id: str) -> dict[str, Any]:
    """Return the item screen; unknown gives errorMessage."""
    item = find_one(installation.state, ITEMS, InvtID=invt_id.strip())
    if item is None:
        return {"errorMessage": f"Inventory item {invt_id.strip()} not found."}
    sizes = find_one(installation.state, ITEM_SIZES, InvtID=item["InvtID"])
    return {"myInventory": item, "myInventoryADG": sizes, "errorMessage": ""}


def edit_item(installation: Installation, action: str, screen: Mapping[str, Any]) -> dict[str, Any]:
    """Change or only check an item as the item screen does; it writes the row whole, absent columns blank."""
    item = trimmed(screen.get("myInventory") or {})
    with installation.state.transaction() as db:
        held = find_one(installation.state, ITEMS, InvtID=item.get("InvtID", ""))
        problem = truncation(ITEMS, item)
        if action not in ("UPDATE", "VALIDATEONLY"):
            problem = f"Action type {action} is not valid."
        elif held is None:
            problem = f"Inventory item {item.get('InvtID', '')} not found."
        elif item.get("TranStatusCode") not in _STATUSES:
            problem = f"Status {item.get('TranStatusCode') or '(blank)'} is not valid."
        if problem:
            return {**screen, "errorMessage": problem}
        if action == "UPDATE":
            item |= installation.stamps(is_new=False)
            put(db, ITEMS, item)
    return {"myInventory": item, "myInventoryADG": screen.get("myInventoryADG"), "errorMessage": ""}
