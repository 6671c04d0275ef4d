"""Desks of what moves: events, runs, attempts, links, holds, and the drains that serve them."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations.kinds import Kind, RunStatus
from integrations.models import Attempt, DrainSlot, Event, Hold, RecordLink, Run, SearchKey, Tenant
from integrations.operations import support
from integrations.queries.runs import fold
from portal.admin.acts import Act, ActingDesk
from portal.admin.desk import ALIAS, Desk, choice_filter, link_to

_KINDS = choice_filter("kind", lambda: [(kind.value, kind.label) for kind in Kind])
_FOUND_LIMIT = 500


@admin.register(Event)
class EventDesk(Desk):
    id_keys = ("id", "connection_id")
    text_keys = ("dedupe_key",)
    sealed = ("body_sha256",)
    list_display = (
        "id",
        "tenant",
        "connection",
        "topic",
        "business_key",
        "found_by",
        "received_at",
        "problem",
    )
    list_filter = (_KINDS,)
    list_select_related = ("tenant", "connection")
    fields = (
        "tenant", "connection", "dedupe_key", "topic", "kind", "external_id", "business_key", "found_by",
        "has_record", "masked", "problem", "deliveries", "occurred_at", "received_at",
    )  # fmt: skip
    related = (("runs", Run, "event__id__exact"),)


@admin.register(Run)
class RunDesk(ActingDesk):
    search_help_text = "A run's id, or any number the record carries: order number, ERP number, SKU, e-mail."
    list_display = (
        "id",
        "tenant",
        "pair",
        "kind",
        "business_key",
        "status",
        "reason",
        "due_at",
        "created_at",
    )
    list_filter = (
        choice_filter("status", lambda: [(one.value, one.info.label) for one in RunStatus]),
        _KINDS,
    )
    list_select_related = ("tenant", "pair")
    fields = (
        "tenant", "pair", "flow", "flow_version", "event", "parent_run", "kind", "record_key", "sequence",
        "is_head", "lane", "status", "reason", "reason_code", "problem", "due_at", "leased_until", "fence",
        "attempts", "must_find", "believe_missing_at", "business_key", "target_id", "target_key", "amount",
        "currency", "context", "created_at", "started_at", "finished_at",
    )  # fmt: skip
    related = (
        ("attempts", Attempt, "run__id__exact"),
        ("holds", Hold, "run__id__exact"),
        ("follow-ups", Run, "parent_run_id"),
    )
    acts = (
        Act(
            "requeue",
            "Send again",
            "The run goes back to the queue. A write that may have arrived before is looked for first.",
            support.requeue_run,
            lambda run: run.status in (RunStatus.DEAD, RunStatus.HELD),
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find runs of all tenants by any key; each step walks the (tenant, key) index once per tenant."""
        term = search_term.strip()
        if not term:
            return queryset, False
        tenants = Tenant.objects.using(ALIAS).values("pk")
        keys = SearchKey.across_tenants.using(ALIAS).filter(tenant__in=tenants, value=fold(term))
        named = Run.across_tenants.using(ALIAS).filter(tenant__in=tenants, business_key=term)
        found = {*keys.values_list("run_id", flat=True)[:_FOUND_LIMIT]}
        found |= {*named.values_list("pk", flat=True)[:_FOUND_LIMIT]}
        if term.isdecimal():
            found.add(int(term[:18]))
        return queryset.filter(pk__in=found), False

    @admin.display(description="parent run")
    def parent_run(self, run: Run) -> str:
        return link_to(Run, run.parent_run_id)


@admin.register(Attempt)
class AttemptDesk(Desk):
    id_keys = ("id", "run_id")
    list_display = ("id", "tenant", "run_row", "number", "step", "outcome", "error", "message", "finished_at")
    list_select_related = ("tenant",)
    fields = (
        "tenant", "run_row", "number", "batch_id", "step", "outcome", "error", "message", "detail", "request_id",
        "hops", "calls", "started_at", "finished_at",
    )  # fmt: skip

    @admin.display(description="run")
    def run_row(self, attempt: Attempt) -> str:
        return link_to(Run, attempt.run_id)


@admin.register(RecordLink)
class RecordLinkDesk(Desk):
    id_keys = ("id", "pair_id")
    list_display = (
        "id",
        "tenant",
        "pair",
        "kind",
        "storefront_key",
        "storefront_id",
        "erp_key",
        "erp_id",
        "made_by",
    )
    list_filter = (_KINDS,)
    list_select_related = ("tenant", "pair")
    fields = (
        "tenant", "pair", "kind", "storefront_id", "storefront_key", "erp_id", "erp_key", "written_to_erp",
        "written_to_storefront", "source_hash", "made_by", "created_at", "updated_at",
    )  # fmt: skip


@admin.register(Hold)
class HoldDesk(Desk):
    id_keys = ("id", "run_id", "connection_id")
    list_display = ("id", "tenant", "run_row", "connection", "kind", "key", "created_at", "released_at")
    list_filter = (("released_at", EmptyFieldListFilter),)
    list_select_related = ("tenant", "connection")
    fields = ("tenant", "run_row", "connection", "kind", "key", "created_at", "released_at", "released_by")

    @admin.display(description="run")
    def run_row(self, hold: Hold) -> str:
        return link_to(Run, hold.run_id)


@admin.register(DrainSlot)
class DrainSlotDesk(Desk):
    text_keys = ("worker",)
    list_display = ("id", "worker", "started_at", "heartbeat_at")
    fields = ("worker", "started_at", "heartbeat_at")
