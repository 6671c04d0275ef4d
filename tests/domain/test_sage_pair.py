"""X-Cart and Sage 500 through the ready flows: two simulators as real processes, TDS with TLS, polls and drains."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.contract.test_sage_500 import LAST_SLICE
from tests.domain.sage_world import World, sage_world


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    with sage_world(tmp_path, settings) as made:
        yield made


def test_an_order_reaches_sage_once_with_the_shops_total(world: World) -> None:
    placed = world.place(payment_method="Credit card", coupon="SPRING10", country="US", state="TX")
    world.settle()
    assert world.last("order_out").status == "succeeded", world.last("order_out").reason
    (order,) = world.sales_orders(placed["order_number"])
    shop = world.shop_order(placed["id"])
    assert Decimal(order["TranAmt"]) == Decimal(str(shop["total"]))
    assert (order["UserFld1"], order["UserFld2"]) == (f"XC-{placed['order_number']}", f"xcart:{placed['id']}")
    assert (order["Status"], order["CustID"]) == (1, "ACME"), (
        "the customer with this e-mail, not a second one"
    )
    assert order["ship_to"]["CountryID"] == "USA"
    assert shop["shipping_status"]["code"] == "P"
    world.settle()
    world.settle()
    assert len(world.sales_orders(placed["order_number"])) == 1


def test_a_new_shopper_becomes_one_customer_however_many_orders_come(world: World) -> None:
    for _ in range(3):
        world.place(email="new.shopper@example.com")
    world.settle()
    world.settle()
    (made,) = world.erp.control("GET", "customers?email=new.shopper@example.com")
    assert made["CustID"].startswith("XC") and len(made["CustID"]) == 12


def test_a_posted_shipment_comes_back_as_tracking_number_and_status(world: World) -> None:
    placed = world.place(lines=[{"sku": "A50-HALO", "quantity": 2}])
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    parcel = {"lines": {"A50-HALO": 1}, "tracking": ["1Z999AA10123456784"]}
    world.erp.control("POST", f"orders/{order['TranNo']}/ship", parcel)
    world.settle()
    shop = world.shop_order(placed["id"])
    assert [each["value"] for each in shop["tracking_numbers"]] == ["1Z999AA10123456784"]
    assert shop["shipping_status"]["code"] == "P", "half of it is still here"
    world.erp.control("POST", f"orders/{order['TranNo']}/ship", {"tracking": ["1Z999AA10123456785"]})
    world.settle()
    assert world.shop_order(placed["id"])["shipping_status"]["code"] == "S"
    world.settle()
    assert len(world.shop_order(placed["id"])["tracking_numbers"]) == 2


def test_a_shipment_that_is_only_pending_waits_until_it_is_posted(world: World) -> None:
    placed = world.place()
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    path = f"orders/{order['TranNo']}/ship"
    key = world.erp.control("POST", path, {"is_pending": True, "tracking": ["1Z1"]})["ShipKey"]
    world.settle()
    assert world.shop_order(placed["id"])["tracking_numbers"] == []
    world.erp.control("POST", f"shipments/{key}/post", {"late_days": 2})
    world.settle()
    assert world.shop_order(placed["id"])["shipping_status"]["code"] == "S"


def test_what_sage_can_promise_reaches_the_shop(world: World) -> None:
    world.erp.control("POST", "items/CBL-TXT-3M/stock", {"qty": 77})
    world.settle()
    goods = {each["sku"]: each for each in world.store.control("GET", "products")}
    assert goods["CBL-TXT-3M"]["amount"] == 77


def test_an_unknown_sku_holds_the_order(world: World) -> None:
    world.erp.control("DELETE", "items/A50-HALO")
    placed = world.place(lines=[{"sku": "A50-HALO", "quantity": 1}])
    world.settle()
    assert world.last("order_out").status == "held", world.last("order_out").reason
    assert world.sales_orders(placed["order_number"]) == []


def test_a_cancellation_in_sage_reaches_the_shop(world: World) -> None:
    placed = world.place(payment_status="Q")
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    world.erp.control("POST", f"orders/{order['TranNo']}/cancel")
    world.settle()
    assert world.shop_order(placed["id"])["shipping_status"]["code"] == "WND"


@pytest.mark.parametrize("kind", ["drop_after_commit", "drop_before_commit"])
def test_a_link_lost_during_the_import_makes_no_second_order(world: World, kind: str) -> None:
    world.erp.control("POST", "faults", {"kind": kind, "times": 1, "match": LAST_SLICE})
    placed = world.place()
    world.settle()
    for _ in range(20):
        if world.last("order_out").status == "succeeded":
            break
        world.settle()
    assert world.last("order_out").status == "succeeded", world.last("order_out").reason
    assert len(world.sales_orders(placed["order_number"])) == 1
    staged = world.erp.control("GET", "tables/StgSalesOrder")
    assert len([row for row in staged if row["UserFld1"] == f"XC-{placed['order_number']}"]) == 1
