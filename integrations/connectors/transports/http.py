"""HTTP for connectors: timeouts, address check, limiter, exchanges; the one place that translates failures.

Connectors call ``HttpTransport.request``; what comes back is an answer the vendor gave on purpose (2xx or a
4xx the connector translates). The SOAP transport rides on the same class.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec
import requests

from integrations.connectors.base import ConnectionConfig, Exchange
from integrations.connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    Transient,
    UnexpectedResponse,
)
from integrations.connectors.masking import mask_body
from integrations.connectors.spec import Limits
from integrations.connectors.transports.addresses import AddressPolicy
from integrations.connectors.transports.deadlines import WATCHDOG, Call
from integrations.connectors.transports.redaction import Redaction
from integrations.connectors.transports.retry_after import seconds_of, seconds_until
from integrations.connectors.transports.sockets import CheckedAdapter, current_call

MAX_BODY_BYTES = 32 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
_URLS_KEPT = 100
USER_AGENT = "ClarityConnect/1"

_NOT_PROCESSED_REDIRECTS = frozenset({301, 307, 308})
"""They ask to repeat the request elsewhere: nothing was done here. 302 and 303 may follow a commit."""

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")

Parameters = Mapping[str, str | int] | Sequence[tuple[str, str | int]]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer the vendor gave on purpose. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_write: bool = False

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id") or self.headers.get("x-trace-id", "")

    @property
    def is_html(self) -> bool:
        return "html" in self.headers.get("content-type", "") or self.body[:15].lstrip().lower().startswith(
            (b"<!doctype", b"<html")
        )

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the parsed body, numbers with a point as Decimal.

        Raises UnexpectedResponse, or OutcomeUnknown for a write: a page may follow a commit.
        """
        if self.is_html:
            self.refuse("a web page instead of data")
        try:
            return _DECODER.decode(self.body)
        except (msgspec.DecodeError, RecursionError):
            self.refuse("an answer that cannot be read")

    def refuse(self, what: str) -> NoReturn:
        """Raise for an answer that does not fit the contract; ``what`` completes "the system sent ..."."""
        detail = f"HTTP {self.status}, {self.headers.get('content-type', 'no content type')}"
        if self.is_write:
            raise OutcomeUnknown(
                f"The system sent {what}; whether it stored the record is unknown",
                detail=detail,
                request_id=self.request_id,
            )
        raise UnexpectedResponse(f"The system sent {what}", detail=detail, request_id=self.request_id)


