"""The pace of sync jobs: how runs are spread, what goes first, and how long the rest will take."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from integrations.kinds.sync_job import SyncMode
from integrations.models import Flow, Run, SyncJob, in_tenant
from integrations.operations import sync_jobs, sync_steps
from tests.bench.erp_server import Ledger
from tests.bench.systems.bench_store.connector import SHELF
from tests.conftest import database_role
from tests.domain import sync_bench
from tests.domain.sync_bench import look, make_due, shelve, start_job, take_step
from tests.domain.test_delivery import drain
from tests.worlds import BenchWorld, make_bench_world

ledger, empty_shelf, world = sync_bench.ledger, sync_bench.empty_shelf, sync_bench.world


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


def test_no_more_steps_are_in_flight_than_allowed(world: BenchWorld, ledger: Ledger) -> None:
    other = make_bench_world(ledger.url, "Other Works")  # type: ignore[attr-defined]
    first, second = start_job(world), start_job(other)
    with database_role("engine"):
        assert sync_steps.due_jobs(1) == [first]
        assert sync_steps.due_jobs(1) == []
        assert sync_steps.due_jobs(2) == [second]


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
