"""Verifies and reads the bench store's webhook; what it can be asked for lies on SHELF, in this process."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import CheckResult, ConnectionConfig, Notice, Page, Verified
from integrations.connectors.errors import BadSignature, NotFound, UnexpectedResponse
from integrations.connectors.spec import Identity
from integrations.kinds import EntitySchema, Kind, Record
from tests.bench.systems.bench_store.spec import SPEC

_WINDOW_SECONDS = 300


def sign(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@dataclass
class Shelf:
    """Older orders, by number, with the moment each changed; what they answer and in what pages."""

    orders: dict[str, tuple[datetime, dict[str, Any]]] = field(default_factory=dict)
    page_size: int = 100
    overlap: int = 0
    """So many records before the cursor come again."""
    pages_read: int = 0
    fails: list[Exception] = field(default_factory=list)
    is_thin: bool = False
    on_read: list[Callable[[], None]] = field(default_factory=list)
    """Called once each, before a page is given out."""

    def put(self, number: int, order: dict[str, Any], changed_at: datetime) -> None:
        self.orders[str(number)] = (changed_at, order)


SHELF = Shelf()


class BenchStore:
    spec = SPEC

    def __init__(self, config: ConnectionConfig) -> None:
        self.config = config

    def check(self) -> Iterator[CheckResult]:
        yield CheckResult("Listening", True, "It only sends.")

    def identity(self) -> Identity:
        return Identity("bench-store", "Bench Store")

    def discover(self, kind: Kind) -> EntitySchema:
        return EntitySchema(SPEC.key, kind, "Order")

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        return {"after": "", "since": since.isoformat() if since else ""}

    def locate(self, kind: Kind, number: str) -> str | None:
        return number if number in SHELF.orders else None

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        since = str(cursor.get("since", ""))
        listed = sorted((changed_at.isoformat(), number) for number, (changed_at, _) in SHELF.orders.items())
        listed = [one for one in listed if one[0] >= since]
        place = sum("/".join(one) <= str(cursor.get("after", "")) for one in listed)
        start = max(0, place - SHELF.overlap)
        while True:
            if SHELF.fails:
                raise SHELF.fails.pop(0)
            if SHELF.on_read:
                SHELF.on_read.pop(0)()
            SHELF.pages_read += 1
            chunk = listed[start : start + SHELF.page_size]
            start += SHELF.page_size
            after = "/".join(chunk[-1]) if chunk else str(cursor.get("after", ""))
            yield Page(
                [self._listed(number) for _, number in chunk],
                {"after": after, "since": since},
                start >= len(listed),
            )
            if start >= len(listed):
                return

    def _listed(self, number: str) -> Record:
        changed_at, order = SHELF.orders[number]
        fields = {} if SHELF.is_thin else order
        return Record(SPEC.key, Kind.ORDER, number, fields, changed_at, number)

    def fetch(self, kind: Kind, external_id: str) -> Record:
        if external_id not in SHELF.orders:
            raise NotFound(f"Order {external_id} is not in the store")
        changed_at, order = SHELF.orders[external_id]
        return Record(SPEC.key, Kind.ORDER, external_id, order, changed_at, external_id)

    def close(self) -> None:
        return None


class Webhooks:
    def verify(
        self, headers: Mapping[str, str], body: bytes, values: Mapping[str, Any], now: datetime
    ) -> Verified:
        timestamp = headers.get("x-bench-timestamp", "")
        if not timestamp.isdigit() or abs(now.timestamp() - int(timestamp)) > _WINDOW_SECONDS:
            raise BadSignature("The timestamp is stale.", reason="stale")
        expected = sign(values["webhook_secret"], timestamp, body)
        if not hmac.compare_digest(expected, headers.get("x-bench-signature", "")):
            raise BadSignature("The signature is wrong.", reason="signature")
        return Verified(headers.get("x-bench-delivery", ""), datetime.fromtimestamp(int(timestamp), UTC))

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
        try:
            order = json.loads(body, parse_float=Decimal)
            number = str(order["number"])
        except (ValueError, KeyError, TypeError) as error:
            raise UnexpectedResponse("The order cannot be read") from error
        record = Record(SPEC.key, Kind.ORDER, number, order, None, number)
        return [Notice("order.created", Kind.ORDER, number, number, None, record)]


WEBHOOKS = Webhooks()


def build(config: ConnectionConfig) -> BenchStore:
    return BenchStore(config)
