"""What a person does to runs: retry, skip, look inside. Editing is ``run_edits``, bulk is ``bulk_actions``.

Called by ``portal.web`` and the API inside ``in_tenant``; set-based, audited, one call per door. A run that
is not in a state the action fits is left alone: the count tells how many were changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from integrations.kinds import Lane
from integrations.kinds.bulk_action import RetryStart, RetryVersion
from integrations.models import Run, current_tenant_id
from integrations.operations import audit
from integrations.operations.audit import Actor
from integrations.operations.wake import wake_on_commit

_LOCK_HEADS = """
SELECT h.id FROM record_head h
WHERE (h.tenant_id, h.flow_id, h.record_key) IN (
    SELECT r.tenant_id, r.flow_id, r.record_key FROM run r WHERE r.tenant_id = %(tenant)s AND r.id = ANY (%(ids)s))
ORDER BY h.record_key, h.flow_id FOR UPDATE
"""
# A held run still holds its record's head; a dead one gave it up and takes it back only where it is free.
# An attempt that ended in doubt may have been sent: the retry looks before it writes.
# With another version what was mapped is mapped anew. "From the failed step" keeps what the last attempt had made; the
# fence numbers attempts.
_REVIVE = """
WITH given AS (
    SELECT r.id, r.flow_id, r.record_key, r.status,
           row_number() OVER (PARTITION BY r.flow_id, r.record_key ORDER BY r.sequence) AS place,
           CASE WHEN %(latest)s THEN coalesce(f.current_id, r.flow_version_id) ELSE r.flow_version_id END AS version_id
    FROM run r JOIN flow f ON f.tenant_id = r.tenant_id AND f.id = r.flow_id
    WHERE r.tenant_id = %(tenant)s AND r.id = ANY (%(ids)s) AND r.status IN ('held', 'dead')
), revived AS (
    UPDATE run r SET status = 'queued', due_at = now(), attempts = 0, finished_at = NULL, reason = '',
        reason_code = '', problem = '[]', flow_version_id = g.version_id, lane = coalesce(%(lane)s, r.lane),
        is_approved = r.is_approved OR %(approves)s,
        start_from = CASE
            WHEN %(start)s = 'first_step' THEN 'source'
            WHEN %(start)s = 'usual' AND (r.start_from <> 'mapped' OR r.flow_version_id = g.version_id) THEN r.start_from
            WHEN %(start)s = 'failed_step' AND r.flow_version_id = g.version_id AND EXISTS (
                SELECT 1 FROM payload p WHERE p.tenant_id = r.tenant_id AND p.run_id = r.id AND p.role = 'mapped'
                AND p.attempt = r.fence) THEN 'mapped'
            ELSE 'record' END,
        is_head = CASE WHEN g.status = 'held' THEN r.is_head ELSE h.live_run_id IS NULL AND g.place = 1 END,
        must_find = r.must_find OR EXISTS (
            SELECT 1 FROM attempt a WHERE a.tenant_id = r.tenant_id AND a.run_id = r.id AND a.outcome = 'in_doubt')
    FROM given g, record_head h
    WHERE r.tenant_id = %(tenant)s AND r.id = g.id AND h.tenant_id = r.tenant_id AND h.flow_id = r.flow_id
      AND h.record_key = r.record_key AND r.status IN ('held', 'dead')
    RETURNING r.id, r.tenant_id, r.flow_id, r.record_key, r.is_head
), heads AS (
    UPDATE record_head h SET live_run_id = v.id FROM revived v
    WHERE v.is_head AND h.tenant_id = v.tenant_id AND h.flow_id = v.flow_id AND h.record_key = v.record_key
), released AS (
    UPDATE hold o SET released_at = now(), released_by = %(by)s FROM revived v
    WHERE o.tenant_id = v.tenant_id AND o.run_id = v.id AND o.released_at IS NULL
)
SELECT id FROM revived
"""
_SKIP = """
WITH skipped AS (
    UPDATE run r SET status = 'skipped', is_head = false, finished_at = now(), reason_code = 'by_person',
        reason = %(reason)s
    WHERE r.tenant_id = %(tenant)s AND r.id = ANY (%(ids)s) AND r.status IN ('held', 'dead')
    RETURNING r.id, r.tenant_id
), released AS (
    UPDATE hold o SET released_at = now(), released_by = %(by)s FROM skipped s
    WHERE o.tenant_id = s.tenant_id AND o.run_id = s.id AND o.released_at IS NULL
)
SELECT id FROM skipped
"""


@dataclass(frozen=True, slots=True)
class RetryChoice:
    """How a retry goes: with which version of the flow, and what it takes over from the attempts before."""

    version: RetryVersion = RetryVersion.SAME
    start: RetryStart = RetryStart.USUAL
    approves: bool = False
    """A change that was held for review is sent, where the target takes changes."""

    @property
    def words(self) -> str:
        """What the audit log says of it; "" = the usual way."""
        version = {RetryVersion.SAME: "", RetryVersion.LATEST: "latest version"}[self.version]
        start = {
            RetryStart.USUAL: "",
            RetryStart.FAILED_STEP: "from the failed step",
            RetryStart.FIRST_STEP: "from the first step",
        }[self.start]
        return ", ".join(filter(None, (version, start, "the change approved" if self.approves else "")))


THE_USUAL = RetryChoice()


def retry(run_ids: Sequence[int], *, actor: Actor, choice: RetryChoice = THE_USUAL) -> int:
    """Send held and failed runs back to the queue; returns how many went.

    What is still missing holds them again. A run that may have been sent is looked for before it is written,
    wherever the retry begins.
    """
    revived = revive(run_ids, actor.name, choice=choice)
    if revived:
        words = f"{len(revived)} sent again"
        audit.record(actor, "run.retried", _subject(revived), ", ".join(filter(None, (words, choice.words))))
    return len(revived)


def lock_heads(run_ids: Sequence[int]) -> None:
    """Lock the records of these runs, as intake and finish do, before a run of theirs is locked."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_HEADS, {"tenant": current_tenant_id(), "ids": list(run_ids)})


