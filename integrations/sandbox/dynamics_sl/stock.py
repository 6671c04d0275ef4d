"""Quantities by warehouse bin: what is on hand, promised to orders and still available."""

import sqlite3

from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.store import LOCATIONS, put

DEFAULT_BIN = "A1"


def ensure_location(installation: Installation, db: sqlite3.Connection, item: str, site: str) -> None:
    """Create the bin of an item in a warehouse when it has none."""
    known = db.execute(
        "SELECT 1 FROM Location WHERE InvtID = ? AND SiteID = ?", (item.strip(), site.strip())
    ).fetchone()
    if known is None:
        row = {"InvtID": item.strip(), "SiteID": site.strip(), "WhseLoc": DEFAULT_BIN}
        put(db, LOCATIONS, row | installation.stamps(is_new=True))


def promise(installation: Installation, db: sqlite3.Connection, item: str, site: str, qty: float) -> None:
    """Allocate a quantity to sales orders; negative gives it back."""
    ensure_location(installation, db, item, site)
    db.execute(
        "UPDATE Location SET QtyAlloc = QtyAlloc + ?1, QtyAllocSO = QtyAllocSO + ?1,"
        " QtyAvail = QtyAvail - ?1, LUpd_DateTime = ?4 WHERE InvtID = ?2 AND SiteID = ?3",
        (qty, item, site, installation.minute()),
    )


def take_out(installation: Installation, db: sqlite3.Connection, item: str, site: str, qty: float) -> None:
    """Take a shipped quantity out of the bin: it leaves both what is on hand and what is promised."""
    promise(installation, db, item, site, -qty)
    db.execute(
        "UPDATE Location SET QtyOnHand = QtyOnHand - ?1, QtyAvail = QtyAvail - ?1"
        " WHERE InvtID = ?2 AND SiteID = ?3",
        (qty, item, site),
    )


def on_hand(db: sqlite3.Connection, item: str, site: str) -> float:
    """Return what lies in a warehouse, over all bins."""
    row = db.execute(
        "SELECT coalesce(sum(QtyOnHand), 0) FROM Location WHERE InvtID = ? AND SiteID = ?", (item, site)
    ).fetchone()
    return float(row[0])


def count_stock(installation: Installation, db: sqlite3.Connection, item: str, site: str, qty: float) -> None:
    """Set the counted quantity on hand; what is promised stays promised."""
    ensure_location(installation, db, item, site)
    db.execute(
        "UPDATE Location SET QtyOnHand = ?1, QtyAvail = ?1 - QtyAlloc, LUpd_DateTime = ?4"
        " WHERE InvtID = ?2 AND SiteID = ?3",
        (qty, item, site, installation.minute()),
    )
