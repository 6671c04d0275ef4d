"""The Dynamics SL simulator behind the shared server: routes SOAP calls, checks the header, serves WSDLs."""

import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from integrations.sandbox.core.messages import Answer, Request, Response
from integrations.sandbox.core.simulator import Simulator
from integrations.sandbox.dynamics_sl import rest
from integrations.sandbox.dynamics_sl.control import Control
from integrations.sandbox.dynamics_sl.handlers import HANDLERS, VERSION
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.operations import SERVICES
from integrations.sandbox.dynamics_sl.order_lists import list_orders
from integrations.sandbox.dynamics_sl.quick_query import run_view
from integrations.sandbox.dynamics_sl.seed import seed
from integrations.sandbox.dynamics_sl.shipping import run_process
from integrations.sandbox.dynamics_sl.store import TABLES
from integrations.sandbox.dynamics_sl.wire import (
    UNABLE,
    Call,
    SoapFault,
    action_of,
    envelope_of,
    read_call,
    write_fault,
    write_reply,
)
from integrations.sandbox.dynamics_sl.wsdl import write_wsdl

if TYPE_CHECKING:
    from integrations.sandbox.dynamics_sl.sql_door import SqlDoor

_SERVICE_PATH = re.compile(r"^/(?:ctapi/services/)?ctDynamicsSL/(\w+)\.asmx$", re.IGNORECASE)
_NAMES = {name.lower(): name for name in SERVICES}
_NEWER_MEMBERS = "<counter>1</counter><totalEntries>1</totalEntries><totalPages>1</totalPages>"
"""Members that live versions of the services add to an order [documented]."""
_DEADLOCK = "Transaction (Process ID 64) was deadlocked on lock resources with another process."


