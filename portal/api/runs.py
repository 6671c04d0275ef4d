"""``/api/v1/runs``: what became of each record, found by any number it carries; retry, skip, edit.

Never a payload, but for the masked record that an edit begins with.
"""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.kinds import Kind, RunStatus
from integrations.kinds.bulk_action import RetryStart, RetryVersion
from integrations.models import Run, in_tenant
from integrations.operations import runs as operations
from integrations.operations.run_edits import EditPart
from integrations.operations.runs import RetryChoice
from integrations.queries.api_runs import attempts_of_run, runs_matching
from integrations.queries.edits import edits_of
from portal.api.conventions import MayOperate
from portal.api.fields import RowId
from portal.api.resource import Resource
from portal.api.run_edits import (
    EditBody,
    EditCheckSerializer,
    EditSerializer,
    RecordSerializer,
    RetryBody,
    open_record,
    shown_record,
)
from portal.api.run_edits import edit as edit_run


class FieldProblemSerializer(serializers.Serializer[Any]):
    """One refused value."""

    field = serializers.CharField()
    value = serializers.CharField()
    rule = serializers.CharField()


class RunSerializer(serializers.Serializer[Any]):
    """The processing of one record by one flow."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=[one.value for one in RunStatus])
    reason = serializers.CharField(help_text="Why it was skipped, is held, failed or waits, in a sentence.")
    reason_code = serializers.CharField()
    kind = serializers.ChoiceField(choices=[one.value for one in Kind])
    pair_id = serializers.IntegerField()
    flow_id = serializers.IntegerField()
    flow = serializers.CharField(source="flow.key")
    event_id = serializers.IntegerField(allow_null=True)
    parent_run_id = serializers.IntegerField(allow_null=True)
    sync_job_id = serializers.IntegerField(allow_null=True, help_text="The sync job that asked for it.")
    business_key = serializers.CharField(help_text="The number people say: an order number, a SKU.")
    source_id = serializers.CharField(source="record_key", help_text="Id of the record in the source system.")
    target_id = serializers.CharField()
    target_number = serializers.CharField(source="target_key")
    amount = serializers.DecimalField(max_digits=18, decimal_places=4, allow_null=True)
    currency = serializers.CharField()
    attempts_counted = serializers.IntegerField(source="attempts")
    due_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class HopSerializer(serializers.Serializer[Any]):
    """One thing that happened on the way."""

    at = serializers.CharField(help_text="ISO 8601, UTC.")
    rail = serializers.ChoiceField(choices=["storefront", "connect", "erp"])
    title = serializers.CharField()
    text = serializers.CharField()
    amount = serializers.CharField(allow_null=True)


class AttemptSerializer(serializers.Serializer[Any]):
    """One try of a run."""

    number = serializers.IntegerField()
    step = serializers.CharField()
    outcome = serializers.CharField(help_text="The status of the run that it led to.")
    error = serializers.CharField(help_text='Class of the error; "" where there was none.')
    message = serializers.CharField()
    request_id = serializers.CharField()
    calls = serializers.IntegerField(help_text="Calls to the remote systems.")
    hops = HopSerializer(many=True)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()


class RunDetailSerializer(RunSerializer):
    """A run with its refused values and all its attempts."""

    problems = FieldProblemSerializer(source="problem", many=True)
    attempts = serializers.SerializerMethodField()
    edits = serializers.SerializerMethodField(help_text="Who edited its record, newest first.")

    @extend_schema_field(EditSerializer(many=True))
    def get_edits(self, run: Run) -> Any:
        return EditSerializer(edits_of(run.pk), many=True).data

    @extend_schema_field(AttemptSerializer(many=True))
    def get_attempts(self, run: Run) -> Any:
        return AttemptSerializer(attempts_of_run(run.pk), many=True).data


class RunQuery(serializers.Serializer[Any]):
    """Filters of the list; together they narrow it."""

    status = serializers.ChoiceField(choices=[one.value for one in RunStatus], required=False)
    kind = serializers.ChoiceField(choices=[one.value for one in Kind], required=False)
    pair = RowId(required=False)
    flow = RowId(required=False)
    sync_job = RowId(required=False)
    q = serializers.CharField(
        max_length=120,
        required=False,
        help_text="Any number or address the record carries: order number, ERP number, SKU, e-mail.",
    )


class SkipReason(serializers.Serializer[Any]):
    """Why a record is not delivered; people see it with the run."""

    reason = serializers.CharField(max_length=200)


class NotWaiting(exceptions.APIException):
    """The run stands where it cannot be retried or skipped."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Only a held or failed run can be retried or skipped; this one is neither."


