"""The work of bulk actions: one chunk per step, each step one short transaction. Nothing here speaks to a system.

Edits are worked through by ``same_edit_steps``: each record is checked on its own, outside of a transaction.

Called every few seconds by a Celery task of the ``rest`` worker under the engine role. Killed anywhere, a step is
undone as a whole and done again; the key of ``bulk_action_run`` keeps a run from being taken twice.
"""

from django.db import connection
from django.utils import timezone

from integrations.kinds import Lane, RunStatus
from integrations.kinds.bulk_action import BulkDeed, BulkStatus, RetryStart, RetryVersion
from integrations.models import BulkAction, Run, in_tenant
from integrations.operations import links, runs, same_edit_steps
from integrations.operations.bulk_progress import change, end, take
from integrations.operations.runs import RetryChoice
from integrations.operations.wake import wake_on_commit
from integrations.queries import selections
from integrations.queries.bulk_actions import moving_of
from integrations.queries.selections import Selection

CHUNK = 500
_LOOK_AGAIN_SECONDS = 2.0
_GOOD = frozenset({RunStatus.SUCCEEDED, RunStatus.SKIPPED})
_BAD = frozenset({RunStatus.HELD, RunStatus.DEAD, RunStatus.CANCELLED})

_DUE = """
SELECT b.tenant_id, b.id FROM bulk_action b JOIN tenant t ON t.id = b.tenant_id
WHERE b.status IN ('trying', 'running') AND b.due_at <= now() AND t.paused_at IS NULL ORDER BY b.due_at LIMIT %s
"""


def advance_all(*, at_once: int = 20) -> int:
    """Do one step of every action that is due; returns how many. One that another worker works on is left to it."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [at_once])
        due = cursor.fetchall()
    return sum(advance(tenant_id, action_id) for tenant_id, action_id in due)


def advance(tenant_id: int, action_id: int) -> bool:
    """Do one step; returns whether there was one to do."""
    turn = None
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
        elif action.deed == BulkDeed.EDIT and not _waits_for_first(action):
            turn = _edit_turn(action)
        elif action.status == BulkStatus.TRYING:
            _try_one(action, selection)
        else:
            _do_chunk(action, selection)
    if turn is not None:
        same_edit_steps.serve(turn)
    return True


def _waits_for_first(action: BulkAction) -> bool:
    return action.status == BulkStatus.TRYING and action.first_run_id is not None


def _edit_turn(action: BulkAction) -> same_edit_steps.Turn | None:
    """Return the next records to edit; None while the chunk before is on its way or another worker has it."""
    if action.due_at > timezone.now():
        return None
    if moving_of(action.pk, among_last=2 * CHUNK) >= CHUNK:
        change(action, after_seconds=_LOOK_AGAIN_SECONDS)
        return None
    return same_edit_steps.begin(action)


def _choice(action: BulkAction) -> RetryChoice:
    return RetryChoice(RetryVersion(action.version), RetryStart(action.start))


def _try_one(action: BulkAction, selection: Selection) -> None:
    """Send the first run, then wait until it has come to rest."""
    if action.first_run_id is None:
        _send_first(action, selection)
        return
    run = Run.objects.get(pk=action.first_run_id)
    status = RunStatus(run.status)
    if status in _GOOD:
        change(action, status=BulkStatus.RUNNING.value)
    elif status is RunStatus.SUPERSEDED:
        # A newer version of its record goes instead; it says nothing about the others.
        change(action, first_run_id=None)
    elif status in _BAD:
        number = run.business_key or run.record_key
        words = f"{number} did not succeed: {run.reason}"
        end(action, BulkStatus.STOPPED, words, reason=words[:300])
    else:
        change(action, after_seconds=_LOOK_AGAIN_SECONDS)


def _send_first(action: BulkAction, selection: Selection) -> None:
    ids = selections.next_runs(selection, after=action.position, last=action.up_to, limit=1)
    if not ids:
        end(action, BulkStatus.FINISHED, "nothing was left to do")
        return
    sent = runs.revive(take(action, ids), action.requested_by, choice=_choice(action))
    change(
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
        change(action, after_seconds=_LOOK_AGAIN_SECONDS)
        return
    ids = selections.next_runs(selection, after=action.position, last=action.up_to, limit=CHUNK)
    if not ids:
        end(action, BulkStatus.FINISHED, f"{action.taken} of {action.matched}")
        return
    taken = take(action, ids)
    if is_retry:
        # Behind what happens now: a thousand old orders must not keep today's waiting.
        lane = Lane.BULK if action.matched > 1 else None
        done = runs.revive(taken, action.requested_by, choice=_choice(action), lane=lane)
    else:
        done = runs.end(taken, action.reason, action.requested_by)
    change(action, position=ids[-1], taken=action.taken + len(done))


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
        change(action, taken=taken)
        return
    end(action, BulkStatus.FINISHED, f"{taken} released, {left} still wait", taken=taken)
