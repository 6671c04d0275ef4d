"""The Acumatica simulator behind the shared server: sign-in, routes, licence, and what each setting changes."""

import json
import re
import threading
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote

from integrations.sandbox.acumatica import odata, shipping, swagger
from integrations.sandbox.acumatica.actions import Jobs
from integrations.sandbox.acumatica.control import Control
from integrations.sandbox.acumatica.push import Push
from integrations.sandbox.acumatica.rest import Rest
from integrations.sandbox.acumatica.seed import seed
from integrations.sandbox.acumatica.sessions import LOGIN_LIMIT, LoginRefused, Session, Sessions
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.throttle import Throttle
from integrations.sandbox.acumatica.wire import Refusal, answer, decode, server_error
from integrations.sandbox.core.messages import Answer, Request, Response
from integrations.sandbox.core.simulator import Simulator

VERSIONS = ("24.200.001", "25.200.001")
_ENDPOINT = re.compile(r"/entity/Default/([\d.]+)(/.*)?$", re.IGNORECASE)
_GI = re.compile(r"/t/(?P<tenant>[^/]+)/api/odata/gi(?:/(?P<name>[^?]*))?$", re.IGNORECASE)
_OLD_GI = re.compile(r"/odata(?:/(?P<first>[^/]+))?(?:/(?P<second>[^/]+))?$", re.IGNORECASE)
_COOKIE = re.compile(r"ASP\.NET_SessionId=([^;\s]+)")
_BAD_LOGIN = "Error: Invalid credentials. Please try again."
_SETTINGS: dict[str, Any] = {
    "frozen_at": None,
    "bad_login_status": 500,
    "login_limit_mode": "429",
    "is_multi_tenant": False,
    "max_users": None,
    "action_polls": 1,
    "is_terse_action": False,
    "has_patch": None,
    "requests_per_minute": 0,
    "has_unknown_fields": False,
    "denied": [],
    "password": None,
    "push_url": "",
    "push_header_name": "X-Connect-Key",
    "push_header_value": "",
    "location": "relative",
}


