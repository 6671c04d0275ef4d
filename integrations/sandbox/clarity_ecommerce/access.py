"""Who may call: OAuth 2.0 client credentials, scopes, and the rate limit of a client."""

import base64
import binascii
import secrets
import threading
import time
from collections import deque
from urllib.parse import parse_qsl, unquote

from integrations.sandbox.clarity_ecommerce.problems import Refused
from integrations.sandbox.clarity_ecommerce.tables import ALL_SCOPES, Settings
from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.core.state import State

WINDOW_SECONDS = 60.0


class Tokens:
    """Gives tokens and knows them again, over restarts as well. A second token does not kill the first."""

    def __init__(self, state: State, settings: Settings) -> None:
        self._state = state
        self._settings = settings

    def answer(self, request: Request) -> Response:
        """Answer POST /oauth/token (RFC 6749, 4.4 and 5.2)."""
        given = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        client_id, client_secret = _basic(request) or (given.get("client_id"), given.get("client_secret"))
        if given.get("grant_type") != "client_credentials":
            return _oauth_error(400, "unsupported_grant_type")
        known = (self._settings["client_id"], self._settings["client_secret"])
        if (client_id, client_secret) != known:
            return _oauth_error(401, "invalid_client")
        allowed = self._settings["client_scopes"].split()
        wanted = given.get("scope", "").split() or allowed
        if not set(wanted) <= set(ALL_SCOPES.split()):
            return _oauth_error(400, "invalid_scope")
        # A client asks for all scopes of its flows and gets those it was granted, as RFC 6749, 3.3 allows.
        scope = " ".join(each for each in wanted if each in allowed)
        token, seconds = f"ce-{secrets.token_urlsafe(24)}", int(self._settings["token_seconds"])
        with self._state.transaction() as db:
            db.execute("DELETE FROM tokens WHERE expires_at < ?", (time.time(),))
            db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?)", (token, client_id, scope, time.time() + seconds)
            )
        body = {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": scope}
        return Response.of_json(body, Cache_Control="no-store")

    def client(self, request: Request) -> tuple[str, frozenset[str]]:
        """Return (client id, scopes) of the call's token. Raises Refused."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        row = self._state.row("SELECT * FROM tokens WHERE token = ?", (token,))
        if kind.lower() != "bearer" or row is None or row["expires_at"] <= time.time():
            raise Refused(401, "unauthorized", "The token is missing, unknown or expired.")
        return row["client_id"], frozenset(row["scope"].split())

    def revoke_all(self) -> None:
        with self._state.transaction() as db:
            db.execute("DELETE FROM tokens")


def need_scope(scopes: frozenset[str], wanted: str) -> None:
    """Raise Refused, naming the scope, unless the token has it."""
    if wanted not in scopes:
        raise Refused(403, "missing-scope", f"The token lacks the scope {wanted}.", {"scope": [wanted]})


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(name), unquote(secret)


def _oauth_error(status: int, word: str) -> Response:
    return Response.of_json({"error": word, "error_description": word.replace("_", " ")}, status)


class RateLimit:
    """Calls of each client within the last minute, in memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._calls: dict[str, deque[float]] = {}

    def take(self, client_id: str) -> tuple[dict[str, str], bool]:
        """Count a call; return the headers for its answer, and whether it is allowed."""
        limit, now = int(self._settings["rate_per_minute"]), time.time()
        if not limit:
            return {}, True
        with self._lock:
            calls = self._calls.setdefault(client_id, deque())
            while calls and calls[0] <= now - WINDOW_SECONDS:
                calls.popleft()
            is_allowed = len(calls) < limit
            if is_allowed:
                calls.append(now)
            free_in = calls[0] + WINDOW_SECONDS - now
            headers = {
                "X-RateLimit-Limit": str(limit),
                "X-RateLimit-Remaining": str(limit - len(calls)),
                "X-RateLimit-Reset": str(int(now + free_in) + 1),
            }
        if not is_allowed:
            headers["Retry-After"] = str(int(free_in) + 1)
        return headers, is_allowed

    def forget(self) -> None:
        with self._lock:
            self._calls.clear()
