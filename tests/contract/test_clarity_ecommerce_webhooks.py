"""Webhooks of Clarity eCommerce: the subscription at the site, and proof and topic of each delivery."""

import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.connectors.errors import BadSignature, Misconfigured, UnexpectedResponse
from integrations.connectors.systems.clarity_ecommerce.connector import WEBHOOKS
from integrations.kinds import Kind
from tests.contract.suite import Stand
from tests.contract.test_clarity_ecommerce import WEBHOOK_SECRET, ClarityStand


class TestSubscriptions:
    stand_class = ClarityStand
    url = "https://connect.example/hooks/abc"

    def listed(self, stand: Stand) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = stand.simulator.control("GET", "subscriptions")
        return found

    def test_a_subscription_is_made_once_and_kept(self, stand: Stand) -> None:
        connector = stand.connector()
        assert [connector.ensure_webhook(self.url).done for _ in range(2)] == ["created", "kept"]
        (subscription,) = self.listed(stand)
        assert (subscription["url"], len(subscription["events"])) == (self.url, 12)
        assert connector.remove_webhook(self.url) == 1
        assert self.listed(stand) == []

    def test_a_new_secret_makes_it_anew(self, stand: Stand) -> None:
        connector = stand.connector()
        first = connector.ensure_webhook(self.url).subscription.id
        assert connector.ensure_webhook(self.url, is_new_secret=True).done == "repaired"
        (subscription,) = self.listed(stand)
        assert str(subscription["id"]) != first

    def test_14_one_that_the_site_switched_off_is_repaired_with_its_reason(self, stand: Stand) -> None:
        connector, simulator = stand.connector(), stand.simulator
        simulator.control("POST", "settings", {"allows_http_webhooks": True, "webhook_waits_seconds": []})
        dead = f"http://{simulator.host.partition(':')[0]}:9/hook"
        connector.ensure_webhook(dead)
        stand.appear()
        for _ in range(200):
            if not self.listed(stand)[0]["isEnabled"]:
                break
            threading.Event().wait(0.02)
        failed = {result.name: result.evidence for result in connector.check() if not result.ok}
        assert "switched off" in failed["Webhooks"]
        upkeep = connector.ensure_webhook(dead)
        assert (upkeep.done, "failed" in upkeep.reason) == ("repaired", True)
        assert [each["isEnabled"] for each in self.listed(stand)] == [True]

    def test_a_short_secret_or_a_full_site_is_named(self, stand: Stand) -> None:
        with pytest.raises(Misconfigured) as raised:
            stand.connector({**stand.values(), "webhook_secret": "short"}).ensure_webhook(self.url)
        assert raised.value.missing == "webhook_secret"
        connector = stand.connector()
        for place in range(10):
            connector.ensure_webhook(f"{self.url}{place}")
        with pytest.raises(Misconfigured):
            connector.ensure_webhook(self.url)
        assert connector.ensure_webhook(f"{self.url}3", is_new_secret=True).done == "repaired"
        assert len(self.listed(stand)) == 10


NOW = datetime(2026, 3, 2, 15, 4, 6, tzinfo=UTC)
BODY = (
    b'{"id":"evt_01HQ8","type":"order.created","occurredAt":"2026-03-02T15:04:06.000Z",'
    b'"apiVersion":"v1","data":{"orderId":20417}}'
)
OLD_SECRET = "an-older-webhook-secret-0123456789-abcdef"


def headers(secret: str = WEBHOOK_SECRET, body: bytes = BODY, at: datetime = NOW) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "x-clarity-event": "order.created",
        "x-clarity-delivery": "0b0e7c1e",
        "x-clarity-timestamp": timestamp,
        "x-clarity-signature": f"v1={digest}",
    }


VALUES = {"webhook_secret": WEBHOOK_SECRET}


