"""The backlog of a pair or a connection: what is due, waits, is held or failed, how fast it goes, and when it is gone.

Reads the queue's own indexes and the attempts of the last minutes, never the finished history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from integrations.models import Connection, ConnectionLimit, Flow, Pair, current_tenant_id

WINDOW_MINUTES = 5.0
NEWEST_ATTEMPTS = 5_000


@dataclass(frozen=True, slots=True)
class FlowBacklog:
    """One flow: counts of now, and how many records came to rest per minute over the last minutes."""

    flow_id: int
    flow_name: str
    pair_name: str
    due: int
    """Could go this moment."""
    later: int
    """On the way by itself, but not due: retries, checks, later changes of a record."""
    held: int
    failed: int
    per_minute: float
    calls_per_record: float | None
    """Remote calls a record took lately; None = nothing went lately."""
    oldest_at: datetime | None

    @property
    def moving(self) -> int:
        return self.due + self.later


@dataclass(frozen=True, slots=True)
class Backlog:
    """The backlog of several flows. ``limit_name`` is the connection whose rate decides, where one does."""

    flows: tuple[FlowBacklog, ...]
    eta_seconds: float | None
    """Until what is on the way is gone; None = nobody knows: nothing goes, or nothing waits."""
    limit_name: str = ""
    limit_per_minute: float | None = None
    stopped: str = ""
    """Why nothing goes, where nothing does."""

    @property
    def due(self) -> int:
        return sum(one.due for one in self.flows)

    @property
    def later(self) -> int:
        return sum(one.later for one in self.flows)

    @property
    def held(self) -> int:
        return sum(one.held for one in self.flows)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.flows)

    @property
    def moving(self) -> int:
        return self.due + self.later

    @property
    def per_minute(self) -> float:
        return sum(one.per_minute for one in self.flows)


_WAITING = """
SELECT flow_id,
       count(*) FILTER (WHERE is_head AND due_at <= now() AND status IN ('queued', 'retrying', 'in_doubt')
                        OR status = 'running'),
       count(*) FILTER (WHERE status IN ('queued', 'retrying', 'in_doubt') AND NOT (is_head AND due_at <= now())),
       count(*) FILTER (WHERE status = 'held'), count(*) FILTER (WHERE status = 'dead'),
       min(created_at) FILTER (WHERE status NOT IN ('held', 'dead'))
FROM run WHERE tenant_id = %(tenant)s AND pair_id = ANY (%(pairs)s)
  AND status IN ('queued', 'running', 'retrying', 'in_doubt', 'held', 'dead')
GROUP BY flow_id
"""
# The newest attempts of a tenant, by key and never more than so many: where they are of less than the window, the rate is
# that of their time, so that the page costs the same at hundreds a second.
_RATE = """
WITH newest AS MATERIALIZED (
    SELECT run_id, outcome, calls, finished_at FROM attempt
    WHERE tenant_id = %(tenant)s ORDER BY id DESC LIMIT %(most)s
), span AS (
    SELECT CASE WHEN count(*) < %(most)s THEN %(minutes)s
           ELSE least(%(minutes)s, greatest(extract(epoch FROM now() - min(finished_at)) / 60, 0.01)) END AS minutes
    FROM newest
)
SELECT r.flow_id,
       count(*) FILTER (WHERE a.outcome IN ('succeeded', 'skipped', 'held', 'dead')) / min(s.minutes), avg(a.calls)
FROM newest a CROSS JOIN span s JOIN run r ON r.tenant_id = %(tenant)s AND r.id = a.run_id
WHERE a.finished_at > now() - make_interval(secs => (s.minutes * 60)::double precision) AND r.pair_id = ANY (%(pairs)s)
GROUP BY r.flow_id
"""


def of_pair(pair_id: int) -> Backlog:
    """Return the backlog of one pair."""
    return _backlog(list(Pair.objects.select_related("storefront", "erp").filter(pk=pair_id)))


def of_connection(connection_id: int) -> Backlog:
    """Return the backlog of all pairs that use a connection."""
    pairs = Pair.objects.select_related("storefront", "erp")
    return _backlog(list(pairs.filter(storefront_id=connection_id) | pairs.filter(erp_id=connection_id)))


def _backlog(pairs: Sequence[Pair]) -> Backlog:
    values: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "pairs": [pair.pk for pair in pairs],
        "minutes": WINDOW_MINUTES,
        "most": NEWEST_ATTEMPTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, values)
        waiting = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(_RATE, values)
        rates = {row[0]: row[1:] for row in cursor.fetchall()}
    flows = tuple(
        _flow(flow, waiting.get(flow.pk, (0, 0, 0, 0, None)), rates.get(flow.pk, (0, None)))
        for flow in Flow.objects.select_related("pair")
        .filter(pair_id__in=values["pairs"])
        .order_by("pair_id", "id")
    )
    return _with_end(flows, pairs)


def _flow(flow: Flow, waiting: Sequence[Any], rate: Sequence[Any]) -> FlowBacklog:
    due, later, held, failed, oldest = waiting
    per_minute, calls = rate
    return FlowBacklog(
        flow_id=flow.pk,
        flow_name=flow.name,
        pair_name=flow.pair.name,
        due=due,
        later=later,
        held=held,
        failed=failed,
        per_minute=float(per_minute),
        calls_per_record=None if calls is None else float(calls),
        oldest_at=oldest,
    )


def _with_end(flows: tuple[FlowBacklog, ...], pairs: Sequence[Pair]) -> Backlog:
    """Say when it is gone: by the rate of the last minutes, or by what a connection allows where that is less."""
    moving = sum(one.moving for one in flows)
    if not moving:
        return Backlog(flows, None)
    if stopped := _why_nothing_goes(pairs):
        return Backlog(flows, None, stopped=stopped)
    limits = _limits(pairs)
    slowest = max(
        ((_minutes_at(limit, flows), name, limit) for name, limit in limits.items()),
        default=(0.0, "", None),
    )
    measured = sum(one.per_minute for one in flows)
    by_rate = moving / measured if measured else 0.0
    minutes, name, limit = slowest
    if not minutes and not by_rate:
        return Backlog(flows, None)
    if minutes >= by_rate:
        return Backlog(flows, minutes * 60.0, name, limit)
    return Backlog(flows, by_rate * 60.0)


def _minutes_at(limit: float, flows: Sequence[FlowBacklog]) -> float:
    """Return how long the calls take that are still to be made, as many a record as lately."""
    return sum(one.moving * (one.calls_per_record or 1.0) for one in flows) / limit


def _limits(pairs: Sequence[Pair]) -> Mapping[str, float]:
    """Return what each metered connection of these pairs allows a minute right now."""
    connections = {side.pk: side for pair in pairs for side in (pair.storefront, pair.erp)}
    limits = ConnectionLimit.objects.filter(connection_id__in=connections, per_minute__gt=0)
    return {connections[one.connection_id].name: one.per_minute for one in limits}


def _why_nothing_goes(pairs: Sequence[Pair]) -> str:
    """Return why none of these pairs delivers; "" when one does."""
    reasons = [_why(pair) for pair in pairs]
    return reasons[0] if reasons and all(reasons) else ""


def _why(pair: Pair) -> str:
    if pair.paused_at is not None:
        return f"{pair.name} is paused."
    sides: tuple[Connection, ...] = (pair.erp, pair.storefront)
    for side in sides:
        if side.paused_at is not None:
            return f"{side.name} is paused."
        if side.open_until is not None:
            return f"{side.name} does not answer; it is tried again by itself."
    return ""
