"""Clarity eCommerce and Dynamics SL through the ready flows: simulators as processes, polls and drains of the product."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig, WriteRequest
from integrations.kinds import Environment, Kind
from integrations.models import Attempt, Flow, Pair, PollCursor, Run, Tenant, in_tenant
from integrations.operations import connections, pairs, polling, sweep, tenants
from integrations.operations.delivery.drain import Drain
from tests.conftest import database_role
from tests.contract.processes import SimulatorProcess
from tests.worlds import ACTOR


class World:
    """A merchant whose two systems are simulators; time moves when ``settle`` is called."""

    def __init__(self, store: SimulatorProcess, erp: SimulatorProcess) -> None:
        self.store, self.erp = store, erp
        self.tenant: Tenant = tenants.create_tenant("Northline Lighting", timezone="America/Chicago")
        with in_tenant(self.tenant.pk):
            shop = connections.create_connection("clarity_ecommerce", "Store", {
                "base_url": store.url, "client_id": "clarity-sandbox-client",
                "client_secret": "clarity-sandbox-client-secret-0123", "max_requests_per_minute": 6000,
            }, actor=ACTOR)  # fmt: skip
            ledger = connections.create_connection("dynamics_sl", "NLCO", {
                "base_url": f"{erp.url}/ctDynamicsSL", "cpny_id": "0060", "site_key": "sandbox-site-key",
                "default_site": "MAIN", "operation_timeout_s": 10, "lookup_wait_s": 1,
            }, actor=ACTOR)  # fmt: skip
            self.pair: Pair = pairs.create_pair("Main", Environment.SANDBOX, shop.pk, ledger.pk, actor=ACTOR)

    def settle(self) -> None:
        """Poll everything and serve until nothing is due."""
        with database_role("engine"), pytest.MonkeyPatch.context() as patch:
            patch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.02)
            PollCursor.across_tenants.update(due_at=timezone.now(), leased_until=None)
            for cursor_id in polling.due_polls():
                polling.poll_one(cursor_id)
            sweep.sweep()
            Drain(threads=4, lease_seconds=30).run()

    def place(self, **options: Any) -> dict[str, Any]:
        placed: dict[str, Any] = self.store.control("POST", "orders", options)
        return placed

    def shop_order(self, order_id: Any) -> dict[str, Any]:
        order: dict[str, Any] = self.store.control("GET", f"orders/{order_id}")
        return order

    def shop(self) -> Any:
        values = {
            "base_url": self.store.url,
            "client_id": "clarity-sandbox-client",
            "client_secret": "clarity-sandbox-client-secret-0123",
        }
        config = ConnectionConfig(values=values, allowed_hosts=frozenset({self.store.host}))
        return registry.build("clarity_ecommerce", config)

    def sales_orders(self, number: str) -> list[dict[str, Any]]:
        return list(self.erp.control("GET", f"orders?reference=CE-{number}"))

    def last(self, flow: str) -> Run:
        with in_tenant(self.tenant.pk):
            return Run.objects.filter(flow__in=Flow.objects.filter(key=flow)).order_by("id").last()


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    store = SimulatorProcess("clarity_ecommerce", tmp_path / "ce.sqlite", "--rate-per-minute", "0")
    erp = SimulatorProcess("dynamics_sl", tmp_path / "sl.sqlite")
    settings.ALLOWED_PRIVATE_HOSTS = frozenset({store.host, erp.host})
    try:
        made = World(store, erp)
        made.settle()
        yield made
    finally:
        store.stop()
        erp.stop()


def test_the_whole_pack_is_published_as_it_is(world: World) -> None:
    with in_tenant(world.tenant.pk):
        published = Flow.objects.filter(pair=world.pair, current__isnull=False).count()
    assert published == len(registry.template_pack("clarity_ecommerce", "dynamics_sl"))


def test_an_order_goes_all_the_way_and_comes_back_as_shipped(world: World) -> None:
    placed = world.place(email="pat.lee@example.com", discount=2.5)
    world.settle()
    assert world.last("order_out").status == "succeeded", world.last("order_out").reason
    (order,) = world.sales_orders(placed["order_number"])
    shop = world.shop_order(placed["id"])
    assert order["CuryTotOrd"] == pytest.approx(shop["totalAmount"])
    assert (shop["status"], shop["attributes"]) == (
        "Processing",
        {"erpOrderNumber": order["OrdNbr"].strip()},
    )
    world.erp.control("POST", f"orders/{order['OrdNbr'].strip()}/ship", {"tracking": ["1Z999AA10123456784"]})
    world.settle()
    assert world.last("shipment_back").status == "succeeded", world.last("shipment_back").reason
    shop = world.shop_order(placed["id"])
    assert shop["status"] == "Shipped"
    assert [each["trackingNumber"] for each in shop["shipments"]] == ["1Z999AA10123456784"]
    world.settle()
    world.settle()
    assert len(world.sales_orders(placed["order_number"])) == 1
    assert len(world.shop_order(placed["id"])["shipments"]) == 1


def test_a_lost_answer_of_a_shipment_makes_no_second_one(world: World) -> None:
    placed = world.place()
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    world.store.fault("drop_after_commit", times=1, match="/shipments")
    world.erp.control("POST", f"orders/{order['OrdNbr'].strip()}/ship", {"tracking": ["1Z001"]})
    world.settle()
    assert len(world.shop_order(placed["id"])["shipments"]) == 1
    assert world.last("shipment_back").status in ("in_doubt", "retrying", "succeeded", "skipped")


def test_stock_that_changes_in_the_erp_reaches_the_store(world: World) -> None:
    world.erp.control("POST", "items/A50-HALO/stock", {"qty": 11})
    world.settle()
    rows = world.store.control("GET", "inventory")
    assert {
        each["quantity"] for each in rows if each["sku"] == "A50-HALO" and each["locationKey"] == "MAIN"
    } == {11}


def _stock_calls(world: World) -> list[str]:
    calls = world.store.control("GET", "calls?match=/inventory")
    oldest_first = reversed([each for each in calls if each["method"] != "GET"])
    return [f"{each['method']} {each['path'].rpartition('/api/v1')[2]}" for each in oldest_first]


def _of_one_run(calls: Iterable[int]) -> bool:
    """Whether one run called for all: once, and a connector that was just built asks for its token before."""
    *others, most = sorted(calls)
    return set(others) == {0} and most in (1, 2)


def test_many_stock_changes_leave_with_one_call(world: World) -> None:
    skus = ["A50-HALO", "SHD-LIN-40", "CBL-TXT-3M", "BLB-E27-4W"]
    for place, sku in enumerate(skus):
        world.erp.control("POST", f"items/{sku}/stock", {"qty": 20 + place})
    before = len(_stock_calls(world))
    world.settle()
    assert _stock_calls(world)[before:] == ["POST /inventory/bulk"]
    rows = {
        each["sku"]: each["quantity"]
        for each in world.store.control("GET", "inventory")
        if each["locationKey"] == "MAIN"
    }
    assert [rows[sku] for sku in skus] == [20, 21, 22, 23]
    with in_tenant(world.tenant.pk):
        runs = list(Run.objects.filter(kind="inventory").order_by("-id")[:4])
        calls = Attempt.objects.filter(run__in=runs).values_list("calls", flat=True)
        assert _of_one_run(calls)
        assert {run.status for run in runs} == {"succeeded"}


def test_articles_told_for_the_first_time_leave_with_one_call_and_nobody_looks_for_each(world: World) -> None:
    names = ["NEW-LAMP-1", "NEW-LAMP-2", "ERP-ONLY"]
    for name in names[:2]:
        world.store.control("POST", "products", {"sku": name, "name": name})
    for name in names:
        world.erp.control("POST", "items", {"InvtID": name, "stock": 7})
    world.settle()
    with in_tenant(world.tenant.pk):
        runs = {
            name: Run.objects.filter(kind="inventory", record_key__startswith=name).get() for name in names
        }
    assert {name: run.status for name, run in runs.items()} == {
        "NEW-LAMP-1": "succeeded", "NEW-LAMP-2": "succeeded", "ERP-ONLY": "skipped",
    }  # fmt: skip
    assert runs["ERP-ONLY"].reason_code == "no_counterpart"
    with in_tenant(world.tenant.pk):
        calls = Attempt.objects.filter(run__in=runs.values()).values_list("calls", flat=True)
        assert _of_one_run(calls)


def test_one_refused_row_keeps_no_other_back(world: World) -> None:
    world.store.control("DELETE", "products/A50-HALO")
    for sku in ("A50-HALO", "SHD-LIN-40"):
        world.erp.control("POST", f"items/{sku}/stock", {"qty": 31})
    world.settle()
    with in_tenant(world.tenant.pk):
        latest = {
            run.record_key.partition("@")[0]: run
            for run in Run.objects.filter(kind="inventory").order_by("id")
        }
    assert latest["A50-HALO"].status == "held"
    assert latest["SHD-LIN-40"].status == "succeeded"


def test_a_bulk_call_that_is_refused_as_a_whole_is_made_one_by_one(world: World) -> None:
    for sku in ("A50-HALO", "SHD-LIN-40"):
        world.erp.control("POST", f"items/{sku}/stock", {"qty": 41})
    before = len(_stock_calls(world))
    world.store.fault("status", status=400, times=1, match="inventory/bulk")
    world.settle()
    refused, *single = _stock_calls(world)[before:]
    assert (refused, len(single)) == ("POST /inventory/bulk", 2)
    with in_tenant(world.tenant.pk):
        latest = list(Run.objects.filter(kind="inventory").order_by("-id")[:2])
    assert {run.status for run in latest} == {"succeeded"}


def test_a_bulk_call_without_an_answer_is_repeated(world: World) -> None:
    for sku in ("A50-HALO", "SHD-LIN-40"):
        world.erp.control("POST", f"items/{sku}/stock", {"qty": 51})
    world.store.fault("drop_after_commit", times=1, match="inventory/bulk")
    world.settle()
    with in_tenant(world.tenant.pk):
        Run.objects.filter(kind="inventory").exclude(status__in=("succeeded", "skipped")).update(
            due_at=timezone.now()
        )
    world.settle()
    with in_tenant(world.tenant.pk):
        latest = {
            run.record_key.partition("@")[0]: run
            for run in Run.objects.filter(kind="inventory").order_by("id")
        }
    assert {latest[sku].status for sku in ("A50-HALO", "SHD-LIN-40")} <= {"succeeded", "skipped"}


def test_a_payment_is_received_once_and_pays_its_order_in_advance(world: World) -> None:
    # The description of the service, the check, then the entry whose answer is lost.
    world.erp.fault("drop_after_commit", times=1, match="paymentEntry", skip=2)
    placed = world.place(email="pat@example.com")
    for _ in range(3):
        world.settle()
    run = world.last("payment_out")
    assert run.status in ("succeeded", "skipped"), run.reason
    (order,) = world.sales_orders(placed["order_number"])
    (receipt,) = world.erp.control("GET", "documents?DocType=PP")
    assert (receipt["OrdNbr"].strip(), receipt["BankAcct"].strip()) == (order["OrdNbr"].strip(), "1030")
    assert receipt["CuryOrigDocAmt"] == pytest.approx(world.shop_order(placed["id"])["totalAmount"])


def test_an_approved_return_becomes_a_return_order_and_is_told_to_nobody_as_an_order(world: World) -> None:
    placed = world.place(email="pat@example.com")
    world.settle()
    asked = world.store.control("POST", f"orders/{placed['id']}/return", {})
    world.settle()
    assert world.last("return_out").status == "skipped"
    world.shop().write(WriteRequest(Kind.RETURN, {"status": "approved"}, external_id=str(asked["returnId"])))
    world.settle()
    world.settle()
    run = world.last("return_out")
    assert run.status == "succeeded", run.reason
    assert len(world.sales_orders(placed["order_number"])) == 1
    (back,) = world.sales_orders(asked["returnNumber"])
    assert (back["SOTypeID"].strip(), run.target_id) == ("RMA", back["OrdNbr"].strip())
    with in_tenant(world.tenant.pk):
        told = Run.objects.filter(record_key=run.target_id, flow__key="order_status_back")
        assert {(each.status, each.reason) for each in told} == {
            ("skipped", "A return, not an order of the store.")
        }
