"""``/api/v1/bulk-actions``: plan, list, retrieve, create, cancel. Retry, skip or edit many waiting runs at once."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.kinds import Kind, RunStatus
from integrations.kinds.bulk_action import BulkDeed, BulkStatus, RetryStart, RetryVersion
from integrations.models import BulkAction, in_tenant
from integrations.operations import bulk_actions as operations
from integrations.operations.bulk_actions import BulkRefused, NotCancellable
from integrations.operations.runs import RetryChoice
from integrations.queries import bulk_plans
from integrations.queries.bulk_actions import actions_matching, states_of
from integrations.queries.selections import Selection
from portal.api import same_edits
from portal.api.conventions import MayOperate
from portal.api.fields import PauseReason, RowId
from portal.api.resource import Resource
from portal.api.same_edits import SameEditBody, SameEditPlan, SameEditStart


class SelectionSerializer(serializers.Serializer[Any]):
    """Which held and failed runs; what is left out asks nothing."""

    status = serializers.ChoiceField(choices=[RunStatus.HELD.value, RunStatus.DEAD.value], required=False)
    flow = RowId(required=False)
    pair = RowId(required=False)
    sync_job = RowId(required=False)
    kind = serializers.ChoiceField(choices=[one.value for one in Kind], required=False)
    reason_code = serializers.CharField(max_length=40, required=False)
    hold_kind = serializers.CharField(
        max_length=20,
        required=False,
        help_text="What a held run waits for: `product`, `value_map`, `review`.",
    )
    hold_key = serializers.CharField(
        max_length=200, required=False, help_text="A SKU, or `map:value` of a value map."
    )
    problem_field = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Field of the first refused value."
    )
    since = serializers.DateTimeField(required=False, help_text="Arrived at or after.")
    until = serializers.DateTimeField(required=False, help_text="Arrived before.")
    run_ids = serializers.ListField(child=RowId(), required=False, min_length=1, max_length=2_000)


def selection_from(given: Any) -> Selection:
    """Return the selection of valid input."""
    wanted = dict(given)
    return Selection(
        status=RunStatus(wanted["status"]) if "status" in wanted else None,
        flow_id=wanted.get("flow"),
        pair_id=wanted.get("pair"),
        job_id=wanted.get("sync_job"),
        kind=wanted.get("kind", ""),
        reason_code=wanted.get("reason_code", ""),
        hold_kind=wanted.get("hold_kind", ""),
        hold_key=wanted.get("hold_key", ""),
        problem_field=wanted.get("problem_field"),
        since=wanted.get("since"),
        until=wanted.get("until"),
        run_ids=tuple(wanted.get("run_ids", ())),
    )


class PlannedCauseSerializer(serializers.Serializer[Any]):
    """The matching runs of one cause."""

    count = serializers.IntegerField()
    status = serializers.ChoiceField(choices=[one.value for one in RunStatus])
    flow = serializers.CharField(source="flow_name")
    sample = serializers.CharField(help_text="The sentence of one of its runs.")
    waits_for = serializers.CharField(help_text='What they would be held for again; "" = nothing known.')


class PlannedCallsSerializer(serializers.Serializer[Any]):
    """Calls to one connection."""

    connection_id = serializers.IntegerField()
    calls = serializers.IntegerField()
    per_minute = serializers.IntegerField(allow_null=True, help_text="What the system allows.")
    seconds = serializers.FloatField(help_text="How long that takes at least.")


class PlanSerializer(serializers.Serializer[Any]):
    """What a retry would mean. A reckoning by the flows' steps, not a promise."""

    count = serializers.IntegerField()
    would_wait = serializers.IntegerField(help_text="How many would be held again.")
    call_count = serializers.IntegerField()
    seconds = serializers.FloatField()
    up_to = serializers.IntegerField(
        source="last_run_id", help_text="Give it to create: nothing newer is taken."
    )
    causes = PlannedCauseSerializer(many=True)
    calls = PlannedCallsSerializer(many=True)


class NewBulkAction(serializers.Serializer[Any]):
    """What to do to which runs."""

    deed = serializers.ChoiceField(choices=[BulkDeed.RETRY.value, BulkDeed.SKIP.value])
    selection = SelectionSerializer()
    up_to = RowId(required=False, help_text="The plan's: runs that failed since are left alone.")
    version = serializers.ChoiceField(
        choices=[one.value for one in RetryVersion], default=RetryVersion.SAME.value
    )
    start = serializers.ChoiceField(choices=[one.value for one in RetryStart], default=RetryStart.USUAL.value)
    tries_one_first = serializers.BooleanField(
        default=True, help_text="The others follow only when the oldest succeeded."
    )
    reason = serializers.CharField(max_length=200, required=False, help_text="A skip must say why.")


class LeftOutSerializer(serializers.Serializer[Any]):
    """Runs that an edit looked at and left as they were."""

    reason = serializers.CharField()
    count = serializers.IntegerField()
    run_id = serializers.IntegerField(help_text="One of them.")


