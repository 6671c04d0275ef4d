"""``/api/v1/connections``: list, retrieve, create, update, test, pause, resume. Secrets go in and never come out."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.connectors import registry
from integrations.connectors.registry import UnknownSystem
from integrations.kinds import ConnectionHealth
from integrations.models import Connection, Tenant, in_tenant
from integrations.operations import connections
from integrations.operations.connections import SettingsRefused
from integrations.queries import backlog
from integrations.queries.shown_settings import shown_settings
from portal.api.backlog import BacklogSerializer
from portal.api.conventions import MayBuild, MayOperate
from portal.api.fields import PauseReason, SettingValue
from portal.api.resource import Resource


class CheckSerializer(serializers.Serializer[Any]):
    """One named result of a connection test."""

    name = serializers.CharField()
    ok = serializers.BooleanField()
    evidence = serializers.CharField()
    fix = serializers.CharField(help_text="What to do when it failed.")
    field = serializers.CharField(help_text="The setting at fault, where one is known.")
    seconds = serializers.FloatField()


class ConnectionSerializer(serializers.Serializer[Any]):
    """A connection as it is shown: settings without secrets; of secrets only when each was set."""

    id = serializers.IntegerField()
    system = serializers.CharField()
    name = serializers.CharField()
    settings = serializers.SerializerMethodField()
    secrets_set_at = serializers.DictField(
        source="secrets_changed",
        child=serializers.DateTimeField(),
        help_text="Secret -> when it was last set.",
    )
    health = serializers.ChoiceField(choices=[one.value for one in ConnectionHealth])
    health_message = serializers.CharField()
    company = serializers.CharField(
        source="identity_label", help_text="Whose books it reaches, from the last test that passed."
    )
    paused_at = serializers.DateTimeField(allow_null=True)
    pause_reason = serializers.CharField()
    tested_at = serializers.DateTimeField(allow_null=True)
    test_results = CheckSerializer(many=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_hook_at = serializers.DateTimeField(allow_null=True)
    last_poll_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.DictField(child=SettingValue()))
    def get_settings(self, connection: Connection) -> dict[str, Any]:
        return dict(shown_settings(connection))


class NewConnection(serializers.Serializer[Any]):
    """A connection to make. ``settings`` holds the system's settings and secrets, as its form names them."""

    system = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=80)
    settings = serializers.DictField(child=SettingValue(allow_null=True), default=dict)


class ConnectionChange(serializers.Serializer[Any]):
    """What to change. Settings and secrets left out keep their value; null takes a setting away."""

    name = serializers.CharField(max_length=80, required=False)
    settings = serializers.DictField(child=SettingValue(allow_null=True), default=dict)


class ConnectionResource(Resource):
    queryset = Connection.across_tenants.none()
    serializer_class = ConnectionSerializer
    speaks_to_remotes = frozenset({"test"})
    permissions_of = {
        "create": MayBuild,
        "partial_update": MayBuild,
        "test": MayOperate,
        "pause": MayOperate,
        "resume": MayOperate,
    }

    def get_queryset(self) -> QuerySet[Connection]:
        found: QuerySet[Connection] = Connection.objects.filter(archived_at=None)
        return found

    def list(self, request: Request) -> Response:
        """List connections, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(ConnectionSerializer(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one connection."""
        return Response(ConnectionSerializer(self.get_object()).data)

    @extend_schema(request=NewConnection, responses={201: ConnectionSerializer})
    def create(self, request: Request) -> Response:
        """Make a connection. It is not tested yet; see the test action."""
        body = NewConnection(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        try:
            made = connections.create_connection(
                wanted["system"], wanted["name"], wanted["settings"], actor=self.actor
            )
        except UnknownSystem as unknown:
            raise serializers.ValidationError(
                {"system": f"Known are {', '.join(registry.keys())}."}
            ) from unknown
        except SettingsRefused as refusal:
            raise _named(refusal) from refusal
        return Response(ConnectionSerializer(made).data, status.HTTP_201_CREATED)

    @extend_schema(request=ConnectionChange, responses=ConnectionSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a connection's name, settings or secrets."""
        body = ConnectionChange(data=request.data)
        body.is_valid(raise_exception=True)
        # Locked, or a change by someone else between this read and the write would be undone.
        found = self.get_queryset().select_for_update(no_key=True).filter(pk=pk).first()
        if found is None:
            raise Http404("No connection has this id.")
        given = {**found.settings, **body.validated_data["settings"]}
        try:
            changed = connections.update_connection(
                found.pk, body.validated_data.get("name", found.name), given, actor=self.actor
            )
        except SettingsRefused as refusal:
            raise _named(refusal) from refusal
        return Response(ConnectionSerializer(changed).data)

    @extend_schema(request=None, responses=ConnectionSerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Test a connection against its system; answers with the named results.

        Takes as long as the system does, at most the connection's own time limits.
        """
        with in_tenant(self.caller.tenant_id):
            found = self.get_object()
            tenant = Tenant.objects.get(pk=self.caller.tenant_id)
        for _ in connections.run_test(tenant, found.pk, actor=self.actor):
            pass  # stored with the connection, and read from there
        with in_tenant(self.caller.tenant_id):
            return Response(ConnectionSerializer(self.get_object()).data)

    @extend_schema(request=PauseReason, responses=ConnectionSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop polls and deliveries of a connection; events keep accumulating."""
        found = self.get_object()
        body = PauseReason(data=request.data)
        body.is_valid(raise_exception=True)
        connections.pause(found.pk, body.validated_data["reason"], actor=self.actor)
        return Response(ConnectionSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=ConnectionSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let a paused connection go on; what waited goes in order."""
        connections.resume(self.get_object().pk, actor=self.actor)
        return Response(ConnectionSerializer(self.get_object()).data)

    @extend_schema(responses=BacklogSerializer)
    @action(detail=True, methods=["get"])
    def backlog(self, request: Request, pk: str) -> Response:
        """Say what waits in all flows that use the connection, how fast it goes and until when."""
        return Response(BacklogSerializer(backlog.of_connection(self.get_object().pk)).data)


def _named(refusal: SettingsRefused) -> serializers.ValidationError:
    """Name the fields as the body does: ``name`` stands alone, all others are settings."""
    top = {name: [reason] for name, reason in refusal.problems.items() if name == "name"}
    inner = {name: [reason] for name, reason in refusal.problems.items() if name != "name"}
    return serializers.ValidationError({**top, **({"settings": inner} if inner else {})})
