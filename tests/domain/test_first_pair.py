"""X-Cart and Dynamics SL through the ready flows: two simulators as real processes, polls and drains of the product."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from integrations.kinds import Environment
from integrations.models import Alert, Connection, Flow, Pair, PollCursor, RecordLink, Run, Tenant, in_tenant
from integrations.operations import connections, pairs, polling, releases, runs, sweep, tenants
from integrations.operations.delivery.drain import Drain
from integrations.operations.inbox import receive_hook
from tests.conftest import database_role
from tests.contract.processes import SimulatorProcess
from tests.worlds import ACTOR

SECRET = "companion-secret-companion-secret-123"


class World:
    """A merchant whose two systems are simulators; time moves when ``settle`` is called."""

    def __init__(self, store: SimulatorProcess, erp: SimulatorProcess) -> None:
        self.store, self.erp = store, erp
        self.tenant: Tenant = tenants.create_tenant("Northline Lighting", timezone="America/Chicago")
        with in_tenant(self.tenant.pk):
            self.shop = connections.create_connection("x_cart", "Store", {
                "base_url": store.url, "api_key_rw": "xcart-sandbox-read-write-key", "store_timezone": "America/Chicago",
                "addon_enabled": True, "webhook_secret": SECRET, "max_requests_per_minute": 6000,
            }, actor=ACTOR)  # fmt: skip
            self.ledger = connections.create_connection("dynamics_sl", "NLCO", {
                "base_url": f"{erp.url}/ctDynamicsSL", "cpny_id": "0060", "site_key": "sandbox-site-key",
                "default_site": "MAIN", "operation_timeout_s": 10, "lookup_wait_s": 1,
            }, actor=ACTOR)  # fmt: skip
            self.pair: Pair = pairs.create_pair(
                "Main", Environment.SANDBOX, self.shop.pk, self.ledger.pk, actor=ACTOR
            )

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
        placed: dict[str, Any] = self.store.control("POST", "orders", {"email": "pat@example.com", **options})
        return placed

    def shop_order(self, order_id: Any) -> dict[str, Any]:
        order: dict[str, Any] = self.store.control("GET", f"orders/{order_id}")
        return order

    def sales_orders(self, number: str) -> list[dict[str, Any]]:
        found = self.erp.control("GET", f"orders?reference=XC-{number}")
        return list(found["orders"] if isinstance(found, dict) else found)

    def runs(self, **which: Any) -> list[Run]:
        with in_tenant(self.tenant.pk):
            return list(Run.objects.filter(**which).order_by("id"))

    def last(self, flow: str) -> Run:
        with in_tenant(self.tenant.pk):
            return Run.objects.filter(flow__in=Flow.objects.filter(key=flow)).order_by("id").last()


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    store = SimulatorProcess("x_cart", tmp_path / "x.sqlite", "--addon")
    erp = SimulatorProcess("dynamics_sl", tmp_path / "sl.sqlite")
    settings.ALLOWED_PRIVATE_HOSTS = frozenset({store.host, erp.host})
    try:
        made = World(store, erp)
        made.settle()
        yield made
    finally:
        store.stop()
        erp.stop()


def test_a_poll_finds_an_order_that_no_webhook_told_and_acknowledges_it_to_the_shop(world: World) -> None:
    placed = world.place()
    world.settle()
    assert world.last("order_out").status == "succeeded", world.last("order_out").reason
    (order,) = world.sales_orders(placed["order_number"])
    assert order["CustOrdNbr"].strip() == f"XC-{placed['order_number']}"
    run = world.last("order_out")
    assert run.target_id == order["OrdNbr"].strip()
    assert world.shop_order(placed["id"])["shipping_status"]["code"] == "P"
    world.settle()
    world.settle()
    assert len(world.sales_orders(placed["order_number"])) == 1


def test_an_order_with_a_coupon_stands_in_the_erp_with_the_total_that_the_shopper_paid(world: World) -> None:
    placed = world.place(coupon="SPRING10")
    world.settle()
    run = world.last("order_out")
    assert run.status == "succeeded", run.reason
    assert Decimal(str(run.context["read_back_total"])) == run.amount
    assert run.amount == Decimal(str(world.shop_order(placed["id"])["total"]))


def test_our_own_status_write_comes_back_as_an_echo(world: World) -> None:
    placed = world.place()
    world.settle()
    world.settle()
    assert [run.status for run in world.runs(record_key=str(placed["id"]))] == ["succeeded", "skipped"]
    assert world.runs(record_key=str(placed["id"]))[1].reason_code == "echo"


def test_an_unknown_sku_holds_the_order_until_the_item_appears_in_the_erp(world: World) -> None:
    world.erp.control("DELETE", "items/A50-HALO")
    placed = world.place(lines=[{"sku": "A50-HALO", "quantity": 1}])
    world.settle()
    run = world.last("order_out")
    assert (run.status, run.reason) == ("held", "Waits for SKU A50-HALO in Dynamics SL.")
    assert world.sales_orders(placed["order_number"]) == []
    world.erp.control("POST", "items", {"InvtID": "A50-HALO", "Descr": "Halo", "price": "59.99", "stock": 5})
    world.settle()
    world.settle()
    assert world.last("order_out").status == "succeeded"
    assert len(world.sales_orders(placed["order_number"])) == 1


def test_a_person_points_a_stale_link_at_the_new_item_and_the_held_order_goes(world: World) -> None:
    world.erp.control("DELETE", "items/A50-HALO")
    world.erp.control(
        "POST", "items", {"InvtID": "A50-HALO-2", "Descr": "Halo", "price": "59.99", "stock": 5}
    )
    world.place(lines=[{"sku": "A50-HALO", "quantity": 1}])
    world.settle()
    assert world.last("order_out").status == "held"
    with in_tenant(world.tenant.pk):
        assert releases.link_sku(world.pair.pk, "A50-HALO", "A50-HALO-2", actor=ACTOR).total == 1
    world.settle()
    assert world.last("order_out").status == "succeeded"


def test_an_unmapped_shipping_method_holds_the_order(world: World) -> None:
    world.place(shipping_method="Dog sled")
    world.settle()
    run = world.last("order_out")
    assert run.status == "held"
    assert run.reason == "Waits for a row for 'Dog sled' in value map ship_via."


def test_a_shipment_brings_all_tracking_numbers_and_then_the_status(world: World) -> None:
    placed = world.place(lines=[{"sku": "LMP-DSK-BLK", "quantity": 3}])
    world.settle()
    ord_nbr = world.last("order_out").target_id
    world.erp.control("POST", f"orders/{ord_nbr}/ship", {"carrier": "UPSGRND", "tracking": ["1Z1", "1Z2"]})
    world.settle()
    order = world.shop_order(placed["id"])
    assert [entry["value"] for entry in order["tracking_numbers"]] == ["1Z1", "1Z2"]
    assert order["shipping_status"]["code"] == "S"
    told = world.store.control("GET", "outbox")
    world.settle()
    world.settle()
    assert world.store.control("GET", "outbox") == told


def test_a_partial_shipment_writes_its_number_and_leaves_the_status(world: World) -> None:
    placed = world.place(lines=[{"sku": "LMP-DSK-BLK", "quantity": 3}, {"sku": "CBL-TXT-3M", "quantity": 1}])
    world.settle()
    ord_nbr = world.last("order_out").target_id
    world.erp.control(
        "POST", f"orders/{ord_nbr}/ship",
        {"carrier": "UPSGRND", "tracking": ["1ZPART"], "lines": {"00001": 1}},
    )  # fmt: skip
    world.settle()
    order = world.shop_order(placed["id"])
    assert [entry["value"] for entry in order["tracking_numbers"]] == ["1ZPART"]
    assert order["shipping_status"]["code"] == "P"


def test_stock_of_the_erp_reaches_the_shop_and_unchanged_stock_makes_no_run(world: World) -> None:
    world.erp.control("POST", "items/DIM-ROT-LED/stock", {"site": "MAIN", "qty": 11})
    world.settle()
    products = world.store.control("GET", "products")
    listed = products["products"] if isinstance(products, dict) else products
    assert next(one for one in listed if one["sku"] == "DIM-ROT-LED")["amount"] == 11
    before = len(world.runs(kind="inventory"))
    world.settle()
    assert len(world.runs(kind="inventory")) == before


def test_a_cancellation_after_release_waits_for_a_person(world: World) -> None:
    placed = world.place()
    world.settle()
    world.store.control("POST", f"orders/{placed['id']}/cancel")
    world.settle()
    run = world.last("order_out")
    assert (run.status, run.reason_code) == ("held", "changed_after_release")


def approve(world: World, run: Run) -> None:
    with in_tenant(world.tenant.pk):
        assert runs.retry([run.pk], actor=ACTOR, choice=runs.RetryChoice(approves=True)) == 1


def test_an_approved_cancellation_cancels_the_sales_order_and_nothing_else(world: World) -> None:
    placed = world.place()
    world.settle()
    world.store.control("POST", f"orders/{placed['id']}/cancel")
    world.settle()
    approve(world, world.last("order_out"))
    world.settle()
    assert world.last("order_out").status == "succeeded", world.last("order_out").reason
    (order,) = world.sales_orders(placed["order_number"])
    assert order["Cancelled"] == 1


def test_an_approved_cancellation_of_a_shipped_order_is_refused_in_words(world: World) -> None:
    placed = world.place()
    world.settle()
    number = world.last("order_out").target_id
    world.erp.control("POST", f"orders/{number}/ship", {"tracking": ["1Z1"]})
    world.settle()
    world.settle()
    world.store.control("POST", f"orders/{placed['id']}/cancel")
    world.settle()
    approve(world, world.last("order_out"))
    world.settle()
    run = world.last("order_out")
    assert run.status == "dead", run.reason
    assert run.reason == f"Order {number} has been shipped in part and cannot be cancelled any more"


def test_what_the_shopper_paid_becomes_one_receipt_of_the_order(world: World) -> None:
    placed = world.place()
    world.settle()
    world.settle()
    run = world.last("payment_out")
    assert run.status in ("succeeded", "skipped"), run.reason
    (receipt,) = world.erp.control("GET", "documents?DocType=PP")
    assert receipt["OrdNbr"].strip() == world.last("order_out").target_id
    assert receipt["CuryOrigDocAmt"] == pytest.approx(float(world.shop_order(placed["id"])["total"]))
    assert receipt["BankAcct"].strip() in ("1020", "1030", "1040")


def test_a_price_of_the_erp_reaches_the_shop_and_its_text_stays(world: World) -> None:
    def listed() -> dict[str, Any]:
        found = world.store.control("GET", "products")
        products = found["products"] if isinstance(found, dict) else found
        return next(one for one in products if one["sku"] == "A50-HALO")

    before = listed()
    item = {"InvtID": "A50-HALO", "Descr": "Another name", "price": "61.50", "stock": 5}
    world.erp.control("DELETE", "items/A50-HALO")
    world.erp.control("POST", "items", item)
    world.settle()
    assert world.last("product_out").status in ("succeeded", "skipped")
    after = listed()
    assert (Decimal(str(after["price"])), after["name"]) == (Decimal("61.50"), before["name"])


def test_a_cancellation_in_the_erp_reaches_the_shop(world: World) -> None:
    placed = world.place()
    world.settle()
    world.erp.control("POST", f"orders/{world.last('order_out').target_id}/cancel")
    world.settle()
    assert world.shop_order(placed["id"])["shipping_status"]["code"] == "WND"


def test_wrong_erp_credentials_pause_the_connection_once_and_the_orders_go_after_the_test_passes(
    world: World,
) -> None:
    world.erp.control("POST", "settings", {"site_key": "another-key"})
    placed = [world.place() for _ in range(3)]
    world.settle()
    with in_tenant(world.tenant.pk):
        assert Connection.objects.get(pk=world.ledger.pk).health == "refused"
        assert Alert.objects.filter(rule="credentials_refused", closed_at=None).count() == 1
        connections.update_connection(
            world.ledger.pk, "NLCO",
            {**Connection.objects.get(pk=world.ledger.pk).settings, "site_key": "another-key"}, actor=ACTOR,
        )  # fmt: skip
    results = list(connections.run_test(world.tenant, world.ledger.pk, actor=ACTOR))
    assert [result for result in results if not result.ok] == []
    world.settle()
    with in_tenant(world.tenant.pk):
        assert Alert.objects.filter(closed_at=None).count() == 0
        assert Connection.objects.get(pk=world.ledger.pk).paused_at is None
    assert [len(world.sales_orders(one["order_number"])) for one in placed] == [1, 1, 1]


def test_an_order_committed_before_the_line_dropped_is_adopted(world: World) -> None:
    world.erp.control("POST", "faults", {"kind": "drop_after_commit", "match": "placeOrder", "times": 1})
    placed = world.place()
    world.settle()
    run = world.last("order_out")
    assert run.status == "succeeded", run.reason
    (order,) = world.sales_orders(placed["order_number"])
    assert run.target_id == order["OrdNbr"].strip()


def test_a_customer_committed_before_the_line_dropped_is_created_once(world: World) -> None:
    world.erp.control("POST", "faults", {"kind": "drop_after_commit", "match": "editScreen", "times": 1})
    world.place(email="fresh@example.com")
    world.settle()
    assert world.last("order_out").status == "succeeded"
    assert world.erp.control("GET", "counts/customers")["fresh@example.com"] == 1


def test_a_page_that_was_stored_is_not_stored_again_when_the_poll_dies_after_it(world: World) -> None:
    placed = world.place()
    with database_role("engine"):
        cursor = PollCursor.across_tenants.get(kind="order", connection_id=world.shop.pk)
        before = cursor.position
        polling.poll_one(cursor.pk)
        with connection.cursor() as sql:
            sql.execute("UPDATE poll_cursor SET position = %s WHERE id = %s", [json.dumps(before), cursor.pk])
        polling.poll_one(cursor.pk)
    assert len(world.runs(record_key=str(placed["id"]))) == 1


def test_a_webhook_and_a_poll_that_find_the_same_order_write_it_once(world: World) -> None:
    placed = world.place()
    with in_tenant(world.tenant.pk):
        token = connections.hook_token(Connection.objects.get(pk=world.shop.pk))
    told = {
        "event": "order.created",
        "delivery_id": "d1",
        "resource": "order",
        "id": placed["id"],
        "order_number": placed["order_number"],
        "occurred_at": timezone.now().isoformat(),
    }
    body = json.dumps(told).encode()
    timestamp = str(int(timezone.now().timestamp()))
    mac = hmac.new(SECRET.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    signature = f"sha256={mac.hexdigest()}"
    receive_hook(token, {"x-xcart-event": "order.created", "x-xcart-delivery": "d1", "x-xcart-timestamp": timestamp,
                         "x-xcart-signature": signature}, body, address=None)  # fmt: skip
    world.settle()
    world.settle()
    assert len(world.sales_orders(placed["order_number"])) == 1
    with in_tenant(world.tenant.pk):
        assert RecordLink.objects.filter(kind="order").count() == 1


def test_a_sweep_finds_nothing_to_do_when_all_is_well(world: World) -> None:
    world.place()
    world.settle()
    world.settle()  # the payment waited for its order
    with database_role("engine"):
        swept = sweep.sweep()
    assert (swept.lapsed, swept.released) == (0, 0)
