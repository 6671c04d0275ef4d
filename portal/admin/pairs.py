"""Desks of pairs, their flows, flow versions and value maps."""

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter

from integrations.models import Alert, Flow, FlowVersion, Pair, RecordLink, Run, UsageDay, ValueMap
from integrations.operations import support
from portal.admin.acts import Act, ActingDesk
from portal.admin.desk import Desk

_OF_PAIR = "pair__id__exact"


@admin.register(Pair)
class PairDesk(ActingDesk):
    id_keys = ("id", "storefront_id", "erp_id")
    list_display = ("id", "tenant", "name", "environment", "storefront", "erp", "paused_at")
    list_filter = ("environment", ("paused_at", EmptyFieldListFilter))
    list_select_related = ("tenant", "storefront", "erp")
    fields = ("tenant", "name", "environment", "storefront", "erp", "paused_at", "pause_reason", "created_at")
    related = (
        ("flows", Flow, _OF_PAIR),
        ("value maps", ValueMap, _OF_PAIR),
        ("runs", Run, _OF_PAIR),
        ("links", RecordLink, _OF_PAIR),
        ("usage", UsageDay, "pair_id"),
        ("alerts", Alert, "pair_id"),
    )
    acts = (
        Act(
            "pause",
            "Pause",
            "The pair's runs are not delivered any more; events keep arriving and wait.",
            support.pause_pair,
            lambda pair: pair.paused_at is None,
        ),
        Act(
            "resume",
            "Resume",
            "What waited goes in order.",
            support.resume_pair,
            lambda pair: pair.paused_at is not None,
        ),
    )


@admin.register(Flow)
class FlowDesk(Desk):
    id_keys = ("id", "pair_id")
    list_display = ("id", "tenant", "pair", "key", "kind", "direction", "starts_at", "paused_at")
    list_filter = ("kind", "direction", ("paused_at", EmptyFieldListFilter))
    list_select_related = ("tenant", "pair")
    fields = (
        "tenant", "pair", "key", "name", "kind", "direction", "current", "follows", "poll_seconds", "starts_at",
        "paused_at", "pause_reason",
    )  # fmt: skip
    related = (
        ("versions", FlowVersion, "flow__id__exact"),
        ("runs", Run, "flow__id__exact"),
        ("alerts", Alert, "flow_id"),
    )


@admin.register(FlowVersion)
class FlowVersionDesk(Desk):
    id_keys = ("id", "flow_id")
    list_display = ("id", "tenant", "flow", "number", "comment", "author", "published_at")
    list_select_related = ("tenant", "flow")
    fields = ("tenant", "flow", "number", "definition", "comment", "author", "published_at")


@admin.register(ValueMap)
class ValueMapDesk(Desk):
    id_keys = ("id", "pair_id")
    list_display = ("id", "tenant", "pair", "key", "name", "current_number")
    list_select_related = ("tenant", "pair")
    fields = ("tenant", "pair", "key", "name", "current_number")