@dataclass(slots=True)
class _Sent:
    """One call as it goes out, for the exchange shown afterwards."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    status: str = ""
    response: str = ""
    request_id: str = ""
    started: float = field(default_factory=time.monotonic)


class HttpTransport:
    """One connection's HTTP sessions. Thread safe; opens nothing before the first request."""

    def __init__(
        self,
        base_url: str,
        *,
        config: ConnectionConfig,
        limits: Limits,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        secret_headers: Iterable[str] = (),
        fault_statuses: frozenset[int] = frozenset(),
        keeps_cookies: bool = False,
        conceal: Callable[[str, str], str] | None = None,
    ) -> None:
        """Prepare a session.

        ``fault_statuses`` are 5xx that carry a vendor's own error body (SOAP: 500) and are returned.
        ``conceal(path, response text)`` removes what must not be seen in an exchange (card fields).
        Raises Misconfigured for an address that is no http(s) URL, or plain http to a host not allowed.
        """
        self._base_url = base_url.rstrip("/")
        self._config = config
        self._limits = limits
        self._fault_statuses = fault_statuses
        self._conceal = conceal
        self._redaction = Redaction(secrets, secret_headers)
        policy = AddressPolicy.of(config)
        _check_scheme(self._base_url, policy)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"User-Agent": USER_AGENT, **(headers or {})})
        self._keeps_cookies = keeps_cookies
        self._urls: dict[str, str] = {}
        if not keeps_cookies:
            self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = CheckedAdapter(policy, pool_size=limits.parallel_calls)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        """Close pooled connections. Idempotent."""
        self._session.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        is_write: bool,
        params: Parameters | None = None,
        json_body: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send one call and return its answer.

        ``path`` is appended to the base address (or is an absolute URL on the same host). Money in
        ``json_body`` is Decimal and leaves as a JSON number. Raises Transient, RateLimited,
        UnexpectedResponse, Misconfigured; for writes OutcomeUnknown once sending began.
        """
        prepared = self._prepare(method, path, params, json_body, body, headers)
        self._config.gate.before_call(is_write=is_write)
        sent = _Sent(method, prepared.url or "", prepared.headers, _as_bytes(prepared.body))
        outcome = "failed"
        try:
            answer = self._send(prepared, sent, is_write=is_write)
            self._refuse_unavailable(answer)
            outcome = "ok"
            return answer
        except RateLimited:
            outcome = "rate_limited"
            raise
        except ConnectorError as error:
            sent.status = sent.status or type(error).__name__
            sent.response = sent.response or error.message
            raise
        finally:
            seconds = time.monotonic() - sent.started
            self._config.gate.after_call(seconds=seconds, status=outcome)
            self._observe(sent, seconds)

    def _prepare(
        self,
        method: str,
        path: str,
        params: Parameters | None,
        json_body: object,
        body: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> requests.PreparedRequest:
        url = path if path.startswith(("http://", "https://")) else f"{self._base_url}/{path.lstrip('/')}"
        if urlsplit(url).netloc != urlsplit(self._base_url).netloc:
            raise Misconfigured("The call leaves the host of this connection", detail=urlsplit(url).netloc)
        named = dict(headers or {})
        if json_body is not None:
            body = encode_json(json_body)
            named.setdefault("Content-Type", "application/json")
        query: Any = params
        try:
            prepared = self._merged(method, url, query, body, named)
            for value in prepared.headers.values():
                value.encode("latin-1")
        except (requests.RequestException, ValueError) as error:
            # A key with a line break or a curly quote, pasted from a document; the text may hold the secret.
            raise Misconfigured(
                "The address or a key of the connection has characters that cannot be sent",
                detail=type(error).__name__,
            ) from None
        return prepared

    def _merged(
        self, method: str, url: str, query: Any, body: bytes | None, headers: Mapping[str, str]
    ) -> requests.PreparedRequest:
        if self._keeps_cookies:
            return self._session.prepare_request(
                requests.Request(method, url, params=query, data=body, headers=headers)
            )
        # What a session adds besides (cookies, hooks, environment) is not wanted here and costs a third of a call.
        prepared = requests.PreparedRequest()
        if query:
            prepared.prepare_url(url, query)
        else:
            prepared.url = self._known_url(url)
        prepared.prepare_method(method)
        prepared.prepare_headers({**self._session.headers, **headers})
        prepared.prepare_body(body, None)
        return prepared

    def _known_url(self, url: str) -> str:
        """Return an address without parameters as it is sent; the few of a connection are worked out once."""
        known = self._urls.get(url)
        if known is None:
            quoted = requests.PreparedRequest()
            quoted.prepare_url(url, None)
            known = quoted.url or ""
            if len(self._urls) < _URLS_KEPT:
                self._urls[url] = known
        return known

    def _dispatch(self, prepared: requests.PreparedRequest) -> requests.Response:
        limits = (self._limits.connect_seconds, self._limits.read_seconds)
        if self._keeps_cookies:
            return self._session.send(prepared, stream=True, timeout=limits, allow_redirects=False)
        adapter = self._session.get_adapter(prepared.url or "")
        return adapter.send(prepared, stream=True, timeout=limits)

    def _send(self, prepared: requests.PreparedRequest, sent: _Sent, *, is_write: bool) -> HttpAnswer:
        call = WATCHDOG.watch(self._limits.total_seconds)
        token = current_call.set(call)
        try:
            with self._dispatch(prepared) as response:
                body = self._read_body(response, call)
                answer = HttpAnswer(
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                    body,
                    is_write,
                )
        except (requests.RequestException, OSError) as error:
            self._translate(error, call, is_write=is_write)
        finally:
            call.is_ended = True
            call.sock = None
            current_call.reset(token)
        sent.status = str(answer.status)
        sent.request_id = answer.request_id
        sent.response = answer.text if self._config.observe else ""
        if call.is_overdue:
            # The watchdog cut a body without a stated length; what we read may be its beginning only.
            self._translate(TimeoutError("total timeout"), call, is_write=is_write)
        return answer

    def _read_body(self, response: requests.Response, call: Call) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(CHUNK_BYTES):
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise requests.exceptions.ContentDecodingError("answer too large")
            chunks.append(chunk)
        return b"".join(chunks)

    def _translate(self, error: Exception, call: Call, *, is_write: bool) -> NoReturn:
        """Raise the class that fits a failed call: the question is only whether sending had begun."""
        detail = self._redaction.text(f"{type(error).__name__}: {error}")
        if not call.has_begun_sending:
            raise Transient(f"The system cannot be reached: {_reason(error, call)}", detail=detail) from error
        if is_write:
            raise OutcomeUnknown(
                f"The record was sent, but no answer came back: {_reason(error, call)}", detail=detail
            ) from error
        if isinstance(error, requests.exceptions.ContentDecodingError):
            raise UnexpectedResponse(
                "The system sent an answer that cannot be read", detail=detail
            ) from error
        raise Transient(f"The system did not answer: {_reason(error, call)}", detail=detail) from error

    def _refuse_unavailable(self, answer: HttpAnswer) -> None:
        status = answer.status
        if status < 300 or status in self._fault_statuses:
            return
        wait = seconds_of(answer.headers.get("retry-after", ""))
        if wait is None and status == 429:
            wait = seconds_until(answer.headers.get("x-ratelimit-reset", ""))
        if status == 429 or (status == 503 and wait is not None):
            raise RateLimited(
                "The system asks us to slow down", retry_after_seconds=wait, request_id=answer.request_id
            )
        detail = f"HTTP {status}"
        if status < 400:
            if answer.is_write and status not in _NOT_PROCESSED_REDIRECTS:
                answer.refuse("a redirect")
            where = self._redaction.text(answer.headers.get("location", ""))
            raise UnexpectedResponse(
                "The system redirects us elsewhere; check the address of the connection",
                detail=f"{detail} to {where}",
                request_id=answer.request_id,
            )
        if status >= 500:
            if answer.is_write:
                answer.refuse(f"error {status}")
            raise Transient(
                f"The system is out of order (error {status})", detail=detail, request_id=answer.request_id
            )

    def _observe(self, sent: _Sent, seconds: float) -> None:
        if self._config.observe is None:
            return
        body = mask_body(sent.body)[0].decode("utf-8", "replace")
        response = mask_body(sent.response.encode())[0].decode("utf-8", "replace")
        if self._conceal is not None:
            response = self._conceal(urlsplit(sent.url).path, response)
        clean = self._redaction
        self._config.observe(
            Exchange(
                method=sent.method,
                address=clean.text(sent.url),
                request=f"{clean.headers(sent.headers)}\n\n{clean.text(body)}".rstrip(),
                status=sent.status,
                response=clean.text(response),
                seconds=seconds,
                request_id=sent.request_id,
            )
        )


def encode_json(value: object) -> bytes:
    """Return JSON bytes with Decimal as a plain number, digit for digit. Raises TypeError."""
    return _ENCODER.encode(value)


def _as_bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else str(body or "").encode()


def _check_scheme(url: str, policy: AddressPolicy) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Misconfigured("The address of the connection is not valid", missing="base_url") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise Misconfigured("The address of the connection is not a web address", missing="base_url")
    if parts.scheme == "http" and not policy.is_exempt(parts.hostname, port):
        raise Misconfigured("The address of the connection must start with https://", missing="base_url")


def _reason(error: Exception, call: Call) -> str:
    if call.is_overdue:
        return "the call took too long"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate was not accepted"
    if isinstance(error, requests.Timeout | TimeoutError):
        return "timeout"
    if "NameResolutionError" in repr(error):
        return "its name does not resolve"
    return "connection refused" if not call.has_begun_sending else "connection lost"
