"""One limiter per credential: tokens, 429s, slots, and connections that hang."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from integrations.connectors.errors import RateLimited
from integrations.models import Connection, ConnectionLimit, in_tenant
from integrations.operations import limits
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
    return make_bench_world(ledger.url)


def meter(world: BenchWorld, per_minute: int | None) -> None:
    with in_tenant(world.tenant.pk):
        Connection.objects.filter(pk=world.erp.pk).update(calls_per_minute=per_minute)
        limits.state_limit(world.erp.pk)


def drain(threads: int = 8) -> int:
    with database_role("engine"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.05)
        return Drain(threads=threads, lease_seconds=30).run()


def claimed(free: int = 64, **options: Any) -> list[claims.Claim]:
    return claims.claim(free=free, lease_seconds=30, after_pair=0, worker="test", **options)


def test_tokens_run_out_and_come_back_with_time(world: BenchWorld) -> None:
    meter(world, 60)
    with in_tenant(world.tenant.pk):
        assert limits.take(world.erp.pk, 100).tokens == 5
        empty = limits.take(world.erp.pk, 1)
        assert empty.tokens == 0
        assert 0.5 < empty.wait_seconds <= 1.0
        ConnectionLimit.objects.filter(connection=world.erp).update(refilled_at=_ago(2.5))
        assert limits.take(world.erp.pk, 100).tokens == 2


def test_a_connection_without_a_stated_limit_grants_everything(world: BenchWorld) -> None:
    meter(world, None)
    with in_tenant(world.tenant.pk):
        assert limits.take(world.erp.pk, 500) == limits.Grant(500, 0.0)


def test_unspent_tokens_are_returned(world: BenchWorld) -> None:
    meter(world, 600)
    with in_tenant(world.tenant.pk):
        purse = limits.Purse(limits.take, patience_seconds=0)
        purse.spend(world.erp.pk, 600, time.sleep)
        left = purse.empty()
        assert left == {world.erp.pk: 9}
        before = ConnectionLimit.objects.get(connection=world.erp).tokens
        limits.give_back(world.erp.pk, left[world.erp.pk])
        assert ConnectionLimit.objects.get(connection=world.erp).tokens == before + 9


def test_a_purse_that_gets_none_says_how_long_and_blames_nobody(world: BenchWorld) -> None:
    meter(world, 6)
    with in_tenant(world.tenant.pk):
        limits.take(world.erp.pk, 10)
        with pytest.raises(RateLimited) as refusal:
            limits.Purse(limits.take, patience_seconds=0.1).spend(world.erp.pk, 6, time.sleep)
    assert not refusal.value.is_remote
    assert 4 < refusal.value.retry_after_seconds <= 10


def test_a_429_blocks_the_credential_and_lowers_its_rate_once_for_a_burst(world: BenchWorld) -> None:
    meter(world, 100)
    with in_tenant(world.tenant.pk):
        assert limits.refused(world.erp.pk, 20.0) == pytest.approx(20.0, abs=0.5)
        limits.refused(world.erp.pk, 20.0)
        state = ConnectionLimit.objects.get(connection=world.erp)
        assert (state.per_minute, state.refusals) == (70.0, 1)
        assert limits.take(world.erp.pk, 1).tokens == 0


def test_a_429_keeps_the_orders_waiting_and_then_all_arrive(world: BenchWorld, ledger: Ledger) -> None:
    ledger.faults = ["429"]
    world.send(world.order(1))
    world.send(world.order(2))
    drain()
    assert {run.attempts for run in world.runs()} == {0}
    with database_role("engine"):
        assert claimed() == []
        _end_the_block()
    # The first answer proves the connection again; with that its one slot becomes many.
    drain()
    with database_role("engine"):
        _end_the_block()
    drain()
    assert sorted(run.status for run in world.runs()) == ["succeeded", "succeeded"]
    assert set(ledger.effects.values()) == {1}


def test_a_metered_connection_sends_no_more_than_its_tokens(world: BenchWorld, ledger: Ledger) -> None:
    meter(world, 60)
    for number in range(20):
        world.send(world.order(number))
    started = time.monotonic()
    drain()
    seconds = time.monotonic() - started
    assert ledger.calls <= 5 + seconds + 1
    assert {run.attempts for run in world.runs() if run.status != "succeeded"} == {0}


def test_slots_are_counted_per_credential_and_not_per_pair(world: BenchWorld) -> None:
    _prove(world)
    for number in range(10):
        world.send(world.order(number))
    with database_role("engine"):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE connection SET max_parallel = 3")
        assert len([*claimed(), *claimed()]) == 3


def test_a_connection_without_a_recent_success_has_one_slot(world: BenchWorld) -> None:
    for number in range(5):
        world.send(world.order(number))
    with database_role("engine"):
        assert len([*claimed(), *claimed()]) == 1


def test_claims_at_the_same_time_never_overrun_the_slots(world: BenchWorld) -> None:
    _prove(world)
    for number in range(40):
        world.send(world.order(number))
    taken: list[int] = []

    def work() -> None:
        from django.db import connection as own

        for _ in range(10):
            taken.extend(one.id for one in claimed(free=8))
        own.close()

    with database_role("engine"):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE connection SET max_parallel = 6")
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(taken) == len(set(taken)) == 6


def test_connections_that_hang_leave_room_for_the_others(
    world: BenchWorld, ledger: Ledger, settings: Any
) -> None:
    with serving(latency=60.0) as (url, _):
        settings.ALLOWED_PRIVATE_HOSTS = settings.ALLOWED_PRIVATE_HOSTS | {url.removeprefix("http://")}
        hanging = [make_bench_world(url, f"Hanging {number}") for number in range(6)]
        for one in hanging:
            one.send(one.order(1))
            one.send(one.order(2))
        world.send(world.order(7))
        with database_role("engine"), pytest.MonkeyPatch.context() as patch:
            patch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.05)
            patch.setattr("integrations.operations.delivery.drain._SLOW_SECONDS", 0.5)
            patch.setattr("integrations.operations.delivery.drain._LOOK_SECONDS", 0.1)
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE run SET due_at = now() + interval '1 second' WHERE pair_id = %s", [world.pair.pk]
                )
            serving_drain = Drain(threads=4, lease_seconds=30)
            thread = threading.Thread(target=_run, args=(serving_drain,))
            thread.start()
            deadline = time.monotonic() + 4.0
            while "orders:BS-7" not in ledger.effects and time.monotonic() < deadline:
                time.sleep(0.02)
            arrived = "orders:BS-7" in ledger.effects
            serving_drain.is_stopping = True
            thread.join(30)
    assert arrived, "an order of a healthy pair waited behind calls that hang"


def _run(serving_drain: Drain) -> None:
    from django.db import connection as own

    serving_drain.run()
    own.close()


def _end_the_block() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE connection_limit SET blocked_until = NULL")
        cursor.execute("UPDATE run SET due_at = now() WHERE status = 'retrying'")


def _prove(world: BenchWorld) -> None:
    with in_tenant(world.tenant.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE connection SET last_success_at = now(), health = 'healthy'")


def _ago(seconds: float) -> Any:
    from datetime import timedelta

    from django.utils import timezone

    return timezone.now() - timedelta(seconds=seconds)
