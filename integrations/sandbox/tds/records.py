"""Typed rows for a simulator's own code: values pass the declared types as a client's statements do.

Procedures and ticks use one of these on the connection they hold; nothing here commits.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from integrations.sandbox.tds.declarations import Declarations, Field, Table
from integrations.sandbox.tds.errors import no_column, no_object, of_sqlite
from integrations.sandbox.tds.functions import loaded
from integrations.sandbox.tds.types import keep

Row = dict[str, Any]


class Records:
    """Rows of declared tables over one open connection. ``now`` is what stamps say."""

    def __init__(self, connection: sqlite3.Connection, declared: Declarations, now: datetime) -> None:
        self._db, self.declared, self.now = connection, declared, now

    @contextmanager
    def undoable(self) -> Iterator[None]:
        """Undo what was written inside when an exception leaves."""
        self._db.execute("SAVEPOINT undoable")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO undoable")
            raise
        finally:
            self._db.execute("RELEASE undoable")

    def insert(self, name: str, values: Mapping[str, Any]) -> None:
        """Insert one row. Raises SqlError 2627, 515 or 8152."""
        table = self._table(name)
        fields = [_field(table, each) for each in values]
        kept = [keep(field.kind, value) for field, value in zip(fields, values.values(), strict=True)]
        names = ", ".join(f"[{field.name}]" for field in fields)
        self._execute(f"INSERT INTO [{table.name}] ({names}) VALUES ({', '.join('?' * len(kept))})", kept)

    def update(self, name: str, changes: Mapping[str, Any], **where: Any) -> int:
        """Change the rows that match and return how many did."""
        table = self._table(name)
        fields = [_field(table, each) for each in changes]
        kept = [keep(field.kind, value) for field, value in zip(fields, changes.values(), strict=True)]
        condition, values = self._where(table, where)
        changed = ", ".join(f"[{field.name}] = ?" for field in fields)
        return self._execute(f"UPDATE [{table.name}] SET {changed}{condition}", kept + values).rowcount

    def delete(self, name: str, **where: Any) -> int:
        table = self._table(name)
        condition, values = self._where(table, where)
        return self._execute(f"DELETE FROM [{table.name}]{condition}", values).rowcount

    def find(self, name: str, order: str = "rowid", **where: Any) -> list[Row]:
        """Return matching rows as dicts of loaded values, unpadded, in the order of a column."""
        table = self._table(name)
        condition, values = self._where(table, where)
        names = ", ".join(f"[{field.name}]" for field in table.fields)
        sort = f" ORDER BY {order}" if not table.select or order != "rowid" else ""
        rows = self._execute(f"SELECT {names} FROM [{table.name}]{condition}{sort}", values)
        return [
            {field.name: loaded(field.kind, value) for field, value in zip(table.fields, row, strict=True)}
            for row in rows
        ]

    def first(self, name: str, **where: Any) -> Row | None:
        """Return the first matching row, None where there is none."""
        found = self.find(name, **where)
        return found[0] if found else None

    def get(self, name: str, **where: Any) -> Row:
        """Return the first matching row. Raises KeyError."""
        found = self.first(name, **where)
        if found is None:
            raise KeyError(" ".join(str(value) for value in where.values()))
        return found

    def _table(self, name: str) -> Table:
        table = self.declared.table(name)
        if table is None:
            raise no_object(name)
        return table

    def _where(self, table: Table, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
        if not where:
            return "", []
        parts, values = [], []
        for name, value in where.items():
            field = _field(table, name)
            if value is None:
                parts.append(f"[{field.name}] IS NULL")
            else:
                parts.append(f"[{field.name}] = ?")
                # A text longer than its column matches nothing; it must not be refused here.
                values.append(str(value) if field.kind.is_text else keep(field.kind, value))
        return f" WHERE {' AND '.join(parts)}", values

    def _execute(self, sql: str, values: list[Any]) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise of_sqlite(error) from error


def _field(table: Table, name: str) -> Field:
    field = table.find(name)
    if field is None:
        raise no_column(name)
    return field
