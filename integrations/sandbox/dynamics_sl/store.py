"""Tables of the simulated application database, generated from the column table, and rows in and out of them.

Called by the order, shipping, customer and item modules. A row is a dict by column name; absent columns get
SL's defaults (blank, 0, 1900-01-01), because nothing in that database is NULL. A row is written whole.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from integrations.sandbox.core.state import State
from integrations.sandbox.dynamics_sl.columns import CHAR_LENGTHS, NULL_DATE, Column, find_type

_SQL_TYPES = {"s": "TEXT COLLATE NOCASE", "t": "TEXT", "d": "REAL"}


@dataclass(frozen=True)
class Table:
    """One table and the SOAP type it is made of."""

    name: str
    type_name: str
    key: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    service: str = ""
    """Where the type is spelt differently by several services: which of them is meant."""
    extra: tuple[Column, ...] = ()
    """Columns of the table that no SOAP type shows."""

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        table = find_type(self.service, self.type_name)
        if table is None:
            raise LookupError(self.type_name)
        return self.extra + table.scalars

    @cached_property
    def insert(self) -> str:
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        marks = ", ".join("?" for _ in self.columns)
        return f'INSERT OR REPLACE INTO "{self.name}" ({names}) VALUES ({marks})'

    @cached_property
    def defaults(self) -> tuple[tuple[str, Any], ...]:
        return tuple((column.name, default_of(column)) for column in self.columns)

    def schema(self) -> str:
        """Return the CREATE TABLE and CREATE INDEX statements."""
        columns = ", ".join(
            f'"{column.name}" {_SQL_TYPES.get(column.code, "INTEGER")} NOT NULL' for column in self.columns
        )
        statements = (
            f'CREATE TABLE IF NOT EXISTS "{self.name}" ({columns}, PRIMARY KEY ({", ".join(self.key)}));\n'
        )
        for column in self.indexes:
            statements += (
                f'CREATE INDEX IF NOT EXISTS "{self.name}_{column}" ON "{self.name}" ("{column}");\n'
            )
        return statements


def default_of(column: Column) -> Any:
    """Return what SL stores where nothing was given."""
    if column.code == "s":
        return ""
    return NULL_DATE if column.code == "t" else 0


ORDERS = Table("SOHeader", "order", ("OrdNbr",), ("CustOrdNbr", "CustID", "Status"))
LINES = Table("SOLine", "orderItem", ("OrdNbr", "LineRef"))
EVENTS = Table("SOEvent", "SOEvent", ("OrdNbr", "EventID"), ("EventDate",))
CUSTOMERS = Table("Customer", "CustomerV2", ("CustId",), ("EMailAddr", "User1"))
ADDRESSES = Table("SOAddress", "SOAddress", ("CustId", "ShipToId"))
ITEMS = Table("Inventory", "Inventory", ("InvtID",))
ITEM_SIZES = Table("InventoryADG", "InventoryADG", ("InvtID",))
LOCATIONS = Table("Location", "Location", ("InvtID", "SiteID", "WhseLoc"), ("SiteID",))
SHIPPERS = Table("SOShipHeader", "SOShipHeader", ("ShipperID",), ("OrdNbr", "ShippingConfirmed"))
SHIPPER_LINES = Table("SOShipLine", "SOShipLine", ("ShipperID", "LineRef"))
PACKS = Table("SOShipPack", "SOShipPack", ("ShipperID", "BoxRef"))
BATCHES = Table("Batch", "Batch", ("Module", "BatNbr"), service="paymentEntry")
AR_DOCUMENTS = Table(
    "ARDoc", "ARDoc", ("CustId", "DocType", "RefNbr", "BatNbr", "BatSeq"), ("RefNbr", "BatNbr", "OrdNbr")
)
GL_LINES = Table("GLTran", "GLTran", ("Module", "BatNbr", "LineNbr"), ("ExtRefNbr",))
STOCK_LINES = Table("INTran", "INTran", ("BatNbr", "LineRef"), ("ExtRefNbr",))
AP_DOCUMENTS = Table("APDoc", "APDoc", ("DocType", "RefNbr", "RecordID"))
QUEUE = Table("DSLXML", "DSLXML", ("xmlGUID",), ("itemID",))
PURCHASE_ORDERS = Table("PurchOrd", "purchaseOrder", ("PONbr",), extra=(Column("LUpd_DateTime", "t"),))
PURCHASE_LINES = Table("PurOrdDet", "poLineItem", ("PONbr", "LineRef"), extra=(Column("PONbr", "s"),))
TABLES = (
    BATCHES,
    AR_DOCUMENTS,
    GL_LINES,
    STOCK_LINES,
    AP_DOCUMENTS,
    QUEUE,
    PURCHASE_ORDERS,
    PURCHASE_LINES,
    ORDERS,
    LINES,
    EVENTS,
    CUSTOMERS,
    ADDRESSES,
    ITEMS,
    ITEM_SIZES,
    LOCATIONS,
    SHIPPERS,
    SHIPPER_LINES,
    PACKS,
)

SCHEMA = (
    "".join(table.schema() for table in TABLES)
    + "CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);\n"
)


def trimmed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without trailing blanks, as char columns compare."""
    return {name: value.rstrip() if isinstance(value, str) else value for name, value in row.items()}


def truncation(table: Table, row: Mapping[str, Any]) -> str:
    """Return SQL Server's complaint about the first text longer than its column, "" when all fit."""
    for name, value in row.items():
        if isinstance(value, str) and len(value.rstrip()) > CHAR_LENGTHS.get(name.lower(), 4000):
            return f"String or binary data would be truncated in {table.name}.{name}."
    return ""


def put(db: sqlite3.Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Write a row whole, replacing the one with the same key."""
    db.execute(table.insert, [row.get(name, default) for name, default in table.defaults])


def find(state: State, table: Table, where: Mapping[str, Any], *, order_by: str = "") -> list[dict[str, Any]]:
    """Return the rows whose columns equal the given values."""
    condition = " AND ".join(f'"{name}" = ?' for name in where) or "1"
    order = order_by or ", ".join(table.key)
    sql = f'SELECT * FROM "{table.name}" WHERE {condition} ORDER BY {order}'
    return [dict(row) for row in state.rows(sql, tuple(where.values()))]


def find_one(state: State, table: Table, **where: Any) -> dict[str, Any] | None:
    """Return the first row whose columns equal the given values."""
    return next(iter(find(state, table, where)), None)


def find_prefix(state: State, table: Table, column: str, prefix: str) -> list[dict[str, Any]]:
    """Return the rows whose column begins with a prefix, as the ``get...ByID`` operations do."""
    sql = (
        f'SELECT * FROM "{table.name}" WHERE substr("{column}", 1, ?) = ? COLLATE NOCASE ORDER BY "{column}"'
    )
    return [dict(row) for row in state.rows(sql, (len(prefix), prefix))]


def next_number(db: sqlite3.Connection, name: str, start: int) -> int:
    """Return the next value of a counter; the first one is ``start``."""
    row = db.execute(
        "INSERT INTO counters (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        (name, start),
    ).fetchone()
    return int(row[0])
