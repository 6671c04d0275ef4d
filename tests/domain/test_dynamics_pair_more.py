"""X-Cart and Dynamics SL beside the ready flows: changes without asking, returns on request, customers by REST."""

import json
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import integrations.connectors.systems.dynamics_sl as dynamics_sl
from integrations.connectors import registry
from tests.domain.dynamics_world import World, dynamics_world

TEMPLATES = Path(dynamics_sl.__file__).parent / "templates" / "x_cart"


@pytest.fixture
def returning(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    """The pair with the flow of returns, which is on request."""
    asked = json.loads((TEMPLATES / "on_request" / "70_return.json").read_text(encoding="utf-8"))
    with dynamics_world(
        tmp_path, settings, [*registry.template_pack("x_cart", "dynamics_sl"), asked]
    ) as made:
        yield made


@pytest.fixture
def updating(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    """The pair whose order flow sends changes without asking."""
    pack = deepcopy(list(registry.template_pack("x_cart", "dynamics_sl")))
    pack[0]["definition"]["policies"]["on_change"] = "update"
    with dynamics_world(tmp_path, settings, pack) as made:
        yield made


@pytest.fixture
def by_rest(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    with dynamics_world(
        tmp_path,
        settings,
        transport="rest_ctapi",
        api_username="sandbox-api-key",
        api_password="sandbox-api-secret",
    ) as made:
        yield made


def place_three(world: World) -> dict[str, Any]:
    placed = world.place(lines=[{"sku": "A50-HALO", "quantity": 3}])
    world.settle()
    return placed


def test_a_line_that_the_shop_changes_is_changed_in_the_same_sales_order(updating: World) -> None:
    free = {"country": "US", "state": "OR", "shipping_method": "Local pickup"}
    placed = updating.place(lines=[{"sku": "A50-HALO", "quantity": 1, "price": 50}], **free)
    updating.settle()
    reference = f"XC-{placed['order_number']}"
    (before,) = updating.sales_orders(reference)
    item = {**updating.shop_order(placed["id"])["items"][0], "amount": 3, "discounted_subtotal": 150}
    amounts = {"items": [item], "sub_total": 150, "total": 150}
    updating.store.control("POST", f"orders/{placed['id']}/touch", amounts)
    updating.settle()
    assert updating.last("order_out").status == "succeeded", updating.last("order_out").reason
    (after,) = updating.sales_orders(reference)
    assert (after["OrdNbr"], round(Decimal(str(after["CuryTotOrd"])), 2)) == (before["OrdNbr"], Decimal(150))
    assert [line["QtyOrd"] for line in after["lines"]] == [3]


def test_a_cancellation_goes_by_itself_where_the_flow_says_update(updating: World) -> None:
    placed = updating.place(payment_status="Q")
    updating.settle()
    updating.store.control("POST", f"orders/{placed['id']}/cancel")
    updating.settle()
    assert updating.last("order_out").status == "succeeded", updating.last("order_out").reason
    (order,) = updating.sales_orders(f"XC-{placed['order_number']}")
    assert order["Cancelled"] == 1


def test_a_completed_return_becomes_one_return_order_of_its_order(returning: World) -> None:
    placed = place_three(returning)
    (order,) = returning.sales_orders(f"XC-{placed['order_number']}")
    asked = returning.store.control(
        "POST",
        "returns",
        {"order_id": placed["id"], "status": "C", "items": [{"sku": "A50-HALO", "amount": 2}]},
    )
    for _ in range(3):
        returning.settle()
    run = returning.last("return_out")
    assert run.status in ("succeeded", "skipped"), run.reason
    (made,) = returning.sales_orders(f"XC-{asked['id']}")
    assert (made["SOTypeID"].strip(), made["CustID"]) == ("RMA", order["CustID"])
    assert [line["QtyOrd"] for line in made["lines"]] == [2]


def test_a_return_that_is_only_asked_for_stays_in_the_shop(returning: World) -> None:
    placed = place_three(returning)
    asked = returning.store.control("POST", "returns", {"order_id": placed["id"]})
    returning.settle()
    assert returning.last("return_out").reason_code == "filtered"
    assert returning.sales_orders(f"XC-{asked['id']}") == []


def test_more_than_was_sold_does_not_come_back(returning: World) -> None:
    placed = place_three(returning)
    returning.store.control(
        "POST",
        "returns",
        {"order_id": placed["id"], "status": "C", "items": [{"sku": "A50-HALO", "amount": 4}]},
    )
    returning.settle()
    assert returning.last("return_out").status == "dead", returning.last("return_out").reason


def test_a_new_shopper_becomes_a_customer_by_rest_and_the_order_goes_by_soap(by_rest: World) -> None:
    placed = by_rest.place(email="nia.fox@example.com")
    by_rest.settle()
    (order,) = by_rest.sales_orders(f"XC-{placed['order_number']}")
    assert order["CustID"].strip() == by_rest.customer("nia.fox@example.com")["CustId"]
    calls = by_rest.erp.control("GET", "calls?match=accountsReceivable")
    assert {(call["method"], call["status"]) for call in calls if call["method"] == "POST"} == {("POST", 201)}


def test_a_customer_whose_answer_was_lost_by_rest_is_made_once(by_rest: World) -> None:
    by_rest.erp.fault("drop_after_commit", times=1, match="POST /ctDynamicsSL/api/financial")
    by_rest.place(email="nia.fox@example.com")
    for _ in range(20):
        by_rest.settle()
        if by_rest.last("order_out").status == "succeeded":
            break
    assert by_rest.last("order_out").status == "succeeded", by_rest.last("order_out").reason
    assert by_rest.customer("nia.fox@example.com")["Name"]
