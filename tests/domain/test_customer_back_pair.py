"""Customers of Dynamics SL back to the shoppers' accounts of X-Cart: one account each, whoever knew the other first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations.connectors.base import WriteRequest
from integrations.kinds import Kind
from integrations.models import Run, in_tenant
from tests.domain.dynamics_world import World, dynamics_world

EMAIL = "nia.fox@example.com"
ADDRESS = {
    "firstname": "Nia", "lastname": "Fox", "phone": "+15125550100", "street": "9 Elm St", "city": "Dallas",
    "zipcode": "75201", "country_code": "US", "state_code": "TX", "is_billing": True,
}  # fmt: skip
MOVED = {"Addr1": "12 Bull St", "City": "Savannah", "State": "GA", "Zip": "31401", "Country": "USA"}


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    with dynamics_world(tmp_path, settings) as made:
        yield made


def open_account(world: World, email: str = EMAIL) -> None:
    world.store.control("POST", "customers", {"email": email, **ADDRESS})


def back(world: World, cust_id: str) -> Run:
    return world.run_of("customer_back", cust_id)


@pytest.fixture
def known(world: World) -> World:
    """The world after an account became a customer."""
    open_account(world)
    world.settle()
    world.settle()
    return world


def test_a_new_account_gets_its_customer_number_back_and_stays_one_of_each(known: World) -> None:
    cust_id = known.customer(EMAIL)["CustId"]
    known.settle()
    assert known.account(EMAIL)["status_comment"] == f"Dynamics SL {cust_id}"
    assert known.links(EMAIL) == [cust_id]
    assert known.alerts() == []
    assert [each["login"] for each in known.store.control("GET", "customers")].count(EMAIL) == 1


def test_what_accounting_changes_reaches_the_account_and_what_is_the_shoppers_stays(known: World) -> None:
    cust_id = known.customer(EMAIL)["CustId"]
    known.change(cust_id, Phone="+19125550177", Status="H", EMailAddr="accounts@example.com", **MOVED)
    known.settle()
    assert back(known, cust_id).status == "succeeded", back(known, cust_id).reason
    account = known.account(EMAIL)
    assert account["login"] == EMAIL
    assert account["status_comment"] == f"Dynamics SL {cust_id}, on hold"
    billing = account["billing_address"]
    assert (billing["street"], billing["state_code"], billing["phone"]) == (
        "12 Bull St",
        "GA",
        "+19125550177",
    )
    assert (billing["firstname"], billing["lastname"]) == ("Nia", "Fox")
    assert [each["street"] for each in account["addresses"]] == ["9 Elm St", "12 Bull St"]


def test_a_change_of_the_shopper_alone_stays_and_of_both_that_of_accounting_stands(known: World) -> None:
    cust_id = known.customer(EMAIL)["CustId"]
    known.change(cust_id, Phone="+19125550177")
    known.settle()
    known.shop.write(WriteRequest(Kind.CUSTOMER, {"phone": "+12145550123"}, external_id=EMAIL))
    known.change(cust_id, Status="H")
    known.settle()
    assert back(known, cust_id).status == "succeeded", back(known, cust_id).reason
    assert known.account(EMAIL)["phone"] == "+12145550123"
    known.change(cust_id, Phone="+19125550178")
    known.settle()
    assert known.account(EMAIL)["phone"] == "+19125550178"


def test_a_customer_whom_nobody_linked_is_joined_with_the_account_of_its_email(world: World) -> None:
    open_account(world, "Omar.Fox@example.com")
    (account,) = [
        each
        for each in world.store.control("GET", "customers")
        if each["login"].lower() == "omar.fox@example.com"
    ]
    world.erp.control(
        "POST", "customers", {"CustId": "C777", "Name": "Omar Fox", "EMailAddr": "omar.fox@example.com"}
    )
    world.settle()
    world.settle()
    assert world.account("omar.fox@example.com")["status_comment"] == "Dynamics SL C777"
    assert world.links("omar.fox@example.com") == ["C777"]
    assert len(world.erp.control("GET", "customers?email=omar.fox@example.com")) == 1
    assert world.alerts() == []
    assert str(account["id"]) == world.account("omar.fox@example.com")["id"]


def test_of_two_customers_with_one_email_the_second_leaves_the_account_alone(known: World) -> None:
    known.erp.control("POST", "customers", {"CustId": "C901", "Name": "Twin", "EMailAddr": EMAIL})
    known.settle()
    run = back(known, "C901")
    assert (run.status, run.reason_code) == ("skipped", "counterpart_taken"), run.reason
    assert "C901" not in known.account(EMAIL)["status_comment"]
    assert known.alerts() == []


def test_a_guest_and_a_stranger_have_no_account_and_get_none(world: World) -> None:
    before = len(world.store.control("GET", "customers"))
    world.place(email="guest.lee@example.com", guest=True)
    world.erp.control("POST", "customers", {"CustId": "C902", "Name": "Nobody", "EMailAddr": "n@example.com"})
    world.settle()
    guest = world.customer("guest.lee@example.com")["CustId"]
    world.change(guest, Phone="+19125550177")
    world.settle()
    for cust_id in (guest, "C902"):
        assert (back(world, cust_id).status, back(world, cust_id).reason_code) == (
            "skipped",
            "no_counterpart",
        )
    assert len(world.store.control("GET", "customers")) == before


def test_an_inactive_customer_is_not_joined(world: World) -> None:
    open_account(world)
    world.erp.control("POST", "customers", {"CustId": "C903", "Name": "Old", "EMailAddr": "q@example.com"})
    world.change("C903", Status="I", EMailAddr=EMAIL)
    world.settle()
    assert (back(world, "C903").status, back(world, "C903").reason_code) == ("skipped", "filtered")


def test_a_lost_answer_changes_the_account_once(known: World) -> None:
    cust_id = known.customer(EMAIL)["CustId"]
    known.settle()
    known.store.fault("drop_after_commit", times=1, match="/addresses")
    known.change(cust_id, **MOVED)
    known.settle()
    with in_tenant(known.tenant.pk):
        Run.objects.exclude(status__in=("succeeded", "skipped")).update(due_at=timezone.now())
    known.settle()
    assert back(known, cust_id).status in ("succeeded", "skipped")
    assert [each["street"] for each in known.account(EMAIL)["addresses"]].count("12 Bull St") == 1