class BulkActionSerializer(serializers.Serializer[Any]):
    """A bulk action with its progress."""

    id = serializers.IntegerField()
    deed = serializers.ChoiceField(choices=[one.value for one in BulkDeed])
    status = serializers.ChoiceField(choices=[one.value for one in BulkStatus])
    words = serializers.CharField(help_text="Which runs, in words.")
    version = serializers.ChoiceField(choices=[one.value for one in RetryVersion])
    start = serializers.ChoiceField(choices=[one.value for one in RetryStart])
    matched = serializers.IntegerField(help_text="Runs that matched at the start.")
    taken = serializers.IntegerField(help_text="Runs sent on, skipped or released so far.")
    first_run_id = serializers.IntegerField(allow_null=True)
    succeeded = serializers.IntegerField(source="outcomes.succeeded")
    left_out = serializers.IntegerField(source="outcomes.left_out")
    held = serializers.IntegerField(source="outcomes.held")
    failed = serializers.IntegerField(source="outcomes.failed")
    moving = serializers.IntegerField(source="outcomes.moving")
    left_as_they_were = LeftOutSerializer(
        source="left_out", many=True, help_text="By an edit, for each reason."
    )
    reason = serializers.CharField()
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class HasEnded(exceptions.APIException):
    """The action has ended already."""

    status_code = status.HTTP_409_CONFLICT


class BulkActionResource(Resource):
    queryset = BulkAction.across_tenants.none()
    serializer_class = BulkActionSerializer
    permissions_of = {
        "create": MayOperate,
        "plan": MayOperate,
        "cancel": MayOperate,
        "plan_edit": MayOperate,
        "edit": MayOperate,
    }
    speaks_to_remotes = frozenset({"plan_edit", "edit"})

    def get_queryset(self) -> QuerySet[BulkAction]:
        return actions_matching()

    def list(self, request: Request) -> Response:
        """List bulk actions, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(BulkActionSerializer(states_of(page or []), many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one bulk action with its progress."""
        return Response(self._shown())

    @extend_schema(request=SelectionSerializer, responses=PlanSerializer)
    @action(detail=False, methods=["post"])
    def plan(self, request: Request) -> Response:
        """Say how many runs match, why they wait, what retrying costs in remote calls and how long it takes."""
        body = SelectionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(PlanSerializer(bulk_plans.plan_of(selection_from(body.validated_data))).data)

    @extend_schema(request=NewBulkAction, responses={201: BulkActionSerializer})
    def create(self, request: Request) -> Response:
        """Retry or skip all matching runs. A retry tries one first; the others go in chunks, behind what happens now."""
        body = NewBulkAction(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        selection, up_to = selection_from(wanted["selection"]), wanted.get("up_to")
        words = f"Asked for by {self.actor.name}"
        try:
            if wanted["deed"] == BulkDeed.SKIP.value:
                made = operations.start_skip(
                    selection, words, wanted.get("reason", ""), actor=self.actor, up_to=up_to
                )
            else:
                made = operations.start_retry(
                    selection,
                    words,
                    actor=self.actor,
                    choice=RetryChoice(RetryVersion(wanted["version"]), RetryStart(wanted["start"])),
                    calls=bulk_plans.plan_of(selection).call_count,
                    tries_one_first=wanted["tries_one_first"],
                    up_to=up_to,
                )
        except BulkRefused as refusal:
            raise serializers.ValidationError({"non_field_errors": [str(refusal)]}) from refusal
        (state,) = states_of([made])
        return Response(BulkActionSerializer(state).data, status.HTTP_201_CREATED)

    @extend_schema(request=SameEditBody, responses=SameEditPlan)
    @action(detail=False, methods=["post"], url_path="plan-edit")
    def plan_edit(self, request: Request) -> Response:
        """Check an edit of one waiting run, and say which others of its cause it fits as well; nothing is stored."""
        body = SameEditBody(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(same_edits.plan(self.caller.tenant_id, body.validated_data, self.actor))

    @extend_schema(request=SameEditStart, responses={201: BulkActionSerializer})
    @action(detail=False, methods=["post"])
    def edit(self, request: Request) -> Response:
        """Edit a waiting run's record and send it; the others that hold the same follow when it has succeeded.

        400 names what does not fit, or says that there are no others; then nothing is stored.
        """
        body = SameEditStart(data=request.data)
        body.is_valid(raise_exception=True)
        made = same_edits.start(self.caller.tenant_id, body.validated_data, self.actor)
        with in_tenant(self.caller.tenant_id):
            (state,) = states_of([made])
            return Response(BulkActionSerializer(state).data, status.HTTP_201_CREATED)

    @extend_schema(request=PauseReason, responses=BulkActionSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Take on nothing more; what was sent goes on. 409 where the action has ended."""
        found = self.get_object()
        body = PauseReason(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            operations.cancel(found.pk, body.validated_data["reason"], actor=self.actor)
        except NotCancellable as refusal:
            raise HasEnded(str(refusal)) from refusal
        return Response(self._shown())

    def _shown(self) -> Any:
        (state,) = states_of([self.get_object()])
        return BulkActionSerializer(state).data
