"""Reads how long to wait: Retry-After (RFC 9110, 10.2.3), X-RateLimit-Reset. Used by ``transports.http``."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 3600.0


def seconds_of(text: str, now: datetime | None = None) -> float | None:
    """Return the seconds to wait, 0..3600, from a number or an HTTP date; None where there is none."""
    text = text.strip()
    if text.isdigit():
        return min(float(text), LONGEST_SECONDS)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    wait = (until - (now or datetime.now(UTC))).total_seconds()
    return min(max(wait, 0.0), LONGEST_SECONDS)


def seconds_until(text: str, now: datetime | None = None) -> float | None:
    """Return the seconds to wait, 0..3600, from X-RateLimit-Reset: unix seconds, or seconds from now."""
    text = text.strip()
    if not text.isascii() or not text.isdigit():
        return None
    value = float(text)
    if value > LONGEST_SECONDS:
        value -= (now or datetime.now(UTC)).timestamp()
    return min(max(value, 0.0), LONGEST_SECONDS)
