"""Connections: the catalogue of systems, the form drawn from the spec, the named test results, the webhook address."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.connectors import registry
from integrations.connectors.registry import UnknownSystem
from integrations.kinds import Side
from integrations.models import Connection, in_tenant
from integrations.operations import connections as operations
from integrations.operations.connections import SettingsRefused
from integrations.queries import backlog as backlogs
from integrations.queries import connections as queries
from integrations.queries import pairs as pair_queries
from integrations.queries.connections import ConnectionState
from portal.accounts.roles import Permission, allows
from portal.tenancy import TenantRequest, tenant_page
from portal.web import connection_form
from portal.web.backlog import backlog_of
from portal.web.components import Crumb
from portal.web.pages import actor_of, address, back_to


@tenant_page(Permission.VIEW)
def connection_list(request: TenantRequest) -> HttpResponse:
    """Show the tenant's connections and the catalogue of systems."""
    specs = registry.all_specs()
    return render(
        request,
        "web/connections.html",
        {
            "connections": queries.list_connections(),
            "catalogue": [
                (
                    "Storefronts",
                    [(spec, queries.capability_rows(spec)) for spec in specs if spec.side is Side.STOREFRONT],
                ),
                ("ERPs", [(spec, queries.capability_rows(spec)) for spec in specs if spec.side is Side.ERP]),
            ],
            "verbs": [verb.value for verb in queries.VERBS],
        },
    )


@tenant_page(Permission.BUILD)
def new(request: TenantRequest) -> HttpResponse:
    """Connect a system: its form, drawn from its spec."""
    try:
        spec = registry.get_spec(request.GET.get("system", ""))
    except UnknownSystem:
        return HttpResponseRedirect(f"{address(request, 'connections')}#catalogue")
    form = connection_form.build(spec, request.POST or None, name=spec.label)
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.create_connection(
                spec.key,
                form.cleaned_data["name"],
                connection_form.given_values(form, spec),
                actor=actor_of(request),
            )
        except SettingsRefused as refusal:
            connection_form.tell_problems(form, refusal.problems)
        else:
            messages.success(request, f"{made.name} is stored. Test it now: the test reads only.")
            return HttpResponseRedirect(address(request, "connection", connection_id=made.pk))
    return render(
        request,
        "web/connection_new.html",
        {
            "spec": spec,
            "form": form,
            "groups": connection_form.groups(form, spec),
            "capabilities": queries.capability_rows(spec),
            "verbs": [verb.value for verb in queries.VERBS],
            "crumbs": [Crumb("Connections", address(request, "connections")), Crumb(spec.label)],
        },
        status=400 if form.errors else 200,
    )


def _find(connection_id: int) -> ConnectionState:
    found = queries.find_connection(connection_id)
    if found is None:
        raise Http404("no such connection")
    return found


@tenant_page(Permission.VIEW)
def show(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Show one connection: settings, test results, what it can do, the webhook address."""
    found = _find(connection_id)
    return render(request, "web/connection.html", _page(request, found, _filled(found)))


def _filled(found: ConnectionState, typed: Any = None) -> connection_form.ConnectionForm:
    return connection_form.build(
        found.spec, typed, name=found.name, values=found.settings, secrets_changed=found.secrets_changed
    )


def _page(
    request: TenantRequest, found: ConnectionState, form: connection_form.ConnectionForm
) -> dict[str, Any]:
    hook = ""
    if found.has_hook and allows(request.role, Permission.BUILD):
        token = operations.hook_token(Connection.objects.get(pk=found.id))
        hook = f"{settings.PUBLIC_URL}/hooks/{token}"
    return {
        "connection": found,
        "form": form,
        "groups": connection_form.groups(form, found.spec),
        "capabilities": queries.capability_rows(found.spec),
        "verbs": [verb.value for verb in queries.VERBS],
        **backlog_of(backlogs.of_connection(found.id)),
        "used_by": queries.used_by(found.id),
        "polls": queries.polls_of(found.id),
        "changes": pair_queries.changes_of(f"connection {found.id}"),
        "hook_address": hook,
        "now": timezone.now(),
        "crumbs": [Crumb("Connections", address(request, "connections")), Crumb(found.spec.label)],
    }


@tenant_page(Permission.BUILD)
@require_POST
def save(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Store changed settings; a secret left empty keeps its value."""
    found = _find(connection_id)
    form = _filled(found, request.POST)
    if form.is_valid():
        given = connection_form.given_values(form, found.spec)
        try:
            operations.update_connection(
                connection_id, form.cleaned_data["name"], given, actor=actor_of(request)
            )
        except SettingsRefused as refusal:
            connection_form.tell_problems(form, refusal.problems)
        else:
            messages.success(request, "Stored. Test the connection to see that it still answers.")
            return HttpResponseRedirect(address(request, "connection", connection_id=connection_id))
    return render(request, "web/connection.html", _page(request, found, form), status=400)


@tenant_page(Permission.BUILD, in_transaction=False)
@require_POST
def test(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Run the connection's test and show its rows; speaks to the remote system outside any transaction."""
    try:
        for _ in operations.run_test(request.tenant, connection_id, actor=actor_of(request)):
            pass
    except Connection.DoesNotExist as error:
        raise Http404("no such connection") from error
    with in_tenant(request.tenant.pk):
        found = _find(connection_id)
        if not request.headers.get("HX-Request"):
            return HttpResponseRedirect(address(request, "connection", connection_id=connection_id))
        return render(request, "web/connection_test.html", _page(request, found, _filled(found)))


@tenant_page(Permission.OPERATE)
@require_POST
def pause(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Stop polls and deliveries of a connection; events keep accumulating."""
    _find(connection_id)
    operations.pause(connection_id, request.POST.get("reason", "").strip(), actor=actor_of(request))
    messages.success(request, "Paused. What arrives is stored and goes in order when you resume.")
    return back_to(request, "connection", connection_id=connection_id)


@tenant_page(Permission.OPERATE)
@require_POST
def resume(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Let a paused connection go on."""
    _find(connection_id)
    operations.resume(connection_id, actor=actor_of(request))
    messages.success(request, "Goes on. What waited goes in order.")
    return back_to(request, "connection", connection_id=connection_id)


@tenant_page(Permission.BUILD)
@require_POST
def rotate_hook(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Give the webhook address a new token; the old address is refused at once."""
    if not _find(connection_id).has_hook:
        raise Http404("this system sends no webhooks")
    operations.rotate_hook_token(connection_id, actor=actor_of(request))
    messages.success(
        request, "The address is new. Paste it into the shop; the old one is refused from now on."
    )
    return back_to(request, "connection", connection_id=connection_id)
