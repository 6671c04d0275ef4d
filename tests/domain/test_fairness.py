"""Fairness: a flood of one tenant does not keep another one's single order waiting."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from integrations.models import in_tenant
from integrations.operations.delivery import claim as claims
from tests.bench.erp_server import Ledger, serving
from tests.conftest import database_role
from tests.worlds import BenchWorld, make_bench_world

_FLOOD = 10_000


@pytest.fixture
def ledger(settings: Any) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url
        yield ledger


def _flood(world: BenchWorld, count: int) -> None:
    """Make copies of a tenant's one queued run, each of a record of its own."""
    with in_tenant(world.tenant.pk), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO run (tenant_id, pair_id, flow_id, flow_version_id, event_id, kind, record_key, sequence,"
            " is_head, lane, status, fence, attempts, must_find, reason, reason_code, problem, business_key, target_id,"
            " target_key, source_hash, currency, context)"
            " SELECT tenant_id, pair_id, flow_id, flow_version_id, event_id, kind, 'flood-' || n, 1, true, lane,"
            " status, 0, 0, false, '', '', '[]', 'flood-' || n, '', '', '', '', '{}' FROM run, generate_series(1, %s) n",
            [count],
        )
        cursor.execute("UPDATE connection SET last_success_at = now(), health = 'healthy'")


def test_a_single_order_is_in_the_next_claim_whatever_another_tenant_has_waiting(
    database: None, ledger: Ledger
) -> None:
    big, small = make_bench_world(ledger.url, "Big"), make_bench_world(ledger.url, "Small")
    big.send(big.order(1))
    _flood(big, _FLOOD)
    small.send(small.order(7))
    with database_role("engine"):
        first = claims.claim(free=64, lease_seconds=30, after_pair=0, worker="test")
        second = claims.claim(free=64, lease_seconds=30, after_pair=first[-1].pair_id, worker="test")
    pairs = [one.pair_id for one in [*first, *second]]
    assert small.pair.pk in pairs
    assert big.pair.pk in pairs


def test_a_claim_costs_no_more_among_thousands_of_waiting_runs(database: None, ledger: Ledger) -> None:
    """The statement reads as many rows as it takes, and a few per pair: not the ten thousand that wait."""
    world = make_bench_world(ledger.url, "Big")
    world.send(world.order(1))
    _flood(world, _FLOOD)
    with database_role("engine"), connection.cursor() as cursor:
        cursor.execute("ANALYZE run")
        with transaction.atomic():
            before = _rows_read(cursor)
            claims.claim(free=64, lease_seconds=30, after_pair=0, worker="test")
            read = _rows_read(cursor) - before
    assert 0 < read < 2_000


def _rows_read(cursor: Any) -> int:
    """Return rows of ``run`` that scans fetched in this transaction; what other sessions read is not in it."""
    cursor.execute(
        "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        " WHERE relname = 'run'"
    )
    return int(cursor.fetchone()[0])


def test_lanes_share_a_claim_and_none_waits_for_another(database: None, ledger: Ledger) -> None:
    world = make_bench_world(ledger.url)
    world.send(world.order(1))
    _flood(world, 200)
    with in_tenant(world.tenant.pk), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE run SET lane = CASE id % 3 WHEN 0 THEN 'realtime' WHEN 1 THEN 'stock' ELSE 'bulk' END"
        )
        cursor.execute("UPDATE connection SET max_parallel = 1000")
    with database_role("engine"), connection.cursor() as cursor:
        claims.claim(free=64, lease_seconds=30, after_pair=0, worker="test")
        cursor.execute("SELECT DISTINCT lane FROM run WHERE status = 'running'")
        assert {row[0] for row in cursor.fetchall()} == {"realtime", "stock", "bulk"}


def test_a_load_leaves_half_of_a_connections_slots_to_what_happens_today(
    database: None, ledger: Ledger
) -> None:
    world = make_bench_world(ledger.url)
    world.send(world.order(1))
    _flood(world, 50)
    with in_tenant(world.tenant.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE run SET lane = 'bulk'")
        cursor.execute("UPDATE connection SET max_parallel = 8")
    with database_role("engine"):
        taken = [
            one
            for _ in range(5)
            for one in claims.claim(free=640, lease_seconds=30, after_pair=0, worker="t")
        ]
        assert len(taken) == 4
