"""``/api/v1/pairs``: list, retrieve, create, pause, resume; each with its flows."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.kinds import Direction, Environment, Kind
from integrations.models import Connection, Pair
from integrations.operations import pairs
from integrations.operations.pairs import PairRefused
from integrations.queries import backlog
from integrations.queries.api_pairs import flows_of_pairs
from portal.api.backlog import BacklogSerializer
from portal.api.conventions import MayBuild, MayOperate
from portal.api.fields import PauseReason, RowId
from portal.api.resource import Resource


class FlowSerializer(serializers.Serializer[Any]):
    """One kind in one direction inside a pair."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[one.value for one in Kind])
    direction = serializers.ChoiceField(choices=[one.value for one in Direction])
    version = serializers.IntegerField(
        source="current.number", default=None, allow_null=True, help_text="Number of the published version."
    )
    follows = serializers.CharField(
        help_text='Key of the flow whose success starts this one; "" = by events.'
    )
    poll_seconds = serializers.IntegerField(allow_null=True)
    starts_at = serializers.DateTimeField(
        allow_null=True, help_text="Older records enter by initial load only."
    )
    paused_at = serializers.DateTimeField(allow_null=True)
    pause_reason = serializers.CharField()


class PairSerializer(serializers.Serializer[Any]):
    """A storefront connection and an ERP connection bound together, with their flows."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    environment = serializers.ChoiceField(choices=[one.value for one in Environment])
    storefront_id = serializers.IntegerField()
    erp_id = serializers.IntegerField()
    flows = serializers.SerializerMethodField()
    paused_at = serializers.DateTimeField(allow_null=True)
    pause_reason = serializers.CharField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(FlowSerializer(many=True))
    def get_flows(self, pair: Pair) -> Any:
        return FlowSerializer(self.context["flows"][pair.pk], many=True).data


class NewPair(serializers.Serializer[Any]):
    """A pair to make: two connections and where it lives."""

    name = serializers.CharField(max_length=80)
    environment = serializers.ChoiceField(choices=[one.value for one in Environment])
    storefront_id = RowId()
    erp_id = RowId()


class PairResource(Resource):
    queryset = Pair.across_tenants.none()
    serializer_class = PairSerializer
    permissions_of = {"create": MayBuild, "pause": MayOperate, "resume": MayOperate}

    def get_queryset(self) -> QuerySet[Pair]:
        found: QuerySet[Pair] = Pair.objects.all()
        return found

    def list(self, request: Request) -> Response:
        """List pairs with their flows, newest first."""
        page = self.paginate_queryset(self.get_queryset()) or []
        flows = flows_of_pairs([pair.pk for pair in page])
        return self.get_paginated_response(PairSerializer(page, many=True, context={"flows": flows}).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one pair with its flows."""
        return Response(_shown(self.get_object()))

    @extend_schema(request=NewPair, responses={201: PairSerializer})
    def create(self, request: Request) -> Response:
        """Bind a storefront and an ERP connection; the ready flows of the two systems are published at once."""
        body = NewPair(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        try:
            made = pairs.create_pair(
                wanted["name"],
                Environment(wanted["environment"]),
                wanted["storefront_id"],
                wanted["erp_id"],
                actor=self.actor,
            )
        except Connection.DoesNotExist as missing:
            raise Http404("No connection has this id.") from missing
        except PairRefused as refusal:
            raise serializers.ValidationError({"non_field_errors": [str(refusal)]}) from refusal
        return Response(_shown(made), status.HTTP_201_CREATED)

    @extend_schema(request=PauseReason, responses=PairSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop delivering a pair's runs; events keep arriving and wait."""
        found = self.get_object()
        body = PauseReason(data=request.data)
        body.is_valid(raise_exception=True)
        pairs.pause_pair(found.pk, body.validated_data["reason"], actor=self.actor)
        return Response(_shown(self.get_object()))

    @extend_schema(request=None, responses=PairSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let a paused pair go on; what waited goes in order."""
        pairs.resume_pair(self.get_object().pk, actor=self.actor)
        return Response(_shown(self.get_object()))

    @extend_schema(responses=BacklogSerializer)
    @action(detail=True, methods=["get"])
    def backlog(self, request: Request, pk: str) -> Response:
        """Say what waits in the pair's flows, how fast it goes and until when."""
        return Response(BacklogSerializer(backlog.of_pair(self.get_object().pk)).data)


def _shown(pair: Pair) -> Any:
    return PairSerializer(pair, context={"flows": flows_of_pairs([pair.pk])}).data
