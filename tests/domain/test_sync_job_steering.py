"""What a person and other steps do to a sync job while it runs: pause, cancellation, overtaking, the audit log."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.kinds.sync_job import SyncMode
from integrations.models import AuditEntry, RecordHead, Run, SyncJob, in_tenant
from integrations.operations import sync_jobs, sync_steps
from integrations.operations.sync_jobs import NotSteerable
from tests.bench.erp_server import Ledger
from tests.bench.systems.bench_store.connector import SHELF
from tests.conftest import database_role
from tests.domain import sync_bench
from tests.domain.sync_bench import finish, look, shelve, start_job, take_step
from tests.domain.test_delivery import drain
from tests.worlds import ACTOR, BenchWorld

ledger, empty_shelf, world = sync_bench.ledger, sync_bench.empty_shelf, sync_bench.world


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
