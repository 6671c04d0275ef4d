"""A shelf of older orders and sync jobs over it, for the tests of sync jobs (also those of the API and the pages).

A test module takes the fixtures by assigning them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from integrations.kinds.sync_job import SyncMode
from integrations.models import Flow, in_tenant
from integrations.operations import sync_jobs, sync_steps
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
