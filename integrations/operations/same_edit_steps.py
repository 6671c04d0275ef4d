"""The work of "the same edit for all": each record is opened, checked by the rehearsal and kept, one by one.

Called by ``bulk_steps`` for actions of that deed. A step is leased by the action's due time: checking may ask a system
for its schema, so it happens outside of a transaction, and each run is settled in a short one of its own that holds
only while the lease does. Killed anywhere, a run is either settled as a whole or looked at again.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from integrations.connectors.errors import FieldProblem
from integrations.kinds import EntitySchema, Lane, Side
from integrations.kinds.bulk_action import BulkStatus, RetryVersion
from integrations.kinds.changes import holds_before, with_changes
from integrations.models import BulkAction, BulkActionRun, Run, in_tenant
from integrations.operations import run_edits, same_edits
from integrations.operations.audit import Actor
from integrations.operations.bulk_progress import change, end, take
from integrations.operations.delivery.texts import plain_text
from integrations.operations.run_edits import Editable, EditCheck, EditOvertaken, EditRefused
from integrations.operations.same_edits import KeptEdit

CHUNK = 50
"""Records of one step."""
STEP_SECONDS = 20.0
"""A slow step ends early; the next goes on."""
_LEASE = timedelta(seconds=120)
_ASK_AGAIN_SECONDS = 30.0
_GIVE_UP_AFTER = timedelta(days=1)
_WENT_ON = "It went on meanwhile."
log = logging.getLogger("connect.bulk")


@dataclass(frozen=True, slots=True)
class Turn:
    """One step's work. ``leased_until`` tells whether the action is still this step's."""

    tenant_id: int
    action_id: int
    leased_until: datetime
    run_ids: tuple[int, ...]
    edit: KeptEdit
    version: RetryVersion
    requested_by: str


class _LeftOut(Exception):
    """This run is left as it is; the text says why."""


class _CannotAsk(Exception):
    """No run can be checked now; the text says why."""


def begin(action: BulkAction) -> Turn | None:
    """Lease the next runs of an action whose row is locked and due; ends it when there are none. Inside ``in_tenant``.

    While it still tries one, it is one run: the first was overtaken or left out, and another goes in its place.
    """
    if timezone.now() - _going_since(action) > _GIVE_UP_AFTER:
        words = action.reason or "It did not get through in a day."
        end(action, BulkStatus.STOPPED, words, reason=words)
        return None
    edit = same_edits.open_edit(action)
    left = [one for one in edit.run_ids if one > action.position]
    if not left:
        end(action, BulkStatus.FINISHED, f"{action.taken} of {action.matched}", reason="")
        return None
    leased_until = timezone.now() + _LEASE
    BulkAction.objects.filter(pk=action.pk).update(due_at=leased_until)
    return Turn(
        tenant_id=action.tenant_id,
        action_id=action.pk,
        leased_until=leased_until,
        run_ids=tuple(left[: 1 if action.status == BulkStatus.TRYING else CHUNK]),
        edit=edit,
        version=RetryVersion(action.version),
        requested_by=action.requested_by,
    )


def _going_since(action: BulkAction) -> datetime:
    """Return since when the others could go: the first one has come to rest."""
    rested = Run.objects.filter(pk=action.first_run_id).values_list("finished_at", flat=True).first()
    return rested or action.created_at


def serve(turn: Turn) -> None:
    """Check and settle the runs of a step, outside of a transaction, as long as its time and its lease last."""
    stop_at = time.monotonic() + STEP_SECONDS
    schemas: dict[Side, EntitySchema] = {}
    for run_id in turn.run_ids:
        try:
            editable = _opened(turn, run_id)
            schemas = schemas or _schemas(editable)
            outcome: tuple[Editable, EditCheck] | str = (editable, _checked(turn, editable, schemas))
        except _CannotAsk as trouble:
            _pass_on(turn, after_seconds=_ASK_AGAIN_SECONDS, reason=str(trouble)[:300])
            return
        except _LeftOut as why:
            outcome = plain_text(str(why), 200)
        if not _settle(turn, run_id, outcome):
            log.info("bulk edit is somebody else's now action_id=%s", turn.action_id)
            return
        if time.monotonic() >= stop_at:
            break
    _pass_on(turn, after_seconds=0.0, reason="")


def _opened(turn: Turn, run_id: int) -> Editable:
    """Return a run that still waits and holds what was changed. Raises _LeftOut."""
    try:
        with in_tenant(turn.tenant_id):
            editable = run_edits.open_for_edit(run_id)
        record = editable.record(turn.edit.part)
    except Run.DoesNotExist as error:
        raise _LeftOut(_WENT_ON) from error
    except EditRefused as refusal:
        raise _LeftOut(str(refusal)) from refusal
    if editable.is_review:
        raise _LeftOut("It waits for a decision of its own.")
    if not holds_before(record, turn.edit.changes):
        raise _LeftOut("It does not hold the same values any more.")
    return editable


def _schemas(editable: Editable) -> dict[Side, EntitySchema]:
    """Return the schemas that all runs of the flow are checked by. Raises _CannotAsk."""
    try:
        return run_edits.schemas_of(editable)
    except EditRefused as refusal:
        raise _CannotAsk(str(refusal)) from refusal


def _checked(turn: Turn, editable: Editable, schemas: dict[Side, EntitySchema]) -> EditCheck:
    """Return the same edit of this run's record, found to fit. Raises _LeftOut."""
    part = turn.edit.part
    edited = with_changes(editable.record(part), turn.edit.changes)
    try:
        # Who edits has seen these values in the first record: the others hold the same there.
        checked = run_edits.check(
            editable, part, edited, version=turn.version, may_see_personal=True, schemas=schemas
        )
    except EditRefused as refusal:
        raise _LeftOut(str(refusal)) from refusal
    if checked.problems:
        raise _LeftOut(_words(checked.problems[0]))
    return checked


