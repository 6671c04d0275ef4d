"""Bodies leave after their age limit in small batches; what is needed, young or held stays, and so do the facts."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from integrations.models import Event, HousekeepingMark, Payload, Run, SearchKey, Tenant, in_tenant
from integrations.operations.retention import retain
from integrations.operations.runs import retry
from tests.bench.erp_server import Ledger, serving
from tests.conftest import database_role
from tests.domain.test_delivery import drain
from tests.worlds import ACTOR, BenchWorld, make_bench_world


@pytest.fixture
def ledger(settings: Any) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url
        yield ledger


@pytest.fixture
def world(database: None, ledger: Ledger) -> BenchWorld:
    return make_bench_world(ledger.url)


def write_payloads(superuser: Any, tenant_id: int, count: int, days: float) -> None:
    superuser.execute(
        "INSERT INTO payload (tenant_id, role, sealed, plain_bytes, created_at)"
        " SELECT %s, 'event', '\\x00', 1, now() - make_interval(secs => %s * 86400) FROM generate_series(1, %s)",
        [tenant_id, days, count],
    )


def age(superuser: Any, days: int) -> None:
    superuser.execute("UPDATE payload SET created_at = created_at - make_interval(days => %s)", [days])


def keep(**options: Any) -> Any:
    with database_role("engine"):
        return retain(**options)


def count_payloads(superuser: Any) -> int:
    return int(superuser.execute("SELECT count(*) FROM payload").fetchone()[0])


def test_of_many_bodies_only_the_old_ones_leave_and_the_next_round_finds_nothing(
    world: BenchWorld, super_connection: "psycopg.Connection[Any]"
) -> None:
    write_payloads(super_connection, world.tenant.pk, 60_000, 120)
    write_payloads(super_connection, world.tenant.pk, 5_000, 10)
    first = keep(seconds=60)
    assert (first.deleted["payload"], first.is_through) == (60_000, True)
    assert count_payloads(super_connection) == 5_000
    assert keep(seconds=60).deleted["payload"] == 0


def test_a_turn_that_is_over_goes_on_where_it_stopped(
    world: BenchWorld, super_connection: "psycopg.Connection[Any]"
) -> None:
    write_payloads(super_connection, world.tenant.pk, 250, 120)
    ticks = iter(range(1_000))
    first = keep(seconds=7, batch=50, clock=lambda: float(next(ticks)))
    assert (first.deleted["payload"], first.is_through) == (150, False)
    second = keep(batch=50)
    assert (second.deleted["payload"], second.is_through) == (100, True)
    with database_role("engine"):
        assert HousekeepingMark.objects.get().position == 0


def test_a_company_that_keeps_its_bodies_longer_keeps_them_and_holds_nobody_up(
    world: BenchWorld, ledger: Ledger, super_connection: "psycopg.Connection[Any]"
) -> None:
    other = make_bench_world(ledger.url, "Keeps Works")  # type: ignore[attr-defined]
    with in_tenant(other.tenant.pk):
        Tenant.objects.filter(pk=other.tenant.pk).update(payload_days=400)
    with in_tenant(world.tenant.pk):
        Tenant.objects.filter(pk=world.tenant.pk).update(payload_days=5)
    write_payloads(super_connection, other.tenant.pk, 300, 120)
    write_payloads(super_connection, world.tenant.pk, 300, 6)
    write_payloads(super_connection, world.tenant.pk, 10, 4)
    assert keep(batch=100).deleted["payload"] == 300
    with in_tenant(other.tenant.pk):
        assert Payload.objects.count() == 300


def test_a_row_that_somebody_holds_is_not_waited_for_and_leaves_the_next_time(
    world: BenchWorld, super_connection: "psycopg.Connection[Any]"
) -> None:
    write_payloads(super_connection, world.tenant.pk, 10, 120)
    with psycopg.connect(super_connection.info.dsn, password=super_connection.info.password) as other:
        other.execute("SELECT 1 FROM payload ORDER BY id LIMIT 3 FOR UPDATE")
        assert keep(seconds=5).deleted["payload"] == 7
    assert keep(seconds=5).deleted["payload"] == 3


def test_a_delivered_order_keeps_its_facts_when_its_bodies_are_gone(
    world: BenchWorld, super_connection: "psycopg.Connection[Any]"
) -> None:
    world.send(world.order(1001))
    drain()
    (run,) = world.runs()
    age(super_connection, 91)
    assert keep().deleted["payload"] >= 2
    with in_tenant(world.tenant.pk):
        event = Event.objects.get()
        assert len(bytes(event.body_sha256)) == 32
        assert Run.objects.get().source_hash == run.source_hash != ""
        assert SearchKey.objects.filter(value="1001").exists()
        assert Payload.objects.count() == 0


def test_a_held_order_keeps_its_body_until_it_has_gone(
    world: BenchWorld, ledger: Ledger, super_connection: "psycopg.Connection[Any]"
) -> None:
    ledger.unknown_skus = {"A50"}
    world.send(world.order(1001))
    drain()
    (run,) = world.runs()
    assert run.status == "held"
    age(super_connection, 200)
    keep()
    ledger.unknown_skus = set()
    with in_tenant(world.tenant.pk):
        assert retry([run.pk], actor=ACTOR) == 1
    drain()
    assert world.runs()[0].status == "succeeded"
    age(super_connection, 200)
    keep()
    assert count_payloads(super_connection) == 0


def test_refused_deliveries_and_old_answers_leave_too(
    world: BenchWorld, super_connection: "psycopg.Connection[Any]"
) -> None:
    for days in (100, 10):
        super_connection.execute(
            "INSERT INTO refused_hook (tenant_id, connection_id, reason, count, hour, last_at)"
            " VALUES (%s, %s, 'signature', 1, now() - make_interval(days => %s), now())",
            [world.tenant.pk, world.store.pk, days],
        )
        super_connection.execute(
            "INSERT INTO idempotency_key (tenant_id, key, fingerprint, created_at)"
            " VALUES (%s, %s, '\\x00', now() - make_interval(days => %s) + interval '9 days')",
            [world.tenant.pk, f"key {days}", days],
        )
    deleted = keep().deleted
    assert (deleted["refused_hook"], deleted["idempotency_key"]) == (1, 1)


def test_the_engine_may_delete_kept_answers_and_never_change_them(world: BenchWorld) -> None:
    with database_role("engine"), connection.cursor() as cursor, pytest.raises(Exception, match="denied"):
        cursor.execute("UPDATE idempotency_key SET answer = NULL")
