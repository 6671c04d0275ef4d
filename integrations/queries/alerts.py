"""Open and closed alerts, with their evidence and what closes them."""

from dataclasses import dataclass
from datetime import datetime

from integrations.models import Alert


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert. ``open_seconds`` is how long it is or was open."""

    id: int
    rule: str
    title: str
    evidence: str
    closes_when: str
    connection_id: int | None
    pair_id: int | None
    flow_id: int | None
    occurrences: int
    opened_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None
    closed_reason: str
    open_seconds: float


def _row(alert: Alert, now: datetime) -> AlertRow:
    return AlertRow(
        id=alert.pk,
        rule=alert.rule,
        title=alert.title,
        evidence=alert.evidence,
        closes_when=alert.closes_when,
        connection_id=alert.connection_id,
        pair_id=alert.pair_id,
        flow_id=alert.flow_id,
        occurrences=alert.occurrences,
        opened_at=alert.opened_at,
        last_seen_at=alert.last_seen_at,
        closed_at=alert.closed_at,
        closed_reason=alert.closed_reason,
        open_seconds=max(0.0, ((alert.closed_at or now) - alert.opened_at).total_seconds()),
    )


def open_alerts(*, now: datetime) -> list[AlertRow]:
    """Return the open alerts, oldest first."""
    return [_row(alert, now) for alert in Alert.objects.filter(closed_at=None).order_by("id")]


def closed_alerts(*, now: datetime, before: int | None = None, size: int = 15) -> list[AlertRow]:
    """Return up to ``size`` closed alerts, the newest first, older than id ``before``."""
    alerts = Alert.objects.exclude(closed_at=None)
    if before is not None:
        alerts = alerts.filter(id__lt=before)
    return [_row(alert, now) for alert in alerts.order_by("-id")[:size]]


def count_open() -> int:
    return Alert.objects.filter(closed_at=None).count()
