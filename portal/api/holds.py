"""``/api/v1/holds``: what held runs wait for, by condition; link a SKU or add a value-map row, counted beforehand."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.models import Hold, Pair, ValueMap
from integrations.operations import releases
from integrations.operations.releases import LinkRefused, Released, RowRefused
from integrations.queries import holds
from portal.api.conventions import MayOperate
from portal.api.fields import RowId
from portal.api.resource import Resource


class WaitingSerializer(serializers.Serializer[Any]):
    """The runs of one flow that wait for one condition."""

    pair_id = serializers.IntegerField()
    flow_id = serializers.IntegerField()
    flow = serializers.CharField(source="flow_name")
    run_kind = serializers.CharField(help_text="Kind of the runs: `order` and so on.")
    kind = serializers.CharField(help_text="`product`, `customer` and so on, `value_map` or `review`.")
    key = serializers.CharField(help_text="The SKU or number; `map:value` of a value map.")
    count = serializers.IntegerField()
    oldest_at = serializers.DateTimeField()


class WaitingList(serializers.Serializer[Any]):
    """Conditions, most runs first; at most 200."""

    results = WaitingSerializer(many=True)


class HoldQuery(serializers.Serializer[Any]):
    """Filters; together they narrow it."""

    pair = RowId(required=False)
    kind = serializers.CharField(max_length=20, required=False)


class NewLink(serializers.Serializer[Any]):
    """Two SKUs that are the same item."""

    pair_id = RowId()
    storefront_sku = serializers.CharField(max_length=120)
    erp_sku = serializers.CharField(max_length=120)
    dry_run = serializers.BooleanField(default=False, help_text="Only say what it would release.")


class NewRow(serializers.Serializer[Any]):
    """A row for a value map of a pair."""

    pair_id = RowId()
    value_map = serializers.SlugField(max_length=60)
    source = serializers.CharField(max_length=120)  # type: ignore[assignment]
    target = serializers.CharField(max_length=120)
    dry_run = serializers.BooleanField(default=False, help_text="Only say what it would release.")


class ReleaseSerializer(serializers.Serializer[Any]):
    """What was released, or would be."""

    would_release = WaitingSerializer(many=True, help_text="What waited for it, by flow, before.")
    released = serializers.IntegerField(help_text="Runs that go at once.")
    following = serializers.IntegerField(help_text="Runs that follow in chunks of 500.")
    bulk_action_id = serializers.IntegerField(allow_null=True, help_text="Shows how far the others are.")


class HoldResource(Resource):
    queryset = Hold.across_tenants.none()
    serializer_class = WaitingSerializer
    pagination_class = None  # type: ignore[assignment]
    permissions_of = {"link_sku": MayOperate, "add_row": MayOperate}

    @extend_schema(parameters=[HoldQuery], responses=WaitingList)
    def list(self, request: Request) -> Response:
        """List what held runs wait for, by flow and condition, most runs first."""
        query = HoldQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        found = holds.waiting(pair_id=wanted.get("pair"), kind=wanted.get("kind", ""))
        return Response({"results": WaitingSerializer(found, many=True).data})

    @extend_schema(request=NewLink, responses=ReleaseSerializer)
    @action(detail=False, methods=["post"], url_path="link-sku")
    def link_sku(self, request: Request) -> Response:
        """Link a SKU of the storefront with one of the ERP; every run that waits for it goes, in order."""
        body = NewLink(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        self._must_exist(wanted["pair_id"])
        ours, theirs = wanted["storefront_sku"], wanted["erp_sku"]
        waits = holds.released_by_link(wanted["pair_id"], ours, theirs)
        if wanted["dry_run"]:
            return _answer(waits, Released(0))
        try:
            return _answer(waits, releases.link_sku(wanted["pair_id"], ours, theirs, actor=self.actor))
        except LinkRefused as refusal:
            raise serializers.ValidationError({"erp_sku": [str(refusal)]}) from refusal

    @extend_schema(request=NewRow, responses=ReleaseSerializer)
    @action(detail=False, methods=["post"], url_path="add-row")
    def add_row(self, request: Request) -> Response:
        """Add a row to a value map as a new version; every run that waits for it goes, in order."""
        body = NewRow(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        self._must_exist(wanted["pair_id"])
        pair_id, table, source = wanted["pair_id"], wanted["value_map"], wanted["source"]
        waits = holds.released_by_row(pair_id, table, source)
        if wanted["dry_run"]:
            return _answer(waits, Released(0))
        try:
            released = releases.add_value_row(pair_id, table, source, wanted["target"], actor=self.actor)
        except ValueMap.DoesNotExist as missing:
            raise Http404("No value map of this pair has this key.") from missing
        except RowRefused as refusal:
            raise serializers.ValidationError({"source": [str(refusal)]}) from refusal
        return _answer(waits, released)

    @staticmethod
    def _must_exist(pair_id: int) -> None:
        if not Pair.objects.filter(pk=pair_id).exists():
            raise Http404("No pair has this id.")


def _answer(waits: list[holds.Waiting], released: Released) -> Response:
    return Response(
        {
            "would_release": WaitingSerializer(waits, many=True).data,
            "released": released.at_once,
            "following": released.following,
            "bulk_action_id": released.action_id,
        }
    )
