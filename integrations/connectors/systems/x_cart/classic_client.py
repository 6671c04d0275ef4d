"""The classic REST API of X-Cart 5.0 to 5.4 as methods: its query grammar, paging, and what its answers mean.

Everything goes to ``admin.php`` with the key in the query, so that no address of it may be shown; the transport
takes the key out of exchanges and errors. DELETE is not offered: without an id it empties the whole entity.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

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
from integrations.connectors.systems.x_cart.client import ShopSettings, list_of_objects
from integrations.connectors.systems.x_cart.spec import LIMITS
from integrations.connectors.transports.http import HttpAnswer, HttpTransport

Conditions = Sequence[tuple[str, str | int]]
_HIDDEN_KEYS = frozenset({"password", "passwordHint", "passwordHintAnswer", "data", "details"})


class ClassicClient(ShopSettings):
    """One shop's classic API. Thread safe; opens nothing before the first call."""

    def __init__(self, config: ConnectionConfig) -> None:
        super().__init__(config)
        self._lock = threading.Lock()
        self._opened: HttpTransport | None = None

    def _transport(self) -> HttpTransport:
        with self._lock:
            if self._opened is None:
                self._opened = self.open_transport(self.base_url, conceal_private)
            return self._opened

    def close(self) -> None:
        """Close pooled connections. Idempotent."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    # -- reading -----------------------------------------------------------------------------------------

    def get(self, path: str, conditions: Conditions = (), *, is_complex: bool = False) -> Any:
        """Read one record or a list as it is. Raises AuthFailed, Misconfigured and what the transport raises."""
        name, key = self.key(is_write=False)
        schema = [("_schema", "complex")] if is_complex else []
        # Reference: xc5-restapi, index.md. The key goes into the query; there is no header for it.
        params = [("target", "RESTAPI"), ("_key", key), ("_path", path), *schema, *conditions]
        answer = self._transport().request("GET", "admin.php", is_write=False, params=params)
        if answer.status >= 400:
            _refuse(answer, path, name)
        return answer.json()

    def one(self, path: str, *, is_complex: bool = False) -> dict[str, Any]:
        """Read one record. Raises NotFound: an unknown id is answered 200 with null."""
        value = self.get(path, is_complex=is_complex)
        if value is None:
            raise NotFound(f"The shop has no {path}")
        if not isinstance(value, dict):
            raise UnexpectedResponse("The shop sent no record", detail=path)
        return value

    def pages(
        self, path: str, conditions: Conditions = (), *, is_complex: bool = False, first: int = 1
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of 100 until a short one; the last page yielded is the short one (maybe empty)."""
        size, page = LIMITS.page_size, first
        previous: list[dict[str, Any]] = []
        while True:
            limit = [("_cnd[limit][0]", (page - 1) * size), ("_cnd[limit][1]", size)]
            value = self.get(path, [*conditions, *limit], is_complex=is_complex)
            rows = list_of_objects(value if value is not None else [], path)
            if len(rows) > size or (rows and rows == previous):
                raise UnexpectedResponse("The shop does not page its list", detail=path)
            previous = rows
            yield rows
            if len(rows) < size:
                return
            page += 1

    def rows(
        self, path: str, conditions: Conditions = (), *, is_complex: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows of a whole list."""
        for rows in self.pages(path, conditions, is_complex=is_complex):
            yield from rows

    # -- writing -----------------------------------------------------------------------------------------

    def send(self, method: str, path: str, model: Mapping[str, Any]) -> dict[str, Any]:
        """Create (``post``, path ``product/0``) or change (``put``) one record and return it.

        Raises Rejected, Duplicate, NotFound, AuthFailed, Misconfigured, OutcomeUnknown.
        """
        name, key = self.key(is_write=True)
        params = [("target", "RESTAPI"), ("_key", key), ("_path", path), ("_method", method)]
        answer = self._transport().request("POST", "admin.php", is_write=True, params=params, json_body=model)
        if answer.status >= 400:
            _refuse(answer, path, name)
        written = answer.json()
        if written is None:
            raise NotFound(f"The shop has no {path}")
        if not isinstance(written, dict):
            raise OutcomeUnknown("The shop did not show the record after the write", detail=path)
        return written


def _refuse(answer: HttpAnswer, path: str, key_name: str) -> NoReturn:
    """Raise the class that fits a 4xx of the classic API: most of them have an empty body."""
    told = answer.headers.get("x-rest-error", "")[:500]
    context = {"detail": f"HTTP {answer.status}: {told or 'no text'}", "request_id": answer.request_id}
    if answer.is_html:
        raise Misconfigured(
            "A web page answers instead of the shop's API; check the address and the shop's firewall",
            missing="base_url",
            **context,
        )
    if answer.status in (401, 403):
        what = "for writing" if answer.is_write else "for reading"
        raise AuthFailed(f"The shop does not accept the API key {what}", field=key_name, **context)
    if answer.status == 404:
        entity = path.partition("/")[0]
        raise Misconfigured(
            f"The shop's REST API does not know {entity}: an add-on is missing or too old",
            missing=entity,
            **context,
        )
    if answer.status == 400 and answer.is_write:
        if "already exists" in told.lower() or "duplicate entry" in told.lower():
            raise Duplicate(f"The shop says: {told}", **context)
        words = f"The shop says: {told}" if told else "The shop refuses the record and does not say why"
        raise Rejected(words, problems=(FieldProblem("", "", told or "refused"),), **context)
    raise UnexpectedResponse(f"The shop answered with error {answer.status}", **context)


def conceal_private(path: str, text: str) -> str:
    """Empty password hashes and the gateway's own fields before a person may see the exchange."""
    if not any(f'"{key}"' in text for key in _HIDDEN_KEYS):
        return text
    try:
        return msgspec.json.encode(_without_private(msgspec.json.decode(text))).decode()
    except (msgspec.DecodeError, RecursionError):
        return "[not shown: it could not be read, and may hold a password's hash or card data]"


def _without_private(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_private(each) for key, each in value.items() if key not in _HIDDEN_KEYS}
    if isinstance(value, list):
        return [_without_private(each) for each in value]
    return value
