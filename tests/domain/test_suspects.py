"""What a dead worker held is served alone; only a lone death counts, the second puts the run aside."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from integrations.models import Alert, in_tenant
from integrations.operations import sweep
from integrations.operations.delivery import claim as claims
from integrations.operations.delivery.drain import Drain
from tests.bench.erp_server import Ledger, serving
from tests.conftest import database_role
from tests.worlds import BenchWorld, make_bench_world


@pytest.fixture
def ledger(settings: Any) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url
        yield ledger


@pytest.fixture
def world(database: None, ledger: Ledger) -> BenchWorld:
    made = make_bench_world(ledger.url)
    with in_tenant(made.tenant.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE connection SET last_success_at = now(), health = 'healthy'")
    return made


def die_while_serving(*, alone: bool = False, worker: str = "gone") -> list[claims.Claim]:
    """Claim like a worker that then dies: its lease lapses and nobody beats for it."""
    if alone:
        claimed = claims.claim_suspect(lease_seconds=30, worker=worker)
    else:
        claimed = claims.claim(free=64, lease_seconds=30, after_pair=0, worker=worker)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE run SET leased_until = now() - interval '1 second' WHERE status = 'running'")
        # The database has been up for longer than a lease: it is not the one that was away.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                sweep, "_LAPSED", sweep._LAPSED.replace("interval '30 seconds'", "interval '0 seconds'")
            )
            sweep.sweep()
    return claimed


def drain() -> int:
    with database_role("engine"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.05)
        return Drain(threads=8, lease_seconds=30).run()


def test_runs_of_a_dead_worker_become_suspects_and_nothing_else_of_their_pair_is_claimed(
    world: BenchWorld,
) -> None:
    world.send(world.order(1))
    with database_role("engine"):
        assert len(die_while_serving()) == 1
        world_runs_later = claims.claim(free=8, lease_seconds=30, after_pair=0, worker="other")
    assert world_runs_later == []
    (run,) = world.runs()
    assert (run.status, run.is_suspect, run.lone_deaths) == ("in_doubt", True, 0)


def test_suspects_are_served_alone_and_arrive_once(world: BenchWorld, ledger: Ledger) -> None:
    for number in range(3):
        world.send(world.order(number))
    with database_role("engine"):
        assert len(die_while_serving()) == 3
        with connection.cursor() as cursor:
            cursor.execute("UPDATE run SET believe_missing_at = now()")
    world.send(world.order(9))
    drain()
    assert {run.status for run in world.runs()} == {"succeeded"}
    assert not any(run.is_suspect for run in world.runs())
    assert set(ledger.effects.values()) == {1}
    assert ledger.sequence[-1] == "BS-9", "a neighbour went before the suspects of its pair"


def test_a_run_that_kills_its_worker_twice_and_alone_is_put_aside_with_an_alert(world: BenchWorld) -> None:
    world.send(world.order(1))
    with database_role("engine"):
        die_while_serving()
        for deaths in (1, 2):
            assert len(die_while_serving(alone=True)) == 1
            with connection.cursor() as cursor:
                cursor.execute("SELECT lone_deaths FROM run")
                assert cursor.fetchone()[0] == deaths
    (run,) = world.runs()
    assert (run.status, run.reason_code, run.is_suspect) == ("dead", "poison", False)
    with in_tenant(world.tenant.pk):
        assert Alert.objects.get(rule="poison").pair_id == world.pair.pk


def test_a_worker_that_still_beats_accuses_nobody(world: BenchWorld) -> None:
    world.send(world.order(1))
    with database_role("engine"):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO drain_slot (worker) VALUES ('alive')")
        die_while_serving(worker="alive")
    (run,) = world.runs()
    assert (run.status, run.must_find, run.is_suspect) == ("in_doubt", True, False)


def test_a_database_that_was_away_itself_accuses_nobody(world: BenchWorld) -> None:
    world.send(world.order(1))
    with database_role("engine"):
        claims.claim(free=8, lease_seconds=30, after_pair=0, worker="gone")
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE run SET leased_until = pg_postmaster_start_time() + interval '1 second'"
                " WHERE status = 'running'"
            )
            cursor.execute("SELECT pg_postmaster_start_time() + interval '1 second' < now()")
            assert cursor.fetchone()[0]
        sweep.sweep()
    assert not world.runs()[0].is_suspect
