"""Home's figures: one screen that answers whether it flows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from integrations.kinds import RunStatus
from integrations.models import Run, UsageDay, current_tenant_id
from integrations.queries import causes as cause_queries
from integrations.queries import connections as connection_queries
from integrations.queries import pairs as pair_queries
from integrations.queries.causes import Cause, Money
from integrations.queries.connections import ConnectionState
from integrations.queries.flows import DAY
from integrations.queries.pairs import PairState
from integrations.queries.records import MOVING, RunRow, as_row, with_sides
from integrations.queries.window import first_run_since

_BUCKET = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What became of the records that arrived within 15 minutes."""

    start: datetime
    delivered: int
    held: int
    failed: int
    moving: int


@dataclass(frozen=True, slots=True)
class Usage:
    """This month so far: what the plan counts, and remote calls."""

    month: datetime
    transactions: int
    api_calls: int


@dataclass(frozen=True, slots=True)
class HomeFigures:
    pairs: tuple[PairState, ...]
    connections: tuple[ConnectionState, ...]
    causes: tuple[Cause, ...]
    money: tuple[Money, ...]
    """Waiting for a person, by currency."""
    needs_person: int
    moving: int
    oldest_moving: RunRow | None
    oldest_waiting: RunRow | None
    """The oldest record that waits for a person."""
    last_delivered: RunRow | None
    arrived: int
    delivered: int
    retrying: int
    next_retry_at: datetime | None
    buckets: tuple[Bucket, ...]
    usage: Usage


def home_figures(*, now: datetime) -> HomeFigures:
    """Return everything home shows, in about twenty short statements."""
    pairs = pair_queries.list_pairs(now=now)
    causes = cause_queries.list_causes()
    retrying = Run.objects.filter(status=RunStatus.RETRYING.value)
    return HomeFigures(
        pairs=tuple(pairs),
        connections=tuple(connection_queries.list_connections()),
        causes=tuple(causes),
        money=cause_queries.sums(causes),
        needs_person=sum(cause.count for cause in causes),
        moving=sum(pair.moving for pair in pairs),
        oldest_moving=_oldest([status.value for status in MOVING], now),
        oldest_waiting=_oldest([RunStatus.HELD.value, RunStatus.DEAD.value], now),
        last_delivered=_last_delivered(now),
        arrived=sum(pair.arrived for pair in pairs),
        delivered=sum(flow.delivered for pair in pairs for flow in pair.flows),
        retrying=retrying.count(),
        next_retry_at=retrying.order_by("due_at").values_list("due_at", flat=True).first(),
        buckets=tuple(_buckets(now)),
        usage=_usage(now),
    )


def _oldest(statuses: list[str], now: datetime) -> RunRow | None:
    run = with_sides(Run.objects.filter(status__in=statuses)).order_by("id").first()
    return None if run is None else as_row(run, now=now)


def _last_delivered(now: datetime) -> RunRow | None:
    run = (
        with_sides(Run.objects.filter(status=RunStatus.SUCCEEDED.value, parent_run_id=None))
        .order_by("-id")
        .first()
    )
    return None if run is None else as_row(run, now=now)


_BUCKETS = """
SELECT date_bin('15 minutes', created_at, %(since)s::timestamptz),
       count(*) FILTER (WHERE status = 'succeeded'), count(*) FILTER (WHERE status = 'held'),
       count(*) FILTER (WHERE status = 'dead'),
       count(*) FILTER (WHERE status IN ('queued', 'running', 'retrying', 'in_doubt'))
FROM run WHERE tenant_id = %(tenant)s AND id >= %(first)s AND created_at >= %(since)s GROUP BY 1
"""


def _buckets(now: datetime) -> list[Bucket]:
    """Return 96 quarter hours, the last one being the present."""
    this = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    since = this - DAY + _BUCKET
    with connection.cursor() as cursor:
        cursor.execute(
            _BUCKETS, {"tenant": current_tenant_id(), "since": since, "first": first_run_since(since)}
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    starts = [since + number * _BUCKET for number in range(96)]
    return [Bucket(start, *found.get(start, (0, 0, 0, 0))) for start in starts]


def _usage(now: datetime) -> Usage:
    month = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    sums = UsageDay.objects.filter(day__gte=month.date()).aggregate(
        transactions=Sum("transactions"), api_calls=Sum("api_calls")
    )
    return Usage(month, sums["transactions"] or 0, sums["api_calls"] or 0)