def revive(
    run_ids: Sequence[int], by: str, *, choice: RetryChoice = THE_USUAL, lane: Lane | None = None
) -> list[int]:
    """Put held and failed runs back into the queue, without a word in the audit log; returns which ones went.

    ``lane`` moves them, so that many at once do not go before what happens now.
    """
    values: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "ids": list(run_ids),
        "by": by[:254],
        "latest": choice.version is RetryVersion.LATEST,
        "start": choice.start.value,
        "approves": choice.approves,
        "lane": None if lane is None else lane.value,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        lock_heads(run_ids)
        cursor.execute(_REVIVE, values)
        revived = [row[0] for row in cursor.fetchall()]
        wake_on_commit()
    return revived


def skip(run_ids: Sequence[int], reason: str, *, actor: Actor) -> int:
    """End held and failed runs without delivering them; returns how many. Later changes of their records go on."""
    skipped = end(run_ids, reason, actor.name)
    if skipped:
        audit.record(actor, "run.skipped", _subject(skipped), f"{len(skipped)} skipped: {reason.strip()}")
    return len(skipped)


def end(run_ids: Sequence[int], reason: str, by: str) -> list[int]:
    """End held and failed runs, without a word in the audit log; returns which ones ended."""
    words = f"Skipped by {by}: {reason.strip() or 'no reason given'}"
    values: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "ids": list(run_ids),
        "by": by[:254],
        "reason": words[:300],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        lock_heads(run_ids)
        cursor.execute(_SKIP, values)
        skipped = [row[0] for row in cursor.fetchall()]
        if skipped:
            cursor.execute("SELECT connect_pass_on(%s::bigint[], '{}')", [skipped])
            wake_on_commit()
    return skipped


def _subject(run_ids: Sequence[int]) -> str:
    return f"run {run_ids[0]}" if len(run_ids) == 1 else f"{len(run_ids)} runs from {run_ids[0]}"


def note_look(run_id: int, *, actor: Actor) -> None:
    """Write down that a person opened a record's passport."""
    audit.record(actor, "run.looked_at", f"run {run_id}", "")


def reveal(run_id: int, *, actor: Actor) -> None:
    """Write down that a person asked for the personal data of a record. Raises Run.DoesNotExist."""
    run = Run.objects.get(pk=run_id)
    audit.record(
        actor, "run.revealed", f"run {run.pk}", f"Personal data of {run.kind} {run.business_key} for 10 min"
    )
