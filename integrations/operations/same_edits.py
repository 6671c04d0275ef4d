"""The same edit for all: which waiting runs of one cause hold the same values, and the action that edits them.

Called by ``portal.web.same_edits`` and the API after ``run_edits.check``. The edited run goes first, as one that is
saved by itself does; the others follow by ``same_edit_steps`` when it has succeeded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from integrations.kinds import canonical_json
from integrations.kinds.bulk_action import BulkDeed, BulkStatus, RetryVersion
from integrations.kinds.changes import ChangeKind, FieldChange, can_be_repeated, holds_before
from integrations.kinds.record import from_canonical_json
from integrations.models import BulkAction, in_tenant
from integrations.operations import audit, run_edits
from integrations.operations.audit import Actor
from integrations.operations.bulk_actions import BulkRefused
from integrations.operations.bulk_progress import take
from integrations.operations.delivery.texts import plain_text
from integrations.operations.run_edits import Editable, EditCheck, EditPart
from integrations.queries import bulk_plans, causes, selections
from integrations.queries.bulk_plans import Plan
from integrations.queries.selections import Selection, selection_of
from integrations.stores import bodies, vault

LOOKED_AT_MOST = 500
"""Records are sealed and opened one by one: so many of a cause, the newest."""
_OPENED_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class SameEdit:
    """The waiting runs that an edit fits as well, and what editing all of them means."""

    others: tuple[int, ...]
    """Those beside the edited one, oldest first."""
    looked_at: int
    others_waiting: int
    """How many more wait for the same cause; above ``looked_at``, only the newest were looked at."""
    plan: Plan
    """Of the edited run and the others."""

    @property
    def count(self) -> int:
        return len(self.others) + 1


def find_same(
    editable: Editable, part: EditPart, checked: EditCheck, *, up_to: int | None = None
) -> SameEdit | None:
    """Return the other runs of the same flow and cause whose record holds the same values at the changed paths.

    Inside ``in_tenant``. ``up_to`` is the last run that a plan counted. None where there is none, where a change
    cannot be told by its path alone, and for changes held for review: each of those is a decision of its own.
    """
    run = editable.run
    if editable.is_review or not can_be_repeated(checked.changes, editable.record(part), checked.record):
        return None
    cause = causes.find_cause_of(run.pk)
    if cause is None:
        return None
    newest = selections.newest_runs(selection_of(cause), up_to=up_to, limit=LOOKED_AT_MOST + 1)
    looked_at = [one for one in newest if one != run.pk][:LOOKED_AT_MOST]
    others = sorted(_holding(run.tenant_id, looked_at, part, checked.changes))
    if not others:
        return None
    planned = bulk_plans.plan_of(Selection(run_ids=(run.pk, *others)), reads_source=False)
    return SameEdit(tuple(others), len(looked_at), cause.count - 1, planned)


def _holding(
    tenant_id: int, run_ids: Sequence[int], part: EditPart, changes: Sequence[FieldChange]
) -> Iterator[int]:
    """Yield the runs whose record is as the edited one was, where it was changed; a few are open at a time."""
    for place in range(0, len(run_ids), _OPENED_TOGETHER):
        opened = bodies.open_records(tenant_id, run_ids[place : place + _OPENED_TOGETHER])
        for run_id, records in opened.items():
            record = records.source if part is EditPart.SOURCE else records.mapped
            if record is not None and holds_before(record, changes):
                yield run_id


@dataclass(frozen=True, slots=True)
class KeptEdit:
    """What an action of this deed changes, in which runs beside the first."""

    part: EditPart
    changes: tuple[FieldChange, ...]
    run_ids: tuple[int, ...]
    """By id; the action's position says how far it is."""


def open_edit(action: BulkAction) -> KeptEdit:
    """Return an unfinished action's edit. Raises crypto.KeyMissing, crypto.Tampered."""
    kept = from_canonical_json(vault.unseal(action.tenant_id, bytes(action.edit or b""), _purpose(action)))
    changes = tuple(
        FieldChange(one["path"], ChangeKind(one["kind"]), one["before"], one["after"])
        for one in kept["changes"]
    )
    return KeptEdit(EditPart(kept["part"]), changes, tuple(kept["run_ids"]))


def _purpose(action: BulkAction) -> str:
    return f"bulk_action:{action.pk}"


def start(
    editable: Editable,
    part: EditPart,
    checked: EditCheck,
    *,
    seen: str,
    actor: Actor,
    version: RetryVersion = RetryVersion.SAME,
    up_to: int | None = None,
) -> BulkAction:
    """Keep a checked edit, send its run, and let the others follow when it has succeeded.

    Opens a transaction of its own. ``seen`` is what the editor was opened with, ``up_to`` the last run that the plan
    counted. Raises EditOvertaken, EditRefused as ``run_edits.save`` does, BulkRefused when no other run fits; then
    nothing is kept or sent.
    """
    with in_tenant(editable.run.tenant_id):
        same = find_same(editable, part, checked, up_to=up_to)
        if same is None:
            raise BulkRefused("No other record that waits for the same holds these values any more.")
        run_edits.save(editable, part, checked, seen=seen, actor=actor, version=version)
        action = _make(editable, same, checked, actor, version)
        kept = {
            "part": part.value,
            "run_ids": list(same.others),
            "changes": [
                {"path": one.path, "kind": one.kind.value, "before": one.before, "after": one.after}
                for one in checked.changes
            ],
        }
        action.edit = vault.seal(action.tenant_id, canonical_json(kept), _purpose(action))
        action.save(update_fields=["edit"])
        take(action, [editable.run.pk])
        summary = f"{BulkDeed.EDIT.label} {same.count}: {action.words}"
        audit.record(actor, "bulk.started", f"bulk_action {action.pk}", summary)
    return action


def _make(
    editable: Editable, same: SameEdit, checked: EditCheck, actor: Actor, version: RetryVersion
) -> BulkAction:
    action: BulkAction = BulkAction.objects.create(
        deed=BulkDeed.EDIT.value,
        status=BulkStatus.TRYING.value,
        # Its runs are named in the sealed edit. A worker of an older version, which knows no such deed, must find none.
        selection=selections.NOTHING.as_json(),
        words=plain_text(f"{editable.run.flow.name} with the same {fields_words(checked.changes)}", 200),
        version=version.value,
        matched=same.count,
        taken=1,
        up_to=same.others[-1],
        first_run_id=editable.run.pk,
        calls=same.plan.call_count,
        requested_by=actor.name[:254],
    )
    return action


def fields_words(changes: Sequence[FieldChange]) -> str:
    """Return the changed fields as a sentence names them: the first three, and whether there are more."""
    named = [one.path for one in changes[:3]]
    last = "more" if len(changes) > 3 else named.pop()
    return f"{', '.join(named)} and {last}" if named else last