class TestWebhooks:
    def test_a_genuine_delivery_is_told_by_its_event(self) -> None:
        verified = WEBHOOKS.verify(headers(), BODY, VALUES, NOW)
        assert (verified.delivery_id, verified.sent_at) == ("evt_01HQ8", NOW)
        (notice,) = WEBHOOKS.parse(headers(), BODY)
        assert (notice.topic, notice.kind, notice.external_id) == ("order.created", Kind.ORDER, "20417")
        assert notice.occurred_at == NOW

    def test_14_after_a_rotation_either_secret_and_either_signature_will_do(self) -> None:
        both = {**VALUES, "webhook_secret_previous": OLD_SECRET}
        assert WEBHOOKS.verify(headers(OLD_SECRET), BODY, both, NOW)
        two = headers(OLD_SECRET)
        two["x-clarity-signature"] += "," + headers()["x-clarity-signature"]
        assert WEBHOOKS.verify(two, BODY, VALUES, NOW)

    @pytest.mark.parametrize(
        ("changed", "values", "reason"),
        [
            ({"x-clarity-signature": "v1=00"}, VALUES, "bad_signature"),
            ({"x-clarity-signature": ""}, VALUES, "missing_header"),
            ({"x-clarity-delivery": ""}, VALUES, "missing_header"),
            ({"x-clarity-timestamp": "1772463846.5"}, VALUES, "bad_timestamp"),
            ({"x-clarity-timestamp": "1772463847"}, VALUES, "bad_signature"),
            ({}, {}, "no_secret"),
            ({}, {"webhook_secret": OLD_SECRET}, "bad_signature"),
        ],
    )
    def test_14_anything_else_is_refused_with_its_reason(
        self, changed: dict[str, str], values: dict[str, str], reason: str
    ) -> None:
        with pytest.raises(BadSignature) as raised:
            WEBHOOKS.verify(headers() | changed, BODY, values, NOW)
        assert raised.value.reason == reason

    @pytest.mark.parametrize(("seconds", "is_good"), [(300, True), (301, False), (-300, True), (-301, False)])
    def test_14_the_window_is_five_minutes_both_ways(self, seconds: int, is_good: bool) -> None:
        sent = headers(at=NOW - timedelta(seconds=seconds))
        if is_good:
            assert WEBHOOKS.verify(sent, BODY, VALUES, NOW)
            return
        with pytest.raises(BadSignature) as raised:
            WEBHOOKS.verify(sent, BODY, VALUES, NOW)
        assert raised.value.reason == "stale_timestamp"

    @pytest.mark.parametrize(
        ("topic", "subject", "kind", "external_id"),
        [
            ("ordercreated", {"orderId": 7}, Kind.ORDER, "7"),
            ("productUpdated", {"productId": 40}, Kind.PRODUCT, "40"),
            ("customer.created", {"customerId": 311}, Kind.CUSTOMER, "311"),
            ("inventory.updated", {"sku": "A50", "locationKey": "MAIN"}, Kind.INVENTORY, "A50@MAIN"),
            ("shipment.created", {"shipmentId": 881, "orderId": 7}, Kind.SHIPMENT, "881"),
            ("return.updated", {"returnId": 501}, Kind.RETURN, "501"),
        ],
    )
    def test_topics_are_known_in_every_spelling(
        self, topic: str, subject: dict[str, Any], kind: Kind, external_id: str
    ) -> None:
        (notice,) = WEBHOOKS.parse({}, json.dumps({"type": topic, "data": subject}).encode())
        assert (notice.kind, notice.external_id) == (kind, external_id)

    def test_an_unknown_topic_is_nothing_and_an_unreadable_body_is_told(self) -> None:
        assert WEBHOOKS.parse({}, b'{"type":"moon.risen","data":{}}') == ()
        for body in (b"<html>", b"[1]", b'{"type":"order.created","data":{}}', b'{"type":"order.created"}'):
            with pytest.raises(UnexpectedResponse):
                WEBHOOKS.parse({}, body)
