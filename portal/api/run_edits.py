"""The edit of a waiting run over the API: read the record masked, change fields by path, check, keep and retry."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, serializers, status

from integrations.kinds.bulk_action import RetryStart, RetryVersion
from integrations.kinds.changes import ChangeKind, FieldChange, NotEditable, with_values
from integrations.kinds.privacy import masked
from integrations.models import Run, in_tenant
from integrations.operations import run_edits
from integrations.operations.audit import Actor
from integrations.operations.run_edits import Editable, EditCheck, EditOvertaken, EditPart, EditRefused
from integrations.operations.runs import reveal


@extend_schema_field({"description": "Any JSON value."})
class AnyValue(serializers.Field[Any, Any, Any, Any]):
    """A value of a record; numbers with a point become exact amounts."""

    def to_internal_value(self, value: Any) -> Any:
        return _exact(value)

    def to_representation(self, value: Any) -> Any:
        return value


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {key: _exact(one) for key, one in value.items()}
    return [_exact(one) for one in value] if isinstance(value, list) else value


class RetryBody(serializers.Serializer[Any]):
    """How a retry goes; everything may be left out."""

    version = serializers.ChoiceField(
        choices=[one.value for one in RetryVersion], default=RetryVersion.SAME.value
    )
    start = serializers.ChoiceField(choices=[one.value for one in RetryStart], default=RetryStart.USUAL.value)
    approves = serializers.BooleanField(
        default=False, help_text="Send a change that was held for review, where the target takes changes."
    )


class NewValue(serializers.Serializer[Any]):
    """One field of the record."""

    path = serializers.CharField(max_length=300, help_text="As in `lines[0].sku`.")
    value = AnyValue(allow_null=True)


class FieldsBody(serializers.Serializer[Any]):
    """Fields to change in a waiting run's record."""

    part = serializers.ChoiceField(
        choices=[one.value for one in EditPart],
        default=EditPart.SOURCE.value,
        help_text="`source`: the record as read; `mapped`: the one made of it for the target.",
    )
    seen = serializers.CharField(
        max_length=60, help_text="From reading the record: tells whether it is still the same."
    )
    changes = NewValue(many=True, required=False)
    remove = serializers.ListField(child=serializers.CharField(max_length=300), required=False)
    version = serializers.ChoiceField(
        choices=[one.value for one in RetryVersion], default=RetryVersion.SAME.value
    )
    reveal = serializers.BooleanField(
        default=False, help_text="Change personal fields and see their values; recorded in the audit log."
    )


class EditBody(FieldsBody):
    """Fields to change, or only to check."""

    dry_run = serializers.BooleanField(default=False, help_text="Only check; nothing is stored or sent.")


class RecordSerializer(serializers.Serializer[Any]):
    """A waiting run's record, personal values masked."""

    part = serializers.ChoiceField(choices=[one.value for one in EditPart])
    seen = serializers.CharField()
    record = serializers.DictField(child=AnyValue())


class ChangeSerializer(serializers.Serializer[Any]):
    """One place that differs."""

    path = serializers.CharField()
    change = serializers.ChoiceField(choices=[one.value for one in ChangeKind])
    before = AnyValue(allow_null=True)
    after = AnyValue(allow_null=True)


class EditProblem(serializers.Serializer[Any]):
    """One value that does not fit."""

    field = serializers.CharField()
    value = serializers.CharField()
    rule = serializers.CharField()


