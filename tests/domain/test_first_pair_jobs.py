"""Sync jobs over X-Cart and Dynamics SL: older orders in, shipments back, matching, one order by its number."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from integrations.kinds.sync_job import SyncMode
from integrations.models import Flow, PollCursor, RecordHead, RecordLink, Run, in_tenant
from integrations.operations import sync_jobs, sync_steps
from integrations.operations.sync_preview import preview
from integrations.queries import sync_jobs as queries
from tests.conftest import database_role
from tests.contract.processes import SimulatorProcess
from tests.domain.test_first_pair import World
from tests.worlds import ACTOR


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    """A pair whose flows start tomorrow: what there is now is older, and no poll brings it."""
    store = SimulatorProcess("x_cart", tmp_path / "x.sqlite", "--addon")
    erp = SimulatorProcess("dynamics_sl", tmp_path / "sl.sqlite")
    settings.ALLOWED_PRIVATE_HOSTS = frozenset({store.host, erp.host})
    try:
        made = World(store, erp)
        with in_tenant(made.tenant.pk):
            Flow.objects.filter(starts_at__isnull=False).update(starts_at=timezone.now() + timedelta(days=1))
        yield made
    finally:
        store.stop()
        erp.stop()


def start(world: World, flow: str, mode: SyncMode, **options: Any) -> int:
    with in_tenant(world.tenant.pk):
        flow_id = Flow.objects.get(key=flow).pk
        return sync_jobs.create(flow_id, mode, actor=ACTOR, **{"per_minute": 6000, **options}).pk


def finish(world: World, job_id: int) -> queries.JobState:
    for _ in range(30):
        with database_role("engine"), connection.cursor() as cursor:
            sync_steps.step(job_id)
            cursor.execute("UPDATE run SET due_at = now() WHERE status = 'queued'")
        world.settle()
        with in_tenant(world.tenant.pk):
            state = queries.find_job(job_id)
        assert state is not None
        if state.status.info.is_final:
            return state
    raise AssertionError(f"the job did not end: {state}")


def test_older_orders_come_in_by_an_initial_load_and_are_acknowledged(world: World) -> None:
    placed = world.place(count=7)["orders"]
    world.settle()
    assert world.last("order_out") is None
    with in_tenant(world.tenant.pk):
        flow_id = Flow.objects.get(key="order_out").pk
    seen = preview(world.tenant, flow_id, SyncMode.INITIAL_LOAD)
    assert seen.tally.is_exact
    assert seen.to_do >= 7
    assert len(seen.samples) == 3
    assert all(sample.amount for sample in seen.samples)
    state = finish(world, start(world, "order_out", SyncMode.INITIAL_LOAD))
    assert (state.status, state.settled.failed, state.settled.held) == ("finished", 0, 0)
    for one in placed:
        assert len(world.sales_orders(one["order_number"])) == 1
        assert world.shop_order(one["id"])["shipping_status"]["code"] == "P"
    again = finish(world, start(world, "order_out", SyncMode.INITIAL_LOAD))
    assert again.queued == state.settled.skipped


def test_one_order_is_synced_now_by_its_number_and_an_unknown_one_is_named(world: World) -> None:
    wanted, left = world.place(), world.place()
    world.settle()
    state = finish(
        world, start(world, "order_out", SyncMode.TARGETED, numbers=[wanted["order_number"], "999999", "A-1"])
    )
    assert len(world.sales_orders(wanted["order_number"])) == 1
    assert world.sales_orders(left["order_number"]) == []
    assert (state.settled.done, state.reason) == (1, "Not in X-Cart: 999999, A-1.")


def test_matching_links_orders_that_were_entered_by_hand_and_creates_nothing(world: World) -> None:
    known, unknown = world.place(), world.place()
    finish(world, start(world, "order_out", SyncMode.TARGETED, numbers=[known["order_number"]]))
    with in_tenant(world.tenant.pk):
        RecordLink.objects.filter(kind="order").delete()
    with database_role("engine"):
        Run.across_tenants.filter(kind="order").update(target_id="")
    state = finish(world, start(world, "order_out", SyncMode.MATCH_ONLY))
    with in_tenant(world.tenant.pk):
        (link,) = RecordLink.objects.filter(kind="order")
    assert (link.storefront_id, link.made_by) == (str(known["id"]), "found")
    assert link.erp_id == world.sales_orders(known["order_number"])[0]["OrdNbr"].strip()
    assert world.sales_orders(unknown["order_number"]) == []
    assert state.settled.done == 1
    assert state.settled.missing >= 1
    # Reading it for the match delivered nothing: the next poll that lists it brings it.
    with in_tenant(world.tenant.pk):
        head = RecordHead.objects.get(flow__key="order_out", record_key=str(unknown["id"]))
    assert head.seen_hash == ""


def test_shipments_that_were_missed_come_back_by_a_backfill(world: World) -> None:
    placed = world.place(lines=[{"sku": "LMP-DSK-BLK", "quantity": 3}])
    finish(world, start(world, "order_out", SyncMode.TARGETED, numbers=[placed["order_number"]]))
    ord_nbr = world.sales_orders(placed["order_number"])[0]["OrdNbr"].strip()
    with database_role("engine"):
        PollCursor.across_tenants.filter(kind="shipment").delete()
    world.erp.control("POST", f"orders/{ord_nbr}/ship", {"carrier": "UPSGRND", "tracking": ["1ZLATE"]})
    job_id = start(world, "shipment_back", SyncMode.BACKFILL, since=timezone.now() - timedelta(days=1))
    state = finish(world, job_id)
    assert state.settled.done == 1
    with in_tenant(world.tenant.pk):
        assert Run.objects.filter(kind="shipment", sync_job_id=job_id).count() > 0
    order = world.shop_order(placed["id"])
    assert [entry["value"] for entry in order["tracking_numbers"]] == ["1ZLATE"]


def test_stock_of_one_item_is_sent_now_by_its_sku(world: World) -> None:
    world.settle()
    with in_tenant(world.tenant.pk):
        flow = Flow.objects.get(kind="inventory").key
    world.erp.control("POST", "items/DIM-ROT-LED/stock", {"site": "MAIN", "qty": 23})
    state = finish(world, start(world, flow, SyncMode.TARGETED, numbers=["DIM-ROT-LED"]))
    assert state.settled.done + state.settled.skipped == 1
    products = world.store.control("GET", "products")
    listed = products["products"] if isinstance(products, dict) else products
    assert next(one for one in listed if one["sku"] == "DIM-ROT-LED")["amount"] == 23
