"""``/api/v1/events``: the captured changes and the runs they made; never a body."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.kinds import Kind
from integrations.models import Event
from integrations.queries.api_runs import runs_of_events
from portal.api.fields import RowId
from portal.api.resource import Resource


class EventSerializer(serializers.Serializer[Any]):
    """One captured change. Its body is kept sealed and not given out here."""

    id = serializers.IntegerField()
    connection_id = serializers.IntegerField()
    topic = serializers.CharField()
    kind = serializers.CharField()
    external_id = serializers.CharField(help_text="Id of the record in the source system.")
    business_key = serializers.CharField()
    found_by = serializers.ChoiceField(choices=["webhook", "poll", "person", "job", "match"])
    problem = serializers.CharField(help_text='Why its body could not be read; "" where it could.')
    deliveries = serializers.IntegerField(help_text="How often the sender delivered it.")
    body_sha256 = serializers.SerializerMethodField(help_text="Of the bytes received, hex.")
    masked = serializers.ListField(
        child=serializers.CharField(), help_text="Where card numbers were masked before the body was stored."
    )
    runs = serializers.SerializerMethodField(help_text="Ids of the runs it made.")
    occurred_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()

    def get_body_sha256(self, event: Event) -> str:
        return bytes(event.body_sha256).hex()

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_runs(self, event: Event) -> Any:
        return self.context["runs"][event.pk]


class EventQuery(serializers.Serializer[Any]):
    """Filters of the list; together they narrow it."""

    connection = RowId(required=False)
    kind = serializers.ChoiceField(choices=[one.value for one in Kind], required=False)


class EventResource(Resource):
    queryset = Event.across_tenants.none()
    serializer_class = EventSerializer

    def get_queryset(self) -> QuerySet[Event]:
        found: QuerySet[Event] = Event.objects.all()
        return found

    @extend_schema(parameters=[EventQuery])
    def list(self, request: Request) -> Response:
        """List events, newest first."""
        query = EventQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = {
            "connection_id": query.validated_data.get("connection"),
            "kind": query.validated_data.get("kind"),
        }
        found = self.get_queryset().filter(**{name: value for name, value in wanted.items() if value})
        page = self.paginate_queryset(found) or []
        runs = runs_of_events([event.pk for event in page])
        return self.get_paginated_response(EventSerializer(page, many=True, context={"runs": runs}).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one event."""
        event = self.get_object()
        return Response(EventSerializer(event, context={"runs": runs_of_events([event.pk])}).data)