class Acumatica(Simulator):
    """One tenant on one instance. ``auto_ship_seconds`` > 0 ships by itself."""

    key = "acumatica"
    fault_kinds = frozenset({"bql", "login_page"})

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        *,
        virtual_directory: str,
        build: str = "24R2",
        auto_ship_seconds: float = 0.0,
        without: Collection[str] = (),
    ) -> None:
        super().__init__(store.state)
        self.store, self.sessions, self.jobs = store, sessions, Jobs()
        self.rest, self.throttle = Rest(store, self.jobs), Throttle()
        self.push = Push(store, sessions.tenant)
        store.changed = self.push.changed
        self._root, self._build, self._without = virtual_directory, build, frozenset(without)
        self._first: dict[str, Any] = {"password": sessions.password, "max_users": sessions.max_users}
        self._auto_ship_seconds = auto_ship_seconds
        self._stopping = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="warehouse", daemon=True)
        self._control = Control(self)
        self.settings: dict[str, Any] = {}
        self.change_settings(dict(_SETTINGS))
        if store.get("Warehouse", "MAIN") is None:
            seed(store, self._without)

    # -- calls -------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        path = request.path
        if not path.lower().startswith(self._root.lower()):
            return Response.of_html(
                404, b"<html><body><h1>404 - File or directory not found.</h1></body></html>"
            )
        local = path[len(self._root) :] or "/"
        try:
            return self._served(request, local)
        except Refusal as refusal:
            if refusal.body is None:
                return Response(refusal.status, {"Content-Type": "text/plain", **refusal.headers})
            return answer(refusal.body, refusal.status, refusal.headers)

    def _served(self, request: Request, local: str) -> Answer:
        low = local.lower().rstrip("/")
        match (request.method, low):
            case ("GET", "/entity"):
                return self._endpoints()
            case ("POST", "/entity/auth/login"):
                return self._sign_in(request)
            case ("POST", "/entity/auth/logout"):
                return self._sign_out(request)
            case ("POST", "/identity/connect/token"):
                status, body = self.sessions.token(dict(parse_qsl(request.body.decode())))
                return answer(body, status)
            case ("POST", "/identity/connect/revocation"):
                return Response(200)  # does not free the place [inferred]
            case ("GET", "/identity/.well-known/openid-configuration"):
                base = f"http://{request.headers.get('host', '')}{self._root}/identity"
                return answer({"issuer": base, "token_endpoint": f"{base}/connect/token"})
            case ("GET", "/frames/login.aspx"):
                return Response.of_html(
                    200, b'<html><body><form><input id="txtSingleCompany"></form></body></html>'
                )
        return self._signed_in(request, local)

    def _signed_in(self, request: Request, local: str) -> Answer:
        inquiry = self._inquiry(request, local)
        if inquiry is not None:
            return inquiry
        found = _ENDPOINT.match(local)
        if found is None or found[1] not in VERSIONS:
            raise Refusal(404, {"message": "No HTTP resource was found that matches the request URI."})
        session = self._session(request)
        if session is None:
            raise Refusal(401, {"message": "You are not logged in."})
        if not self.throttle.admit():
            raise Refusal(429, {"message": "The number of requests per minute has been exceeded."})
        root = f"{self._root}/entity/Default/{found[1]}"
        rest = found[2] or ""
        if rest.lower() == "/swagger.json":
            url = f"http://{request.headers.get('host', 'localhost')}{root}"
            return answer(swagger.describe(url, found[1], has_patch=self.rest.has_patch))
        if self.faults.take("login_page", request.path):
            return Response(302, {"Location": f"{self._root}/Frames/Login.aspx?ReturnUrl=%2f"})
        if self.faults.take("bql", request.path):
            raise server_error(
                "Optimization cannot be performed.The following fields cause the error:\r\nTotals"
            )
        given = self.rest.answer(request, session, root, rest)
        if self.settings["location"] == "absolute" and "Location" in given.headers:
            given.headers["Location"] = f"http://{request.headers.get('host', '')}{given.headers['Location']}"
        given.headers["Set-Cookie"] = "requestid=0af; path=/"
        return given

    def _inquiry(self, request: Request, local: str) -> Answer | None:
        """Answer OData of both generations; any write there is 405."""
        new, old = _GI.match(local), _OLD_GI.match(local)
        if new is None and old is None:
            return None
        is_known = odata.is_basic(request, self.sessions.username, self.sessions.password) or self._session(
            request
        )
        if not is_known:
            raise Refusal(401, {"message": "Unauthorized"}, {"WWW-Authenticate": "Basic"})
        if new is not None:
            tenant, name = new["tenant"], new["name"] or ""
        elif old is not None and (old["first"] or "").casefold() == self.sessions.tenant.casefold():
            tenant, name = old["first"], old["second"] or ""
        else:
            tenant, name = self.sessions.tenant, (old["first"] if old else "") or ""
        if tenant.casefold() != self.sessions.tenant.casefold():
            raise Refusal(404, {"message": "Unknown tenant"})
        cut = len(name) if name else 0
        base = request.path[: len(request.path) - cut].rstrip("/")
        return odata.answer_inquiry(self.store, request, base, name)

    def _endpoints(self) -> Response:
        listed = [
            {"name": "Default", "version": version, "href": f"{self._root}/entity/Default/{version}/"}
            for version in VERSIONS
        ]
        build = "24.208.0018" if self._build == "24R2" else "25.201.0213"
        version = {"acumaticaBuildVersion": build, "databaseVersion": build}
        return answer({"version": version, "endpoints": listed})

    # -- sign-in -----------------------------------------------------------------------------------------

    def _session(self, request: Request) -> Session | None:
        bearer = request.headers.get("authorization", "")
        cookie = _COOKIE.search(request.headers.get("cookie", ""))
        key = bearer[7:] if bearer.lower().startswith("bearer ") else cookie[1] if cookie else ""
        return self.sessions.find(key) if key else None

    def _sign_in(self, request: Request) -> Answer:
        is_form = "form-urlencoded" in request.headers.get("content-type", "")
        given = dict(parse_qsl(request.body.decode())) if is_form else decode(request.body or b"{}")
        try:
            session = self.sessions.sign_in(given)
        except LoginRefused as refused:
            return self._login_refused(refused.reason)
        return Response(
            204,
            # Header names in three spellings, for one answer sets three cookies.
            {
                "Set-Cookie": f"ASP.NET_SessionId={session.key}; path=/; HttpOnly; SameSite=Lax",
                "set-cookie": f"CompanyID={quote(session.tenant)}; path=/",
                "SET-COOKIE": "UserBranch=16; path=/",
            },
        )

    def _login_refused(self, reason: str) -> Answer:
        if reason == "limit":
            if self.settings["login_limit_mode"] == "302":
                where = f"{self._root}/Frames/Error.aspx?exceptionID=1f&message={quote(LOGIN_LIMIT)}"
                return Response(302, {"Location": where})
            if self.settings["login_limit_mode"] == "html":
                return Response.of_html(
                    200, f"<html><body>{LOGIN_LIMIT} API Login Limit</body></html>".encode()
                )
            raise Refusal(429, {"message": "API Login Limit"})
        if reason == "tenant":
            raise server_error("The tenant is not defined.", "PX.Data.PXUndefinedCompanyException")
        if reason == "disabled":
            raise server_error("Your account is disabled. Please contact your system administrator.")
        if self.settings["bad_login_status"] == 401:
            raise Refusal(401, {"message": _BAD_LOGIN})
        raise server_error(_BAD_LOGIN)

    def _sign_out(self, request: Request) -> Answer:
        if "content-length" not in request.headers:
            return Response.of_html(411, b"<html><body><h1>Length Required</h1></body></html>")
        session = self._session(request)
        if session is not None:
            self.sessions.sign_out(session.key)
        return Response(204)

    # -- control -----------------------------------------------------------------------------------------

    def control(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        return self._control.answer(method, path, request)

    def change_settings(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Change settings by name. Raises KeyError for unknown ones."""
        unknown = set(asked) - set(_SETTINGS)
        if unknown:
            raise KeyError(", ".join(sorted(unknown)))
        self.settings |= asked
        held = self.settings
        self.store.frozen_at = self._control.moment(held["frozen_at"])
        self.sessions.is_multi_tenant = bool(held["is_multi_tenant"])
        self.sessions.max_users = int(held["max_users"] or self._first["max_users"])
        if held["password"] and held["password"] != self.sessions.password:
            self.sessions.drop_all()  # a changed password ends the sign-ins
        self.sessions.password = str(held["password"] or self._first["password"])
        self.jobs.polls = int(held["action_polls"])
        self.rest.is_terse_action = bool(held["is_terse_action"])
        self.rest.has_patch = self._build == "25R2" if held["has_patch"] is None else bool(held["has_patch"])
        self.rest.unknown_fields = (
            {"UsrNewer": {"value": "x"}, "Newer": {"A": {"value": 1}}} if held["has_unknown_fields"] else {}
        )
        self.rest.denied = frozenset(held["denied"])
        self.throttle.quota = int(held["requests_per_minute"])
        self.push.url, self.push.header_name = str(held["push_url"]), str(held["push_header_name"])
        self.push.header_value = str(held["push_header_value"])
        return {name: value for name, value in held.items() if name != "password"}

    def summary(self) -> dict[str, Any]:
        rows = self.state.rows("SELECT entity, count(*) AS n FROM records GROUP BY entity")
        counts = {row["entity"]: row["n"] for row in rows}
        sessions = {
            "open": self.sessions.count,
            "logins": self.sessions.logins,
            "logouts": self.sessions.logouts,
        }
        return {"tenant": self.sessions.tenant, "records": counts, "sessions": sessions}

    def reset(self) -> None:
        self.jobs.clear()
        self.sessions.drop_all()
        self.sessions.logins = self.sessions.logouts = 0
        self.sessions.is_disabled = False
        self.throttle.reset()
        self.change_settings(json.loads(json.dumps(_SETTINGS)))
        with self.state.transaction():
            self.state.wipe()
            seed(self.store, self._without)

    def secret_values(self) -> Sequence[str]:
        return (self.sessions.password, self.sessions.client_secret, self.push.header_value)

    def start(self) -> None:
        self.push.start()
        if self._auto_ship_seconds > 0:
            self._ticker.start()

    def stop(self) -> None:
        self._stopping.set()
        self.throttle.stop()
        self.push.stop()

    def _tick(self) -> None:
        while not self._stopping.wait(self._auto_ship_seconds):
            shipping.run_process(self.store)
