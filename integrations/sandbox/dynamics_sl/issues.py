"""Inventory batches of ``inventoryIssues``: entered, only checked, released; stock moves at the release.

Called by the operation table. Types II (out of stock) and RI (back into it) are inferred, wording of refusals is ours.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.ledger import ACTIONS, number_batch, period_problem
from integrations.sandbox.dynamics_sl.store import (
    BATCHES,
    ITEMS,
    LOCATIONS,
    STOCK_LINES,
    find,
    find_one,
    put,
    trimmed,
    truncation,
)

_SIGNS = {"II": -1, "RI": 1}
REASONS = ("", "COUNT", "DAMAGE", "SHOP")


def edit_issue(installation: Installation, action: str, screen: Mapping[str, Any]) -> dict[str, Any]:
    """Enter, only check or release an inventory batch."""
    batch = trimmed(screen.get("myBatch") or {})
    lines = [trimmed(line) for line in screen.get("myINTran") or ()]
    if action not in ACTIONS:
        return {"errorMessage": f"Action type {action} is not valid."}
    with installation.state.transaction() as db:
        if action == "RELEASENOW":
            return _release(installation, db, str(batch.get("BatNbr") or ""))
        batch["PerPost"] = batch.get("PerPost") or installation.period()
        problem = _problem(installation, batch, lines)
        if problem:
            return {**screen, "errorMessage": problem}
        if action == "ADD":
            _save(installation, db, batch, lines)
    return {"myBatch": batch, "myINTran": lines, "errorMessage": ""}


def _problem(installation: Installation, batch: Mapping[str, Any], lines: Sequence[dict[str, Any]]) -> str:
    if not lines:
        return "An inventory batch needs at least one line."
    for line in lines:
        item = line.get("InvtID", "")
        if find_one(installation.state, ITEMS, InvtID=item) is None:
            return f"Inventory item {item} not found."
        if line.get("TranType") not in _SIGNS:
            return f"Transaction type {line.get('TranType') or '(blank)'} is not valid."
        if line.get("Qty", 0.0) <= 0:
            return "The quantity of a line must be greater than zero."
        if line.get("ReasonCd", "") not in REASONS:
            return f"Reason code {line['ReasonCd']} is not valid."
        place = find_one(installation.state, LOCATIONS, **_place(line))
        if place is None:
            return f"Bin {line.get('WhseLoc')} of warehouse {line.get('SiteID')} is not valid."
        if line["TranType"] == "II" and place["QtyOnHand"] < line["Qty"]:
            return f"Quantity on hand of {item} would become negative."
    cut = (truncation(STOCK_LINES, line) for line in lines)
    return period_problem(installation, batch["PerPost"]) or next(filter(None, cut), "")


def _place(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line.get(name, "") for name in ("InvtID", "SiteID", "WhseLoc")}


def _save(
    installation: Installation, db: sqlite3.Connection, batch: dict[str, Any], lines: Sequence[dict[str, Any]]
) -> None:
    number_batch(installation, db, batch, "IN")
    put(db, BATCHES, batch)
    for place, line in enumerate(lines, 1):
        line |= {name: batch[name] for name in ("BatNbr", "PerPost", "CpnyID")}
        line |= {"LineRef": f"{place:05d}", "Rlsed": 0, **installation.stamps(is_new=True)}
        put(db, STOCK_LINES, line)


def _release(installation: Installation, db: sqlite3.Connection, bat_nbr: str) -> dict[str, Any]:
    batch = find_one(installation.state, BATCHES, Module="IN", BatNbr=bat_nbr)
    lines = find(installation.state, STOCK_LINES, {"BatNbr": bat_nbr})
    if batch is None or not lines:
        return {"errorMessage": f"Batch {bat_nbr or '(blank)'} not found."}
    if batch["Rlsed"]:
        return {"myBatch": batch, "errorMessage": f"Batch {bat_nbr} is released already."}
    problem = period_problem(installation, batch["PerPost"])
    if problem:
        return {"myBatch": batch, "myINTran": lines, "errorMessage": problem}
    stamps = installation.stamps(is_new=False)
    for line in lines:
        change = _SIGNS[line["TranType"].strip()] * line["Qty"]
        db.execute(
            "UPDATE Location SET QtyOnHand = QtyOnHand + ?1, QtyAvail = QtyAvail + ?1, LUpd_DateTime = ?2"
            " WHERE InvtID = ?3 AND SiteID = ?4 AND WhseLoc = ?5",
            (change, installation.minute(), *(line[name] for name in ("InvtID", "SiteID", "WhseLoc"))),
        )
        line |= {"Rlsed": 1, **stamps}
        put(db, STOCK_LINES, line)
    batch |= {"Rlsed": 1, "Status": "U", **stamps}
    put(db, BATCHES, batch)
    return {"myBatch": batch, "myINTran": lines, "errorMessage": ""}
