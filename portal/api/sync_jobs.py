"""``/api/v1/sync-jobs``: list, retrieve, create, pause, resume, cancel. Initial loads, backfills, single records."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.kinds import Kind
from integrations.kinds.sync_job import SyncMode, SyncStatus
from integrations.models import Flow, SyncJob
from integrations.models.sync_jobs import LARGEST_PER_MINUTE
from integrations.operations import sync_jobs as operations
from integrations.operations.sync_jobs import MOST_TARGETED, JobRefused, NotSteerable
from integrations.queries.sync_jobs import jobs_matching, states_of
from portal.api.conventions import MayOperate
from portal.api.fields import PauseReason, RowId
from portal.api.resource import Resource


class SyncJobSerializer(serializers.Serializer[Any]):
    """A bounded sweep over one flow's source, with its progress."""

    id = serializers.IntegerField()
    flow_id = serializers.IntegerField()
    pair_id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=[one.value for one in Kind])
    mode = serializers.ChoiceField(choices=[one.value for one in SyncMode])
    status = serializers.ChoiceField(choices=[one.value for one in SyncStatus])
    reason = serializers.CharField(help_text="Why it is paused, was cancelled, stopped, or waits.")
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    record_ids = serializers.ListField(child=serializers.CharField())
    numbers = serializers.ListField(child=serializers.CharField())
    per_minute = serializers.IntegerField()
    total = serializers.IntegerField(help_text="Records it is about, as far as is known.")
    is_total_known = serializers.BooleanField(help_text="False while the source may have more.")
    handled = serializers.IntegerField(help_text="Records it is through with.")
    passed_over = serializers.IntegerField(help_text="Linked or on their way already.")
    queued = serializers.IntegerField(help_text="Runs it made.")
    done = serializers.IntegerField(source="settled.done")
    skipped = serializers.IntegerField(source="settled.skipped")
    held = serializers.IntegerField(source="settled.held")
    failed = serializers.IntegerField(source="settled.failed")
    missing = serializers.IntegerField(source="settled.missing", help_text="Not there on the other side.")
    moving = serializers.IntegerField(source="settled.moving", help_text="Queued or being served.")
    eta_seconds = serializers.FloatField(allow_null=True)
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class NewSyncJob(serializers.Serializer[Any]):
    """A sweep to start, or single records to send now."""

    flow_id = RowId()
    mode = serializers.ChoiceField(choices=[one.value for one in SyncMode])
    since = serializers.DateTimeField(required=False, allow_null=True, help_text="Changed at or after.")
    until = serializers.DateTimeField(required=False, allow_null=True, help_text="Changed before.")
    record_ids = serializers.ListField(
        child=serializers.CharField(max_length=120),
        required=False,
        max_length=MOST_TARGETED,
        help_text="Ids in the source; `targeted` only.",
    )
    numbers = serializers.ListField(
        child=serializers.CharField(max_length=120),
        required=False,
        max_length=MOST_TARGETED,
        help_text="Numbers that people say, such as order numbers or SKUs; `targeted` only.",
    )
    per_minute = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST_PER_MINUTE,
        help_text="At most so many records a minute; left out, half of what the systems allow.",
    )


class SyncJobQuery(serializers.Serializer[Any]):
    """Filters of the list; together they narrow it."""

    flow = RowId(required=False)
    status = serializers.ChoiceField(choices=[one.value for one in SyncStatus], required=False)


class WrongMoment(exceptions.APIException):
    """The job stands where this cannot be done."""

    status_code = status.HTTP_409_CONFLICT


class SyncJobResource(Resource):
    queryset = SyncJob.across_tenants.none()
    serializer_class = SyncJobSerializer
    permissions_of = {
        "create": MayOperate,
        "pause": MayOperate,
        "resume": MayOperate,
        "cancel": MayOperate,
    }

    def get_queryset(self) -> QuerySet[SyncJob]:
        return jobs_matching()

    @extend_schema(parameters=[SyncJobQuery])
    def list(self, request: Request) -> Response:
        """List sync jobs, newest first."""
        query = SyncJobQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        page = self.paginate_queryset(
            jobs_matching(flow_id=wanted.get("flow"), status=wanted.get("status", ""))
        )
        return self.get_paginated_response(SyncJobSerializer(states_of(page or []), many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one sync job with its progress."""
        return Response(self._shown())

    @extend_schema(request=NewSyncJob, responses={201: SyncJobSerializer})
    def create(self, request: Request) -> Response:
        """Start a sync job; its records go behind what happens now, at its pace. Single records go ahead of bulk."""
        body = NewSyncJob(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        try:
            made = operations.create(
                wanted["flow_id"],
                SyncMode(wanted["mode"]),
                actor=self.actor,
                since=wanted.get("since"),
                until=wanted.get("until"),
                record_ids=wanted.get("record_ids", ()),
                numbers=wanted.get("numbers", ()),
                per_minute=wanted.get("per_minute"),
            )
        except Flow.DoesNotExist as missing:
            raise Http404("No flow has this id.") from missing
        except JobRefused as refusal:
            raise serializers.ValidationError({"non_field_errors": [str(refusal)]}) from refusal
        (state,) = states_of([made])
        return Response(SyncJobSerializer(state).data, status.HTTP_201_CREATED)

    @extend_schema(request=PauseReason, responses=SyncJobSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop reading and let what is queued wait; 409 where the job is not running."""
        found, reason = self.get_object(), self._reason(request)
        try:
            operations.pause(found.pk, reason, actor=self.actor)
        except NotSteerable as refusal:
            raise WrongMoment(str(refusal)) from refusal
        return Response(self._shown())

    @extend_schema(request=None, responses=SyncJobSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let a paused job go on where it stood; 409 where it is not paused."""
        try:
            operations.resume(self.get_object().pk, actor=self.actor)
        except NotSteerable as refusal:
            raise WrongMoment(str(refusal)) from refusal
        return Response(self._shown())

    @extend_schema(request=PauseReason, responses=SyncJobSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End a job and take back what it had queued; 409 where it has ended already."""
        found, reason = self.get_object(), self._reason(request)
        try:
            operations.cancel(found.pk, reason, actor=self.actor)
        except NotSteerable as refusal:
            raise WrongMoment(str(refusal)) from refusal
        return Response(self._shown())

    def _shown(self) -> Any:
        (state,) = states_of([self.get_object()])
        return SyncJobSerializer(state).data

    @staticmethod
    def _reason(request: Request) -> str:
        body = PauseReason(data=request.data)
        body.is_valid(raise_exception=True)
        return str(body.validated_data["reason"])
