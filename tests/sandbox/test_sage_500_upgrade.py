"""A state file of an older release of the Sage 500 simulator: what its tables lack is added, what they hold stays."""

import sqlite3
from pathlib import Path

from tests.contract.processes import SimulatorProcess


def columns(file: Path, table: str) -> set[str]:
    with sqlite3.connect(file) as db:
        return {row[1] for row in db.execute(f"PRAGMA table_info({table})")}


def test_columns_and_tables_that_an_older_file_lacks_are_added_and_its_rows_stay(tmp_path: Path) -> None:
    file = tmp_path / "sage.sqlite"
    first = SimulatorProcess("sage_500", file)
    try:
        (number,) = first.control("POST", "orders", {})["orders"]
        first.control("POST", f"orders/{number}/close")
    finally:
        first.stop()
    with sqlite3.connect(file) as db:
        for collation in ("CI_AS", "MOMENT"):
            db.create_collation(collation, lambda left, right: (left > right) - (left < right))
        db.execute("DROP VIEW vdvConnectPurchaseOrder")
        db.execute("DROP TABLE tpoPurchOrder")
        for name in ("CreateDate", "UpdateCounter"):
            db.execute(f"ALTER TABLE tarInvoice DROP COLUMN {name}")
    assert "UpdateCounter" not in columns(file, "tarInvoice")
    second = SimulatorProcess("sage_500", file)
    try:
        (invoice,) = second.control("GET", "tables/tarInvoice")
        assert (invoice["UpdateCounter"], invoice["CreateDate"]) == (0, None)
        placed = second.control("POST", "purchase-orders", {"lines": [{"ItemID": "A50-HALO", "QtyOrd": 1}]})
        assert placed["Status"] == 1
        (again,) = second.control("POST", "orders", {})["orders"]
        second.control("POST", f"orders/{again}/close")
    finally:
        second.stop()
    assert {"CreateDate", "UpdateCounter"} <= columns(file, "tarInvoice")
