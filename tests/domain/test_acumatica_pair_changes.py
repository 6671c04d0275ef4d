"""Changed, cancelled and returned orders between X-Cart and Acumatica: the policy's word, and a person's."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from integrations.kinds import Kind
from tests.domain.acumatica_world import AcumaticaWorld as World
from tests.domain.acumatica_world import acumatica_world, pack

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def opened(tmp_path: Path, settings: Any) -> Iterator[Callable[[list[dict[str, Any]]], World]]:
    """Return how a merchant with given flows is opened; closed with the test."""
    with ExitStack() as stack:
        yield lambda flows: stack.enter_context(acumatica_world(tmp_path, settings, flows))


def doubled(world: World, order_id: int) -> float:
    """Let the shop's staff double the first line of an order without coupons; returns the new total."""
    order = world.shop_order(order_id)
    first, *others = order["items"]
    added = first["discounted_subtotal"]
    first = {**first, "amount": first["amount"] * 2, "discounted_subtotal": added * 2}
    changes = {
        "items": [first, *others],
        "total": round(order["total"] + added, 2),
        "sub_total": round(order["sub_total"] + added, 2),
    }
    world.store.control("POST", f"orders/{order_id}/touch", changes)
    return float(changes["total"])


@pytest.mark.parametrize("policy", ["hold", "update"])
def test_a_changed_order_is_changed_at_once_or_when_a_person_says_so(opened: Any, policy: str) -> None:
    world: World = opened(pack(on_change=policy))
    placed = world.place(payment_status="Q")
    world.settle()
    total = doubled(world, placed["id"])
    world.settle()
    if policy == "hold":
        run = world.last("order_out")
        assert (run.status, run.reason_code) == ("held", "changed_after_release"), run.reason
        world.approve(run)
        world.settle()
    assert world.last("order_out").status == "succeeded", world.last("order_out").reason
    (order,) = world.sales_orders(placed["order_number"])
    assert order["OrderTotal"] == pytest.approx(total)


@pytest.mark.parametrize("policy", ["hold", "update"])
def test_a_cancelled_order_is_cancelled_at_once_or_when_a_person_says_so(opened: Any, policy: str) -> None:
    world: World = opened(pack(on_change=policy))
    placed = world.place(payment_status="Q")
    world.settle()
    world.store.control("POST", f"orders/{placed['id']}/cancel")
    world.settle()
    if policy == "hold":
        assert world.sales_orders(placed["order_number"])[0]["Status"] == "Open"
        world.approve(world.last("order_out"))
        world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    assert order["Status"] == "Canceled", world.last("order_out").reason


def test_a_cancellation_of_a_paid_order_is_refused_in_words(opened: Any) -> None:
    world: World = opened(pack(on_change="update"))
    placed = world.place(payment_status="P", payment_method="Credit card")
    world.settle()
    world.store.control("POST", f"orders/{placed['id']}/cancel")
    world.settle()
    run = world.last("order_out")
    assert run.status == "dead"
    assert "it has applied payments" in run.reason


def test_a_completed_return_waits_for_the_invoice_and_credits_what_was_invoiced(opened: Any) -> None:
    world: World = opened(pack(also=["70_return", "75_return_back"]))
    placed = world.place(payment_status="Q", lines=[{"sku": "A50-HALO", "quantity": 3}])
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    key = f"SO/{order['OrderNbr']}"
    back = {"order_id": placed["id"], "status": "C", "items": [{"sku": "A50-HALO", "amount": 2}]}
    world.store.control("POST", "returns", back)
    world.settle()
    held = world.last("return_out")
    assert (held.status, held.reason) == ("held", f"Waits for invoice {key} in Acumatica.")
    world.erp.control("POST", f"orders/{order['OrderNbr']}/ship")
    world.erp.control("POST", f"orders/{order['OrderNbr']}/invoice")
    world.retry(held)
    world.settle()
    world.settle()
    run = world.last("return_out")
    assert run.status == "succeeded", run.reason
    (credit,) = [one for one in world.erp.control("GET", "orders") if one["OrderType"] == "RC"]
    (line,) = credit["Details"]
    (sold,) = order["Details"]
    assert (line["OrderQty"], line["UnitPrice"]) == (2, sold["UnitPrice"])
    assert (line["InvoiceType"], credit["CustomerID"]) == ("Invoice", order["CustomerID"])
    kinds = {run.kind for run in world.runs(record_key=f"RC/{credit['OrderNbr']}")}
    assert kinds == {"return"}, "a return is no order of the shop"


@pytest.mark.parametrize(("end", "status"), [("ship", "C"), ("cancel", "D")])
def test_the_end_of_a_return_in_acumatica_is_its_status_in_the_shop(
    opened: Any, end: str, status: str
) -> None:
    flows = pack(also=["70_return", "75_return_back"])
    (returns,) = [one for one in flows if one["definition"]["key"] == "return_out"]
    (taken,) = [step for step in returns["definition"]["steps"] if step["id"] == "completed"]
    taken["when"]["value"] = "I"  # this merchant lets Acumatica decide about returns that were asked for
    world: World = opened(flows)
    placed = world.place(payment_status="Q", lines=[{"sku": "A50-HALO", "quantity": 3}])
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    world.erp.control("POST", f"orders/{order['OrderNbr']}/ship")
    world.erp.control("POST", f"orders/{order['OrderNbr']}/invoice")
    made = world.store.control("POST", "returns", {"order_id": placed["id"], "status": "I"})
    world.settle()
    assert world.last("return_out").status == "succeeded", world.last("return_out").reason
    number = world.last("return_out").target_id.partition("/")[2]
    world.erp.control("POST", f"orders/RC|{number}/{end}")
    world.settle()
    assert world.last("return_back").status == "succeeded", world.last("return_back").reason
    assert world.shown(Kind.RETURN, made["id"])["status"] == status
    world.settle()
    assert {run.status for run in world.runs(kind="return")} <= {"succeeded", "skipped"}
    assert "held" not in {run.status for run in world.runs(kind="shipment")}, "a receipt is no shipment"
