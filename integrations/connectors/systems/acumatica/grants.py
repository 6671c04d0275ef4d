"""How a user signs in at Acumatica: by session cookie, by user and password, by refresh token. Used by ``client`` alone.

A refresh token is good once; its successor comes with the answer. So it is used by one process at a time, always the
newest one, and its successor is kept before the sign-in is used. An answer that is lost takes its token along.
"""

import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from integrations.connectors.base import SecretKeeper
from integrations.connectors.errors import AuthFailed, RateLimited, UnexpectedResponse
from integrations.connectors.systems.acumatica import faults
from integrations.connectors.transports.http import HttpTransport

REFRESH = "refresh_token"
_COOKIES = re.compile(r"(ASP\.NET_SessionId|\.ASPXAUTH|CompanyID|UserBranch)=([^;,\s]*)")
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.1, 2.0


class OwnToken:
    """Keeps a refresh token as long as the connector lives: shells and tests, where nobody else uses it."""

    def __init__(self, key: str, token: str) -> None:
        self.key = key
        self._token = token

    def claim(self, name: str) -> str | None:
        return self._token

    def store(self, name: str, used: str, renewed: str) -> None:
        self._token = renewed

    def give_up(self, name: str) -> None:
        """Nobody else waits."""


class Grants:
    """Signs one user in. ``text`` reads a setting; ``pause`` waits the way a call waits."""

    def __init__(
        self,
        http: HttpTransport,
        text: Callable[[str], str],
        keeper: SecretKeeper | None,
        *,
        patience_seconds: float,
        pause: Callable[[Callable[[], None]], None],
    ) -> None:
        self._http, self._text, self._pause = http, text, pause
        self._patience = patience_seconds
        self.keeper: SecretKeeper = keeper or OwnToken(text(REFRESH), text(REFRESH))

    def sign_in(self) -> dict[str, str]:
        """Return the headers by which calls are recognised. Raises AuthFailed, RateLimited, Misconfigured."""
        match self._text("auth_mode"):
            case "cookie":
                return self._by_cookie()
            case "oauth_code":
                return self._by_refresh_token()
        asked = {"grant_type": "password", "username": self._text("username"), "scope": "api"}
        return _bearer(self._granted(asked | {"password": self._text("password")}))

    def _by_cookie(self) -> dict[str, str]:
        # Reference: Integration Development Guide, "Sign In to the Service". 204; a bad password is a 500.
        names = {"name": "username", "password": "password", "tenant": "tenant", "branch": "branch"}
        sent = {wire: self._text(setting) for wire, setting in names.items() if self._text(setting)}
        answer = self._http.request("POST", "entity/auth/login", is_write=False, json_body=sent)
        faults.refuse_sign_in(answer)
        cookies = _COOKIES.findall(answer.headers.get("set-cookie", ""))
        if not cookies:
            raise UnexpectedResponse("Acumatica accepted the sign-in but gave no session")
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies)}

    def _by_refresh_token(self) -> dict[str, str]:
        used = self._claimed()
        try:
            if not used:
                raise AuthFailed("The connection has no refresh token", field=REFRESH)
            granted = self._granted({"grant_type": REFRESH, REFRESH: used})
        except BaseException:
            self.keeper.give_up(REFRESH)
            raise
        renewed = str(granted.get(REFRESH) or used)
        # Before the sign-in is used: a process that dies after this line has lost nothing.
        self.keeper.store(REFRESH, used, renewed)
        return _bearer(granted)

    def _claimed(self) -> str:
        """Return the newest refresh token, for us alone. Raises RateLimited when others keep it too long."""
        until, wait = time.monotonic() + self._patience, _FIRST_WAIT_SECONDS
        while (token := self.keeper.claim(REFRESH)) is None:
            if time.monotonic() > until:
                raise RateLimited(
                    "Another process renews the sign-in at Acumatica",
                    retry_after_seconds=1.0,
                    is_remote=False,
                )
            self._pause(partial(time.sleep, wait))
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
        return token

    def _granted(self, asked: Mapping[str, str]) -> Mapping[str, Any]:
        # Reference: Integration Development Guide, "Authorizing Client Applications". There is no client_credentials.
        form = {name: self._text(name) for name in ("client_id", "client_secret")}
        answer = self._http.request(
            "POST",
            "identity/connect/token",
            is_write=False,
            body=urlencode({**form, **asked}).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        faults.refuse_sign_in(answer)
        granted = answer.json()
        if not isinstance(granted, Mapping) or not granted.get("access_token"):
            raise UnexpectedResponse("Acumatica accepted the sign-in but gave no token")
        return granted


def _bearer(granted: Mapping[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {granted['access_token']}"}
