"""Webhooks of the companion add-on: proves a delivery genuine, and reads which record it is about.

Called by the portal's hook view before anything is stored. Pure functions over raw bytes.
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
from integrations.kinds import Kind

WINDOW_SECONDS = 300

TOPICS: dict[str, Kind] = {
    "order.created": Kind.ORDER,
    "order.updated": Kind.ORDER,
    "order.payment_status_changed": Kind.ORDER,
    "order.shipping_status_changed": Kind.ORDER,
    "product.created": Kind.PRODUCT,
    "product.updated": Kind.PRODUCT,
    "product.deleted": Kind.PRODUCT,
    "product.stock_changed": Kind.PRODUCT,
    "customer.created": Kind.CUSTOMER,
    "customer.updated": Kind.CUSTOMER,
    "return.created": Kind.RETURN,
    "return.updated": Kind.RETURN,
}


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


_SPELLINGS: dict[str, str] = {
    **{_letters(topic): topic for topic in TOPICS},
    "orderplaced": "order.created",
    "neworder": "order.created",
    "orderupdate": "order.updated",
    "productupdate": "product.updated",
    "customerregistration": "customer.created",
    "customerupdate": "customer.updated",
}


def topic_of(name: str) -> str:
    """Return the topic a spelling means ("ordercreated", "Order Placed"), or '' for an unknown one."""
    return _SPELLINGS.get(_letters(name), "")


class XCartWebhooks:
    """The receiver. Signature: sha256= + hex HMAC-SHA256(secret, timestamp + "." + raw body)."""

    def verify(
        self, headers: Mapping[str, str], body: bytes, values: Mapping[str, Any], now: datetime
    ) -> Verified:
        """Check signature (constant time) and window. Header names are lower case. Raises BadSignature."""
        secret = str(values.get("webhook_secret") or "")
        if not secret:
            raise BadSignature("The connection has no webhook secret", reason="no_secret")
        delivery_id = headers.get("x-xcart-delivery", "")
        timestamp = headers.get("x-xcart-timestamp", "")
        signature = headers.get("x-xcart-signature", "")
        if not (delivery_id and timestamp and signature):
            raise BadSignature("A header of the delivery is missing", reason="missing_header")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise BadSignature("The delivery's time cannot be read", reason="bad_timestamp")
        signed = timestamp.encode() + b"." + body
        expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise BadSignature("The signature does not fit the secret", reason="bad_signature")
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
        if abs((now - sent_at).total_seconds()) > WINDOW_SECONDS:
            raise BadSignature(
                "The delivery is too old or from the future",
                reason="stale_timestamp",
                detail=f"sent {sent_at}",
            )
        return Verified(delivery_id[:200], sent_at)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
        """Return what changed; an unknown topic gives (). Raises UnexpectedResponse on unreadable bodies."""
        try:
            given = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise UnexpectedResponse("The delivery is not JSON") from error
        if not isinstance(given, dict):
            raise UnexpectedResponse("The delivery is not a JSON object")
        topic = topic_of(str(given.get("event") or headers.get("x-xcart-event", "")))
        if not topic:
            return ()
        number = given.get("id")
        if not isinstance(number, int | str) or isinstance(number, bool) or not str(number):
            raise UnexpectedResponse("The delivery names no record")
        return (
            Notice(
                topic=topic,
                kind=TOPICS[topic],
                external_id=str(number),
                business_key=str(given.get("order_number") or ""),
                occurred_at=_occurred(given.get("occurred_at")),
            ),
        )


def _occurred(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None  # informative only: the run reads the record itself
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