def _words(problem: FieldProblem) -> str:
    return f"It would not fit: {problem.field} {problem.rule}."


def _settle(turn: Turn, run_id: int, outcome: tuple[Editable, EditCheck] | str) -> bool:
    """Keep one run's edit and send it, or note why not; False when the action was cancelled or is another step's."""
    with in_tenant(turn.tenant_id):
        action = _mine(turn)
        if action is None or not take(action, [run_id]):
            return False
        reason = outcome if isinstance(outcome, str) else _kept(turn, *outcome)
        values: dict[str, object] = {"position": run_id}
        if reason:
            BulkActionRun.objects.filter(bulk_action_id=action.pk, run_id=run_id).update(left_out=reason)
        else:
            values["taken"] = action.taken + 1
            if action.status == BulkStatus.TRYING:
                values["first_run_id"] = run_id
        BulkAction.objects.filter(pk=action.pk).update(**values)
    return True


def _mine(turn: Turn) -> BulkAction | None:
    """Return the action, locked, while this step has it."""
    found: BulkAction | None = (
        BulkAction.objects.select_for_update(no_key=True)
        .filter(pk=turn.action_id, due_at=turn.leased_until, status__in=BulkStatus.unfinished())
        .first()
    )
    return found


def _kept(turn: Turn, editable: Editable, checked: EditCheck) -> str:
    """Keep a run's edit and send it behind what happens now; returns why it was left out, "" when it was not."""
    try:
        run_edits.save(
            editable, turn.edit.part, checked,
            seen=editable.seen, actor=Actor(turn.requested_by), version=turn.version, lane=Lane.BULK,
        )  # fmt: skip
    except EditOvertaken:
        return _WENT_ON
    return ""


def _pass_on(turn: Turn, *, after_seconds: float, reason: str) -> None:
    """Give the lease back: the next step is due then. ``reason`` is why nothing goes at the moment."""
    with in_tenant(turn.tenant_id):
        action = _mine(turn)
        if action is not None:
            change(action, after_seconds=after_seconds, reason=reason)
