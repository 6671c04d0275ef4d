"""Claims due runs: one set-based statement, fair across lanes and pairs, fenced and leased in database time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from integrations.kinds import Lane

# Share of the free slots that each lane may take in one claim; what one leaves over the next may use.
LANE_SHARES: Mapping[Lane, float] = {Lane.REALTIME: 0.7, Lane.STOCK: 0.2, Lane.BULK: 0.1}

_DUE = "is_head AND status IN ('queued', 'retrying', 'in_doubt')"

# A loose index scan hops from one (lane, pair) with waiting heads to the next over the partial index
# run_due; it starts after the pair served last, so that no pair starves. A connection without a success in
# the last minute has one slot, which is also how an opened breaker probes.
_CLAIM = f"""
WITH RECURSIVE waiting AS (
    (SELECT lane, pair_id FROM run WHERE {_DUE} ORDER BY lane, pair_id LIMIT 1)
    UNION ALL
    SELECT n.lane, n.pair_id FROM waiting w, LATERAL (
        SELECT lane, pair_id FROM run WHERE {_DUE} AND (lane, pair_id) > (w.lane, w.pair_id)
        ORDER BY lane, pair_id LIMIT 1
    ) n
), open_pairs AS (
    SELECT w.lane, p.id AS pair_id, p.storefront_id, p.erp_id, q.quota,
           s.revision AS storefront_revision, e.revision AS erp_revision,
           CASE WHEN greatest(s.last_success_at, e.last_success_at) > now() - interval '60 seconds'
                     AND s.failures_in_row = 0 AND e.failures_in_row = 0
                THEN least(s.max_parallel, e.max_parallel) ELSE 1 END
           - (SELECT count(*) FROM run b WHERE b.status = 'running' AND b.pair_id = p.id) AS room,
           row_number() OVER (PARTITION BY w.lane ORDER BY p.id <= %(after)s, p.id) AS place,
           count(*) OVER (PARTITION BY w.lane) AS pair_count
    FROM waiting w
    JOIN unnest(%(lanes)s::text[], %(quotas)s::integer[]) AS q (lane, quota) ON q.lane = w.lane
    JOIN pair p ON p.id = w.pair_id AND p.paused_at IS NULL
    JOIN tenant t ON t.id = p.tenant_id AND t.paused_at IS NULL
    JOIN connection s ON s.id = p.storefront_id AND s.paused_at IS NULL
                     AND (s.open_until IS NULL OR s.open_until <= now())
    JOIN connection e ON e.id = p.erp_id AND e.paused_at IS NULL
                     AND (e.open_until IS NULL OR e.open_until <= now())
    WHERE EXISTS (SELECT 1 FROM run d WHERE d.is_head AND d.status IN ('queued', 'retrying', 'in_doubt')
                  AND d.lane = w.lane AND d.pair_id = w.pair_id AND d.due_at <= now())
), picked AS (
    SELECT r.id, o.place, o.storefront_id, o.erp_id, o.storefront_revision, o.erp_revision, o.quota,
           row_number() OVER (PARTITION BY o.lane ORDER BY o.place) AS number
    FROM open_pairs o, LATERAL (
        SELECT d.id FROM run d JOIN flow f ON f.id = d.flow_id AND f.paused_at IS NULL
        WHERE d.is_head AND d.status IN ('queued', 'retrying', 'in_doubt')
          AND d.lane = o.lane AND d.pair_id = o.pair_id AND d.due_at <= now()
        ORDER BY d.due_at, d.id
        LIMIT greatest(0, least(o.room, ceil(o.quota::numeric / o.pair_count)))
        FOR UPDATE OF d SKIP LOCKED
    ) r
    WHERE o.place <= o.quota
)
UPDATE run r
SET status = 'running', leased_until = now() + make_interval(secs => %(lease)s), fence = r.fence + 1,
    started_at = coalesce(r.started_at, now())
FROM picked p
WHERE r.id = p.id AND p.number <= p.quota
RETURNING r.id, r.tenant_id, r.pair_id, r.flow_id, r.flow_version_id, r.event_id, r.parent_run_id, r.kind,
    r.record_key, r.business_key, r.attempts, r.must_find,
    r.believe_missing_at IS NULL OR r.believe_missing_at <= now() AS may_believe_missing,
    r.fence, now() AS claimed_at, p.storefront_id, p.erp_id, p.storefront_revision, p.erp_revision
"""

_NEXT_DUE = f"""
SELECT extract(epoch FROM min(due_at) - now()) FROM run WHERE {_DUE} AND due_at > now()
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claimed run, as the claim statement returns it."""

    id: int
    tenant_id: int
    pair_id: int
    flow_id: int
    flow_version_id: int
    event_id: int | None
    parent_run_id: int | None
    kind: str
    record_key: str
    business_key: str
    attempts: int
    must_find: bool
    may_believe_missing: bool
    fence: int
    claimed_at: datetime
    storefront_id: int
    erp_id: int
    storefront_revision: int
    erp_revision: int


def claim(*, free: int, lease_seconds: float, after_pair: int) -> list[Claim]:
    """Claim up to about ``free`` due runs; two drains never get the same one.

    No transaction stays open. A claimed run that is not finished before its lease ends is looked for before
    it is written again.
    """
    quotas = [max(1, round(free * share)) for share in LANE_SHARES.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "lanes": [lane.value for lane in LANE_SHARES],
                "quotas": quotas,
                "lease": lease_seconds,
                "after": after_pair,
            },
        )
        return [Claim(*row) for row in cursor.fetchall()]


def seconds_to_next_due() -> float | None:
    """Return how long until the next waiting run falls due; None when none waits for a time."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_DUE)
        row: Any = cursor.fetchone()
    return None if row is None or row[0] is None else float(row[0])


def renew(runs: Mapping[int, int], lease_seconds: float) -> set[int]:
    """Renew the leases of all runs in flight (id -> fence) by one statement; returns those still ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE run r SET leased_until = now() + make_interval(secs => %s)"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS u (id, fence)"
            " WHERE r.id = u.id AND r.fence = u.fence AND r.status = 'running' RETURNING r.id",
            [lease_seconds, list(runs), list(runs.values())],
        )
        return {row[0] for row in cursor.fetchall()}


def give_back(runs: Mapping[int, int]) -> None:
    """Return claimed runs that were not sent to the queue at once, as on SIGTERM."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE run r SET status = CASE WHEN must_find THEN 'in_doubt' ELSE 'queued' END, leased_until = NULL"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS u (id, fence)"
            " WHERE r.id = u.id AND r.fence = u.fence AND r.status = 'running'",
            [list(runs), list(runs.values())],
        )