class EditCheckSerializer(serializers.Serializer[Any]):
    """What an edit changes and what would come of it."""

    is_saved = serializers.BooleanField()
    changes = ChangeSerializer(many=True)
    sent = ChangeSerializer(many=True, help_text="What the target would get, against what was made before.")
    problems = EditProblem(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class EditSerializer(serializers.Serializer[Any]):
    """An edit that was kept; its values are shown to people only."""

    part = serializers.ChoiceField(choices=[one.value for one in EditPart])
    fields_changed = serializers.ListField(child=serializers.CharField(), source="fields")
    author = serializers.CharField()
    created_at = serializers.DateTimeField()


class NotEditableNow(exceptions.APIException):
    """The run does not wait, or somebody else was faster."""

    status_code = status.HTTP_409_CONFLICT


def open_record(run_id: int, part: EditPart) -> Editable:
    """Return a waiting run's records inside ``in_tenant``. Raises NotEditableNow."""
    try:
        editable = run_edits.open_for_edit(run_id)
        editable.record(part)
    except Run.DoesNotExist as error:
        raise NotEditableNow("Only a held or failed run can be edited; this one is neither.") from error
    except EditRefused as refusal:
        raise NotEditableNow(str(refusal)) from refusal
    return editable


def shown_record(editable: Editable, part: EditPart) -> dict[str, Any]:
    """Return the record for an answer, masked."""
    record = masked(editable.record(part))
    return {"part": part.value, "seen": editable.seen, "record": _plain(record)}


def edit(tenant_id: int, run_id: int, wanted: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Check an edit and keep it unless it is a dry run. Outside of a transaction.

    Raises NotEditableNow, ValidationError naming each field.
    """
    part, version, may_see = EditPart(wanted["part"]), RetryVersion(wanted["version"]), wanted["reveal"]
    with answered():
        editable, checked = checked_edit(tenant_id, run_id, wanted, actor)
        if not wanted["dry_run"]:
            run_edits.save(editable, part, checked, seen=wanted["seen"], actor=actor, version=version)
    return {"is_saved": not wanted["dry_run"], **shown_check(checked, may_see)}


@contextmanager
def answered() -> Iterator[None]:
    """Turn what refuses an edit into the API's answers: NotEditableNow, ValidationError naming each field."""
    try:
        yield
    except EditOvertaken as overtaken:
        raise NotEditableNow(str(overtaken)) from overtaken
    except NotEditable as refusal:
        raise serializers.ValidationError({refusal.path: [refusal.rule]}) from refusal
    except EditRefused as refusal:
        named = {one.field: [one.rule] for one in refusal.problems}
        raise serializers.ValidationError(named or {"non_field_errors": [str(refusal)]}) from refusal


def checked_edit(
    tenant_id: int, run_id: int, wanted: dict[str, Any], actor: Actor
) -> tuple[Editable, EditCheck]:
    """Return a waiting run with what valid input of :class:`EditBody` changes in its record, inside ``answered``."""
    part, may_see = EditPart(wanted["part"]), wanted["reveal"]
    with in_tenant(tenant_id):
        editable = open_record(run_id, part)
        if may_see:
            reveal(run_id, actor=actor)
    edited = with_values(
        editable.record(part),
        {one["path"]: one["value"] for one in wanted.get("changes", ())},
        wanted.get("remove", ()),
    )
    version = RetryVersion(wanted["version"])
    return editable, run_edits.check(editable, part, edited, version=version, may_see_personal=may_see)


def shown_check(checked: EditCheck, may_see: bool) -> dict[str, Any]:
    """Return a check for an answer, masked unless the program may see personal values."""
    return {
        "changes": [_shown(one, may_see) for one in checked.changes],
        "sent": [_shown(one, may_see) for one in checked.sent],
        "problems": [{"field": one.field, "value": "", "rule": one.rule} for one in checked.problems],
        "notes": list(checked.notes),
    }


def _shown(change: FieldChange, may_see: bool) -> dict[str, Any]:
    shown = change if may_see else change.masked
    return {
        "path": shown.path,
        "change": shown.kind.value,
        "before": _plain(shown.before),
        "after": _plain(shown.after),
    }


def _plain(value: Any) -> Any:
    """Return a value of a record as JSON can carry it: amounts as text with all their digits."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return format(value, "f") if isinstance(value, Decimal) else value
