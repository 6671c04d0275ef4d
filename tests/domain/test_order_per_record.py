"""Many versions of few records, sent at once while drains serve: one effect each, nothing stuck, heads free."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections

from integrations.kinds import RunStatus
from integrations.models import RecordHead, Run
from integrations.operations.delivery.drain import Drain
from tests.bench.erp_server import Ledger, serving
from tests.conftest import database_role
from tests.worlds import BenchWorld, make_bench_world

RECORDS, VERSIONS = 5, 12


@pytest.fixture
def ledger(settings: Any) -> Iterator[Ledger]:
    with serving(latency=0.005) as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url
        yield ledger


@pytest.fixture
def world(database: None, ledger: Ledger) -> BenchWorld:
    return make_bench_world(ledger.url)


def _together(*works: Any) -> None:
    """Run works in threads and raise what one of them raised."""
    failures: list[BaseException] = []

    def guarded(work: Any) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  raised below, in the test's own thread
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]


def test_versions_sent_at_once_keep_their_order_and_make_one_effect(
    world: BenchWorld, ledger: Ledger
) -> None:
    def send(offset: int) -> Any:
        def work() -> None:
            for version in range(offset, VERSIONS, 3):
                for number in range(RECORDS):
                    world.send(world.order(number, quantity=version + 1))

        return work

    def drain() -> None:
        Drain(threads=4, lease_seconds=30).run()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.operations.inbox._TARGET_SECONDS", 60.0)
        patch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.3)
        world.send(world.order(99))  # finds whom the address belongs to, which only the web role may
        with database_role("engine"):
            _together(send(0), send(1), send(2), drain, drain)
            drain()
    runs = [run for run in world.runs() if run.record_key != "99"]
    assert len(runs) == RECORDS * VERSIONS
    assert set(ledger.effects.values()) == {1}
    assert len(ledger.effects) == RECORDS + 1
    per_record = Counter(run.record_key for run in runs)
    assert set(per_record.values()) == {VERSIONS}
    for key in per_record:
        mine = sorted((run for run in runs if run.record_key == key), key=lambda run: run.sequence)
        assert [run.sequence for run in mine] == list(range(1, VERSIONS + 1))
        # The newest version is what people see last: delivered, or held because it changed after release.
        assert mine[-1].status in ("succeeded", "held")
        assert {run.status for run in mine} <= {"succeeded", "superseded", "held", "skipped"}
    with database_role("engine"):
        waiting = Run.across_tenants.filter(status__in=RunStatus.due()).count()
        live = RecordHead.across_tenants.exclude(live_run_id=None)
        held = set(Run.across_tenants.filter(status="held").values_list("pk", flat=True))
        assert (waiting, {head.live_run_id for head in live} - held) == (0, set())


def test_two_drains_never_claim_the_same_run(world: BenchWorld, ledger: Ledger) -> None:
    for number in range(60):
        world.send(world.order(number))
    seen: list[int] = []

    def claim() -> None:
        from integrations.operations.delivery import claim as claims

        for _ in range(20):
            seen.extend(one.id for one in claims.claim(free=4, lease_seconds=30, after_pair=0, worker="test"))

    with database_role("engine"):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE connection SET last_success_at = now()")
        _together(claim, claim, claim)
    assert len(seen) == len(set(seen)) > 0


def test_a_newer_version_that_came_while_the_older_was_served_does_not_wait_behind_its_hold(
    world: BenchWorld, ledger: Ledger
) -> None:
    def serve() -> None:
        with pytest.MonkeyPatch.context() as patch, database_role("engine"):
            patch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.05)
            Drain(threads=1, lease_seconds=30).run()

    world.send(world.order(1))
    serve()
    world.send(world.order(1, quantity=3))
    one = Drain(threads=1, lease_seconds=30)
    with database_role("engine"):
        assert one._claim() == 1
    world.send(world.order(1, quantity=4))  # arrives while the older change is in flight
    with database_role("engine"):
        one._shut_down()
        one.bell.close()
    serve()
    assert [run.status for run in world.runs()] == ["succeeded", "superseded", "held"]
