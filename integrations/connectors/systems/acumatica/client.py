"""The web services of one Acumatica tenant: signed-in calls, records without envelope, actions with their polls.

Made once per connector. Above it nobody knows paths, cookies or envelopes.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from integrations.connectors.base import ConnectionConfig, OpenGate
from integrations.connectors.errors import (
    AuthFailed,
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    Transient,
    UnexpectedResponse,
)
from integrations.connectors.spec import Limits
from integrations.connectors.systems.acumatica import faults
from integrations.connectors.systems.acumatica.envelope import unwrap, wrap
from integrations.connectors.systems.acumatica.grants import Grants
from integrations.connectors.systems.acumatica.sign_in import SharedSignIn, Ticket, give_back, key_of, share
from integrations.connectors.systems.acumatica.spec import SPEC
from integrations.connectors.transports.http import HttpAnswer, HttpTransport

_log = logging.getLogger(__name__)

_SIGN_OUT_SECONDS = 10.0
_ACTION_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)


class Acumatica:
    """Calls the REST and OData interfaces. Thread safe; opens nothing before the first call."""

    def __init__(self, config: ConnectionConfig) -> None:
        defaults = {setting.name: setting.default for setting in SPEC.settings}
        given = {name: value for name, value in config.values.items() if value not in (None, "")}
        self.settings: Mapping[str, Any] = defaults | given
        self._config = config
        self.base_url = str(self.settings.get("base_url") or "").rstrip("/")
        if not self.base_url:
            raise Misconfigured("The address of the connection is missing", missing="base_url")
        seconds = float(self.settings["operation_timeout_s"])
        self._limits = replace(
            SPEC.limits,
            parallel_calls=int(self.settings["max_parallel"]),
            connect_seconds=min(SPEC.limits.connect_seconds, seconds),
            read_seconds=seconds,
            total_seconds=seconds,
        )
        self._http = self._transport(config)
        # Tokens come and go in these calls, so nobody is shown them.
        self._door = self._transport(replace(config, observe=None))
        self._grants = Grants(
            self._door, self.text, config.keeper, patience_seconds=seconds, pause=self._pause
        )
        self._shared: SharedSignIn | None = None
        self._attaching = threading.Lock()
        self.gi_route = self.text("odata_mode")

    def _transport(self, config: ConnectionConfig, limits: Limits | None = None) -> HttpTransport:
        return HttpTransport(
            self.base_url,
            config=config,
            limits=limits or self._limits,
            headers={"Accept": "application/json"},
            secrets=[self.text(name) for name in SPEC.secret_names],
            fault_statuses=frozenset({500, *faults.REDIRECTS}),
        )

    # -- settings ----------------------------------------------------------------------------------------

    def text(self, name: str) -> str:
        return str(self.settings.get(name) or "").strip()

    @property
    def endpoint(self) -> str:
        return f"entity/{self.text('endpoint_name')}/{self.text('endpoint_version')}"

    def custom_fields(self, entity: str) -> str:
        """Return the custom fields to ask for with an entity: ``Document.UsrGift,Document.UsrNote``."""
        named = [path.strip().partition(".") for path in self.text("custom_fields").split(",")]
        return ",".join(path for name, _, path in named if name == entity and path)

    @property
    def tenant(self) -> str:
        return self.text("tenant")

    # -- sign-in -----------------------------------------------------------------------------------------

    def _sign_in(self) -> SharedSignIn:
        """Return the shared sign-in, attached to once however many threads come first together."""
        with self._attaching:
            if self._shared is None:
                self._shared = self._attach()
            return self._shared

    def _attach(self) -> SharedSignIn:
        idle = float(self.settings["session_idle_s"])
        # With one place in the licence other processes wait for it, so it is kept only between two calls.
        idle = min(idle, 1.0) if int(self.settings["max_api_users"]) <= 1 else idle
        names = ("auth_mode", "tenant", "branch", "username", "password", "client_id", "client_secret")
        # Not the refresh token itself: it changes while connectors of older and newer ones are in use.
        chain = self._grants.keeper.key if self.text("auth_mode") == "oauth_code" else ""
        key = key_of(self.base_url, *(self.text(name) for name in names), chain)
        brief = min(self._limits.total_seconds, _SIGN_OUT_SECONDS)
        leaving = self._transport(
            replace(self._config, gate=OpenGate(), observe=None),
            replace(self._limits, read_seconds=brief, total_seconds=brief),
        )
        return share(key, lambda headers: _sign_out(leaving, headers), idle)

    def close(self) -> None:
        """Give the sign-in back and close connections. Idempotent."""
        with self._attaching:
            shared, self._shared = self._shared, None
        if shared is not None:
            give_back(shared)
        self._http.close()
        self._door.close()

    # -- calls -------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        *,
        is_write: bool,
        params: Mapping[str, str | int] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        form: str = "",
    ) -> HttpAnswer:
        """Send a signed-in call; a sign-in that has ended is renewed once, for a 401 means nothing was done.

        ``form`` is the entity whose form an operation of this sign-in may keep. Raises what the transport raises.
        """
        shared = self._sign_in()
        while form and not shared.take_form(form, hold=False):
            self._pause(lambda: shared.wait_for_form(form))
        more = dict(headers or {})
        if self.text("branch"):
            more["PX-CbApiBranch"] = self.text("branch")

        def send(ticket: Ticket) -> HttpAnswer:
            return self._http.request(
                method,
                f"{path}?{_query(params)}" if params else path,
                is_write=is_write,
                json_body=body,
                headers={**more, **ticket.headers},
            )

        ticket = shared.enter(self._grants.sign_in, self._pause)
        try:
            answer = send(ticket)
            if answer.status != 401:
                return answer
            shared.drop(ticket)
        finally:
            shared.leave()
        ticket = shared.enter(self._grants.sign_in, self._pause)
        try:
            return send(ticket)
        finally:
            shared.leave()

    def _pause(self, wait: Callable[[], None]) -> None:
        """Wait the way a call waits: the gate lets another thread compute meanwhile."""
        started = time.monotonic()
        self._config.gate.before_call(is_write=False)
        try:
            wait()
        finally:
            self._config.gate.after_call(seconds=time.monotonic() - started, status="ok")

    # -- records -----------------------------------------------------------------------------------------

    def listed(self, entity: str, **options: str | int) -> list[dict[str, Any]]:
        """Return a list's records. Options are the query's without ``$``. Raises UnexpectedResponse, Misconfigured."""
        # Reference: Integration Development Guide, "Retrieval of Records". A bare array; no match is [].
        params = {f"${name}": value for name, value in options.items() if value != ""}
        answer = self.call("GET", f"{self.endpoint}/{entity}", is_write=False, params=params, form=entity)
        faults.refuse(answer, entity)
        found = answer.json()
        if not isinstance(found, list):
            raise UnexpectedResponse("Acumatica sent a list that is none", detail=entity)
        return [unwrap(row) for row in found if isinstance(row, Mapping)]

    def one(self, entity: str, *keys: str, **options: str) -> dict[str, Any]:
        """Return a record by its keys. Raises NotFound, which Acumatica says with a 500."""
        path = "/".join(quote(key, safe="") for key in (entity, *keys))
        params = {f"${name}": value for name, value in options.items() if value}
        answer = self.call("GET", f"{self.endpoint}/{path}", is_write=False, params=params, form=entity)
        faults.refuse(answer, entity)
        return self._record(answer, entity)

    def put(
        self, entity: str, fields: Mapping[str, Any], *, expand: str = "", if_none_match: bool = False
    ) -> dict[str, Any]:
        """Create or update a record and return it. Raises Rejected, Duplicate, OutcomeUnknown."""
        # Reference: Integration Development Guide, "Creation of a Record". Unknown fields are ignored in silence.
        answer = self.call(
            "PUT",
            f"{self.endpoint}/{entity}",
            is_write=True,
            params={"$expand": expand} if expand else None,
            body=wrap(fields),
            headers={"If-None-Match": "*"} if if_none_match else None,
            form=entity,
        )
        faults.refuse(answer, entity, if_none_match=if_none_match)
        return self._record(answer, entity)

    def inquire(self, entity: str, part: str, **parameters: str) -> list[dict[str, Any]]:
        """Run an inquiry, which is a PUT that changes nothing, and return its rows."""
        # Reference: Integration Development Guide, "Data from an Inquiry Form".
        answer = self.call(
            "PUT",
            f"{self.endpoint}/{entity}",
            is_write=False,
            params={"$expand": part},
            body=wrap(parameters),
            form=entity,
        )
        faults.refuse(answer, entity)
        rows = self._record(answer, entity).get(part)
        return rows if isinstance(rows, list) else []

    def _record(self, answer: HttpAnswer, entity: str) -> dict[str, Any]:
        if not answer.body.strip():
            answer.refuse("an empty answer")
        found = answer.json()
        if not isinstance(found, Mapping):
            answer.refuse(f"something that is no {entity}")
        return unwrap(found)

    # -- actions -----------------------------------------------------------------------------------------

    def act(self, entity: str, action: str, keys: Mapping[str, Any], **parameters: Any) -> None:
        """Run an action on a record and wait until it is done. Raises Rejected, OutcomeUnknown."""
        shared = self._sign_in()
        while not shared.take_form(entity, hold=True):
            self._pause(lambda: shared.wait_for_form(entity))
        try:
            # Reference: Integration Development Guide, "Execution of an Action". 204 = done, whatever its Location
            # says; 202 = poll the Location.
            answer = self.call(
                "POST",
                f"{self.endpoint}/{entity}/{action}",
                is_write=True,
                body={"entity": wrap(keys), "parameters": wrap(parameters)},
            )
            faults.refuse(answer, f"{entity} ({action})")
            if answer.status == 202:
                self._poll(answer.headers.get("location", ""), f"{entity} ({action})")
        finally:
            shared.free_form(entity)

    def _poll(self, location: str, what: str) -> None:
        deadline = time.monotonic() + float(self.settings["action_timeout_s"])
        address = urljoin(f"{self.base_url}/", location)
        if not location or urlsplit(address).netloc != urlsplit(self.base_url).netloc:
            raise OutcomeUnknown("Acumatica runs the action but does not say where to ask", detail=what)
        for wait in self._waits():
            if self._has_ended(address, what):
                return
            if time.monotonic() + wait > deadline:
                break
            self._pause(lambda seconds=wait: time.sleep(seconds))  # type: ignore[misc]
        raise OutcomeUnknown("Acumatica has not finished the action in time", detail=what)

    def _has_ended(self, address: str, what: str) -> bool:
        """Ask once how an operation stands. Raises what it failed with, OutcomeUnknown where nobody can say."""
        try:
            answer = self.call("GET", address, is_write=False)
            faults.refuse(answer, what, is_poll=True)
        except (Transient, RateLimited):
            return False  # asked again
        except (UnexpectedResponse, Misconfigured, AuthFailed) as error:
            raise OutcomeUnknown(
                "Acumatica runs the action, but its end is not known", detail=error.detail
            ) from error
        return answer.status != 202

    def _waits(self) -> Iterator[float]:
        yield from _ACTION_WAITS
        while True:
            yield _ACTION_WAITS[-1]

    # -- generic inquiries -------------------------------------------------------------------------------

    def inquiry_rows(self, name: str, **options: str | int) -> list[dict[str, Any]]:
        """Return rows of a generic inquiry over OData, texts without padding. Raises Misconfigured when not exposed."""
        routes = {"t_api": f"t/{quote(self.tenant)}/api/odata/gi", "legacy": f"OData/{quote(self.tenant)}"}
        tried = [self.gi_route] if self.gi_route in routes else ["t_api", "legacy"]
        params = {f"${option}": value for option, value in options.items() if value != ""}
        for place, route in enumerate(tried):
            answer = self.call("GET", f"{routes[route]}/{name}", is_write=False, params=params)
            if answer.status in (404, *faults.REDIRECTS) and place + 1 < len(tried):
                continue
            if answer.status in (403, 404):
                raise Misconfigured(
                    f"The generic inquiry {name} is not exposed via OData", missing=f"generic inquiry {name}"
                )
            faults.refuse(answer, f"generic inquiry {name}")
            if not answer.body.strip():
                answer.refuse("an empty answer")
            self.gi_route = route
            found = answer.json()
            rows = found.get("value") if isinstance(found, Mapping) else None
            if not isinstance(rows, list):
                raise UnexpectedResponse("Acumatica sent inquiry rows that are none", detail=name)
            return [_trimmed(row) for row in rows if isinstance(row, Mapping)]
        raise Misconfigured(f"There is no generic inquiry {name}", missing=f"generic inquiry {name}")

    def endpoints(self) -> Mapping[str, Any]:
        """Return version and endpoints of the instance; needs no sign-in."""
        answer = self._http.request("GET", "entity", is_write=False)
        faults.refuse(answer, "instance")
        found = answer.json()
        if not isinstance(found, Mapping):
            raise UnexpectedResponse("This address does not answer as Acumatica")
        return found

    def description(self) -> Mapping[str, Any]:
        """Return the tenant's own OpenAPI description of the endpoint."""
        answer = self.call("GET", f"{self.endpoint}/swagger.json", is_write=False)
        faults.refuse(answer, "endpoint")
        found = answer.json()
        if not isinstance(found, Mapping):
            raise UnexpectedResponse("Acumatica sent a description that is none")
        return found

    def custom_schema(self, entity: str) -> Mapping[str, Any]:
        """Return the custom fields of an entity: view -> field -> {"type"}."""
        answer = self.call("GET", f"{self.endpoint}/{entity}/$adHocSchema", is_write=False, form=entity)
        faults.refuse(answer, entity)
        found = answer.json()
        custom = found.get("custom") if isinstance(found, Mapping) else None
        return custom if isinstance(custom, Mapping) else {}


def _query(params: Mapping[str, str | int]) -> str:
    # Dollar signs and slashes stay readable, as in the vendor's examples; colons and plus must be encoded.
    return "&".join(f"{name}={quote(str(value), safe=chr(39) + '/,()$')}" for name, value in params.items())


def _trimmed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in row.items()}


def _sign_out(http: HttpTransport, headers: Mapping[str, str]) -> None:
    """Give a place of the licence back. IIS wants a length even for an empty body."""
    try:
        http.request(
            "POST", "entity/auth/logout", is_write=False, body=b"", headers={**headers, "Content-Length": "0"}
        )
    except ConnectorError as error:
        # Nobody is left to raise to; Acumatica ends the sign-in itself when it has been idle long enough.
        _log.warning("acumatica.sign_out_failed", extra={"error": type(error).__name__})
