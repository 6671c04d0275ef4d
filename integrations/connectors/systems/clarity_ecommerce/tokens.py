"""OAuth 2.0 client credentials (RFC 6749, 4.4): one token for all threads of a connection, renewed once at a time.

Used by ``client``; nothing else sees a token.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from integrations.connectors.errors import AuthFailed, Misconfigured, UnexpectedResponse
from integrations.connectors.transports.http import HttpAnswer

RENEW_BEFORE_SECONDS = 60.0

Ask = Callable[[bytes], HttpAnswer]
"""Sends a form to the token address; the client brings it, for it owns the transports."""


@dataclass(frozen=True, slots=True)
class Token:
    """One access token, its granted scopes, and until when we use it (monotonic seconds)."""

    value: str
    scopes: frozenset[str]
    use_until: float


class TokenSource:
    """Hands out the connection's token. Thread safe: whoever comes while one renews waits for that one."""

    def __init__(
        self,
        ask: Ask,
        *,
        client_id: str,
        client_secret: str,
        scopes: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": scopes,
        }
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def get(self) -> tuple[Token, bool]:
        """Return (token, whether it was fetched just now). Raises ConnectorError."""
        with self._lock:
            if self._token is not None and self._clock() < self._token.use_until:
                return self._token, False
            self._token = self._fetch()
            return self._token, True

    def renew(self, refused: Token) -> Token:
        """Return another token than the refused one; a thread that comes second gets the first one's."""
        with self._lock:
            if self._token is None or self._token.value == refused.value:
                self._token = None
                self._token = self._fetch()
            return self._token

    def _fetch(self) -> Token:
        asked_at = self._clock()
        # Reference: RFC 6749, 4.4.2. A token that is asked for twice does not end the first one.
        answer = self._ask(urlencode({name: value for name, value in self._form.items() if value}).encode())
        if answer.status >= 400:
            _refuse(answer)
        given = answer.json()
        value = given.get("access_token") if isinstance(given, dict) else None
        seconds = given.get("expires_in", 3600) if isinstance(given, dict) else None
        if not isinstance(value, str) or not value or not isinstance(seconds, int):
            raise UnexpectedResponse("The token address answered without a token")
        scopes = frozenset(str(given.get("scope") or self._form["scope"]).split())
        # Tokens that live for seconds only (test systems) are renewed at half their life.
        margin = min(RENEW_BEFORE_SECONDS, seconds / 2)
        return Token(value, scopes, asked_at + seconds - margin)


def _refuse(answer: HttpAnswer) -> None:
    word, detail = _error_word(answer), f"HTTP {answer.status}"
    if word == "invalid_scope":
        raise Misconfigured(
            "The site does not know a scope that is asked for", missing="scopes", detail=detail
        )
    if answer.status == 401 or word in ("invalid_client", "invalid_grant", "unauthorized_client"):
        raise AuthFailed(
            "The site does not accept the client ID and secret", field="client_secret", detail=detail
        )
    raise Misconfigured(
        "The token address does not give tokens; check it", missing="token_url", detail=f"{detail} {word}"
    )


def _error_word(answer: HttpAnswer) -> str:
    try:
        given: Any = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError):
        return ""  # a page or plain text: the status alone has to do
    return str(given.get("error", ""))[:60] if isinstance(given, dict) else ""
