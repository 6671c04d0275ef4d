"""How each flow of a pair stands: what arrived and left in 24 hours, what waits, how fresh it is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from integrations.kinds import Direction, Family, Kind
from integrations.models import Flow, current_tenant_id
from integrations.queries.window import first_run_since

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class FlowState:
    """One flow with its figures; counts of the last 24 hours unless they say what waits now."""

    id: int
    pair_id: int
    key: str
    name: str
    kind: Kind
    direction: Direction
    follows: str
    poll_seconds: int | None
    version: int | None
    paused_at: datetime | None
    pause_reason: str
    arrived: int
    delivered: int
    left_out: int
    median_seconds: float | None
    p95_seconds: float | None
    last_success_at: datetime | None
    moving: int
    oldest_moving_at: datetime | None
    held: int
    failed: int

    @property
    def needs_person(self) -> int:
        return self.held + self.failed

    @property
    def family(self) -> Family:
        """Who must act: red and amber a person, blue the machine, green nobody because all is done."""
        if self.paused_at is not None or self.failed:
            return Family.RED
        if self.held:
            return Family.AMBER
        if self.moving:
            return Family.BLUE
        return Family.GREEN if self.last_success_at is not None else Family.GREY

    @property
    def to_erp(self) -> bool:
        return self.direction is Direction.TO_ERP


_DAY_FIGURES = """
SELECT flow_id, count(*), count(*) FILTER (WHERE status = 'succeeded'),
       count(*) FILTER (WHERE status IN ('skipped', 'superseded', 'cancelled')),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at))
           FILTER (WHERE status = 'succeeded'),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at))
           FILTER (WHERE status = 'succeeded'),
       max(finished_at) FILTER (WHERE status = 'succeeded')
FROM run WHERE tenant_id = %(tenant)s AND id >= %(first)s AND created_at >= %(since)s
  AND (%(pair)s::bigint IS NULL OR pair_id = %(pair)s)
GROUP BY flow_id
"""
_WAITING = """
SELECT flow_id, status, count(*), min(created_at) FROM run
WHERE tenant_id = %(tenant)s AND status IN ('queued', 'running', 'retrying', 'in_doubt', 'held', 'dead')
  AND (%(pair)s::bigint IS NULL OR pair_id = %(pair)s)
GROUP BY flow_id, status
"""


def flow_states(*, now: datetime, pair_id: int | None = None) -> list[FlowState]:
    """Return the flows of one pair, or of all, in the order they were made."""
    flows = Flow.objects.select_related("current").order_by("id")
    if pair_id is not None:
        flows = flows.filter(pair_id=pair_id)
    found = list(flows)
    since = now - DAY
    values = {
        "tenant": current_tenant_id(),
        "pair": pair_id,
        "since": since,
        "first": first_run_since(since),
    }
    waiting: dict[int, dict[str, tuple[int, datetime]]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_DAY_FIGURES, values)
        days: dict[int, Sequence[Any]] = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(_WAITING, values)
        for flow_id, status, count, oldest in cursor.fetchall():
            waiting[flow_id][status] = (count, oldest)
    return [_state(flow, days.get(flow.pk, (0, 0, 0, None, None, None)), waiting[flow.pk]) for flow in found]


def _state(flow: Flow, day: Sequence[Any], waiting: dict[str, tuple[int, datetime]]) -> FlowState:
    moving = [waiting[name] for name in ("queued", "running", "retrying", "in_doubt") if name in waiting]
    return FlowState(
        id=flow.pk,
        pair_id=flow.pair_id,
        key=flow.key,
        name=flow.name,
        kind=Kind(flow.kind),
        direction=Direction(flow.direction),
        follows=flow.follows,
        poll_seconds=flow.poll_seconds,
        version=None if flow.current is None else flow.current.number,
        paused_at=flow.paused_at,
        pause_reason=flow.pause_reason,
        arrived=day[0],
        delivered=day[1],
        left_out=day[2],
        median_seconds=None if day[3] is None else float(day[3]),
        p95_seconds=None if day[4] is None else float(day[4]),
        last_success_at=day[5],
        moving=sum(count for count, _ in moving),
        oldest_moving_at=min((oldest for _, oldest in moving), default=None),
        held=waiting.get("held", (0, None))[0],
        failed=waiting.get("dead", (0, None))[0],
    )
