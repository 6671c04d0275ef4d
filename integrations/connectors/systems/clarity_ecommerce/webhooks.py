"""The receiver of the site's webhooks. Pure functions over raw bytes; called before anything is stored.

Signature: ``v1=`` + hex HMAC-SHA256(secret, timestamp + "." + raw body); after a rotation the header carries two.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from integrations.connectors.base import Notice, Verified
from integrations.connectors.errors import BadSignature, UnexpectedResponse
from integrations.connectors.systems.clarity_ecommerce.normalise import stock_id
from integrations.kinds import Kind

WINDOW_SECONDS = 300
MOST_SIGNATURES = 5

TOPICS: dict[str, tuple[Kind, str]] = {
    "order.created": (Kind.ORDER, "orderId"),
    "order.updated": (Kind.ORDER, "orderId"),
    "order.statusChanged": (Kind.ORDER, "orderId"),
    "product.created": (Kind.PRODUCT, "productId"),
    "product.updated": (Kind.PRODUCT, "productId"),
    "customer.created": (Kind.CUSTOMER, "customerId"),
    "customer.updated": (Kind.CUSTOMER, "customerId"),
    "inventory.updated": (Kind.INVENTORY, "sku"),
    "payment.received": (Kind.PAYMENT, "paymentId"),
    "shipment.created": (Kind.SHIPMENT, "shipmentId"),
    "return.created": (Kind.RETURN, "returnId"),
    "return.updated": (Kind.RETURN, "returnId"),
}
"""Event -> (kind, member of ``data`` that names the record). The promise names three of them."""


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


_SPELLINGS = {_letters(topic): topic for topic in TOPICS}


def topic_of(name: str) -> str:
    """Return the topic that a spelling means ("ordercreated"), or '' for an unknown one."""
    return _SPELLINGS.get(_letters(name), "")


class ClarityWebhooks:
    """The receiver."""

    def verify(
        self, headers: Mapping[str, str], body: bytes, values: Mapping[str, Any], now: datetime
    ) -> Verified:
        """Check signature (constant time) and window; the delivery id is the event's. Raises BadSignature."""
        secrets = [str(values.get(name) or "") for name in ("webhook_secret", "webhook_secret_previous")]
        secrets = [each for each in secrets if each]
        if not secrets:
            raise BadSignature("The connection has no webhook secret", reason="no_secret")
        delivery_id = headers.get("x-clarity-delivery", "")
        timestamp = headers.get("x-clarity-timestamp", "")
        signature = headers.get("x-clarity-signature", "")
        if not (delivery_id and timestamp and signature):
            raise BadSignature("A header of the delivery is missing", reason="missing_header")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise BadSignature("The delivery's time cannot be read", reason="bad_timestamp")
        if not _fits(signature, timestamp, body, secrets):
            raise BadSignature("The signature does not fit the secret", reason="bad_signature")
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
        if abs((now - sent_at).total_seconds()) > WINDOW_SECONDS:
            raise BadSignature(
                "The delivery is too old or from the future",
                reason="stale_timestamp",
                detail=f"sent {sent_at}",
            )
        # One event that two subscriptions deliver has two delivery ids and one event id.
        return Verified((_event_id(body) or delivery_id)[:200], sent_at)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
        """Return what changed; an unknown topic gives (). Raises UnexpectedResponse on unreadable bodies."""
        try:
            given = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise UnexpectedResponse("The delivery is not JSON") from error
        if not isinstance(given, dict):
            raise UnexpectedResponse("The delivery is not a JSON object")
        topic = topic_of(str(given.get("type") or headers.get("x-clarity-event", "")))
        if not topic:
            return ()
        kind, member = TOPICS[topic]
        subject = given.get("data")
        if not isinstance(subject, dict):
            subject = {}
        value = subject.get(member)
        if not isinstance(value, int | str) or isinstance(value, bool) or not str(value):
            raise UnexpectedResponse("The delivery names no record", detail=member)
        external_id, business_key = str(value), ""
        if kind is Kind.INVENTORY:
            business_key = external_id
            external_id = stock_id(external_id, str(subject.get("locationKey") or ""))
        return (Notice(topic, kind, external_id, business_key, _occurred(given.get("occurredAt"))),)


def _fits(signature: str, timestamp: str, body: bytes, secrets: list[str]) -> bool:
    """Say whether any signature fits any secret, looking at all of them in any case."""
    signed = timestamp.encode() + b"." + body
    given = [each.strip().encode("utf-8", "replace") for each in signature.split(",")[:MOST_SIGNATURES]]
    expected = [
        b"v1=" + hmac.new(each.encode(), signed, hashlib.sha256).hexdigest().encode() for each in secrets
    ]
    fits = [hmac.compare_digest(one, other) for one in given for other in expected]
    return any(fits)


def _event_id(body: bytes) -> str:
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return ""  # genuine but unreadable: parse says so, and the delivery's own id tells it apart
    return str(given.get("id") or "") if isinstance(given, dict) else ""


def _occurred(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None  # informative only: the run reads the record itself
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
