"""The work of bulk actions: one chunk per step, each step one short transaction. Nothing here speaks to a system.

Called every few seconds by a Celery task of the ``rest`` worker under the engine role. Killed anywhere, a step is
undone as a whole and done again; the key of ``bulk_action_run`` keeps a run from being taken twice.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from integrations.kinds import Lane, RunStatus
from integrations.kinds.bulk_action import BulkDeed, BulkStatus, RetryStart, RetryVersion
from integrations.models import BulkAction, Run, in_tenant
from integrations.operations import audit, links, runs
from integrations.operations.runs import RetryChoice
from integrations.operations.wake import wake_on_commit
from integrations.queries import selections
from integrations.queries.bulk_actions import moving_of
from integrations.queries.selections import Selection

CHUNK = 500
_LOOK_AGAIN_SECONDS = 2.0
_GOOD = frozenset({RunStatus.SUCCEEDED, RunStatus.SKIPPED})
_BAD = frozenset({RunStatus.HELD, RunStatus.DEAD, RunStatus.CANCELLED})
log = logging.getLogger("connect.bulk")

_DUE = """
SELECT b.tenant_id, b.id FROM bulk_action b JOIN tenant t ON t.id = b.tenant_id
WHERE b.status IN ('trying', 'running') AND b.due_at <= now() AND t.paused_at IS NULL ORDER BY b.due_at LIMIT %s
"""
_TAKE = """
INSERT INTO bulk_action_run (tenant_id, bulk_action_id, run_id)
SELECT %s, %s, u.run_id FROM unnest(%s::bigint[]) AS u (run_id)
ON CONFLICT DO NOTHING RETURNING run_id
"""


def advance_all(*, at_once: int = 20) -> int:
    """Do one step of every action that is due; returns how many. One that another worker works on is left to it."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [at_once])
        due = cursor.fetchall()
    return sum(advance(tenant_id, action_id) for tenant_id, action_id in due)


def advance(tenant_id: int, action_id: int) -> bool:
    """Do one step; returns whether there was one to do."""
    with in_tenant(tenant_id):
        action = (
            BulkAction.objects.select_for_update(skip_locked=True)
            .filter(pk=action_id, status__in=BulkStatus.unfinished())
            .first()
        )
        if action is None:
            return False
        selection = Selection.from_json(action.selection)
        if action.deed == BulkDeed.RELEASE:
            _release(action, selection)
        elif action.status == BulkStatus.TRYING:
            _try_one(action, selection)
        else:
            _do_chunk(action, selection)
    return True


def _choice(action: BulkAction) -> RetryChoice:
    return RetryChoice(RetryVersion(action.version), RetryStart(action.start))


def _change(action: BulkAction, *, after_seconds: float = 0.0, **values: Any) -> None:
    due_at = timezone.now() + timedelta(seconds=after_seconds)
    BulkAction.objects.filter(pk=action.pk).update(due_at=due_at, **values)


def _end(action: BulkAction, status: BulkStatus, words: str, **values: Any) -> None:
    _change(action, status=status.value, finished_at=timezone.now(), **values)
    audit.record(audit.SYSTEM, f"bulk.{status.value}", f"bulk_action {action.pk}", words)
    log.info("bulk action ended action_id=%s status=%s", action.pk, status.value)


def _try_one(action: BulkAction, selection: Selection) -> None:
    """Send the first run, then wait until it has come to rest."""
    if action.first_run_id is None:
        _send_first(action, selection)
        return
    run = Run.objects.get(pk=action.first_run_id)
    status = RunStatus(run.status)
    if status in _GOOD:
        _change(action, status=BulkStatus.RUNNING.value)
    elif status is RunStatus.SUPERSEDED:
        # A newer version of its record goes instead; it says nothing about the others.
        _change(action, first_run_id=None)
    elif status in _BAD:
        number = run.business_key or run.record_key
        words = f"{number} did not succeed: {run.reason}"
        _end(action, BulkStatus.STOPPED, words, reason=words[:300])
    else:
        _change(action, after_seconds=_LOOK_AGAIN_SECONDS)


def _send_first(action: BulkAction, selection: Selection) -> None:
    ids = selections.next_runs(selection, after=action.position, last=action.up_to, limit=1)
    if not ids:
        _end(action, BulkStatus.FINISHED, "nothing was left to do")
        return
    sent = runs.revive(_take(action, ids), action.requested_by, choice=_choice(action))
    _change(
        action,
        position=ids[0],
        taken=action.taken + len(sent),
        first_run_id=sent[0] if sent else None,
        after_seconds=1.0 if sent else 0.0,
    )


def _do_chunk(action: BulkAction, selection: Selection) -> None:
    """Take on the next runs; a retry waits while the chunk before is still on its way."""
    is_retry = action.deed == BulkDeed.RETRY
    if is_retry and moving_of(action.pk, among_last=2 * CHUNK) >= CHUNK:
        _change(action, after_seconds=_LOOK_AGAIN_SECONDS)
        return
    ids = selections.next_runs(selection, after=action.position, last=action.up_to, limit=CHUNK)
    if not ids:
        _end(action, BulkStatus.FINISHED, f"{action.taken} of {action.matched}")
        return
    taken = _take(action, ids)
    if is_retry:
        # Behind what happens now: a thousand old orders must not keep today's waiting.
        lane = Lane.BULK if action.matched > 1 else None
        done = runs.revive(taken, action.requested_by, choice=_choice(action), lane=lane)
    else:
        done = runs.end(taken, action.reason, action.requested_by)
    _change(action, position=ids[-1], taken=action.taken + len(done))


def _take(action: BulkAction, ids: Sequence[int]) -> list[int]:
    """Write down which runs this action takes on; returns those that it had not."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [action.tenant_id, action.pk, list(ids)])
        return [row[0] for row in cursor.fetchall()]


def _release(action: BulkAction, selection: Selection) -> None:
    """Release a chunk of what waits for the condition; others may release some of it at the same time."""
    with connection.cursor() as cursor:
        released = links.release_satisfied(
            cursor,
            tenant_id=action.tenant_id,
            kind=selection.hold_kind,
            by=action.requested_by,
            limit=CHUNK,
        )
    if released:
        wake_on_commit()
    left = selections.count(selection)
    taken = max(0, action.matched - left)
    if left and released:
        _change(action, taken=taken)
        return
    _end(action, BulkStatus.FINISHED, f"{taken} released, {left} still wait", taken=taken)
