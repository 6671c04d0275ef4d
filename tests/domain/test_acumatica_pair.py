"""X-Cart and Acumatica through the ready flows: two simulators as real processes, polls and drains of the product."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.domain.acumatica_world import AcumaticaWorld as World
from tests.domain.acumatica_world import acumatica_world


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    with acumatica_world(tmp_path, settings) as made:
        yield made


def test_an_order_reaches_acumatica_once_with_the_shops_total_and_its_payment(world: World) -> None:
    placed = world.place(payment_method="Credit card", coupon="SPRING10", country="US", state="TX")
    world.settle()
    assert world.last("order_out").status == "succeeded", world.last("order_out").reason
    (order,) = world.sales_orders(placed["order_number"])
    shop = world.shop_order(placed["id"])
    assert order["OrderTotal"] == pytest.approx(float(shop["total"]))
    assert order["ExternalRef"] == f"xcart:{placed['id']}"
    assert order["Status"] == "Open"
    assert order["CustomerID"] == "C1164", "the customer with this e-mail, not a second one"
    paid = [row["PaymentAmount"] for row in order["Payments"]]
    assert sum(paid) in (0, pytest.approx(float(shop["total"])))
    assert shop["shipping_status"]["code"] == "P"
    world.settle()
    world.settle()
    assert len(world.sales_orders(placed["order_number"])) == 1


def test_a_new_shopper_becomes_one_customer_however_many_orders_come(world: World) -> None:
    for _ in range(3):
        world.place(email="new.shopper@example.com")
    world.settle()
    world.settle()
    made = world.erp.control("GET", "customers?email=new.shopper@example.com")
    assert len(made) == 1
    assert made[0]["AccountRef"] == "XC-new.shopper@example.com"


def test_a_confirmed_shipment_comes_back_as_tracking_number_and_status(world: World) -> None:
    placed = world.place()
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    world.erp.control("POST", f"orders/{order['OrderNbr']}/ship", {"tracking": ["1Z999AA10123456784"]})
    world.settle()
    shop = world.shop_order(placed["id"])
    assert [each["value"] for each in shop["tracking_numbers"]] == ["1Z999AA10123456784"]
    assert shop["shipping_status"]["code"] == "S"
    world.settle()
    assert len(world.shop_order(placed["id"])["tracking_numbers"]) == 1


def test_stock_of_acumatica_reaches_the_shop(world: World) -> None:
    world.erp.control("POST", "items/CBL-TXT-3M/stock", {"qty": 77})
    world.settle()
    run = world.last("inventory_out")
    assert run is not None
    goods = {each["sku"]: each for each in world.store.control("GET", "products")}
    assert goods["CBL-TXT-3M"]["amount"] == 77


def test_an_unknown_sku_holds_the_order(world: World) -> None:
    world.erp.control("DELETE", "items/A50-HALO")
    placed = world.place(lines=[{"sku": "A50-HALO", "quantity": 1}])
    world.settle()
    assert world.last("order_out").status == "held", world.last("order_out").reason
    assert world.sales_orders(placed["order_number"]) == []


def test_a_cancellation_in_acumatica_reaches_the_shop(world: World) -> None:
    placed = world.place(payment_status="Q")
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    assert order["Payments"] == [], "nothing was paid yet; a paid order cannot be cancelled there"
    world.erp.control("POST", f"orders/{order['OrderNbr']}/cancel")
    world.settle()
    assert world.shop_order(placed["id"])["shipping_status"]["code"] == "WND"


def test_an_answer_lost_after_the_commit_makes_no_second_order(world: World) -> None:
    world.erp.control(
        "POST", "faults", {"kind": "drop_after_commit", "times": 1, "match": "/SalesOrder?$expand"}
    )
    placed = world.place()
    world.settle()
    assert len(world.sales_orders(placed["order_number"])) == 1
    for _ in range(20):
        if world.last("order_out").status == "succeeded":
            break
        world.settle()
    assert world.last("order_out").status == "succeeded", world.last("order_out").reason
    assert len(world.sales_orders(placed["order_number"])) == 1
