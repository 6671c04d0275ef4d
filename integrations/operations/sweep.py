"""The sweeper: every few seconds it mends what a death left behind and wakes workers when work is due."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from integrations.operations import alerts, links
from integrations.operations.delivery.suspects import SUSPECTS_NOTICE
from integrations.operations.wake import CHANNEL

_SLOT_SECONDS = 15.0
_LONE_DEATHS = 2
_MISSING_LIMITS = """
INSERT INTO connection_limit (tenant_id, connection_id, per_minute)
SELECT c.tenant_id, c.id, c.calls_per_minute FROM connection c
WHERE NOT EXISTS (SELECT 1 FROM connection_limit l WHERE l.connection_id = c.id) ON CONFLICT DO NOTHING
"""
# A run whose lease lapsed may have been sent: it is looked for, and "not there" is believed only after the target's last
# possible answer. Where its worker is gone it becomes a suspect; a database that was away itself accuses nobody.
_LAPSED = """
UPDATE run r SET status = 'in_doubt', must_find = true, leased_until = NULL, due_at = now(),
    reason = 'The worker that served this ended; looking before writing again.', reason_code = 'lease_lapsed',
    believe_missing_at = r.leased_until + make_interval(secs => t.settle_seconds),
    is_suspect = t.is_dead, is_alone = false, lone_deaths = r.lone_deaths + (t.is_dead AND r.is_alone)::integer
FROM (
    SELECT x.id, CASE f.direction WHEN 'to_erp' THEN e.settle_seconds ELSE s.settle_seconds END AS settle_seconds,
           pg_postmaster_start_time() < x.leased_until - interval '30 seconds' AND NOT EXISTS (
               SELECT 1 FROM drain_slot d WHERE d.worker = x.claimed_by
               AND d.heartbeat_at > now() - make_interval(secs => %(slot_seconds)s)) AS is_dead
    FROM run x JOIN flow f ON f.id = x.flow_id JOIN pair p ON p.id = x.pair_id
    JOIN connection s ON s.id = p.storefront_id JOIN connection e ON e.id = p.erp_id
    WHERE x.status = 'running' AND x.leased_until < now()
    ORDER BY x.id FOR UPDATE OF x SKIP LOCKED
) t
WHERE r.id = t.id
RETURNING r.id, r.lone_deaths, r.tenant_id, r.pair_id, r.is_suspect
"""
# So many due runs justify a second drain on this machine.
_BACKLOG_PER_DRAIN = 100


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: runs whose lease had lapsed, holds released, and whether a drain is wanted."""

    lapsed: int
    released: int
    wants_drain: bool


def sweep(*, max_drains: int = 2) -> Swept:
    """Put lapsed runs in doubt, release satisfied holds, and say whether another drain should start.

    A lapsed attempt may have sent: its run looks first, and believes "not there" only after the target's
    last possible answer.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LAPSED, {"slot_seconds": _SLOT_SECONDS})
        lapsed = cursor.fetchall()
        _put_aside(cursor, [row for row in lapsed if row[1] >= _LONE_DEATHS])
        released = links.release_satisfied(cursor, by="sweep")
        # A connection without its limiter's row would never be claimed for.
        cursor.execute(_MISSING_LIMITS)
        cursor.execute("DELETE FROM drain_slot WHERE heartbeat_at < now() - interval '5 minutes'")
        cursor.execute(
            "SELECT (SELECT count(*) FROM drain_slot WHERE heartbeat_at > now() - make_interval(secs => %s)),"
            " (SELECT count(*) FROM (SELECT 1 FROM run WHERE is_head AND status IN ('queued', 'retrying', 'in_doubt')"
            "   AND due_at <= now() LIMIT %s) due)",
            [_SLOT_SECONDS, _BACKLOG_PER_DRAIN * max_drains],
        )
        live, due = cursor.fetchone()
    if lapsed or released:
        has_suspects = any(is_suspect for _, _, _, _, is_suspect in lapsed)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_notify(%s, %s)", [CHANNEL, SUSPECTS_NOTICE.decode() if has_suspects else ""]
            )
    # One drain always lives and listens; a backlog justifies more.
    wanted = max(1, min(max_drains, -(-due // _BACKLOG_PER_DRAIN)))
    return Swept(len(lapsed), released, live < wanted)


def _put_aside(cursor: Any, poisonous: list[tuple[Any, ...]]) -> None:
    """End runs that killed a worker twice while nothing else was being served, each with an alert."""
    if not poisonous:
        return
    ids = [row[0] for row in poisonous]
    cursor.execute(
        "UPDATE run SET status = 'dead', is_head = false, is_suspect = false, finished_at = now(),"
        " reason_code = 'poison',"
        " reason = 'It ended the worker that served it, twice and alone. It was put aside; support has been told.'"
        " WHERE id = ANY (%s)",
        [ids],
    )
    cursor.execute("SELECT connect_pass_on(%s::bigint[], '{}')", [ids])
    for run_id, _, tenant_id, pair_id, _ in poisonous:
        alerts.open_alert(
            cursor,
            tenant_id,
            alerts.Condition(
                f"poison:{run_id}",
                "poison",
                "A record ends our workers and was put aside",
                "Served alone it ended its worker twice. Its neighbours go on; nothing else waits for it.",
                "the run is retried or skipped",
                pair_id=pair_id,
            ),
        )
