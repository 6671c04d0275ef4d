"""Webhooks of X-Cart: proof, topic and subject of each delivery; pure functions of the connector."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations.connectors.errors import BadSignature, UnexpectedResponse
from integrations.connectors.systems.x_cart.connector import WEBHOOKS
from integrations.kinds import Kind
from tests.contract.test_x_cart import SECRET

NOW = datetime(2026, 3, 2, 15, 4, 6, tzinfo=UTC)
BODY = json.dumps(
    {"event": "order.created", "occurred_at": "2026-03-02T15:04:06Z", "id": 5012, "order_number": "1043"}
).encode()


def signed(body: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    moment = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "x-xcart-delivery": "d-1",
        "x-xcart-timestamp": moment,
        "x-xcart-signature": f"sha256={digest}",
    }


class TestWebhooks:
    def test_a_genuine_delivery_is_verified_and_read(self) -> None:
        verified = WEBHOOKS.verify(signed(BODY), BODY, {"webhook_secret": SECRET}, NOW)
        assert (verified.delivery_id, verified.sent_at) == ("d-1", NOW)
        (notice,) = WEBHOOKS.parse({}, BODY)
        assert (notice.topic, notice.kind, notice.external_id) == ("order.created", Kind.ORDER, "5012")
        assert (notice.business_key, notice.occurred_at) == ("1043", NOW)

    @pytest.mark.parametrize(
        ("headers", "values", "reason"),
        [
            (signed(BODY, secret="another"), {"webhook_secret": SECRET}, "bad_signature"),
            (signed(BODY + b" "), {"webhook_secret": SECRET}, "bad_signature"),
            (signed(BODY, NOW - timedelta(seconds=301)), {"webhook_secret": SECRET}, "stale_timestamp"),
            (signed(BODY, NOW + timedelta(seconds=301)), {"webhook_secret": SECRET}, "stale_timestamp"),
            ({}, {"webhook_secret": SECRET}, "missing_header"),
            (signed(BODY) | {"x-xcart-timestamp": "²"}, {"webhook_secret": SECRET}, "bad_timestamp"),
            (signed(BODY, secret=""), {"webhook_secret": ""}, "no_secret"),
        ],
    )
    def test_a_delivery_that_is_not_proven_is_refused(
        self, headers: dict[str, str], values: dict[str, str], reason: str
    ) -> None:
        with pytest.raises(BadSignature) as raised:
            WEBHOOKS.verify(headers, BODY, values, NOW)
        assert raised.value.reason == reason

    @pytest.mark.parametrize(
        "name", ["ordercreated", "Order Placed", "orderplaced", "neworder", "order.created"]
    )
    def test_spellings_of_a_new_order_are_one_topic(self, name: str) -> None:
        assert WEBHOOKS.parse({}, json.dumps({"event": name, "id": 1}).encode())[0].topic == "order.created"

    def test_a_return_is_told_by_its_own_number(self) -> None:
        (notice,) = WEBHOOKS.parse({}, b'{"event": "return.created", "id": 3}')
        assert (notice.kind, notice.external_id) == (Kind.RETURN, "3")

    def test_an_unknown_topic_is_nothing_and_an_unreadable_body_is_an_error(self) -> None:
        assert WEBHOOKS.parse({}, b'{"event": "moon.full", "id": 1}') == ()
        for body in (b"<html>", b"[]", b'{"event": "order.created"}'):
            with pytest.raises(UnexpectedResponse):
                WEBHOOKS.parse({}, body)
