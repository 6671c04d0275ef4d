"""Verifies and reads the bench store's webhook; it is never called, it only tells."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import CheckResult, ConnectionConfig, Notice, Verified
from integrations.connectors.errors import BadSignature, UnexpectedResponse
from integrations.connectors.spec import Identity
from integrations.kinds import EntitySchema, Kind, Record
from tests.bench.systems.bench_store.spec import SPEC

_WINDOW_SECONDS = 300


def sign(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


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
