"""Sync jobs over a shelf of older orders: what they bring in, at what pace, and what a person can do to them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection

from integrations.connectors.errors import AuthFailed, Misconfigured, Transient
from integrations.kinds.sync_job import SyncMode
from integrations.models import (
    Alert,
    AuditEntry,
    Connection,
    Event,
    Flow,
    RecordHead,
    RecordLink,
    Run,
    SyncJob,
    in_tenant,
)
from integrations.operations import sync_jobs, sync_steps
from integrations.operations.sync_jobs import JobRefused, NotSteerable
from integrations.operations.sync_preview import preview
from integrations.queries import sync_jobs as queries
from tests.bench.erp_server import Ledger, serving
from tests.bench.systems.bench_store.connector import SHELF, Shelf
from tests.conftest import database_role
from tests.domain.test_delivery import drain
from tests.worlds import ACTOR, BenchWorld, make_bench_world

LONG_AGO = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
FAST = 6_000


@pytest.fixture
def ledger(settings: Any) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url
        yield ledger


@pytest.fixture(autouse=True)
def empty_shelf() -> Iterator[None]:
    yield
    SHELF.__dict__.update(Shelf().__dict__)


@pytest.fixture
def world(database: None, ledger: Ledger) -> BenchWorld:
    return make_bench_world(ledger.url)


def shelve(world: BenchWorld, first: int, count: int, *, start: datetime = LONG_AGO, apart: int = 60) -> None:
    for place in range(count):
        order = world.order(first + place)
        order |= {name: Decimal(str(order[name])) for name in ("total", "tax", "shipping", "discount")}
        order["lines"] = [{**line, "price": Decimal(str(line["price"]))} for line in order["lines"]]
        SHELF.put(first + place, order, start + timedelta(seconds=place * apart))


def start_job(world: BenchWorld, mode: SyncMode = SyncMode.INITIAL_LOAD, **options: Any) -> int:
    with in_tenant(world.tenant.pk):
        job = sync_jobs.create(Flow.objects.get().pk, mode, actor=ACTOR, **{"per_minute": FAST, **options})
        return job.pk


def take_step(job_id: int) -> None:
    with database_role("engine"):
        sync_steps.step(job_id)


def make_due(**which: Any) -> None:
    with database_role("engine"), connection.cursor() as cursor:
        cursor.execute("UPDATE run SET due_at = now() WHERE status IN ('queued', 'retrying')")
        cursor.execute("UPDATE sync_job SET due_at = now()")


def finish(world: BenchWorld, job_id: int, *, rounds: int = 60) -> queries.JobState:
    """Step and deliver until the job has ended."""
    for _ in range(rounds):
        state = look(world, job_id)
        if state.status.info.is_final:
            return state
        take_step(job_id)
        make_due()
        drain()
    raise AssertionError(f"the job did not end: {look(world, job_id)}")


def look(world: BenchWorld, job_id: int) -> queries.JobState:
    with in_tenant(world.tenant.pk):
        found = queries.find_job(job_id)
    assert found is not None
    return found


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


def test_a_step_that_dies_after_its_page_repeats_it_without_a_second_run(
    world: BenchWorld, ledger: Ledger
) -> None:
    shelve(world, 1001, 20)
    SHELF.page_size = 10
    job_id = start_job(world)
    take_step(job_id)
    with in_tenant(world.tenant.pk):
        before = SyncJob.objects.filter(pk=job_id).values("position", "recent_ids", "read", "queued").get()
    take_step(job_id)
    drain()
    with in_tenant(world.tenant.pk):
        SyncJob.objects.filter(pk=job_id).update(**before)
    state = finish(world, job_id)
    assert len(world.runs()) == 20
    assert set(ledger.effects.values()) == {1}
    assert state.status == "finished"


def test_a_step_that_was_overtaken_by_another_stores_nothing(world: BenchWorld) -> None:
    shelve(world, 1001, 20)
    SHELF.page_size = 10
    job_id = start_job(world)
    take_step(job_id)
    SHELF.on_read = [lambda: sync_steps.step(job_id)]
    take_step(job_id)
    state = look(world, job_id)
    assert (state.read, state.queued, len(world.runs())) == (10, 10, 10)


def test_a_job_that_is_paused_while_a_page_is_read_stores_nothing(world: BenchWorld) -> None:
    shelve(world, 1001, 5)
    job_id = start_job(world)
    take_step(job_id)

    def pause() -> None:
        with in_tenant(world.tenant.pk):
            sync_jobs.pause(job_id, "stock count", actor=ACTOR)

    SHELF.on_read = [pause]
    take_step(job_id)
    state = look(world, job_id)
    assert (state.status, state.read, world.runs()) == ("paused", 0, [])


def test_a_reader_that_overlaps_by_more_than_a_page_is_read_past(world: BenchWorld) -> None:
    shelve(world, 1001, 30)
    SHELF.page_size, SHELF.overlap = 5, 12
    state = finish(world, start_job(world))
    assert (state.status, state.read, state.queued) == ("finished", 30, 30)


def test_runs_of_a_page_are_spread_over_the_minute(world: BenchWorld) -> None:
    shelve(world, 1001, 6)
    job_id = start_job(world, per_minute=30)
    take_step(job_id)
    take_step(job_id)
    with in_tenant(world.tenant.pk):
        due = list(Run.objects.order_by("due_at").values_list("due_at", flat=True))
        job = SyncJob.objects.get(pk=job_id)
    gaps = [round((later - earlier).total_seconds(), 3) for earlier, later in pairwise(due)]
    assert gaps == [2.0] * 5
    assert 11 < (job.due_at - job.stepped_at).total_seconds() < 14
    drain()
    assert {run.status for run in world.runs()} == {"queued"}


def test_a_webhook_goes_before_the_bulk_of_a_job(world: BenchWorld, ledger: Ledger) -> None:
    shelve(world, 1001, 40)
    job_id = start_job(world)
    take_step(job_id)
    take_step(job_id)
    make_due()
    world.send(world.order(5000))
    drain()
    assert ledger.sequence.index("BS-5000") < 20


def test_a_paused_job_neither_reads_nor_delivers_until_it_is_resumed(
    world: BenchWorld, ledger: Ledger
) -> None:
    shelve(world, 1001, 20)
    SHELF.page_size = 10
    job_id = start_job(world, per_minute=600)
    take_step(job_id)
    take_step(job_id)
    with in_tenant(world.tenant.pk):
        sync_jobs.pause(job_id, "stock count", actor=ACTOR)
    pages = SHELF.pages_read
    take_step(job_id)
    with database_role("engine"):
        assert sync_steps.due_jobs(1) == []
    drain()
    state = look(world, job_id)
    assert (state.status, state.reason, SHELF.pages_read, ledger.effects) == (
        "paused",
        "stock count",
        pages,
        {},
    )
    with in_tenant(world.tenant.pk):
        sync_jobs.resume(job_id, actor=ACTOR)
        latest = Run.objects.order_by("-due_at").first().due_at
    assert latest < datetime.now(UTC) + timedelta(seconds=2)
    assert finish(world, job_id).settled.done == 20


def test_a_cancelled_job_takes_back_what_waits_and_frees_the_records(
    world: BenchWorld, ledger: Ledger
) -> None:
    shelve(world, 1001, 5)
    job_id = start_job(world, per_minute=1)
    take_step(job_id)
    take_step(job_id)
    with in_tenant(world.tenant.pk):
        assert sync_jobs.cancel(job_id, "wrong shop", actor=ACTOR) == 5
        with pytest.raises(NotSteerable, match="cancelled"):
            sync_jobs.resume(job_id, actor=ACTOR)
    take_step(job_id)
    assert {run.status for run in world.runs()} == {"cancelled"}
    world.send(world.order(1003))
    drain()
    assert ledger.effects == {"orders:BS-1003": 1}


@pytest.mark.parametrize("how", ["matched", "cancelled"])
def test_a_record_that_was_not_delivered_is_new_to_the_next_poll(world: BenchWorld, how: str) -> None:
    shelve(world, 1001, 1)
    job_id = start_job(world, SyncMode.MATCH_ONLY if how == "matched" else SyncMode.INITIAL_LOAD)
    take_step(job_id)
    take_step(job_id)
    with in_tenant(world.tenant.pk):
        if how == "cancelled":
            assert RecordHead.objects.get().seen_hash != ""
            sync_jobs.cancel(job_id, "wrong shop", actor=ACTOR)
        assert RecordHead.objects.get().seen_hash == ""


def test_a_run_that_may_have_been_sent_is_not_cancelled(world: BenchWorld, ledger: Ledger) -> None:
    shelve(world, 1001, 1)
    job_id = start_job(world)
    take_step(job_id)
    take_step(job_id)
    with database_role("engine"):
        Run.across_tenants.update(must_find=True)
    with in_tenant(world.tenant.pk):
        assert sync_jobs.cancel(job_id, "", actor=ACTOR) == 0
    drain()
    assert ledger.effects == {"orders:BS-1001": 1}


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


def test_no_more_steps_are_in_flight_than_allowed(world: BenchWorld, ledger: Ledger) -> None:
    other = make_bench_world(ledger.url, "Other Works")  # type: ignore[attr-defined]
    first, second = start_job(world), start_job(other)
    with database_role("engine"):
        assert sync_steps.due_jobs(1) == [first]
        assert sync_steps.due_jobs(1) == []
        assert sync_steps.due_jobs(2) == [second]


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


def test_the_pace_that_is_suggested_leaves_half_of_the_stated_limit(world: BenchWorld) -> None:
    with in_tenant(world.tenant.pk):
        flow_id = Flow.objects.get().pk
        ends = sync_jobs.check_request(flow_id, SyncMode.BACKFILL)
        assert sync_jobs.suggested_per_minute(ends) == 60
        ends.target.calls_per_minute = 120
        assert sync_jobs.suggested_per_minute(ends) == 15


def test_the_eta_follows_the_measured_pace_and_never_beats_the_allowed_one(world: BenchWorld) -> None:
    shelve(world, 1001, 30)
    SHELF.page_size = 10
    job_id = start_job(world, per_minute=60)
    take_step(job_id)
    assert look(world, job_id).eta_seconds == 30.0
    with in_tenant(world.tenant.pk):
        SyncJob.objects.filter(pk=job_id).update(rate_per_minute=6.0)
        assert look(world, job_id).eta_seconds == 300.0
        SyncJob.objects.filter(pk=job_id).update(rate_per_minute=600.0)
        assert look(world, job_id).eta_seconds == 30.0


def test_the_pace_is_measured_from_what_settled(world: BenchWorld) -> None:
    shelve(world, 1001, 12)
    job_id = start_job(world)
    take_step(job_id)
    with in_tenant(world.tenant.pk):
        SyncJob.objects.filter(pk=job_id).update(
            measured_at=datetime.now(UTC) - timedelta(seconds=30), due_at=datetime.now(UTC)
        )
    take_step(job_id)
    make_due()
    drain()
    with in_tenant(world.tenant.pk):
        SyncJob.objects.filter(pk=job_id).update(
            measured_at=datetime.now(UTC) - timedelta(seconds=30), rate_per_minute=None
        )
    take_step(job_id)
    rate = look(world, job_id).rate_per_minute
    assert rate is not None
    assert 20 < rate <= 24.5


def test_every_turn_of_a_job_is_in_the_audit_log(world: BenchWorld) -> None:
    shelve(world, 1001, 1)
    job_id = start_job(world)
    with in_tenant(world.tenant.pk):
        sync_jobs.pause(job_id, "a while", actor=ACTOR)
        sync_jobs.resume(job_id, actor=ACTOR)
    finish(world, job_id)
    with in_tenant(world.tenant.pk):
        actions = AuditEntry.objects.filter(subject=f"sync_job {job_id}").order_by("id")
        assert [one.action.split(".")[1] for one in actions] == ["created", "paused", "resumed", "finished"]
        assert actions.last().actor == "Clarity Connect"
