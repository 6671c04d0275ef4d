"""The support console: everything can be found, nothing secret is shown, and acts leave their reason behind."""

import html
import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import ProgrammingError, connections
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from integrations.models import (
    Alert,
    AuditEntry,
    Connection,
    ConnectionSecret,
    Pair,
    Payload,
    Run,
    Tenant,
    in_tenant,
)
from portal.accounts.models import User
from portal.accounts.roles import Permission
from portal.admin import desk
from portal.admin.desk import CappedPaginator
from portal.tenancy import tenant_page
from tests.worlds import BenchWorld, make_bench_world

MODELS = sorted(admin.site._registry, key=lambda model: model.__name__)


def page(model: Any, word: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{word}", args=arguments)


def rows_of(model: Any) -> list[Any]:
    admin_page = admin.site._registry[model]
    request = RequestFactory().get("/")
    return list(admin_page.get_queryset(request))


def every_address(model: Any) -> list[str]:
    addresses = [page(model, "changelist"), page(model, "changelist") + "?q=1043"]
    for row in rows_of(model):
        addresses += [page(model, "change", row.pk), page(model, "history", row.pk)]
        addresses += [
            page(model, "act", row.pk, act.word) for act in getattr(admin.site._registry[model], "acts", ())
        ]
    return addresses


def body(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_the_console_shows_the_tables_support_needs_and_none_that_hold_secrets() -> None:
    shown = {model._meta.db_table for model in MODELS}
    assert shown == {
        "alert", "account_user", "attempt", "audit_entry", "connection", "drain_slot", "event", "flow",
        "flow_version", "hold", "membership", "pair", "poll_cursor", "record_link", "refused_hook", "run",
        "tenant", "usage_day", "value_map",
    }  # fmt: skip


_AGAINST_POLICY = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\son\w+=|\sstyle=")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_page_of_the_console_shows_a_secret(
    world: BenchWorld, secrets_of_world: dict[str, str], superuser: Client, model: Any
) -> None:
    assert rows_of(model), "a table without rows proves nothing"
    for address in every_address(model):
        response = superuser.get(address, follow=True)
        assert response.status_code == 200, address
        for name, secret in secrets_of_world.items():
            assert secret not in body(response), (address, name)
        # The content security policy forbids scripts and styles inside a page.
        assert not _AGAINST_POLICY.search(response.content.decode()), address


def test_the_pages_do_show_what_they_should(world: BenchWorld, staff: Client) -> None:
    assert "Northline Lighting" in body(staff.get(page(Tenant, "changelist")))
    run = world.runs()[-1]
    text = body(staff.get(page(Run, "change", run.pk)))
    assert "is taboo" in text
    assert page(Pair, "change", world.pair.pk) in text
    assert f"attempt/?run__id__exact={run.pk}" in text
    connection = body(staff.get(page(Connection, "change", world.erp.pk)))
    assert "http://127.0.0.1" in connection


@pytest.mark.parametrize(
    ("model", "typed", "rows"),
    [(Run, "1043", 1), (Run, "E000001", 1), (Run, "e000001 ", 1), (Run, "104", 0), (Run, "no such", 0),
     (Tenant, "northline-lighting", 1), (User, "PAT@example.com", 1), (User, "pat", 0), (Alert, "x", 0),
     (Run, "9" * 60, 0)],
)  # fmt: skip
def test_search_finds_by_exact_keys_only(
    world: BenchWorld, staff: Client, model: Any, typed: str, rows: int
) -> None:
    response = staff.get(page(model, "changelist"), {"q": typed})
    assert response.context["cl"].result_count == rows


def test_a_run_is_found_in_any_tenant_and_by_its_id(world: BenchWorld, staff: Client, ledger: Any) -> None:
    other = make_bench_world(ledger.url, "Second Shop")
    other.send(other.order(1043))
    response = staff.get(page(Run, "changelist"), {"q": "1043"})
    assert {run.tenant_id for run in response.context["cl"].result_list} == {world.tenant.pk, other.tenant.pk}
    (theirs,) = other.runs()
    found = staff.get(page(Run, "changelist"), {"q": str(theirs.pk)}).context["cl"].result_list
    assert [run.pk for run in found] == [theirs.pk]


def test_lists_read_a_fixed_number_of_statements_and_count_no_more_than_the_cap(
    world: BenchWorld, staff: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(desk, "_COUNTED", 5)
    for number in range(2000, 2020):
        world.send(world.order(number))
    with django_assert_max_num_queries(2, connection=connections["support"]):
        response = staff.get(page(Run, "changelist"))
    assert response.context["cl"].result_count == 5
    with django_assert_max_num_queries(1, connection=connections["support"]) as captured:
        assert CappedPaginator(Run.across_tenants.using("support").order_by("-id"), 2).count == 5
    assert "LIMIT 5" in captured[0]["sql"]


def test_filters_narrow_a_list(world: BenchWorld, staff: Client) -> None:
    def count(query: dict[str, str]) -> int:
        return int(staff.get(page(Run, "changelist"), query).context["cl"].result_count)

    assert (count({}), count({"status": "dead"}), count({"kind": "product"})) == (2, 1, 0)
    assert count({"tenant__id__exact": str(world.tenant.pk + 1)}) == 0


def test_nothing_can_be_added_changed_or_deleted_by_the_pages(world: BenchWorld, superuser: Client) -> None:
    run = world.runs()[0]
    assert superuser.get("/support/integrations/run/add/").status_code == 403
    assert superuser.post(page(Run, "change", run.pk), {"status": "queued"}).status_code == 403
    assert superuser.post(page(Run, "delete", run.pk), {"post": "yes"}).status_code == 403
    assert world.runs()[0].status == "succeeded"


@pytest.mark.parametrize("model", [ConnectionSecret, Payload])
def test_the_support_role_cannot_read_secrets_and_payloads_at_all(world: BenchWorld, model: Any) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        model.across_tenants.using("support").first()
    connections["support"].close()


@pytest.mark.parametrize("table", ["tenant_data_key", "api_key", "idempotency_key"])
def test_the_support_role_has_no_grant_on_keys(world: BenchWorld, table: str, super_connection: Any) -> None:
    granted = super_connection.execute(
        "SELECT has_table_privilege('connect_support', %s, 'SELECT')", [table]
    ).fetchone()[0]
    assert granted is False


def test_the_support_role_can_change_no_tenants_row(world: BenchWorld) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        Connection.across_tenants.using("support").update(name="mine")
    connections["support"].close()


def act(client: Client, model: Any, row_id: int, word: str, reason: str) -> Any:
    return client.post(page(model, "act", row_id, word), {"reason": reason})


@pytest.mark.parametrize(("model", "name"), [(Connection, "erp"), (Pair, "pair")])
def test_staff_pause_and_resume_with_a_reason_that_the_tenant_reads(
    world: BenchWorld, staff: Client, model: Any, name: str
) -> None:
    row = getattr(world, name)
    assert act(staff, model, row.pk, "pause", "ticket 77: ERP move").status_code == 302
    with in_tenant(world.tenant.pk):
        paused = model.objects.get(pk=row.pk)
        assert paused.paused_at is not None
        assert paused.pause_reason == "ticket 77: ERP move"
    act(staff, model, row.pk, "resume", "ticket 77: moved")
    with in_tenant(world.tenant.pk):
        assert model.objects.get(pk=row.pk).paused_at is None
        entries = list(AuditEntry.objects.filter(actor="staff@clarity.example").order_by("id"))
    kind = "connection" if model is Connection else "pair"
    assert [(entry.action, entry.summary) for entry in entries] == [
        (f"{kind}.paused", "ticket 77: ERP move"), ("support.acted", "ticket 77: ERP move"),
        (f"{kind}.resumed", ""), ("support.acted", "ticket 77: moved"),
    ]  # fmt: skip
    assert {entry.address for entry in entries} == {"127.0.0.1"}


def test_a_dead_run_goes_back_to_the_queue_once(world: BenchWorld, staff: Client) -> None:
    dead = world.runs()[-1]
    act(staff, Run, dead.pk, "requeue", "ticket 78: fixed by ERP")
    assert world.runs()[-1].status == "queued"
    response = staff.post(
        page(Run, "act", dead.pk, "requeue"), {"reason": "ticket 78: once more"}, follow=True
    )
    assert "not possible any more" in body(response)


def test_an_act_without_a_reason_changes_nothing(world: BenchWorld, staff: Client) -> None:
    response = act(staff, Pair, world.pair.pk, "pause", " ")
    assert (response.status_code, "This field is required" in body(response)) == (200, True)
    with in_tenant(world.tenant.pk):
        assert Pair.objects.get().paused_at is None


def test_an_act_nobody_declared_and_a_row_that_is_not_there_are_404(world: BenchWorld, staff: Client) -> None:
    assert act(staff, Pair, world.pair.pk, "delete", "a reason").status_code == 404
    assert act(staff, Pair, world.pair.pk + 99, "pause", "a reason").status_code == 404


@pytest.mark.parametrize("word", ["changelist", "change", "act"])
def test_people_who_are_no_staff_see_no_page_of_the_console(world: BenchWorld, word: str) -> None:
    arguments = {"changelist": (), "change": (world.pair.pk,), "act": (world.pair.pk, "pause")}[word]
    member = Client()
    assert member.login(email="pat@example.com", password="pats-password-pats")
    for client in (member, Client()):
        response = client.post(page(Pair, word, *arguments), {"reason": "a reason"})
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/support/login/")
    assert member.get("/support/login/").status_code == 403
    assert Client().get("/support/login/").headers["Location"].startswith("/account/login/")
    with in_tenant(world.tenant.pk):
        assert Pair.objects.get().paused_at is None


def test_staff_without_a_membership_do_not_get_into_a_tenants_own_pages(
    world: BenchWorld, staff: Client
) -> None:
    @tenant_page(Permission.VIEW)
    def anything(request: Any) -> HttpResponse:
        return HttpResponse("inside")

    request = RequestFactory().get("/")
    request.user = User.objects.get(email="staff@clarity.example")
    with pytest.raises(Http404):
        anything(request, world.tenant.slug)
    request.user = User.objects.get(email="pat@example.com")
    assert anything(request, world.tenant.slug).content == b"inside"


def test_only_a_superuser_closes_a_users_access_and_never_their_own(
    world: BenchWorld, staff: Client, superuser: Client
) -> None:
    pat = User.objects.get(email="pat@example.com")
    address = page(User, "change", pat.pk)
    assert staff.post(address, {"is_staff": "on"}).status_code == 403
    assert superuser.post(address, {"is_superuser": "on", "email": "x@example.com"}).status_code == 302
    pat.refresh_from_db()
    assert (pat.is_active, pat.is_staff, pat.is_superuser, pat.email) == (
        False,
        False,
        False,
        "pat@example.com",
    )
    assert pat.check_password("pats-password-pats")
    root = User.objects.get(email="root@clarity.example")
    assert superuser.post(page(User, "change", root.pk), {}).status_code == 403
