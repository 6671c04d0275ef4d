"""Base of the simulators that speak TDS: opens the port, runs messages, applies the fault kinds of SQL.

A subclass declares tables, procedures and logins and brings its control routes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from integrations.sandbox.core.faults import Faults
from integrations.sandbox.core.messages import Answer, Request, Response
from integrations.sandbox.core.simulator import Simulator
from integrations.sandbox.tds.calls import SqlRefusal, SqlRequest, run
from integrations.sandbox.tds.database import Database
from integrations.sandbox.tds.encryption import Encryption
from integrations.sandbox.tds.errors import SqlError, deadlock
from integrations.sandbox.tds.logins import Login
from integrations.sandbox.tds.server import TdsServer


class SqlFaults(Faults):
    """Fault switches whose waits end when the client of the call cancels or leaves."""

    def __init__(self, kinds: frozenset[str]) -> None:
        super().__init__(kinds)
        self.watch: Callable[[float], None] = lambda seconds: None

    def wait(self, seconds: float) -> None:
        waited = 0.0
        while waited < seconds and not self._stopping.is_set():
            step = min(seconds - waited, 0.5)
            self.watch(step)
            waited += step


class SqlSimulator(Simulator):
    """One SQL server with one database. ``tds_port`` 0 = any free port, known after ``listen``."""

    fault_kinds = frozenset({"deadlock", "sql_error"})
    """deadlock: 1205 before anything ran; sql_error: the number in ``status``, also before anything ran."""

    def __init__(
        self, database: Database, logins: Mapping[str, Login], *, tds_port: int = 0,
        encryption: Encryption = Encryption.LOGIN_ONLY,
    ) -> None:  # fmt: skip
        super().__init__(database)
        self.database, self.logins = database, {login.name.lower(): login for login in logins.values()}
        self._waiting = SqlFaults(self.fault_kinds)
        self.faults = self._waiting
        self._tds_port, self._encryption = tds_port, encryption
        self.server: TdsServer | None = None

    # -- the port ----------------------------------------------------------------------------------------

    def listen(self, host: str, answer: Callable[[Request], Answer]) -> Mapping[str, Any]:
        server = TdsServer(
            (host, self._tds_port), self.database, self.logins, encryption=self._encryption, answer=answer
        )
        self._waiting.watch = server.watch
        self.server = server
        server.start()
        return {"tds_host": host, "tds_port": server.port, "database": self.database.name}

    def change_encryption(self, mode: str) -> None:
        """Offer TLS in another way to clients that connect from now on. Raises ValueError."""
        self._encryption = Encryption(mode)
        if self.server is not None:
            self.server.encryption = self._encryption

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()

    def address(self) -> dict[str, Any]:
        """Return port and certificate for the control API."""
        if self.server is None:
            return {}
        return {
            "tds_port": self.server.port,
            "certificate": self.server.identity.certificate_pem,
            "encryption": self._encryption.value,
            "sessions": self.server.sessions,
        }

    # -- calls -------------------------------------------------------------------------------------------

    def operation(self, request: Request) -> str:
        return request.detail if isinstance(request, SqlRequest) else ""

    def answer(self, request: Request) -> Answer:
        if not isinstance(request, SqlRequest):
            return Response.of_json({"message": "only /control/ is served by HTTP"}, 404)
        subject = f"{request.method} {request.path}? {self.operation(request)}"
        if self.faults.take("deadlock", subject):
            return SqlRefusal.of(deadlock(request.spid))
        fault = self.faults.take("sql_error", subject)
        if fault is not None:
            severity = 14 if 18000 <= fault.status < 19000 else 16
            return SqlRefusal.of(SqlError(fault.status, "A fault switch asked for it.", severity=severity))
        return run(request)

    def secret_values(self) -> list[str]:
        return [login.password for login in self.logins.values()]
