"""One database: a SQLite file that many connections share, with declared tables and one writer at a time.

Readers see what is committed (as with READ_COMMITTED_SNAPSHOT), except NOLOCK, which reads through the connection
that is writing. ``session`` opens connections; a simulator's own work goes through ``transaction``.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.sandbox.core.state import State
from integrations.sandbox.tds.declarations import Declarations, Table, catalogue_rows, column_ddl, ddl
from integrations.sandbox.tds.errors import lock_timeout, of_sqlite
from integrations.sandbox.tds.functions import Raised, register
from integrations.sandbox.tds.lexer import tokenise
from integrations.sandbox.tds.queries import select
from integrations.sandbox.tds.scopes import Reading, Scope

FIRST_ROWVERSION = 2001
_COUNTER = (
    "CREATE TABLE IF NOT EXISTS tds_rowversion (last INTEGER NOT NULL)",
    f"INSERT INTO tds_rowversion (last) SELECT {FIRST_ROWVERSION - 1}"
    " WHERE NOT EXISTS (SELECT 1 FROM tds_rowversion)",
)


class StoreClosed(Exception):
    """The connection went away between being chosen and being asked."""


class Store:
    """One SQLite connection with the functions of T-SQL; statements of several threads take turns."""

    def __init__(self, path: str, clock: Callable[[], datetime]) -> None:
        self._raised = Raised()
        self._lock = threading.RLock()
        self._is_closed = False
        self.connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.connection.execute("PRAGMA busy_timeout=10000")
        register(self.connection, clock, self._raised)

    def run(self, sql: str, values: dict[str, Any] | Sequence[Any] = ()) -> tuple[list[tuple[Any, ...]], int]:
        """Execute one statement and return (all rows, changed rows). Raises SqlError or StoreClosed."""
        with self._lock:
            if self._is_closed:
                raise StoreClosed
            try:
                cursor = self.connection.execute(sql, values)
                return cursor.fetchall(), cursor.rowcount
            except sqlite3.Error as error:
                raise self._raised.take() or of_sqlite(error) from error

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self.connection.close()


class Turn:
    """Who may write: one session at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.writer: Store | None = None

    def take(self, store: Store, seconds: float) -> None:
        """Wait for the turn. Raises SqlError 1222."""
        if not self._lock.acquire(timeout=seconds):
            raise lock_timeout()
        self.writer = store

    def give_back(self) -> None:
        self.writer = None
        self._lock.release()


class Database(State):
    """Declared tables in one file. ``clock`` is what GETDATE() and procedures read."""

    lock_seconds = 20.0

    def __init__(
        self,
        path: str | Path,
        declared: Declarations,
        *,
        name: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None),
    ) -> None:
        self.path, self.declared, self.name, self.clock = str(path), declared, name, clock
        self.turn = Turn()
        self._desk = Store(self.path, self.now)
        super().__init__(path, "")
        self.create()

    def now(self) -> datetime:
        return self.clock()

    def _open(self, path: str | Path) -> sqlite3.Connection:
        """Let the base class work on a connection that knows the collations."""
        del path
        self._desk.connection.row_factory = sqlite3.Row
        return self._desk.connection

    # -- contents ----------------------------------------------------------------------------------------

    def create(self) -> None:
        """Create what is missing and renew the system views."""
        with self.transaction() as db:
            for statement in _COUNTER:
                db.execute(statement)
            for table in self.declared.tables.values():
                if table.select:
                    db.execute(f"CREATE VIEW IF NOT EXISTS [{table.name}] AS {self._view(table.select)}")
                    continue
                for statement in ddl(table):
                    db.execute(statement)
                self._widen(db, table)
            for name, rows in catalogue_rows(self.declared, self.name).items():
                db.execute(f"DELETE FROM [{name}]")
                for row in rows:
                    db.execute(f"INSERT INTO [{name}] VALUES ({', '.join('?' * len(row))})", row)

    def _widen(self, db: sqlite3.Connection, table: Table) -> None:
        """Add the columns that a file of an older release lacks."""
        held = {str(row[1]).lower() for row in db.execute(f"PRAGMA table_info([{table.name}])")}
        for each in table.fields:
            if each.name.lower() not in held:
                db.execute(f"ALTER TABLE [{table.name}] ADD COLUMN {column_ddl(each)}")

    def _view(self, text: str) -> str:
        return select(tokenise(text), Scope(self.declared, {}, Reading(), select)).sql

    def wipe(self) -> None:
        """Empty every table; rowversions go on, as a real database's do."""
        with self.transaction() as db:
            for table in self.declared.tables.values():
                if not table.select:
                    db.execute(f"DELETE FROM [{table.name}]")
        self.create()

    # -- access ------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the writer's turn and one transaction of the desk; nested use joins the outer one."""
        with self._lock:
            if self._depth:
                yield self._db
                return
            self.turn.take(self._desk, self.lock_seconds)
            try:
                with super().transaction() as db:
                    yield db
            finally:
                self.turn.give_back()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the desk's connection to read what is committed, without waiting for the writer's turn."""
        with self._lock:
            yield self._db

    def open(self) -> Store:
        """Return a connection of its own for a session."""
        return Store(self.path, self.now)

    def read(self, own: Store, sql: str, values: dict[str, Any], *, is_dirty: bool) -> list[tuple[Any, ...]]:
        """Return the rows of a query through a session's own connection, or through the writer's with NOLOCK."""
        writer = self.turn.writer if is_dirty else None
        if writer is not None:
            with suppress(StoreClosed):  # it ended meanwhile: what it wrote is committed or gone
                return writer.run(sql, values)[0]
        return own.run(sql, values)[0]

    def last_rowversion(self) -> int:
        """Return @@DBTS: the last used rowversion, also of a transaction that is not committed."""
        store = self.turn.writer or self._desk
        return int(store.run("SELECT last FROM tds_rowversion")[0][0][0])

    def minimum_active_rowversion(self) -> int:
        """Return MIN_ACTIVE_ROWVERSION(): the lowest one that is not committed, else @@DBTS + 1."""
        with self._lock:
            return int(self._desk.run("SELECT last FROM tds_rowversion")[0][0][0]) + 1