class DynamicsSl(Simulator):
    """One ctAPI installation. ``auto_ship_seconds`` > 0 runs the process tick by itself."""

    key = "dynamics_sl"
    fault_kinds = frozenset({"deadlock", "soap_fault", "ignore_search"})
    secret_headers = frozenset({"authorization"})

    def __init__(
        self,
        installation: Installation,
        *,
        auto_ship_seconds: float = 0.0,
        without: Collection[str] = (),
        door: "SqlDoor | None" = None,
    ) -> None:
        super().__init__(installation.state)
        self._door = door
        self.installation = installation
        self._auto_ship_seconds = auto_ship_seconds
        self._without = frozenset(without)
        self._site_key = installation.site_key
        self._clock = installation.clock
        self._settings: dict[str, Any] = {}
        self._restore_settings()
        self._stopping = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="process-manager", daemon=True)
        self._control = Control(installation)
        if not self.state.rows("SELECT 1 FROM Customer LIMIT 1"):
            seed(installation, without=self._without)

    def listen(self, host: str, answer: Callable[[Request], Answer]) -> Mapping[str, Any]:
        return self._door.listen(host, answer) if self._door is not None else {}

    def operation(self, request: Request) -> str:
        return action_of(request).rpartition("/")[2]

    def answer(self, request: Request) -> Answer:
        if self._door is not None and self._door.takes(request):
            return self._door.answer(request, self.faults)
        if rest.takes(request):
            return rest.answer(self.installation, request)
        found = _SERVICE_PATH.match(request.path)
        service = _NAMES.get(found[1].lower()) if found else None
        if service is None:
            return Response.of_html(
                404, b"<html><body><h1>404 - File or directory not found.</h1></body></html>"
            )
        if request.method == "GET":
            address = f"http://{request.headers.get('host', 'localhost')}{request.path}"
            return Response(200, {"Content-Type": "text/xml; charset=utf-8"}, write_wsdl(service, address))
        try:
            call = read_call(service, request)
            if self.faults.take("deadlock", call.operation.name):
                raise SoapFault(f"{UNABLE}System.Data.SqlClient.SqlException: {_DEADLOCK}")
            if self.faults.take("soap_fault", call.operation.name):
                raise SoapFault(f"{UNABLE}Object reference not set to an instance of an object.")
            extra = _NEWER_MEMBERS if self._settings["has_newer_members"] else ""
            return write_reply(call, self._result(call), extra_members=extra)
        except SoapFault as fault:
            return write_fault(envelope_of(request), fault)

    def _result(self, call: Call) -> Any:
        if call.operation.name == "about":
            return VERSION
        if call.operation.name == "ping":
            self._check_keys(call.parameters)
            return "true"
        self._check_keys(call.header)
        company = call.header.get("cpnyID", "").strip()
        if company != self.installation.cpny_id:
            raise SoapFault(f"{UNABLE}Company {company} not found.")
        if "ordersParams" in call.parameters and self.faults.take("ignore_search"):
            return list_orders(self.installation, {**call.parameters, "ordersParams": ""})
        if "queryViewName" in call.parameters and self.faults.take("ignore_search"):
            return run_view(self.installation, {**call.parameters, "filters": []})
        return HANDLERS[f"{call.service}.{call.operation.name}"](self.installation, call.parameters)

    def _check_keys(self, given: Any) -> None:
        here = self.installation
        if given.get("siteID", "").strip() != here.site_id or given.get("siteKey", "") != here.site_key:
            raise SoapFault(f"{UNABLE}Invalid site key")
        if here.license_key and given.get("licenseKey", "") != here.license_key:
            raise SoapFault(f"{UNABLE}Invalid license key")

    def control(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        if (method, *path) == ("POST", "settings"):
            return Response.of_json(self._change_settings(request.json()))
        return self._control.answer(method, path, request)

    def _restore_settings(self) -> None:
        self._settings = {
            "has_newer_members": False,
            "frozen_at": None,
            "closed_through": "",
            "duplicate_entries": False,
        }
        self.installation.site_key = self._site_key
        self.installation.clock = self._clock
        self.installation.closed_through = ""
        self.installation.has_duplicates = False

    def _change_settings(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Change ``site_key``, ``has_newer_members``, ``closed_through``, ``duplicate_entries`` or ``frozen_at``.

        ``closed_through``: a period; ``frozen_at``: seconds since 1970, null = running.
        """
        unknown = set(asked) - {"site_key", *self._settings}
        if unknown:
            raise KeyError(", ".join(sorted(unknown)))
        self.installation.site_key = str(asked.get("site_key", self.installation.site_key))
        self._settings |= {name: value for name, value in asked.items() if name != "site_key"}
        self.installation.closed_through = str(self._settings["closed_through"])
        self.installation.has_duplicates = bool(self._settings["duplicate_entries"])
        at = self._settings["frozen_at"]
        self.installation.clock = self._clock if at is None else lambda: datetime.fromtimestamp(at, UTC)
        return self._settings

    def summary(self) -> dict[str, Any]:
        return {
            "cpny_id": self.installation.cpny_id,
            "auto_ship_seconds": self._auto_ship_seconds,
            "settings": self._settings,
            "sql": self._door.address() if self._door is not None else {},
            "rows": {
                table.name: self.state.rows(f'SELECT count(*) FROM "{table.name}"')[0][0] for table in TABLES
            },
        }

    def reset(self) -> None:
        self._restore_settings()
        with self.state.transaction():
            self.state.wipe()
            seed(self.installation, without=self._without)

    def secret_values(self) -> Sequence[str]:
        return (self.installation.site_key, self.installation.license_key, self.installation.api_secret)

    def start(self) -> None:
        if self._auto_ship_seconds > 0:
            self._ticker.start()

    def stop(self) -> None:
        if self._door is not None:
            self._door.stop()
        self._stopping.set()
        if self._ticker.is_alive():
            self._ticker.join(timeout=5)

    def _tick(self) -> None:
        while not self._stopping.wait(self._auto_ship_seconds):
            run_process(self.installation)
