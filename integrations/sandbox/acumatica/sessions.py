"""Sign-ins of the simulated tenant: cookies, OAuth tokens, places of the licence, idle life.

Kept in memory: a restart signs everybody out, as a recycled application pool does.
"""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IDLE_SECONDS = 20 * 60.0
TOKEN_SECONDS = 3600.0
LOGIN_LIMIT = "The number of concurrent API logins has been reached."


class LoginRefused(Exception):
    """A sign-in that is not let in: ``reason`` is one of bad, disabled, limit, tenant."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Session:
    """One place of the licence."""

    key: str
    tenant: str
    branch: str
    is_token: bool
    used_at: float = field(default_factory=time.monotonic)
    made_at: float = field(default_factory=time.monotonic)


class Sessions:
    """Who is signed in. ``max_users`` places; a token holds its place for an hour unless it is signed out."""

    def __init__(
        self, *, tenant: str, username: str, password: str, client_id: str, client_secret: str
    ) -> None:
        self.tenant, self.username, self.password = tenant, username, password
        self.client_id, self.client_secret = client_id, client_secret
        self.max_users = 3
        self.is_multi_tenant = False
        self.is_disabled = False
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}
        self._refresh: set[str] = set()
        self.logins = 0
        self.logouts = 0

    def sign_in(self, given: Mapping[str, Any], *, is_token: bool = False) -> Session:
        """Return a new session for name, password and tenant. Raises LoginRefused."""
        if str(given.get("name") or "") != self.username or str(given.get("password") or "") != self.password:
            raise LoginRefused("bad")
        if self.is_disabled:
            raise LoginRefused("disabled")
        tenant = str(given.get("tenant") or given.get("company") or self.tenant)
        if self.is_multi_tenant and tenant.casefold() != self.tenant.casefold():
            raise LoginRefused("tenant")
        return self._open_session(str(given.get("branch") or "MAIN"), is_token=is_token)

    def _open_session(self, branch: str, *, is_token: bool) -> Session:
        with self._lock:
            self._drop_idle()
            if len(self._open) >= self.max_users:
                raise LoginRefused("limit")
            session = Session(secrets.token_urlsafe(24), self.tenant, branch, is_token)
            self._open[session.key] = session
            self.logins += 1
        return session

    def _drop_idle(self) -> None:
        now = time.monotonic()
        for key, session in list(self._open.items()):
            is_over = (
                now - session.made_at > TOKEN_SECONDS
                if session.is_token
                else now - session.used_at > IDLE_SECONDS
            )
            if is_over:
                del self._open[key]

    def find(self, key: str) -> Session | None:
        """Return the session of a cookie or bearer token, and keep it alive."""
        with self._lock:
            self._drop_idle()
            session = self._open.get(key)
            if session is not None:
                session.used_at = time.monotonic()
            return session

    def sign_out(self, key: str) -> None:
        with self._lock:
            if self._open.pop(key, None) is not None:
                self.logouts += 1

    def drop_all(self) -> None:
        """Forget all sessions, as an expiry does."""
        with self._lock:
            self._open.clear()

    @property
    def count(self) -> int:
        with self._lock:
            self._drop_idle()
            return len(self._open)

    # -- OAuth -------------------------------------------------------------------------------------------

    def token(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer the token endpoint: status and body. There is no client_credentials grant [documented]."""
        grant = form.get("grant_type", "")
        if grant not in ("password", "refresh_token", "authorization_code"):
            return 400, {"error": "unsupported_grant_type"}
        client = form.get("client_id", "")
        if "@" not in client or client != self.client_id or form.get("client_secret") != self.client_secret:
            return 400, {"error": "invalid_client"}
        try:
            session = self._granted(grant, form)
        except LoginRefused as refused:
            if refused.reason == "bad" and grant != "password":
                return 400, {"error": "invalid_grant"}
            words = LOGIN_LIMIT if refused.reason == "limit" else "invalid_username_or_password"
            return 400, {"error": "invalid_grant", "error_description": words}
        scope = form.get("scope", "api")
        body: dict[str, Any] = {
            "access_token": session.key, "expires_in": int(TOKEN_SECONDS), "token_type": "Bearer", "scope": scope,
        }  # fmt: skip
        if "offline_access" in scope or grant == "refresh_token":
            body["refresh_token"] = self.new_refresh_token()
        return 200, body

    def _granted(self, grant: str, form: Mapping[str, str]) -> Session:
        if grant == "password":
            given = {"name": form.get("username"), "password": form.get("password")}
            return self.sign_in(given, is_token=True)
        with self._lock:
            token = form.get("refresh_token") or form.get("code") or ""
            if token not in self._refresh:
                raise LoginRefused("bad")
            self._refresh.discard(token)
        return self._open_session("MAIN", is_token=True)

    def new_refresh_token(self) -> str:
        """Return a refresh token; it is good once."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._refresh.add(token)
        return token
