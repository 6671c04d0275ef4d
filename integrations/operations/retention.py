"""Retention: bodies leave after their age limit, as do old counts of refused deliveries and answers kept for repeats.

Called every few minutes on the ``rest`` worker, for a few seconds a turn. What stays: events, runs, attempts, links,
hashes and search keys. A record that is still on its way or held keeps its bodies, however old they are.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from integrations.models import HousekeepingMark

_BATCH = 1_000
_MARK = "payload"

# One slice of the table by id, which is the order of time: at most so many rows are looked at and locked at once,
# and a row that somebody else holds is left for the next round.
_DELETE_SLICE = """
WITH slice AS MATERIALIZED (
    SELECT p.id, p.tenant_id, p.run_id, p.event_id, p.created_at FROM payload p
    WHERE p.id > %(after)s ORDER BY p.id LIMIT %(batch)s
), old AS MATERIALIZED (
    SELECT s.id FROM slice s JOIN tenant t ON t.id = s.tenant_id
    WHERE s.created_at < now() - make_interval(days => coalesce(t.payload_days, %(days)s))
      AND NOT EXISTS (SELECT 1 FROM run r WHERE r.tenant_id = s.tenant_id AND r.id = s.run_id
                      AND r.status IN ('queued', 'running', 'retrying', 'in_doubt', 'held'))
      AND NOT EXISTS (SELECT 1 FROM run r WHERE r.tenant_id = s.tenant_id AND r.event_id = s.event_id
                      AND r.status IN ('queued', 'running', 'retrying', 'in_doubt', 'held'))
), locked AS MATERIALIZED (
    SELECT p.id FROM payload p WHERE p.id IN (SELECT old.id FROM old) FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM payload p USING locked l WHERE p.id = l.id RETURNING p.id
)
SELECT (SELECT count(*) FROM gone), (SELECT max(id) FROM slice),
       (SELECT min(created_at) FROM slice) >= now() - make_interval(days => least(%(days)s, (
           SELECT min(payload_days) FROM tenant)))
"""
_SMALL_TABLES = {
    "refused_hook": (
        "DELETE FROM refused_hook WHERE id IN (SELECT id FROM refused_hook"
        " WHERE hour < now() - make_interval(days => %s) LIMIT %s FOR UPDATE SKIP LOCKED)"
    ),
    "idempotency_key": (
        "DELETE FROM idempotency_key WHERE id IN (SELECT id FROM idempotency_key"
        " WHERE created_at < now() - make_interval(days => %s) LIMIT %s)"
    ),
    "arrival_hour": (
        "DELETE FROM arrival_hour WHERE id IN (SELECT id FROM arrival_hour"
        " WHERE hour < now() - make_interval(days => %s) LIMIT %s FOR UPDATE SKIP LOCKED)"
    ),
}


@dataclass(frozen=True, slots=True)
class Retained:
    """What one turn deleted, by table; and whether it came to the end of what is old."""

    deleted: dict[str, int]
    is_through: bool


def retain(
    *, seconds: float = 20.0, batch: int = _BATCH, clock: Callable[[], float] = time.monotonic
) -> Retained:
    """Delete what is older than its limit, in batches that commit one by one, until the turn is over.

    A longer backlog is continued by the next turn. Two turns at once do no harm: they skip each other's rows.
    """
    stop_at = clock() + seconds
    deleted = {
        table: _delete_small(statement, days, batch, lambda: clock() < stop_at)
        for (table, statement), days in zip(_SMALL_TABLES.items(), _days_of_small_tables(), strict=True)
    }
    payloads, is_through = 0, False
    while not is_through and clock() < stop_at:
        count, is_through = _delete_slice(batch)
        payloads += count
    return Retained({"payload": payloads, **deleted}, is_through)


def _days_of_small_tables() -> tuple[int, int, int]:
    return settings.REFUSED_HOOK_DAYS, settings.IDEMPOTENCY_DAYS, settings.ARRIVAL_DAYS


def _delete_slice(batch: int) -> tuple[int, bool]:
    """Delete the old rows of the next slice; returns how many, and whether the round is over."""
    with transaction.atomic(), connection.cursor() as cursor:
        mark, _ = HousekeepingMark.objects.get_or_create(name=_MARK)
        cursor.execute(_DELETE_SLICE, {"after": mark.position, "batch": batch, "days": settings.PAYLOAD_DAYS})
        deleted, last, is_young = cursor.fetchone()
        # At the young end the next round starts over: what was held or locked in this one may be free by then.
        is_over = last is None or is_young
        HousekeepingMark.objects.filter(pk=mark.pk).update(position=0 if is_over else last)
    return deleted, is_over


def _delete_small(statement: str, days: int, batch: int, may_go_on: Callable[[], bool]) -> int:
    total = 0
    while may_go_on():
        with connection.cursor() as cursor:
            cursor.execute(statement, [days, batch])
            total += cursor.rowcount
            if cursor.rowcount < batch:
                break
    return total
