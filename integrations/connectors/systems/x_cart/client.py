"""X-Cart 5.5's REST API as methods: keys, paging, and the one place that translates its 4xx answers.

Everything above (polling, writing, checks) calls this; nothing above knows a status code.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from integrations.connectors.base import ConnectionConfig
from integrations.connectors.errors import (
    AuthFailed,
    Duplicate,
    FieldProblem,
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    Rejected,
    UnexpectedResponse,
)
from integrations.connectors.systems.x_cart.spec import LIMITS
from integrations.connectors.transports.http import HttpAnswer, HttpTransport

Query = Sequence[tuple[str, str | int]]


class ShopSettings:
    """What both dialects know of a connection: its settings, which key to use, how to open a transport."""

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._values = config.values

    def setting(self, name: str, default: Any = "") -> Any:
        """Return a setting of the connection, or the default where it is empty."""
        value = self._values.get(name)
        return default if value in (None, "") else value

    @property
    def base_url(self) -> str:
        return str(self.setting("base_url")).rstrip("/")

    def key(self, *, is_write: bool) -> tuple[str, str]:
        """Return (setting name, key): reads use the read-only key when both are set. Raises Misconfigured."""
        names = ("api_key_rw",) if is_write else ("api_key_ro", "api_key_rw")
        for name in names:
            key = str(self.setting(name)).strip()
            if key:
                return name, key
        raise Misconfigured(
            "The read/write key of the shop is missing" if is_write else "The connection has no API key",
            missing="api_key_rw" if is_write else "api_key_ro",
        )

    def open_transport(self, address: str, conceal: Callable[[str, str], str]) -> HttpTransport:
        """Return a transport below an address of the shop, with the connection's limits and secrets."""
        read_seconds = float(self.setting("read_timeout_s", LIMITS.read_seconds))
        headers = {"Accept": "application/json"}
        if self.setting("language"):
            headers["Accept-Language"] = str(self.setting("language"))
        return HttpTransport(
            address,
            config=self._config,
            limits=replace(LIMITS, read_seconds=read_seconds, total_seconds=read_seconds * 2),
            headers=headers,
            secrets=[str(self.setting(name)) for name in ("api_key_rw", "api_key_ro", "webhook_secret")],
            conceal=conceal,
        )


