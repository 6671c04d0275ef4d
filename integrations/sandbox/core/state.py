"""Durable state of a simulator: one SQLite file behind one lock; a restart or kill -9 forgets nothing.

Each simulator brings its own tables; ``transaction`` is the only door to write.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class State:
    """Tables of one simulator. Write-ahead log, synchronous NORMAL: a killed process loses no commit."""

    def __init__(self, path: str | Path, schema: str) -> None:
        """Open or create the file. ``schema`` is a script of CREATE TABLE IF NOT EXISTS statements."""
        self._schema = schema
        self._lock = threading.RLock()
        self._depth = 0
        self._db = self._open(path)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(schema)

    def _open(self, path: str | Path) -> sqlite3.Connection:
        """Return the connection that all work goes through."""
        connection = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock and one transaction; nested use joins the outer one."""
        with self._lock:
            if self._depth:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._db.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, parameters).fetchone()
            return found

    def wipe(self) -> None:
        """Drop every table and create them empty."""
        with self.transaction() as db:
            names = [
                row["name"]
                for row in db.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                )
            ]
            for name in names:
                db.execute(f'DROP TABLE "{name}"')  # names come from our own schema script
            for statement in self._schema.split(";"):
                if statement.strip():
                    db.execute(statement)

    def close(self) -> None:
        with self._lock:
            self._db.close()
