"""Sync jobs over a shelf of older orders: what they bring in, match and refuse, and what a source without answer does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.errors import AuthFailed, Misconfigured, Transient
from integrations.kinds.sync_job import SyncMode
from integrations.models import Alert, Connection, Event, Flow, RecordLink, Run, SyncJob, in_tenant
from integrations.operations import sync_jobs, sync_steps
from integrations.operations.sync_jobs import JobRefused
from integrations.operations.sync_preview import preview
from integrations.queries import sync_jobs as queries
from tests.bench.erp_server import Ledger
from tests.bench.systems.bench_store.connector import SHELF
from tests.conftest import database_role
from tests.domain import sync_bench
from tests.domain.sync_bench import LONG_AGO, finish, look, make_due, shelve, start_job, take_step
from tests.domain.test_delivery import drain
from tests.worlds import ACTOR, BenchWorld

ledger, empty_shelf, world = sync_bench.ledger, sync_bench.empty_shelf, sync_bench.world


def test_an_initial_load_brings_in_every_older_order_once(world: BenchWorld, ledger: Ledger) -> None:
    shelve(world, 1001, 25)
    SHELF.page_size = 10
    job_id = start_job(world)
    state = finish(world, job_id)
    assert (state.status, state.counted, state.is_count_exact) == ("finished", 25, True)
    assert (state.read, state.queued, state.settled.done, state.handled) == (25, 25, 25, 25)
    assert set(ledger.effects.values()) == {1}
    assert len(ledger.effects) == 25
    with in_tenant(world.tenant.pk):
        assert set(Run.objects.values_list("lane", "sync_job_id")) == {("bulk", job_id)}
        assert set(Event.objects.values_list("found_by", flat=True)) == {"job"}


def test_orders_that_are_linked_or_on_their_way_are_passed_over(world: BenchWorld, ledger: Ledger) -> None:
    shelve(world, 1001, 4)
    world.send(world.order(1001))
    drain()
    world.send(world.order(1002))
    state = finish(world, start_job(world))
    assert (state.read, state.queued, state.passed_over) == (4, 2, 2)
    assert sorted(ledger.effects) == [f"orders:BS-{number}" for number in range(1001, 1005)]


def test_a_backfill_takes_a_period_and_sends_linked_orders_once_more(
    world: BenchWorld, ledger: Ledger
) -> None:
    shelve(world, 1001, 10)
    world.send(world.order(1005))
    drain()
    state = finish(
        world,
        start_job(
            world,
            SyncMode.BACKFILL,
            since=LONG_AGO + timedelta(minutes=3),
            until=LONG_AGO + timedelta(minutes=6),
        ),
    )
    assert [one.split("-")[1] for one in sorted(ledger.effects)] == ["1004", "1005", "1006"]
    assert (state.queued, state.settled.done, state.settled.skipped) == (3, 2, 1)
    with in_tenant(world.tenant.pk):
        run = Run.objects.get(record_key="1005", sync_job__isnull=False)
        assert (run.status, run.reason_code) == ("skipped", "unchanged")


def test_matching_links_what_is_there_and_lists_what_is_missing_and_writes_nothing(
    world: BenchWorld, ledger: Ledger
) -> None:
    shelve(world, 1001, 3)
    ledger.commit("orders", {"reference": "BS-1001"})
    ledger.commit("orders", {"reference": "1002"})
    before = dict(ledger.effects)
    job_id = start_job(world, SyncMode.MATCH_ONLY)
    state = finish(world, job_id)
    assert (state.settled.done, state.settled.missing) == (2, 1)
    assert ledger.effects == before
    with in_tenant(world.tenant.pk):
        links = {link.storefront_id: (link.erp_id, link.made_by) for link in RecordLink.objects.all()}
        assert links == {"1001": ("E000001", "found"), "1002": ("E000002", "found")}
        (row,) = queries.rows_missing(job_id)
        assert (row.number, row.reason) == ("1003", "Order 1003 is not in Bench ERP. Nothing was created.")


def test_a_matched_order_that_arrives_again_is_not_written_twice(world: BenchWorld, ledger: Ledger) -> None:
    shelve(world, 1001, 1)
    ledger.commit("orders", {"reference": "BS-1001"})
    finish(world, start_job(world, SyncMode.MATCH_ONLY))
    state = finish(world, start_job(world))
    assert (state.passed_over, ledger.effects["orders:BS-1001"]) == (1, 1)


def test_single_records_are_sent_now_by_number_and_unknown_numbers_are_named(
    world: BenchWorld, ledger: Ledger
) -> None:
    shelve(world, 1001, 5)
    job_id = start_job(world, SyncMode.TARGETED, numbers=["1002", "7777"], record_ids=["1004"])
    state = finish(world, job_id)
    assert sorted(ledger.effects) == ["orders:BS-1002", "orders:BS-1004"]
    assert (state.settled.done, state.reason) == (2, "Not in Bench Store: 7777.")
    with in_tenant(world.tenant.pk):
        assert SyncJob.objects.get(pk=job_id).missing == 1
        assert set(Run.objects.values_list("lane", flat=True)) == {"realtime"}


def test_a_failed_order_is_sent_again_as_it_is_now(world: BenchWorld, ledger: Ledger) -> None:
    ledger.faults.append("422")
    world.send(world.order(1001))
    drain()
    (run,) = world.runs()
    assert run.status == "dead"
    shelve(world, 1001, 1)
    with in_tenant(world.tenant.pk):
        job = sync_jobs.sync_record(run.pk, actor=ACTOR)
    finish(world, job.pk)
    assert [one.status for one in world.runs()] == ["superseded", "succeeded"]


def test_the_preview_counts_shows_three_and_changes_nothing(world: BenchWorld) -> None:
    shelve(world, 1001, 250)
    SHELF.is_thin = True
    world.send(world.order(1001))
    drain()
    with in_tenant(world.tenant.pk):
        flow_id = Flow.objects.get().pk
    seen = preview(world.tenant, flow_id, SyncMode.INITIAL_LOAD)
    assert (seen.tally.count, seen.tally.is_exact, seen.tally.linked, seen.to_do) == (250, True, 1, 249)
    assert [(one.number, one.amount, one.is_linked) for one in seen.samples] == [
        ("1001", Decimal("23.0"), True), ("1002", Decimal("23.0"), False), ("1003", Decimal("23.0"), False),
    ]  # fmt: skip
    assert len(world.runs()) == 1


def test_a_preview_of_a_large_period_says_at_least(world: BenchWorld) -> None:
    shelve(world, 1001, 50)
    SHELF.page_size = 3
    with in_tenant(world.tenant.pk):
        flow_id = Flow.objects.get().pk
    seen = preview(world.tenant, flow_id, SyncMode.BACKFILL)
    assert (seen.tally.count, seen.tally.is_exact) == (30, False)


def test_a_source_that_does_not_answer_is_waited_for_and_a_wrong_setup_stops_the_job(
    world: BenchWorld,
) -> None:
    shelve(world, 1001, 2)
    job_id = start_job(world)
    SHELF.fails = [Transient("No answer within 5 s")]
    take_step(job_id)
    state = look(world, job_id)
    assert (state.status, state.reason) == ("running", "No answer within 5 s")
    SHELF.fails = [Misconfigured("The list is switched off", missing="list")]
    take_step(job_id)
    state = look(world, job_id)
    assert (state.status, state.reason) == ("failed", "The list is switched off")


def test_refused_credentials_pause_the_connection_and_the_job_goes_on_afterwards(world: BenchWorld) -> None:
    shelve(world, 1001, 2)
    job_id = start_job(world)
    SHELF.fails = [AuthFailed("The key is wrong")]
    take_step(job_id)
    with in_tenant(world.tenant.pk):
        assert Connection.objects.get(pk=world.store.pk).health == "refused"
        assert Alert.objects.get(closed_at=None).rule == "credentials_refused"
    make_due()
    with database_role("engine"):
        assert sync_steps.due_jobs(1) == []
    with in_tenant(world.tenant.pk):
        Connection.objects.filter(pk=world.store.pk).update(paused_at=None)
    with database_role("engine"):
        assert sync_steps.due_jobs(1) == [job_id]
        SyncJob.across_tenants.update(leased_until=None)
    assert finish(world, job_id).settled.done == 2


def test_two_sweeps_of_one_flow_are_refused_and_single_records_are_not(world: BenchWorld) -> None:
    shelve(world, 1001, 1)
    start_job(world)
    with pytest.raises(JobRefused, match="not finished"):
        start_job(world, SyncMode.BACKFILL)
    start_job(world, SyncMode.TARGETED, numbers=["1001"])


@pytest.mark.parametrize(
    ("mode", "options", "words"),
    [
        (SyncMode.TARGETED, {}, "Name the records"),
        (SyncMode.BACKFILL, {"numbers": ["1"]}, "targeted job only"),
        (SyncMode.TARGETED, {"numbers": [str(one) for one in range(201)]}, "At most 200"),
        (SyncMode.TARGETED, {"numbers": ["x" * 121]}, "120 characters"),
        (SyncMode.BACKFILL, {"since": LONG_AGO, "until": LONG_AGO}, "ends before"),
        (SyncMode.BACKFILL, {"since": datetime(2100, 1, 1, tzinfo=UTC)}, "future"),
        (SyncMode.BACKFILL, {"per_minute": 6001}, "pace"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused_in_words(
    world: BenchWorld, mode: SyncMode, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(JobRefused, match=words):
        start_job(world, mode, **options)
    with in_tenant(world.tenant.pk):
        assert not SyncJob.objects.exists()
