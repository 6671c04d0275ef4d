"""The site's clock: milliseconds since 1970, written as UTC with Z."""

import time
from datetime import UTC, datetime

from integrations.sandbox.clarity_ecommerce.tables import Settings


def now(settings: Settings) -> int:
    """Return milliseconds; stands still while ``frozen_at`` is set."""
    frozen = settings["frozen_at"]
    return round(float(frozen) * 1000) if frozen is not None else int(time.time() * 1000)


def text(milliseconds: int) -> str:
    """Return ``2026-03-02T15:04:05.000Z``."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def parsed(given: str) -> int:
    """Return milliseconds of an ISO 8601 date; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(given)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
