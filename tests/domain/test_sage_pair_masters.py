"""Prices and customers between X-Cart and Sage 500 through the ready flows, both simulators as real processes."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.kinds import Kind
from integrations.models import RecordLink, Run, in_tenant
from tests.domain.sage_world import World, sage_world

EMAIL = "nia.fox@example.com"
ADDRESS = {
    "firstname": "Nia", "lastname": "Fox", "phone": "+15125550100", "street": "9 Elm St", "city": "Dallas",
    "zipcode": "75201-1234", "country_code": "US", "state_code": "TX", "is_billing": True,
}  # fmt: skip


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    with sage_world(tmp_path, settings) as made:
        yield made


@pytest.fixture
def known(world: World) -> World:
    """The world after an account became a customer."""
    world.store.control("POST", "customers", {"email": EMAIL, **ADDRESS})
    world.settle()
    world.settle()
    return world


def account(world: World, email: str = EMAIL) -> dict[str, Any]:
    return dict(world.shop.fetch(Kind.CUSTOMER, email).fields)


def customer(world: World, email: str = EMAIL) -> dict[str, Any]:
    (found,) = world.erp.control("GET", f"customers?email={email}")
    return dict(found)


def run_of(world: World, number: str) -> Run:
    with in_tenant(world.tenant.pk):
        return Run.objects.filter(flow__key="customer_back", record_key=number).order_by("-id")[0]


def test_a_price_of_sage_reaches_the_shop_and_its_text_stays(world: World) -> None:
    before = world.product("A50-HALO")
    world.erp.control("POST", "items/A50-HALO/price", {"price": "61.50"})
    world.settle()
    after = world.product("A50-HALO")
    assert (Decimal(str(after["price"])), after["name"]) == (Decimal("61.50"), before["name"])
    assert after["amount"] == before["amount"]


def test_an_item_without_a_price_and_one_that_the_shop_lacks_change_nothing(world: World) -> None:
    before = world.product("A50-HALO")["price"]
    world.erp.control("POST", "items/A50-HALO/price", {"price": "0"})
    world.settle()
    assert (world.last("product_out").status, world.last("product_out").reason_code) == (
        "skipped",
        "filtered",
    )
    assert world.product("A50-HALO")["price"] == before
    world.erp.control(
        "POST", "items", {"ItemID": "ONLY-HERE", "ShortDesc": "Spare", "StdPrice": "5", "stock": 1}
    )
    world.settle()
    assert world.last("product_out").reason_code == "no_counterpart"
    assert "ONLY-HERE" not in {each["sku"] for each in world.store.control("GET", "products")}


def test_an_account_becomes_one_customer_and_its_order_goes_to_it(known: World) -> None:
    made = customer(known)
    assert (made["AddrLine1"], made["City"], made["PostalCode"]) == ("9 Elm St", "Dallas", "752011234")
    placed = known.place(email=EMAIL)
    known.settle()
    assert known.arrived(placed)["CustID"] == made["CustID"]
    with in_tenant(known.tenant.pk):
        assert RecordLink.objects.filter(kind="customer", erp_id=made["CustID"]).count() == 1


def test_the_customer_number_comes_back_and_the_address_stays_one(known: World) -> None:
    known.settle()
    shown = account(known)
    assert shown["status_comment"] == f"Sage 500 {customer(known)['CustID']}"
    assert [each["zipcode"] for each in shown["addresses"]] == ["75201-1234"]


def test_what_accounting_changes_reaches_the_account(known: World) -> None:
    number = customer(known)["CustID"]
    known.erp.control("POST", f"customers/{number}", {"Hold": 1})
    known.settle()
    assert run_of(known, number).status == "succeeded", run_of(known, number).reason
    assert account(known)["status_comment"] == f"Sage 500 {number}, on hold"


def test_a_guests_customer_has_no_account_and_gets_none(world: World) -> None:
    before = len(world.store.control("GET", "customers"))
    world.place(email="guest.lee@example.com", guest=True)
    world.settle()
    world.settle()
    run = run_of(world, customer(world, "guest.lee@example.com")["CustID"])
    assert (run.status, run.reason_code) == ("skipped", "no_counterpart")
    assert len(world.store.control("GET", "customers")) == before


def test_of_two_customers_with_one_email_the_second_leaves_the_account_alone(known: World) -> None:
    known.erp.control("POST", "customers", {"CustID": "TWIN", "CustName": "Twin", "EMailAddr": EMAIL})
    known.settle()
    run = run_of(known, "TWIN")
    assert (run.status, run.reason_code) == ("skipped", "counterpart_taken"), run.reason
