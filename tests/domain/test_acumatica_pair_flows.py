"""The flows beside orders between X-Cart and Acumatica: payments, prices, customers both ways."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.kinds import Kind
from integrations.models import RecordLink, in_tenant
from tests.domain.acumatica_world import AcumaticaWorld as World
from tests.domain.acumatica_world import acumatica_world


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    with acumatica_world(tmp_path, settings) as made:
        yield made


# -- payments ------------------------------------------------------------------------------------------------


def test_what_came_along_with_the_order_is_recognised_and_not_entered_again(world: World) -> None:
    placed = world.place(payment_method="Credit card", payment_status="P")
    world.settle()
    world.settle()
    run = world.last("payment_out")
    assert (run.status, run.target_id) == ("succeeded", "Prepayment/000231"), run.reason
    (payment,) = world.payments()
    assert payment["PaymentAmount"] == pytest.approx(float(world.shop_order(placed["id"])["total"]))
    with in_tenant(world.tenant.pk):
        assert RecordLink.objects.get(kind="payment").made_by == "adopted"


def test_what_is_captured_after_the_order_becomes_one_prepayment_of_it(world: World) -> None:
    placed = world.place(payment_method="PayPal", payment_status="A")
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    assert world.payments() == [], "an authorisation is no money"
    total = world.shop_order(placed["id"])["total"]
    world.store.control("POST", f"orders/{placed['id']}/payment", {"type": "capture", "value": total})
    for _ in range(3):
        world.settle()
    assert world.last("payment_out").status == "succeeded", world.last("payment_out").reason
    (payment,) = world.payments()
    assert (payment["Type"], payment["CustomerID"], payment["CashAccount"]) == (
        "Prepayment",
        "C1164",
        "10260",
    )
    (applied,) = payment["OrdersToApply"]
    assert (applied["OrderNbr"], applied["AppliedToOrder"]) == (
        order["OrderNbr"],
        pytest.approx(float(total)),
    )
    (order,) = world.sales_orders(placed["order_number"])
    assert order["Totals"]["UnpaidBalance"] == 0


def test_what_is_paid_beyond_the_open_amount_stands_on_the_customers_account(world: World) -> None:
    placed = world.place(payment_method="PayPal", payment_status="A")
    world.settle()
    total = Decimal(str(world.shop_order(placed["id"])["total"]))
    paid = float(total + 10)
    world.store.control("POST", f"orders/{placed['id']}/payment", {"type": "capture", "value": paid})
    world.settle()
    (payment,) = world.payments()
    assert payment["PaymentAmount"] == pytest.approx(paid)
    assert payment["AvailableBalance"] == pytest.approx(10)


def test_an_answer_lost_after_the_commit_makes_no_second_prepayment(world: World) -> None:
    placed = world.place(payment_method="PayPal", payment_status="A")
    world.settle()
    match = "PUT /AcumaticaERP/entity/Default/24.200.001/Payment"
    world.erp.control("POST", "faults", {"kind": "drop_after_commit", "times": 1, "match": match})
    world.store.control("POST", f"orders/{placed['id']}/payment", {"type": "capture", "value": 5})
    for _ in range(20):
        world.settle()
        if world.last("payment_out").status == "succeeded":
            break
    assert world.last("payment_out").status == "succeeded", world.last("payment_out").reason
    assert len(world.payments()) == 1


# -- prices --------------------------------------------------------------------------------------------------


def test_a_price_of_acumatica_reaches_the_shop_and_its_text_stays(world: World) -> None:
    before = world.product("SHD-LIN-40")
    world.erp.control("POST", "items/SHD-LIN-40", {"Description": "Another name", "DefaultPrice": "43.5"})
    world.settle()
    after = world.product("SHD-LIN-40")
    assert (Decimal(str(after["price"])), after["name"]) == (Decimal("43.5"), before["name"])


def test_an_item_that_the_shop_has_not_is_left_out(world: World) -> None:
    world.erp.control("POST", "items", {"InventoryID": "ERP-ONLY", "DefaultPrice": "9.5", "stock": 1})
    world.settle()
    run = world.last("product_out")
    assert (run.record_key, run.status, run.reason_code) == ("ERP-ONLY", "skipped", "no_counterpart")


# -- customers -----------------------------------------------------------------------------------------------

PLACE = {"firstname": "Nia", "lastname": "Fox", "street": "9 Elm St", "city": "Dallas", "zipcode": "75201"}


def open_account(world: World, email: str) -> None:
    world.store.control(
        "POST", "customers", {"email": email, "country_code": "US", "state_code": "TX", **PLACE}
    )


def customers(world: World, email: str) -> list[dict[str, Any]]:
    return list(world.erp.control("GET", f"customers?email={email}"))


def account(world: World, email: str) -> dict[str, Any]:
    (found,) = [one for one in world.store.control("GET", "customers") if one["login"] == email]
    return dict(found)


def test_an_account_and_its_order_become_one_customer_whose_number_comes_back(world: World) -> None:
    open_account(world, "nia.fox@example.com")
    world.settle()
    (customer,) = customers(world, "nia.fox@example.com")
    assert customer["MainContact"]["Address"]["City"] == "Dallas"
    placed = world.place(email="nia.fox@example.com")
    world.settle()
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    assert order["CustomerID"] == customer["CustomerID"]
    assert len(customers(world, "nia.fox@example.com")) == 1
    assert account(world, "nia.fox@example.com")["status_comment"] == f"Acumatica {customer['CustomerID']}"


def test_a_changed_customer_reaches_the_account_and_a_stranger_does_not(world: World) -> None:
    email = "nia.fox@example.com"
    open_account(world, email)
    world.settle()
    world.settle()
    (customer,) = customers(world, email)
    changes = {
        "Status": "On Hold",
        "MainContact": {"Phone1": "+15125550199", "Address": {"AddressLine1": "1 New Rd"}},
    }
    world.erp.control("POST", f"customers/{customer['CustomerID']}", changes)
    stranger = world.erp.control(
        "POST", "customers", {"CustomerName": "Nobody", "Email": "nobody@example.com"}
    )
    world.settle()
    shown = account(world, email)
    assert shown["status_comment"] == f"Acumatica {customer['CustomerID']}, On Hold"
    profile = world.shown(Kind.CUSTOMER, email)
    assert (profile["billing_address"]["street1"], profile["phone"]) == ("1 New Rd", "+15125550199")
    assert "9 Elm St" in [place["street1"] for place in profile["addresses"]], "the old one stays in the book"
    (run,) = world.runs(kind="customer", record_key=stranger["CustomerID"])
    assert (run.status, run.reason_code) == ("skipped", "no_counterpart")
    assert "nobody@example.com" not in [one["login"] for one in world.store.control("GET", "customers")]


def test_our_own_customer_coming_back_by_its_poll_writes_the_account_once(world: World) -> None:
    open_account(world, "nia.fox@example.com")
    for _ in range(4):
        world.settle()
    (customer,) = customers(world, "nia.fox@example.com")
    runs = [run.status for run in world.runs(kind="customer", record_key=customer["CustomerID"])]
    assert runs.count("succeeded") == 1, runs
