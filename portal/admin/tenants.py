"""Desks of tenants and people: tenants, memberships, users, alerts, usage and the audit log."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations.kinds import Role
from integrations.models import (
    Alert,
    AuditEntry,
    Connection,
    Event,
    Flow,
    Pair,
    Run,
    Tenant,
    UsageDay,
)
from portal.accounts.models import Membership, User
from portal.admin.desk import Desk, choice_filter, link_to

_OF_TENANT = "tenant__id__exact"


@admin.register(Tenant)
class TenantDesk(Desk):
    text_keys = ("slug", "name")
    list_display = ("id", "name", "slug", "timezone", "currency", "paused_at", "created_at")
    list_filter = (("paused_at", EmptyFieldListFilter),)
    fields = (
        "name",
        "slug",
        "timezone",
        "currency",
        "paused_at",
        "pause_reason",
        "payload_days",
        "created_at",
    )
    related = (
        ("members", Membership, _OF_TENANT),
        ("connections", Connection, _OF_TENANT),
        ("pairs", Pair, _OF_TENANT),
        ("runs", Run, _OF_TENANT),
        ("events", Event, _OF_TENANT),
        ("alerts", Alert, _OF_TENANT),
        ("usage", UsageDay, _OF_TENANT),
        ("audit log", AuditEntry, _OF_TENANT),
    )


@admin.register(Membership)
class MembershipDesk(Desk):
    id_keys = ("id", "user_id")
    text_keys = ("user__email",)
    list_display = ("id", "tenant", "user", "role", "created_at")
    list_filter = (choice_filter("role", lambda: [(role.value, role.value.title()) for role in Role]),)
    list_select_related = ("tenant", "user")
    fields = ("tenant", "user", "role", "created_at")


@admin.register(User)
class UserDesk(Desk):
    """Users live behind the default role; a superuser may open and close their access."""

    text_keys = ("email",)
    sealed = ("password",)
    list_display = ("id", "email", "full_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "is_active")
    fields = ("email", "full_name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined")
    related = (("memberships", Membership, "user__id__exact"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return User.objects.defer(*self.sealed).order_by("-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, search_term.casefold())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only superusers change users, and nobody their own access."""
        return bool(request.user.is_active and request.user.is_superuser and obj != request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [name for name in self.get_fields(request, obj) if name not in ("is_active", "is_staff")]


@admin.register(Alert)
class AlertDesk(Desk):
    id_keys = ("id", "connection_id", "pair_id", "flow_id")
    list_display = ("id", "tenant", "rule", "title", "occurrences", "opened_at", "closed_at")
    list_filter = (("closed_at", EmptyFieldListFilter),)
    list_select_related = ("tenant",)
    fields = (
        "tenant", "rule", "title", "evidence", "closes_when", "connection_row", "pair_row", "flow_row",
        "occurrences", "opened_at", "last_seen_at", "closed_at", "closed_reason",
    )  # fmt: skip

    @admin.display(description="connection")
    def connection_row(self, alert: Alert) -> str:
        return link_to(Connection, alert.connection_id)

    @admin.display(description="pair")
    def pair_row(self, alert: Alert) -> str:
        return link_to(Pair, alert.pair_id)

    @admin.display(description="flow")
    def flow_row(self, alert: Alert) -> str:
        return link_to(Flow, alert.flow_id)


@admin.register(AuditEntry)
class AuditDesk(Desk):
    list_display = ("id", "tenant", "at", "actor", "action", "subject", "summary")
    list_select_related = ("tenant",)
    fields = ("tenant", "at", "actor", "action", "subject", "summary", "address")


@admin.register(UsageDay)
class UsageDesk(Desk):
    id_keys = ("id", "pair_id")
    list_display = ("id", "tenant", "pair_row", "day", "transactions", "api_calls")
    list_select_related = ("tenant",)
    fields = ("tenant", "pair_row", "day", "transactions", "api_calls")

    @admin.display(description="pair")
    def pair_row(self, usage: UsageDay) -> str:
        return link_to(Pair, usage.pair_id)
