"""The shop's clock and its two ways of writing time: orders in UTC, products with the store's offset."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from integrations.sandbox.x_cart.tables import Settings


def now(settings: Settings) -> int:
    """Return unix seconds; X-Cart keeps no fractions."""
    frozen = settings["frozen_at"]
    return int(frozen) if frozen is not None else int(time.time()) + int(settings["clock_offset_seconds"])


def utc_text(seconds: int) -> str:
    """Return an order date: RFC 3339, always ``+00:00``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def store_text(seconds: int, zone: str) -> str:
    """Return a product date: RFC 3339 with the store's offset of that day."""
    return datetime.fromtimestamp(seconds, ZoneInfo(zone)).isoformat(timespec="seconds")


def parsed(text: str) -> int | None:
    """Return unix seconds, or None for what the shop cannot read (it then ignores the filter)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())