class RunResource(Resource):
    queryset = Run.across_tenants.none()
    serializer_class = RunSerializer
    permissions_of = {"retry": MayOperate, "skip": MayOperate, "record": MayOperate, "edit": MayOperate}
    speaks_to_remotes = frozenset({"edit"})

    def get_queryset(self) -> QuerySet[Run]:
        return runs_matching()

    @extend_schema(parameters=[RunQuery])
    def list(self, request: Request) -> Response:
        """List runs, newest first."""
        query = RunQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        runs = runs_matching(
            status=wanted.get("status", ""),
            kind=wanted.get("kind", ""),
            pair_id=wanted.get("pair"),
            flow_id=wanted.get("flow"),
            sync_job_id=wanted.get("sync_job"),
            typed=wanted.get("q", ""),
        )
        page = self.paginate_queryset(runs)
        return self.get_paginated_response(RunSerializer(page, many=True).data)

    @extend_schema(responses=RunDetailSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one run with its attempts and what happened in each."""
        return Response(RunDetailSerializer(self.get_object()).data)

    @extend_schema(request=RetryBody, responses=RunDetailSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Send a held or failed run back to the queue; 409 where it is neither.

        With the same version of its flow or the latest, from the failed step or from the first one. A write that may
        have arrived before is looked for first, whatever is chosen.
        """
        run = self.get_object()
        body = RetryBody(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        choice = RetryChoice(
            RetryVersion(wanted["version"]), RetryStart(wanted["start"]), approves=wanted["approves"]
        )
        if operations.retry([run.pk], actor=self.actor, choice=choice) != 1:
            raise NotWaiting
        return Response(RunDetailSerializer(self.get_object()).data)

    @extend_schema(
        parameters=[OpenApiParameter("part", enum=[one.value for one in EditPart], default="source")],
        responses=RecordSerializer,
    )
    @action(detail=True, methods=["get"])
    def record(self, request: Request, pk: str) -> Response:
        """Show the record of a held or failed run for an edit, personal values masked; 409 where there is none."""
        run = self.get_object()
        try:
            part = EditPart(request.query_params.get("part", EditPart.SOURCE.value))
        except ValueError as error:
            raise serializers.ValidationError({"part": ["It is source or mapped."]}) from error
        return Response(shown_record(open_record(run.pk, part), part))

    @extend_schema(request=EditBody, responses=EditCheckSerializer)
    @action(detail=True, methods=["post"])
    def edit(self, request: Request, pk: str) -> Response:
        """Change fields of a held or failed run's record and send it again; 409 where somebody else was faster.

        What does not fit is named field by field (400), and nothing is stored. Masked values need ``reveal``.
        """
        with in_tenant(self.caller.tenant_id):
            run = self.get_object()
        body = EditBody(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(edit_run(self.caller.tenant_id, run.pk, body.validated_data, self.actor))

    @extend_schema(request=SkipReason, responses=RunDetailSerializer)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str) -> Response:
        """End a held or failed run without delivering it; 409 where it is neither."""
        run = self.get_object()
        body = SkipReason(data=request.data)
        body.is_valid(raise_exception=True)
        if operations.skip([run.pk], body.validated_data["reason"], actor=self.actor) != 1:
            raise NotWaiting
        return Response(RunDetailSerializer(self.get_object()).data)
