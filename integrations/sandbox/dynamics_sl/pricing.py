"""Fills in what Dynamics SL computes of an order: prices and costs, ship-to, line and header totals.

Arithmetic is in binary floating point on purpose: the real database keeps money in float(53) columns, so
residues such as 0.30000000000000004 come back to the caller.
"""

import sqlite3
from typing import Any

from integrations.sandbox.dynamics_sl.store import trimmed

MAGIC = -999876.0
"""A price or cost with this value is computed by SL; any other number is stored as given."""

_ITEM = (
    "SELECT InvtID, Descr, StkBasePrc, LastCost, DfltSOUnit, TaxCat, TranStatusCode, DfltSite"
    " FROM Inventory WHERE InvtID = ?"
)


def find_item(db: sqlite3.Connection, invt_id: str) -> sqlite3.Row | None:
    """Return the columns of an item that an order line needs."""
    found: sqlite3.Row | None = db.execute(_ITEM, (invt_id.strip(),)).fetchone()
    return found


def price_line(given: dict[str, Any], item: sqlite3.Row, warehouse: str) -> dict[str, Any]:
    """Return an order line with prices, totals and defaults filled in."""
    line = trimmed(given)
    line["InvtID"] = item["InvtID"]
    line["Descr"] = line.get("Descr") or item["Descr"]
    line["SiteID"] = line.get("SiteID") or item["DfltSite"] or warehouse
    line["UnitDesc"] = line.get("UnitDesc") or item["DfltSOUnit"]
    line["TaxCat"] = line.get("TaxCat") or item["TaxCat"]
    if line.get("Taxable") == -1:
        line["Taxable"] = 1 if item["TaxCat"] else 0
    for column, flag, computed in (
        ("CurySlsPrice", "ManualPrice", item["StkBasePrc"]),
        ("CuryCost", "ManualCost", item["LastCost"]),
    ):
        line[flag] = int(line[column] != MAGIC)
        if line[column] == MAGIC:
            line[column] = computed
    quantity, discount = line["QtyOrd"], line.get("DiscPct", 0.0)
    line["SlsPrice"], line["Cost"] = line["CurySlsPrice"], line["CuryCost"]
    line["CurySlsPriceOrig"] = line["SlsPriceOrig"] = line["CurySlsPrice"]
    line["CuryTotOrd"] = line["TotOrd"] = quantity * line["CurySlsPrice"] * (1 - discount / 100)
    line["CuryTotCost"] = line["TotCost"] = quantity * line["CuryCost"]
    line["QtyOpenShip"] = quantity - line.get("QtyShip", 0.0)
    line["QtyShip"] = line.get("QtyShip", 0.0)
    line["UnitMultDiv"], line["CnvFact"], line["Status"] = "M", 1.0, "O"
    return line


def total_header(header: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """Write the totals; freight, tax and misc charges are kept as they were sent."""
    merchandise = sum(line["CuryTotOrd"] for line in lines)
    header["CuryTotMerch"] = merchandise
    header["CuryTotOrd"] = (
        merchandise
        + header.get("CuryTotFrt", 0.0)
        + header.get("CuryTotPremFrt", 0.0)
        + header.get("CuryTotMisc", 0.0)
        + header.get("CuryTotTax", 0.0)
        - header.get("CuryWholeOrdDisc", 0.0)
    )
    header["CuryBalDue"] = header["BalDue"] = header["CuryTotOrd"] - header.get("CuryTotPmt", 0.0)
    header["CuryUnshippedBalance"] = sum(line["QtyOpenShip"] * line["CurySlsPrice"] for line in lines)
    header["totalLineQty"] = sum(line["QtyOrd"] for line in lines)
    header["LineCntr"] = len(lines)


def address_header(header: dict[str, Any], customer: sqlite3.Row, ship_to: sqlite3.Row | None) -> None:
    """Fill blank ship-to and bill-to columns from the customer and its ship-to address."""
    source = ship_to or customer
    for suffix in ("Name", "Addr1", "Addr2", "City", "State", "Zip", "Country", "Attn", "Phone"):
        header[f"Ship{suffix}"] = header.get(f"Ship{suffix}") or source[suffix]
        header[f"Bill{suffix}"] = header.get(f"Bill{suffix}") or customer[suffix]
    header["ShipCustID"] = header.get("ShipCustID") or customer["CustId"]
    header["ShiptoType"] = header.get("ShiptoType") or "C"
    header["TermsID"] = header.get("TermsID") or customer["Terms"]
    header["CuryID"] = header.get("CuryID") or customer["CuryId"] or "USD"
