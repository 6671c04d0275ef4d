"""Desks of connections, their polls and the deliveries they refused."""

import json

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter

from integrations.connectors import registry
from integrations.models import Alert, Connection, Event, Pair, PollCursor, RefusedHook
from integrations.operations import support
from integrations.queries.shown_settings import shown_settings
from portal.admin.acts import Act, ActingDesk
from portal.admin.desk import Desk, choice_filter

_OF_CONNECTION = "connection__id__exact"


@admin.register(Connection)
class ConnectionDesk(ActingDesk):
    text_keys = ("identity_key",)
    sealed = ("hook_token_hash", "hook_token_sealed")
    list_display = ("id", "tenant", "name", "system", "health", "paused_at", "last_success_at", "open_until")
    list_filter = (
        "health",
        choice_filter("system", lambda: [(spec.key, spec.label) for spec in registry.all_specs()]),
        ("paused_at", EmptyFieldListFilter),
    )
    list_select_related = ("tenant",)
    fields = (
        "tenant", "name", "system", "settings_shown", "secrets_changed", "revision", "identity_label",
        "identity_key", "health", "health_message", "health_at", "last_success_at", "last_call_seconds",
        "paused_at", "pause_reason", "failures_in_row", "open_until", "max_parallel", "settle_seconds",
        "last_hook_at", "last_poll_at", "tested_at", "test_results", "created_at", "archived_at",
    )  # fmt: skip
    related = (
        ("events", Event, _OF_CONNECTION),
        ("polls", PollCursor, _OF_CONNECTION),
        ("refused deliveries", RefusedHook, _OF_CONNECTION),
        ("pairs as storefront", Pair, "storefront__id__exact"),
        ("pairs as ERP", Pair, "erp__id__exact"),
        ("alerts", Alert, "connection_id"),
    )
    acts = (
        Act(
            "pause",
            "Pause",
            "Polls and deliveries of this connection stop; events keep accumulating.",
            support.pause_connection,
            lambda connection: connection.paused_at is None,
        ),
        Act(
            "resume",
            "Resume",
            "What waited goes in order. If credentials were refused, a test by the tenant is the better way.",
            support.resume_connection,
            lambda connection: connection.paused_at is not None or connection.open_until is not None,
        ),
    )

    @admin.display(description="settings")
    def settings_shown(self, connection: Connection) -> str:
        return json.dumps(shown_settings(connection), indent=1, ensure_ascii=False)


@admin.register(PollCursor)
class PollDesk(Desk):
    id_keys = ("id", "connection_id")
    list_display = ("id", "tenant", "connection", "kind", "due_at", "last_finished_at", "last_error")
    list_select_related = ("tenant", "connection")
    fields = (
        "tenant", "connection", "kind", "position", "interval_seconds", "due_at", "leased_until",
        "last_started_at", "last_finished_at", "last_error", "records_seen",
    )  # fmt: skip


@admin.register(RefusedHook)
class RefusedHookDesk(Desk):
    id_keys = ("id", "connection_id")
    list_display = ("id", "tenant", "connection", "reason", "count", "hour", "last_at", "last_address")
    list_select_related = ("tenant", "connection")
    fields = ("tenant", "connection", "reason", "count", "hour", "last_at", "last_address")
