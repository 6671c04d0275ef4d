"""API v1 as methods: token, paging, ETag and idempotency key; the one place that knows addresses and headers.

Everything above (polling, writing, checks) calls this; nothing above knows a status code.
"""

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from integrations.connectors.base import ConnectionConfig
from integrations.connectors.errors import Misconfigured, NotFound, OutcomeUnknown, UnexpectedResponse
from integrations.connectors.systems.clarity_ecommerce.problems import refuse
from integrations.connectors.systems.clarity_ecommerce.spec import ALL_SCOPES, LIMITS
from integrations.connectors.systems.clarity_ecommerce.tokens import TokenSource
from integrations.connectors.transports.http import HttpAnswer, HttpTransport, encode_json

Query = Mapping[str, str | int]

_FITTING_KEY = re.compile(r"[!-~]{1,64}")
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Answered:
    """A record as the site gave it, with the tag of its version and the warning, where there is one."""

    fields: dict[str, Any]
    etag: str = ""
    warning: str = ""


class ClarityClient:
    """One site's API. Thread safe; opens nothing before the first call."""

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._values = config.values
        self._lock = threading.Lock()
        self._opened: tuple[HttpTransport, HttpTransport] | None = None
        self.tokens = TokenSource(
            self._ask_token,
            client_id=str(self.setting("client_id")),
            client_secret=str(self.setting("client_secret")),
            scopes=str(self.setting("scopes", ALL_SCOPES)),
        )

    # -- settings ----------------------------------------------------------------------------------------

    def setting(self, name: str, default: Any = "") -> Any:
        """Return a setting of the connection, or the default where it is empty."""
        value = self._values.get(name)
        return default if value in (None, "") else value

    @property
    def base_url(self) -> str:
        return str(self.setting("base_url")).rstrip("/")

    @property
    def token_url(self) -> str:
        return str(self.setting("token_url", f"{self.base_url}/oauth/token"))

    def _transports(self) -> tuple[HttpTransport, HttpTransport]:
        """Return the transports of the API and of the token address, which may be another host."""
        with self._lock:
            if self._opened is None:
                if self.setting("generation", "v1") != "v1":
                    raise Misconfigured("This interface is not offered yet", missing="generation")
                read_seconds = float(self.setting("read_timeout_s", LIMITS.read_seconds))
                limits = replace(LIMITS, read_seconds=read_seconds, total_seconds=read_seconds * 2)
                names = ("client_secret", "webhook_secret", "webhook_secret_previous")
                secrets = [str(self.setting(name)) for name in names]
                parts = urlsplit(self.token_url)
                self._opened = (
                    HttpTransport(
                        f"{self.base_url}/api/v1",
                        config=self._config,
                        limits=limits,
                        headers={"Accept": "application/json"},
                        secrets=secrets,
                    ),
                    HttpTransport(
                        f"{parts.scheme}://{parts.netloc}",
                        config=self._config,
                        limits=limits,
                        secrets=secrets,
                        conceal=_conceal_token,
                    ),
                )
            return self._opened

    def close(self) -> None:
        """Close pooled connections. Idempotent."""
        with self._lock:
            for transport in self._opened or ():
                transport.close()
            self._opened = None

    # -- calls -------------------------------------------------------------------------------------------

    def _ask_token(self, form: bytes) -> HttpAnswer:
        # Asking twice is harmless, so a lost answer counts as that of a read.
        return self._transports()[1].request("POST", self.token_url, is_write=False, body=form, headers=_FORM)

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Query | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send one call with a token; a refused older token is renewed once, a refused fresh one is final."""
        token, is_fresh = self.tokens.get()
        answer = self._send(method, path, token.value, params, body, headers)
        if answer.status == 401 and not is_fresh:
            answer = self._send(method, path, self.tokens.renew(token).value, params, body, headers)
        refuse(answer, path, body or {})
        return answer

    def _send(
        self,
        method: str,
        path: str,
        token: str,
        params: Query | None,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> HttpAnswer:
        return self._transports()[0].request(
            method,
            path,
            is_write=method != "GET",
            params=params,
            json_body=body,
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
        )

    def get(self, path: str, params: Query | None = None) -> Any:
        """Read a resource that is no record (ping, schema, digest)."""
        return self._request("GET", path, params=params).json()

    def record(self, path: str) -> Answered:
        """Read one record with its ETag. Raises NotFound."""
        return self._answered(self._request("GET", path))

    def send(
        self, method: str, path: str, body: Mapping[str, Any], *, key: str = "", etag: str = ""
    ) -> Answered:
        """Write and return the site's view of it.

        ``key`` goes as Idempotency-Key with a POST, ``etag`` as If-Match with a PUT. Raises Rejected (Stale
        for a 412), Duplicate, NotFound, AuthFailed, Misconfigured, OutcomeUnknown.
        """
        headers = {}
        if key and method == "POST":
            headers["Idempotency-Key"] = fitting_key(key)
        if etag:
            headers["If-Match"] = etag
        return self._answered(self._request(method, path, body=body, headers=headers))

    def delete(self, path: str) -> None:
        """Remove a resource. Raises NotFound."""
        self._request("DELETE", path)

    def _answered(self, answer: HttpAnswer) -> Answered:
        given = answer.json()
        if not isinstance(given, dict):
            answer.refuse("a list where a record was expected")
        return Answered(given, answer.headers.get("etag", ""), answer.headers.get("x-warning", ""))

    def page(self, path: str, page: int = 1, params: Query | None = None) -> list[dict[str, Any]]:
        """Read one page of a list; a page past the end is empty."""
        given = self.get(path, {**(params or {}), "page": page, "pageSize": LIMITS.page_size})
        rows = given.get("results") if isinstance(given, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UnexpectedResponse("The site sent a list without results", detail=path)
        return rows

    def pages(
        self, path: str, params: Query | None = None, *, first: int = 1
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages until a short one; the last page yielded is the short one (maybe empty)."""
        page = first
        previous: list[dict[str, Any]] = []
        while True:
            rows = self.page(path, page, params)
            if rows and rows == previous:
                raise UnexpectedResponse("The site sends the same page again and again", detail=path)
            previous = rows
            yield rows
            if len(rows) < LIMITS.page_size:
                return
            page += 1

    def rows(self, path: str, params: Query | None = None) -> list[dict[str, Any]]:
        """Read a whole list; for lists that a filter makes small."""
        return [row for page in self.pages(path, params) for row in page]


def number(text: object, what: str) -> str:
    """Return an id that may go into a path. Raises NotFound: ids of the contract are digits."""
    value = str(text)
    if not value.isascii() or not value.isdigit():
        raise NotFound(f"The site has no {what} {value!r}: its ids are numbers")
    return value


def fitting_key(key: str) -> str:
    """Return a key of at most 64 plain characters; others are hashed."""
    return key if _FITTING_KEY.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()


def key_with_body(key: str, body: Mapping[str, Any]) -> str:
    """Return a key for absolute values: another body is another write, and must not be refused as a mismatch."""
    return hashlib.sha256(f"{key}\n".encode() + encode_json(body)).hexdigest() if key else ""


def written_id(answered: Answered, name: str) -> str:
    """Return the id of what was written. Raises OutcomeUnknown: the write went through, its id is missing."""
    value = answered.fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise OutcomeUnknown("The site answered a write without the record's id", detail=name)
    return str(value)


def _conceal_token(path: str, text: str) -> str:
    return "[not shown: it holds an access token]" if "access_token" in text else text
