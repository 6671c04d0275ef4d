"""Quantities as people change them, and the published formula for what is available. Called by control."""

from decimal import Decimal
from typing import Any

from integrations.sandbox.tds.records import Records, Row


def find_warehouse(records: Records, company: str, code: str) -> Row:
    """Return a warehouse by its code. Raises KeyError."""
    return records.get("timWarehouse", CompanyID=company, WhseID=code)


def count_stock(records: Records, company: str, item: str, warehouse: str, quantity: Decimal) -> None:
    """Set what lies in the first bin of a warehouse that counts as available; no UpdateDate changes."""
    key = records.get("timItem", CompanyID=company, ItemID=item)["ItemKey"]
    whse = find_warehouse(records, company, warehouse)["WhseKey"]
    place = records.find("timWhseBin", order="WhseBinKey", WhseKey=whse, ExclFromAvail=0)[0]["WhseBinKey"]
    if not records.update("timWhseBinInvt", {"QtyOnHand": quantity}, WhseBinKey=place, ItemKey=key):
        records.insert("timWhseBinInvt", {"WhseBinKey": place, "ItemKey": key, "QtyOnHand": quantity})


def quantities(records: Records, company: str) -> list[dict[str, Any]]:
    """Return one row per item and bin, with the item's price."""
    bins = {row["WhseBinKey"]: row for row in records.find("timWhseBin")}
    houses = {row["WhseKey"]: row for row in records.find("timWarehouse", CompanyID=company)}
    held: dict[int, list[dict[str, Any]]] = {}
    for row in records.find("timWhseBinInvt"):
        place = bins[row["WhseBinKey"]]
        shown = {"WhseID": houses[place["WhseKey"]]["WhseID"], "WhseBinID": place["WhseBinID"],
                 "ExclFromAvail": place["ExclFromAvail"], "QtyOnHand": row["QtyOnHand"],
                 "PendQtyDecrease": row["PendQtyDecrease"],
                 "available": row["QtyOnHand"] - row["PendQtyDecrease"]}  # fmt: skip
        held.setdefault(row["ItemKey"], []).append(shown)
    return [
        {"ItemID": item["ItemID"], "StdPrice": item["StdPrice"], "Status": item["Status"],
         "bins": held.get(item["ItemKey"], [])}
        for item in records.find("timItem", order="ItemKey", CompanyID=company)
    ]  # fmt: skip
