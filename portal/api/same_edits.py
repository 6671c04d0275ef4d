"""The same edit for all over the API: which other waiting runs an edit fits, and the bulk action that makes it."""

from typing import Any

from rest_framework import serializers

from integrations.kinds.bulk_action import RetryVersion
from integrations.models import BulkAction, in_tenant
from integrations.operations import same_edits
from integrations.operations.audit import Actor
from integrations.operations.bulk_actions import BulkRefused
from integrations.operations.run_edits import EditPart
from portal.api.fields import RowId
from portal.api.run_edits import (
    ChangeSerializer,
    EditProblem,
    FieldsBody,
    answered,
    checked_edit,
    shown_check,
)


class SameEditBody(FieldsBody):
    """An edit of one waiting run that others may take as well."""

    run = RowId(help_text="The waiting run whose record is edited; it goes first.")


class SameEditStart(SameEditBody):
    """The same, to be done."""

    up_to = RowId(required=False, help_text="The plan's: runs that failed since are left alone.")


class SameEditPlan(serializers.Serializer[Any]):
    """What the same edit of all would mean."""

    count = serializers.IntegerField(help_text="Runs that hold the same values, the edited one included.")
    run_ids = serializers.ListField(child=serializers.IntegerField(), help_text="The edited one first.")
    looked_at = serializers.IntegerField(
        help_text="Other runs of the same cause that were opened: the newest 500."
    )
    others_waiting = serializers.IntegerField(help_text="Other runs of the same cause.")
    call_count = serializers.IntegerField()
    seconds = serializers.FloatField()
    up_to = serializers.IntegerField(
        allow_null=True, help_text="Give it to the start: nothing newer is taken."
    )
    changes = ChangeSerializer(many=True)
    problems = EditProblem(many=True)
    notes = serializers.ListField(child=serializers.CharField())


def plan(tenant_id: int, wanted: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Return the plan of an edit that fits, or what does not. Outside of a transaction.

    Raises NotEditableNow, ValidationError naming each field.
    """
    with answered():
        editable, checked = checked_edit(tenant_id, wanted["run"], wanted, actor)
        same = None
        if checked.changes and not checked.problems:
            with in_tenant(tenant_id):
                same = same_edits.find_same(editable, EditPart(wanted["part"]), checked)
    check = shown_check(checked, wanted["reveal"])
    return {
        "count": 1 if same is None else same.count,
        "run_ids": [editable.run.pk, *(() if same is None else same.others)],
        "looked_at": 0 if same is None else same.looked_at,
        "others_waiting": 0 if same is None else same.others_waiting,
        "call_count": 0 if same is None else same.plan.call_count,
        "seconds": 0.0 if same is None else same.plan.seconds,
        "up_to": None if same is None else same.plan.last_run_id,
        "changes": check["changes"],
        "problems": check["problems"],
        "notes": check["notes"],
    }


def start(tenant_id: int, wanted: dict[str, Any], actor: Actor) -> BulkAction:
    """Keep the edit, send its run, and let the others follow. Outside of a transaction.

    Raises NotEditableNow, ValidationError naming each field or saying that no other run fits.
    """
    with answered():
        editable, checked = checked_edit(tenant_id, wanted["run"], wanted, actor)
        try:
            return same_edits.start(
                editable,
                EditPart(wanted["part"]),
                checked,
                seen=wanted["seen"],
                actor=actor,
                version=RetryVersion(wanted["version"]),
                up_to=wanted.get("up_to"),
            )
        except BulkRefused as refusal:
            raise serializers.ValidationError({"non_field_errors": [str(refusal)]}) from refusal
