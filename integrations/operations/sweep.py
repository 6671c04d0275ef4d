"""The sweeper: every few seconds it mends what a death left behind and wakes workers when work is due."""

from dataclasses import dataclass

from django.db import connection, transaction

from integrations.operations import links
from integrations.operations.wake import CHANNEL

_SLOT_SECONDS = 15.0
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
        cursor.execute(
            "UPDATE run r SET status = 'in_doubt', must_find = true, leased_until = NULL, due_at = now(),"
            " reason = 'The worker that served this ended; looking before writing again.',"
            " reason_code = 'lease_lapsed',"
            " believe_missing_at = r.leased_until + make_interval(secs => t.settle_seconds)"
            " FROM (SELECT x.id, CASE f.direction WHEN 'to_erp' THEN e.settle_seconds ELSE s.settle_seconds END"
            "         AS settle_seconds"
            "       FROM run x JOIN flow f ON f.id = x.flow_id JOIN pair p ON p.id = x.pair_id"
            "       JOIN connection s ON s.id = p.storefront_id JOIN connection e ON e.id = p.erp_id"
            "       WHERE x.status = 'running' AND x.leased_until < now() ORDER BY x.id"
            "       FOR UPDATE OF x SKIP LOCKED) t"
            " WHERE r.id = t.id"
        )
        lapsed = cursor.rowcount
        released = links.release_satisfied(cursor, by="sweep")
        cursor.execute("DELETE FROM drain_slot WHERE heartbeat_at < now() - interval '5 minutes'")
        cursor.execute(
            "SELECT (SELECT count(*) FROM drain_slot WHERE heartbeat_at > now() - make_interval(secs => %s)),"
            " (SELECT count(*) FROM (SELECT 1 FROM run WHERE is_head AND status IN ('queued', 'retrying', 'in_doubt')"
            "   AND due_at <= now() LIMIT %s) due)",
            [_SLOT_SECONDS, _BACKLOG_PER_DRAIN * max_drains],
        )
        live, due = cursor.fetchone()
    if lapsed or released:
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
    # One drain always lives and listens; a backlog justifies more.
    wanted = max(1, min(max_drains, -(-due // _BACKLOG_PER_DRAIN)))
    return Swept(lapsed, released, live < wanted)