class XCartClient(ShopSettings):
    """One shop's API. Thread safe; opens nothing before the first call."""

    def __init__(self, config: ConnectionConfig) -> None:
        super().__init__(config)
        self._lock = threading.Lock()
        self._opened: HttpTransport | None = None

    def _transport(self) -> HttpTransport:
        with self._lock:
            if self._opened is None:
                self._opened = self.open_transport(f"{self.base_url}/api", conceal_gateway_fields)
            return self._opened

    def close(self) -> None:
        """Close pooled connections. Idempotent."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    # -- calls -------------------------------------------------------------------------------------------

    def get(self, path: str, params: Query = ()) -> Any:
        """Read one resource or list page. Raises NotFound, AuthFailed and what the transport raises."""
        name, key = self.key(is_write=False)
        answer = self._transport().request(
            "GET", path, is_write=False, params=params, headers={"X-Auth-Token": key}
        )
        refuse_client_error(answer, path, name)
        return answer.json()

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Write one resource and return the shop's view of it.

        Raises Rejected, Duplicate, NotFound, AuthFailed, Misconfigured (read-only key), OutcomeUnknown.
        """
        name, key = self.key(is_write=True)
        answer = self._transport().request(
            method, path, is_write=True, json_body=body, headers={"X-Auth-Token": key}
        )
        refuse_client_error(answer, path, name)
        return answer.json()

    def send_object(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Write one resource; its answer must be an object. Raises what ``send`` raises."""
        written = self.send(method, path, body)
        if not isinstance(written, dict):
            raise OutcomeUnknown("The shop did not show the record after the write", detail=path)
        return written

    def get_object(self, path: str) -> dict[str, Any]:
        """Read one resource that must be an object."""
        value = self.get(path)
        if not isinstance(value, dict):
            raise UnexpectedResponse("The shop sent a list where a record was expected", detail=path)
        return value

    def get_page(self, path: str, page: int = 1, params: Query = ()) -> list[dict[str, Any]]:
        """Read one page of a list, 100 rows at most."""
        value = self.get(path, [*params, ("itemsPerPage", LIMITS.page_size), ("page", page)])
        return list_of_objects(value, path)

    def pages(self, path: str, params: Query = (), *, first: int = 1) -> Iterator[list[dict[str, Any]]]:
        """Yield pages until a short one; the last page yielded is the short one (maybe empty)."""
        page = first
        previous: list[dict[str, Any]] = []
        while True:
            rows = self.get_page(path, page, params)
            if rows and rows == previous:
                raise UnexpectedResponse("The shop sends the same page again and again", detail=path)
            previous = rows
            yield rows
            if len(rows) < LIMITS.page_size:
                return
            page += 1

    def rows(self, path: str, params: Query = ()) -> list[dict[str, Any]]:
        """Read a whole list; for lists that are small by nature (addresses, payments, variants)."""
        return [row for page in self.pages(path, params) for row in page]

    def order(self, order_id: str) -> dict[str, Any]:
        """Read an order. Raises NotFound."""
        return self.get_object(f"orders/{number(order_id, 'order')}")


def list_of_objects(value: object, path: str) -> list[dict[str, Any]]:
    """Return a list answer as it is. Raises UnexpectedResponse when it is anything else."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise UnexpectedResponse("The shop sent no list of records", detail=path)
    return value


def number(text: object, what: str) -> str:
    """Return an id that may go into a path. Raises NotFound: X-Cart's ids are digits, others do not exist."""
    value = str(text)
    if not value.isascii() or not value.isdigit():
        raise NotFound(f"X-Cart has no {what} {value!r}: its ids are numbers")
    return value


def refuse_client_error(answer: HttpAnswer, path: str, key_name: str) -> None:
    """Raise the class that fits a 4xx of the shop; return for 2xx."""
    if answer.status < 400:
        return
    detail = _detail(answer)
    context = {"detail": f"HTTP {answer.status}: {detail}", "request_id": answer.request_id}
    if answer.status == 401:
        raise AuthFailed("The shop does not accept the API key", field=key_name, **context)
    if answer.is_html and answer.status in (403, 404, 405):
        # The API answers in JSON: a page comes from a firewall, or from another program at this address.
        raise Misconfigured(
            "A web page answers instead of the shop's API; check the address and the shop's firewall",
            missing="base_url",
            **context,
        )
    if answer.status == 403:
        if answer.is_write:
            raise Misconfigured(
                "The shop refuses writes with this key: it is a read-only key",
                missing="api_key_rw",
                **context,
            )
        raise AuthFailed("The shop refuses reads with this key", field=key_name, **context)
    if answer.status == 404:
        raise NotFound(f"The shop has no {path}", **context)
    if answer.status == 405:
        raise Misconfigured("This shop does not offer the call", missing=path, **context)
    if answer.status == 400 and answer.is_write:
        lowered = detail.lower()
        if "already exists" in lowered and ("login" in lowered or "sku" in lowered):
            raise Duplicate(f"The shop says: {detail}", **context)
        raise Rejected(
            f"The shop says: {detail}", problems=(FieldProblem(_named_field(detail), "", detail),), **context
        )
    if answer.is_write and answer.status >= 500:
        raise OutcomeUnknown("The shop failed while storing the record", **context)
    raise UnexpectedResponse(f"The shop answered with error {answer.status}", **context)


def _detail(answer: HttpAnswer) -> str:
    """Return the shop's own words: ``detail`` of problem+json, ``message`` of a 401; '' for a page."""
    if answer.is_html:
        return "a web page"
    with contextlib.suppress(msgspec.DecodeError, RecursionError):
        problem = msgspec.json.decode(answer.body)
        if isinstance(problem, dict):
            return str(problem.get("detail") or problem.get("message") or "")[:500]
    return ""


def _named_field(detail: str) -> str:
    name = detail.partition(":")[0]
    return name if name.isidentifier() else ""


def conceal_gateway_fields(path: str, text: str) -> str:
    """Empty the gateway's own fields of payment transactions before a person may see the exchange."""
    if not path.endswith("/payment_transactions"):
        return text
    try:
        transactions = msgspec.json.decode(text)
        for transaction in transactions:
            for holder in (transaction, *transaction.get("backend_transactions", ())):
                holder["data"] = []
        return msgspec.json.encode(transactions).decode()
    except (msgspec.DecodeError, RecursionError, AttributeError, TypeError):
        return "[not shown: it could not be read, and may hold card data]"
