"""The second door: the application database over TDS with a login that may only SELECT. Opened when asked for.

The tables are a copy that is brought up to date before each statement; a row that changed gets a new rowversion, so
a client that polls by ``tstamp`` sees each change once. Imported only where the door is opened: TLS costs memory.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from integrations.sandbox.core.faults import Faults
from integrations.sandbox.core.messages import Answer, Request
from integrations.sandbox.dynamics_sl.columns import Column
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.store import QUEUE, TABLES, find
from integrations.sandbox.tds.calls import SqlRefusal, SqlRequest, run
from integrations.sandbox.tds.database import Database
from integrations.sandbox.tds.declarations import Declarations, Field, Table
from integrations.sandbox.tds.encryption import Encryption
from integrations.sandbox.tds.errors import deadlock
from integrations.sandbox.tds.logins import Login
from integrations.sandbox.tds.server import TdsServer
from integrations.sandbox.tds.types import FLOAT, INT, ROWVERSION, SqlType, keep

DATABASE = "SLAPP"
USER = "connect_reader"
_OTHER_TEXT = 60
_KINDS = {
    "t": SqlType("smalldatetime"),
    "d": FLOAT,
    "i": INT,
    "u": SqlType("tinyint"),
    **dict.fromkeys("bh", SqlType("smallint")),
}
_QUANTITIES = ("QtyOnHand", "QtyAlloc", "QtyAvail")


def _kind(column: Column) -> SqlType:
    return _KINDS.get(column.code) or SqlType("char", column.length or _OTHER_TEXT)


def _declared() -> list[Table]:
    tables = [
        Table(
            table.name,
            (
                *(Field(each.name, _kind(each), is_nullable=False) for each in table.columns),
                Field("tstamp", ROWVERSION, is_nullable=False),
            ),
        )
        for table in TABLES
        if table is not QUEUE  # ctAPI's own, and read through ctAPI
    ]
    texts = (
        Field(name, SqlType("char", size), is_nullable=False)
        for name, size in (("InvtID", 30), ("SiteID", 10), ("CpnyID", 10))
    )
    numbers = (Field(name, FLOAT, is_nullable=False) for name in _QUANTITIES)
    moment = Field("LUpd_DateTime", SqlType("smalldatetime"), is_nullable=False)
    tstamp = Field("tstamp", ROWVERSION, is_nullable=False)
    return [*tables, Table("ItemSite", (*texts, *numbers, moment, tstamp))]


class SqlDoor:
    """One SQL Server login to one company's database."""

    def __init__(
        self, installation: Installation, path: str | Path, *, password: str, tds_port: int = 0
    ) -> None:
        self._here = installation
        self._tables = _declared()
        self._database = Database(
            path, Declarations.of(self._tables, []), name=DATABASE, clock=installation.local_now
        )
        self._logins = {USER: Login(USER, password, writes=frozenset(), executes=frozenset())}
        self._port = tds_port
        self._refreshing = threading.Lock()
        self._server: TdsServer | None = None

    def listen(self, host: str, answer: Callable[[Request], Answer]) -> Mapping[str, Any]:
        """Open the port and return what a client needs to sign in."""
        self._server = TdsServer(
            (host, self._port), self._database, self._logins, encryption=Encryption.LOGIN_ONLY, answer=answer
        )
        self._server.start()
        return {"tds_host": host, "tds_port": self._server.port, "database": DATABASE}

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def address(self) -> dict[str, Any]:
        """Return what a client needs to know, for the control API."""
        if self._server is None:
            return {}
        identity = self._server.identity
        return {
            "port": self._server.port,
            "database": DATABASE,
            "user": USER,
            "certificate": identity.certificate_pem,
        }

    def takes(self, request: Request) -> bool:
        """Say whether a call came by this door."""
        return isinstance(request, SqlRequest)

    def answer(self, request: Request, faults: Faults) -> Answer:
        """Answer a SQL call on fresh rows."""
        if not isinstance(request, SqlRequest):
            raise TypeError(type(request).__name__)
        if faults.take("deadlock", f"{request.path} {request.detail}") is not None:
            return SqlRefusal.of(deadlock(request.spid))
        self._refresh()
        return run(request)

    def _refresh(self) -> None:
        """Copy what changed; untouched rows keep their rowversion."""
        with self._refreshing, self._database.transaction() as db:
            for table in self._tables:
                names = [each.name for each in table.fields if each.name != "tstamp"]
                listed = ", ".join(f'"{name}"' for name in names)
                held = {
                    tuple(row)[1:]: row[0]
                    for row in db.execute(f'SELECT rowid, {listed} FROM "{table.name}"')
                }
                fresh = set(self._rows(table))
                for values in held.keys() - fresh:
                    db.execute(f'DELETE FROM "{table.name}" WHERE rowid = ?', (held[values],))
                marks = ", ".join("?" for _ in names)
                for values in sorted(fresh - held.keys(), key=repr):
                    db.execute(f'INSERT INTO "{table.name}" ({listed}) VALUES ({marks})', values)

    def _rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        source = next((each for each in TABLES if each.name == table.name), None)
        rows = self._item_sites() if source is None else find(self._here.state, source, {})
        for row in rows:
            yield tuple(keep(each.kind, row[each.name]) for each in table.fields if each.name != "tstamp")

    def _item_sites(self) -> list[dict[str, Any]]:
        sums = ", ".join(f"sum({name}) AS {name}" for name in _QUANTITIES)
        sql = (
            f"SELECT InvtID, SiteID, {sums}, max(LUpd_DateTime) AS LUpd_DateTime FROM Location"
            " GROUP BY InvtID, SiteID"
        )
        return [{**row, "CpnyID": self._here.cpny_id} for row in self._here.state.rows(sql)]
