"""Who gets in: keys, roles, and that another tenant's rows do not exist for a key."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations.kinds import Role
from integrations.kinds.sync_job import SyncMode
from integrations.models import (
    AuditEntry,
    BulkAction,
    Connection,
    Event,
    Flow,
    Hold,
    Pair,
    Run,
    SyncJob,
    in_tenant,
)
from integrations.operations import bulk_actions, sync_jobs
from integrations.queries.selections import Selection
from portal.accounts.keys import KeyRefused, create_key, recognise_key, revoke_key
from portal.accounts.models import ApiKey
from portal.api import throttle
from portal.api.urls import router
from tests.api.conftest import Program, make_program
from tests.conftest import database_role
from tests.worlds import ACTOR, BenchWorld

ROW_OF = {
    "connections": Connection, "pairs": Pair, "runs": Run, "events": Event, "sync-jobs": SyncJob,
    "bulk-actions": BulkAction, "holds": Hold,
}  # fmt: skip


def routes() -> Iterator[tuple[str, str]]:
    """Yield (method, path) of every route of the router; ``{pk}`` stands for an id."""
    for prefix, resource, _ in router.registry:
        for route in router.get_routes(resource):
            for method in router.get_method_map(resource, route.mapping):
                path = route.url.replace("{prefix}", prefix).replace("{lookup}", "{pk}")
                yield method.upper(), re.sub(r"[\^$]|\{trailing_slash\}", "", path)


DETAIL_ROUTES = [(method, path) for method, path in routes() if "{pk}" in path]
WRITES = [(method, path) for method, path in routes() if method != "GET"]


def test_the_walk_over_the_router_finds_every_resource_and_action() -> None:
    assert ("POST", "connections/{pk}/test") in DETAIL_ROUTES
    assert {path.split("/")[0] for _, path in routes()} == set(ROW_OF)


@pytest.mark.parametrize(("method", "path"), DETAIL_ROUTES)
def test_a_strangers_key_gets_404_for_every_row_of_another_tenant(
    world: BenchWorld, stranger_world: BenchWorld, method: str, path: str
) -> None:
    stranger_world.send(stranger_world.order(1))
    model = ROW_OF[path.split("/")[0]]
    with in_tenant(stranger_world.tenant.pk):
        sync_jobs.create(Flow.objects.get().pk, SyncMode.BACKFILL, actor=ACTOR)
        Run.objects.update(status="dead")
        bulk_actions.start_retry(Selection(), "all", actor=ACTOR)
        theirs = list(model.objects.values_list("pk", flat=True))
        before = list(model.objects.values())
    program = make_program(world.tenant, Role.OWNER)
    assert theirs
    for pk in theirs:
        answer = program.call(method, path.format(pk=pk), {"reason": "mine now", "name": "mine now"})
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
    with in_tenant(stranger_world.tenant.pk):
        assert list(model.objects.values()) == before


def test_lists_and_filters_show_nothing_of_another_tenant(
    world: BenchWorld, stranger_world: BenchWorld, owner: Program
) -> None:
    stranger_world.send(stranger_world.order(77))
    with in_tenant(stranger_world.tenant.pk):
        connection_ids = set(Connection.objects.values_list("pk", flat=True))
    shown = {row["id"] for row in owner.get("connections").body["results"]}
    assert shown
    assert not shown & connection_ids
    for path in ("runs", "events", "runs?q=77", f"runs?pair={stranger_world.pair.pk}"):
        assert owner.get(path).body["results"] == []


def test_a_pair_cannot_be_made_of_another_tenants_connections(
    world: BenchWorld, stranger_world: BenchWorld, owner: Program
) -> None:
    wanted = {"name": "Grab", "environment": "dev", "storefront_id": world.store.pk}
    assert owner.post("pairs", {**wanted, "erp_id": stranger_world.erp.pk}).status == 404
    assert owner.post("pairs", {**wanted, "erp_id": world.erp.pk}).status == 201


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer cck_unknown", "Basic cGF0OmE=", "Bearer x"])
def test_without_a_known_key_every_route_answers_401(database: None, header: str | None) -> None:
    program = Program(None)
    for method, path in routes():
        headers = {"Authorization": header} if header else {}
        answer = program.call(method, path.format(pk=1), {}, headers=headers)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), path


def test_a_revoked_key_is_refused_at_once_and_the_revocation_is_audited(world: BenchWorld) -> None:
    with in_tenant(world.tenant.pk):
        made = create_key("CI", Role.OPERATOR, actor=ACTOR)
    program = Program(made.secret)
    assert program.get("runs").status == 200
    with in_tenant(world.tenant.pk):
        revoke_key(made.key.pk, actor=ACTOR)
        revoke_key(made.key.pk, actor=ACTOR)
        assert AuditEntry.objects.filter(action="api_key.revoked").count() == 1
    assert program.get("runs").status == 401


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_an_auditor_may_read_and_not_write(
    world: BenchWorld, program_of: Callable[[Role], Program], method: str, path: str
) -> None:
    auditor = program_of(Role.AUDITOR)
    with in_tenant(world.tenant.pk):
        pk = ROW_OF[path.split("/")[0]].objects.values_list("pk", flat=True).first() or 1
    assert auditor.get(path.split("/")[0]).status == 200
    answer = auditor.call(method, path.format(pk=pk), {"reason": "x"})
    assert answer.status == 403
    assert "role" in answer.body["title"]


def test_an_operator_may_pause_but_not_build(
    world: BenchWorld, program_of: Callable[[Role], Program]
) -> None:
    operator = program_of(Role.OPERATOR)
    assert operator.post(f"connections/{world.erp.pk}/pause", {"reason": "month end"}).status == 200
    assert operator.patch(f"connections/{world.erp.pk}", {"name": "Other"}).status == 403
    assert operator.post("connections", {"system": "bench_erp", "name": "B"}).status == 403


def test_only_the_hash_of_a_key_is_stored(world: BenchWorld, super_connection: Any) -> None:
    with in_tenant(world.tenant.pk):
        made = create_key("CI", Role.OPERATOR, actor=ACTOR)
    row = super_connection.execute("SELECT api_key::text FROM api_key").fetchone()[0]
    assert made.secret not in row
    assert len(made.secret) >= 44
    assert made.key.prefix == made.secret[:12]


def test_a_keys_use_is_noted_at_most_once_a_minute(world: BenchWorld) -> None:
    with in_tenant(world.tenant.pk):
        made = create_key("CI", Role.OPERATOR, actor=ACTOR)
    keys = ApiKey.across_tenants.filter(pk=made.key.pk)

    def used_at() -> Any:
        with in_tenant(world.tenant.pk):
            return keys.get().last_used_at

    assert used_at() is None
    recognise_key(made.secret)
    first = used_at()
    recognise_key(made.secret)
    assert used_at() == first
    with in_tenant(world.tenant.pk):
        keys.update(last_used_at=timezone.now() - timedelta(seconds=61))
    recognise_key(made.secret)
    assert used_at() > first


def test_two_keys_of_a_tenant_have_two_names(world: BenchWorld) -> None:
    with in_tenant(world.tenant.pk):
        create_key("CI", Role.OPERATOR, actor=ACTOR)
        with pytest.raises(KeyRefused, match="name"):
            create_key(" CI ", Role.OPERATOR, actor=ACTOR)


def test_the_command_prints_a_key_that_works(world: BenchWorld, capsys: pytest.CaptureFixture[str]) -> None:
    with database_role("owner"):
        call_command("createapikey", tenant=world.tenant.slug, name="Deploy", role="operator")
        with pytest.raises(CommandError, match="no-such"):
            call_command("createapikey", tenant="no-such", name="Deploy", role="operator")
    assert Program(capsys.readouterr().out.strip()).get("runs").status == 200


def test_a_key_that_asks_too_fast_is_told_when_to_come_back(
    owner: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "buckets", throttle.Buckets(per_second=0.5, burst=2, clock=lambda: 100.0))
    assert [owner.get("runs").status for _ in range(3)] == [200, 200, 429]
    assert owner.get("runs").headers["Retry-After"] == "2"


def test_a_bucket_fills_up_again_with_time_and_only_to_its_burst() -> None:
    now = [0.0]
    buckets = throttle.Buckets(per_second=2, burst=3, clock=lambda: now[0])
    assert [buckets.take(1) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take(2) == 0
    now[0] = 0.5
    assert [buckets.take(1), buckets.take(1)] == [0, 0.5]
    now[0] = 1000.0
    assert [buckets.take(1) for _ in range(4)] == [0, 0, 0, 0.5]
