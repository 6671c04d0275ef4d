"""The Sage 500 simulator: its database, logins, clock, settings and ticks behind the shared server."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.sage_500 import batches, shipping
from integrations.sandbox.sage_500.control import Control
from integrations.sandbox.sage_500.procedures import declared_procedures, jobs
from integrations.sandbox.sage_500.seed import seed
from integrations.sandbox.sage_500.staging import Behaviour, slice_of
from integrations.sandbox.sage_500.tables import GRANTED_WRITES, declared_tables
from integrations.sandbox.tds.calls import SqlRequest
from integrations.sandbox.tds.database import Database
from integrations.sandbox.tds.declarations import Declarations
from integrations.sandbox.tds.encryption import Encryption
from integrations.sandbox.tds.logins import ALL, Login
from integrations.sandbox.tds.records import Records
from integrations.sandbox.tds.simulator import SqlSimulator

DATABASE = "mas500_app"
READER = "reader"
_SETTINGS: dict[str, Any] = {
    "frozen_at": None,
    "password": None,
    "is_expired": False,
    "encryption": None,
    "slices": 2,
    "inactive_modules": [],
    "missing_procedures": [],
    "denied_procedures": [],
    "is_posting_at_once": True,
    "is_posting_interrupted": False,
}


class Sage500(SqlSimulator):
    """One company database. ``auto_ship_seconds`` > 0 lets the warehouse work by itself."""

    key = "sage_500"

    def __init__(
        self,
        path: str | Path,
        *,
        user: str = "connect",
        password: str,
        administrator_password: str = "",
        tds_port: int = 0,
        encryption: Encryption = Encryption.LOGIN_ONLY,
        auto_ship_seconds: float = 0.0,
        without: Collection[str] = (),
    ) -> None:
        self.behaviour = Behaviour()
        self._frozen_at: datetime | None = None
        self._jobs = jobs(self.behaviour)
        self._procedures = {one.name.lower(): one for one in declared_procedures(self.behaviour)}
        declared = Declarations.of(declared_tables(), list(self._procedures.values()))
        # ``user`` is what an administrator grants an integration; ``reader`` may only SELECT.
        self.user = Login(user, password, writes=GRANTED_WRITES)
        reader = Login(READER, password, writes=frozenset(), executes=frozenset())
        logins = {"user": self.user, "reader": reader}
        if administrator_password:
            logins["sa"] = Login("sa", administrator_password, ALL)
        database = Database(path, declared, name=DATABASE, clock=self._clock)
        super().__init__(database, logins, tds_port=tds_port, encryption=encryption)
        self._first = {"password": password, "encryption": encryption.value}
        self._without = frozenset(without)
        self._auto_ship_seconds = auto_ship_seconds
        self._stopping = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="warehouse", daemon=True)
        self._control = Control(self)
        self.settings: dict[str, Any] = {}
        self.change_settings(dict(_SETTINGS))
        with self.records() as records:
            if records.first("tsmCompany") is None:
                seed(records, self._without)

    # -- clock and rows ----------------------------------------------------------------------------------

    def _clock(self) -> datetime:
        return self._frozen_at or datetime.now(UTC).replace(tzinfo=None)

    @contextmanager
    def records(self) -> Iterator[Records]:
        """Hold one transaction of the simulator's own and give its rows."""
        with self.database.transaction() as db:
            yield Records(db, self.database.declared, self.database.now())

    @contextmanager
    def reading(self) -> Iterator[Records]:
        """Give the committed rows; does not wait for clients that write."""
        with self.database.reading() as db:
            yield Records(db, self.database.declared, self.database.now())

    # -- calls -------------------------------------------------------------------------------------------

    def operation(self, request: Request) -> str:
        """Name the slice of a staging procedure, so that a switch can hit the one that commits."""
        detail = super().operation(request)
        job = next((one for one in self._jobs if one.name.lower() == request.path.lower()), None)
        if not isinstance(request, SqlRequest) or request.method != "EXEC" or job is None:
            return detail
        key = request.arguments.get("isessionkey")
        if not isinstance(key, int):
            return detail
        with self.reading() as records:
            number = slice_of(records, job, key)
        return f"slice {number} of {self.behaviour.slices} {detail}"

    # -- settings ----------------------------------------------------------------------------------------

    def change_settings(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Change settings by name. Raises KeyError for unknown ones and ValueError for wrong values."""
        unknown = set(asked) - set(_SETTINGS)
        if unknown:
            raise KeyError(", ".join(sorted(unknown)))
        self.settings |= asked
        held = self.settings
        at = held["frozen_at"]
        self._frozen_at = None if at is None else datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
        password = str(held["password"] or self._first["password"])
        if password != self.user.password and self.server is not None:
            self.server.disconnect_all()  # a changed password is noticed at the next sign-in
        self.user.password = password
        self.user.is_expired = bool(held["is_expired"])
        self.change_encryption(str(held["encryption"] or self._first["encryption"]))
        self.behaviour.slices = max(int(held["slices"]), 1)
        self.behaviour.inactive_modules = frozenset(held["inactive_modules"])
        self.behaviour.is_posting_at_once = bool(held["is_posting_at_once"])
        self.behaviour.is_posting_interrupted = bool(held["is_posting_interrupted"])
        self._offer_procedures(held["missing_procedures"], held["denied_procedures"])
        return {name: value for name, value in held.items() if name != "password"}

    def _offer_procedures(self, missing: Collection[str], denied: Collection[str]) -> None:
        absent = {name.lower() for name in missing}
        offered = {name: one for name, one in self._procedures.items() if name not in absent}
        if offered.keys() != self.database.declared.procedures.keys():
            self.database.declared.procedures = offered
            self.database.create()  # sys.objects must tell the same
        self.user.executes = frozenset(offered) - {name.lower() for name in denied}

    # -- control -----------------------------------------------------------------------------------------

    def control(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        return self._control.answer(method, path, request)

    def summary(self) -> dict[str, Any]:
        with self.reading() as records:
            names = ("tsoSalesOrder", "tarCustomer", "timItem", "tsoShipment", "tarCustPmt", "StgSalesOrder")
            counts = {name: len(records.find(name)) for name in names}
        return {"database": DATABASE, "company": "ABC", "records": counts, **self.address()}

    def reset(self) -> None:
        if self.server is not None:
            self.server.disconnect_all()
        self.change_settings(dict(_SETTINGS))
        self.database.wipe()
        with self.records() as records:
            seed(records, self._without)

    # -- ticks -------------------------------------------------------------------------------------------

    def start(self) -> None:
        if self._auto_ship_seconds > 0:
            self._ticker.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._ticker.is_alive():
            self._ticker.join(timeout=10)
        super().stop()

    def _tick(self) -> None:
        while not self._stopping.wait(self._auto_ship_seconds):
            with self.records() as records:
                shipping.tick(records)
                batches.tick(records, self.behaviour)
