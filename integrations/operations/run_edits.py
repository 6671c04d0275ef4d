"""A person edits the record of a run that waits: the source record, or the one made of it for the target.

Called by ``portal.web.run_edits`` and the API, outside of a transaction: a target's schema may have to be asked for.
An edit is checked before it is kept, what it changed is kept sealed, and the retry uses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import InvalidOperation
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.connectors import registry
from integrations.connectors.errors import ConnectorError, FieldProblem
from integrations.connectors.masking import MASK
from integrations.connectors.spec import ConnectorSpec, Verb
from integrations.flows.ports import RunTask
from integrations.kinds import Direction, EntitySchema, Kind, Lane, Side, canonical_json
from integrations.kinds.bulk_action import RetryVersion, StartFrom
from integrations.kinds.changes import FieldChange, NotEditable, changes_between, restored
from integrations.kinds.record import from_canonical_json
from integrations.mapping import validate_target
from integrations.models import Connection, Hold, Payload, Run, RunEdit, in_tenant
from integrations.operations import audit
from integrations.operations.audit import Actor
from integrations.operations.delivery.texts import plain_text
from integrations.operations.edit_rehearsal import LookingPorts, Rehearsal, rehearse
from integrations.operations.limits import MeteredGate
from integrations.operations.runs import RetryChoice, lock_heads, revive
from integrations.stores import access, bodies, vault, versions

EDIT_LIMIT_BYTES = 512 * 1024
_MOST_FIELDS_NAMED = 50


class EditPart(StrEnum):
    """Which record is edited."""

    SOURCE = "source"
    MAPPED = "mapped"

    @property
    def role(self) -> str:
        """The role of its payload."""
        return "edited" if self is EditPart.SOURCE else "edited_map"


class EditRefused(ValueError):
    """The edit cannot be kept; the text says why, ``problems`` name the fields."""

    def __init__(self, message: str, problems: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class EditOvertaken(EditRefused):
    """Somebody else acted on the run since the editor was opened; the text says who or what."""


@dataclass(frozen=True, slots=True)
class Editable:
    """A waiting run as an editor opens it. ``seen`` tells whether it is still the same when the edit is kept."""

    run: Run
    seen: str
    source: dict[str, Any]
    mapped: dict[str, Any] | None
    source_spec: ConnectorSpec
    target_spec: ConnectorSpec
    connections: Mapping[Side, Connection]
    is_review: bool

    def record(self, part: EditPart) -> dict[str, Any]:
        """Return the record as it would be sent now. Raises EditRefused where the run never made it."""
        if part is EditPart.SOURCE:
            return self.source
        if self.mapped is None:
            raise EditRefused(f"Nothing was made for {self.target_spec.label} yet.")
        return self.mapped


@dataclass(frozen=True, slots=True)
class EditCheck:
    """What an edit changes and what would come of it."""

    record: dict[str, Any]
    """The edited record, masked values restored."""
    changes: tuple[FieldChange, ...]
    problems: tuple[FieldProblem, ...]
    notes: tuple[str, ...]
    sent: tuple[FieldChange, ...]
    """What would be sent now, against what was made of the record before."""
    fields: int
    """How many fields would be sent."""


def open_for_edit(run_id: int) -> Editable:
    """Return a held or failed run with its records, inside ``in_tenant``.

    Raises Run.DoesNotExist when it is neither, EditRefused when its record is gone or cannot be sent.
    """
    run = Run.objects.select_related(
        "flow", "flow__current", "flow_version", "pair", "pair__storefront", "pair__erp"
    ).get(pk=run_id, status__in=("held", "dead"))
    opened = bodies.open_bodies(run.tenant_id, run_id)
    source = opened.edited or opened.source
    if source is None:
        raise EditRefused("Its record is not kept (any more); there is nothing to edit.")
    direction = Direction(run.flow.direction)
    sides = {Side.STOREFRONT: run.pair.storefront, Side.ERP: run.pair.erp}
    target_spec = registry.get_spec(sides[direction.target].system)
    is_review = Hold.objects.filter(run_id=run_id, kind="review", released_at=None).exists()
    if is_review and not target_spec.can(Kind(run.kind), Verb.UPDATE):
        noun = Kind(run.kind).label
        raise EditRefused(
            f"{target_spec.label} has this {noun} and takes no changes; change it there by hand."
        )
    return Editable(
        run=run,
        seen=_seen(run),
        source=source,
        mapped=opened.edited_mapped or opened.mapped,
        source_spec=registry.get_spec(sides[direction.source].system),
        target_spec=target_spec,
        connections=sides,
        is_review=is_review,
    )


def _seen(run: Run) -> str:
    last = RunEdit.objects.filter(run_id=run.pk).order_by("-id").values_list("id", flat=True).first()
    return f"{run.fence}.{last or 0}.{run.status}"


def parse_record(text: str) -> dict[str, Any]:
    """Return the record that a person wrote as JSON. Raises EditRefused with what is wrong."""
    if len(text.encode("utf-8", "surrogatepass")) > EDIT_LIMIT_BYTES:
        raise EditRefused("The record is larger than 512 KB.")
    try:
        edited = from_canonical_json(text.encode())
    except (ValueError, TypeError, InvalidOperation, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise EditRefused(f"This is not readable JSON{f' in line {line}' if line else ''}.") from error
    if _has_float(edited):
        # Only NaN and Infinity are read as floats; they are no amounts.
        raise EditRefused("NaN and Infinity are no amounts.")
    if not isinstance(edited, dict) or not edited:
        raise EditRefused("The record is one JSON object.")
    return edited


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_float(one) for one in value.values())
    return any(map(_has_float, value)) if isinstance(value, list) else isinstance(value, float)


def check(
    editable: Editable,
    part: EditPart,
    edited: dict[str, Any],
    *,
    version: RetryVersion = RetryVersion.SAME,
    may_see_personal: bool,
    schemas: Mapping[Side, EntitySchema] | None = None,
) -> EditCheck:
    """Return what the edit changes and whether the result fits. Outside of a transaction.

    ``schemas`` are those of :func:`schemas_of`, where many runs of a flow are checked; None asks for them.
    Raises EditRefused for a masked or secret value that was changed, and when the target cannot be asked what it takes.
    """
    original = editable.record(part)
    try:
        whole = restored(edited, original, locked_mark=MASK, may_see_personal=may_see_personal)
    except NotEditable as refusal:
        raise EditRefused(f"{refusal}.", (FieldProblem(refusal.path, "", refusal.rule),)) from refusal
    schemas = schemas_of(editable) if schemas is None else schemas
    rehearsed = _rehearse(editable, part, whole, version, schemas)
    source_schema = schemas[Direction(editable.run.flow.direction).source]
    problems = rehearsed.problems
    if part is EditPart.SOURCE:
        problems = (*_new_problems(original, whole, source_schema), *problems)
    return EditCheck(
        record=whole,
        changes=tuple(changes_between(original, whole)),
        problems=problems,
        notes=rehearsed.notes,
        sent=tuple(changes_between(editable.mapped or {}, rehearsed.mapped)) if rehearsed.mapped else (),
        fields=len(rehearsed.mapped or ()),
    )


def _new_problems(
    original: dict[str, Any], whole: dict[str, Any], schema: EntitySchema
) -> tuple[FieldProblem, ...]:
    """Return what the edit made wrong by the source's own schema; what it came with is not the editor's fault."""
    if not schema.fields:
        return ()
    before = set(validate_target(original, schema, creating=False))
    after = validate_target(whole, schema, creating=False)
    return tuple(FieldProblem(one.path, one.value, one.rule) for one in after if one not in before)


def schemas_of(editable: Editable) -> dict[Side, EntitySchema]:
    """Return both systems' schema of the run's kind, outside of a transaction.

    Raises EditRefused when a system cannot be asked.
    """
    kind, found = Kind(editable.run.kind), {}
    with in_tenant(editable.run.tenant_id):
        accesses = access.load(list(editable.connections.values()))
    for side, connection in editable.connections.items():
        gate = MeteredGate(connection, patience_seconds=5.0)
        connector = accesses[connection.pk].build(gate=gate)
        try:
            found[side] = connector.discover(kind)
        except ConnectorError as error:
            raise EditRefused(f"The edit cannot be checked: {error.message}") from error
        finally:
            connector.close()
            gate.close()
    return found


def _rehearse(
    editable: Editable,
    part: EditPart,
    whole: dict[str, Any],
    version: RetryVersion,
    schemas: Mapping[Side, EntitySchema],
) -> Rehearsal:
    run = editable.run
    version_id = run.flow.current_id if version is RetryVersion.LATEST else run.flow_version_id
    if version_id is None:
        raise EditRefused(f"{run.flow.name} is not published; the edit cannot be checked.")
    with in_tenant(run.tenant_id):
        flow = versions.compiled([version_id])[version_id]
        tables = versions.value_tables([run.pair_id])[run.pair_id]
    is_source = part is EditPart.SOURCE
    task = RunTask(
        run_id=run.pk,
        tenant_id=run.tenant_id,
        pair_id=run.pair_id,
        flow_id=run.flow_id,
        flow=flow,
        record_key=run.record_key,
        business_key=run.business_key,
        attempts=run.attempts,
        must_find=run.must_find,
        may_believe_missing=True,
        now=timezone.now(),
        found_by="person",
        edited_source=whole if is_source else editable.source,
        kept_mapped=None if is_source else whole,
        value_tables={key: table for key, table in tables.items() if key in flow.value_maps},
    )
    specs = {side: registry.get_spec(one.system) for side, one in editable.connections.items()}
    return rehearse(task, LookingPorts(task, specs, schemas))


def save(
    editable: Editable,
    part: EditPart,
    checked: EditCheck,
    *,
    seen: str,
    actor: Actor,
    version: RetryVersion = RetryVersion.SAME,
    lane: Lane | None = None,
) -> RunEdit:
    """Keep a checked edit and send the run again with it, in another ``lane`` where one is given.

    ``seen`` is what the editor was opened with. Raises EditOvertaken when somebody else was faster, EditRefused when
    nothing was changed or something does not fit.
    """
    if not checked.changes:
        raise EditRefused("Nothing was changed.")
    if checked.problems:
        raise EditRefused("It does not fit yet.", checked.problems)
    with in_tenant(editable.run.tenant_id), transaction.atomic():
        lock_heads([editable.run.pk])
        run = Run.objects.select_for_update(no_key=True).get(pk=editable.run.pk)
        _refuse_overtaken(run, seen)
        edit = _keep(run, part, checked, actor)
        # A target record belongs to the source record it was made of, as it was read then.
        start = StartFrom.USUAL if part is EditPart.SOURCE else StartFrom.RECORD
        Run.objects.filter(pk=run.pk).update(start_from=start.value)
        choice = RetryChoice(version, approves=editable.is_review)
        revive([run.pk], actor.name, choice=choice, lane=lane)
        named = ", ".join(edit.fields[:5]) + (" and more" if len(edit.fields) > 5 else "")
        which = "record" if part is EditPart.SOURCE else f"record for {editable.target_spec.label}"
        audit.record(actor, "run.edited", f"run {run.pk}", f"The {which} was edited and sent again: {named}")
    return edit


def _refuse_overtaken(run: Run, seen: str) -> None:
    if run.status in ("held", "dead") and _seen(run) == seen:
        return
    last = RunEdit.objects.filter(run_id=run.pk).order_by("-id").first()
    if last is not None and seen.split(".")[1:2] != [str(last.pk)]:
        raise EditOvertaken(
            f"{last.author} edited this record meanwhile and sent it again. Nothing of yours was stored."
        )
    raise EditOvertaken("This record went on meanwhile. Nothing of yours was stored; look at it again.")


def _keep(run: Run, part: EditPart, checked: EditCheck, actor: Actor) -> RunEdit:
    _seal(run, part.role, canonical_json(checked.record))
    difference = [
        {"path": one.path, "kind": one.kind.value, "before": one.before, "after": one.after}
        for one in checked.changes
    ]
    kept = _seal(run, "edit_diff", canonical_json(difference))
    edit: RunEdit = RunEdit.objects.create(
        run_id=run.pk,
        part=part.value,
        fields=[plain_text(one.path, 120) for one in checked.changes[:_MOST_FIELDS_NAMED]],
        payload_id=kept.pk,
        author=actor.name[:254],
    )
    return edit


def _seal(run: Run, role: str, body: bytes) -> Payload:
    made: Payload = Payload.objects.create(
        run_id=run.pk, role=role, sealed=vault.seal(run.tenant_id, body, role), plain_bytes=len(body)
    )
    return made
