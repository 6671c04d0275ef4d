"""Payments, changed and cancelled orders, coupons and returns from X-Cart to Sage 500, both simulators as processes."""

import json
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import integrations.connectors.systems.sage_500 as sage_500
from integrations.connectors import registry
from integrations.connectors.base import WriteRequest
from integrations.kinds import Kind
from tests.domain.sage_world import World, sage_world

TEMPLATES = Path(sage_500.__file__).parent / "templates" / "x_cart"


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    with sage_world(tmp_path, settings) as made:
        yield made


@pytest.fixture
def updating(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    """The pair whose order flow sends changes without asking."""
    pack = deepcopy(list(registry.template_pack("x_cart", "sage_500")))
    pack[0]["definition"]["policies"]["on_change"] = "update"
    with sage_world(tmp_path, settings, pack) as made:
        yield made


@pytest.fixture
def returning(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    """The pair with the flow of returns, which is on request."""
    asked = json.loads((TEMPLATES / "on_request" / "75_return.json").read_text())
    with sage_world(tmp_path, settings, [*registry.template_pack("x_cart", "sage_500"), asked]) as made:
        yield made


# -- payments ----------------------------------------------------------------------------------------------


def test_what_the_shopper_paid_becomes_one_receipt_of_the_orders_customer(world: World) -> None:
    placed = world.place(payment_method="PayPal")
    world.settle()
    world.settle()
    run = world.last("payment_out")
    assert run.status in ("succeeded", "skipped"), run.reason
    (receipt,) = world.rows("tarCustPmt")
    order = world.arrived(placed)
    assert Decimal(receipt["TranAmt"]) == Decimal(str(world.shop_order(placed["id"])["total"]))
    assert receipt["CustKey"] == order["CustKey"]
    (staged,) = world.rows("StgCashReceipt")
    assert (staged["ApplyToTranID"], staged["GLAcctNo"]) == (order["TranID"], "1020-00-00")
    world.settle()
    assert len(world.rows("tarCustPmt")) == 1


def test_a_receipt_whose_answer_was_lost_is_entered_once(world: World) -> None:
    world.erp.fault("drop_after_commit", times=1, match="EXEC spARapiCashReceiptIns? slice 2")
    world.place()
    for _ in range(20):
        world.settle()
        if world.last("payment_out") and world.last("payment_out").status == "succeeded":
            break
    assert world.last("payment_out").status == "succeeded", world.last("payment_out").reason
    assert len(world.rows("tarCustPmt")) == 1


def test_a_refund_and_an_authorisation_are_left_to_people(world: World) -> None:
    placed = world.place()
    world.settle()
    world.settle()
    world.store.control("POST", f"orders/{placed['id']}/payment", {"type": "refundPart", "value": 5})
    world.settle()
    assert (world.last("payment_out").status, world.last("payment_out").reason_code) == (
        "skipped",
        "filtered",
    )
    assert len(world.rows("tarCustPmt")) == 1


@pytest.fixture
def journalling(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    """The pair whose payments become journals instead of cash receipts."""
    ready = [
        one
        for one in registry.template_pack("x_cart", "sage_500")
        if one["definition"]["key"] != "payment_out"
    ]
    asked = json.loads((TEMPLATES / "on_request" / "65_payment_journal.json").read_text())
    with sage_world(tmp_path, settings, [*ready, asked]) as made:
        yield made


def test_where_no_receipts_are_taken_a_payment_is_booked_once(journalling: World) -> None:
    journalling.erp.fault("drop_after_commit", times=1, match="EXEC spGLapiJournalIns? slice 2")
    placed = journalling.place(payment_method="PayPal")
    for _ in range(20):
        journalling.settle()
        if journalling.last("payment_journal") and journalling.last("payment_journal").status == "succeeded":
            break
    assert journalling.last("payment_journal").status == "succeeded", journalling.last(
        "payment_journal"
    ).reason
    total = Decimal(str(journalling.shop_order(placed["id"])["total"]))
    booked = journalling.rows("tglTransaction")
    assert sorted(Decimal(row["PostAmt"]) for row in booked) == [-total, total]
    journalling.settle()
    assert len(journalling.rows("tglTransaction")) == 2


# -- changed and cancelled orders --------------------------------------------------------------------------


def change_note(world: World, placed: dict[str, Any]) -> None:
    world.store.control("POST", f"orders/{placed['id']}/touch", {"notes": "Ring twice"})
    world.settle()


def test_a_changed_order_is_held_and_goes_when_a_person_approves(world: World) -> None:
    placed = world.place()
    world.settle()
    change_note(world, placed)
    run = world.last("order_out")
    assert (run.status, run.reason_code) == ("held", "changed_after_release")
    assert world.arrived(placed)["TranCmnt"] != "Ring twice"
    world.approve(run)
    world.settle()
    assert world.last("order_out").status == "succeeded", world.last("order_out").reason
    assert world.arrived(placed)["TranCmnt"] == "Ring twice"


def test_a_changed_order_goes_by_itself_where_the_flow_says_update(updating: World) -> None:
    placed = updating.place()
    updating.settle()
    before = updating.arrived(placed)
    change_note(updating, placed)
    assert updating.last("order_out").status == "succeeded", updating.last("order_out").reason
    after = updating.arrived(placed)
    assert (after["TranCmnt"], after["TranAmt"], after["SOKey"]) == (
        "Ring twice", before["TranAmt"], before["SOKey"],
    )  # fmt: skip
    assert len(after["lines"]) == len(before["lines"])


def test_a_line_that_the_shop_changes_is_changed_in_the_same_sales_order(updating: World) -> None:
    line = {"sku": "A50-HALO", "quantity": 1, "price": 50}
    free = {"country": "US", "state": "OR", "shipping_method": "Local pickup"}
    placed = updating.place(lines=[line], **free)
    updating.settle()
    before = updating.arrived(placed)
    item = {**updating.shop_order(placed["id"])["items"][0], "amount": 3, "discounted_subtotal": 150}
    amounts = {"items": [item], "sub_total": 150, "total": 150}
    updating.store.control("POST", f"orders/{placed['id']}/touch", amounts)
    updating.settle()
    assert updating.last("order_out").status == "succeeded", updating.last("order_out").reason
    after = updating.arrived(placed)
    assert (after["SOKey"], Decimal(after["TranAmt"])) == (before["SOKey"], Decimal(150))
    assert [Decimal(one["QtyOrd"]) for one in after["lines"]] == [Decimal(3)]


def test_a_cancelled_order_is_held_and_cancelled_when_a_person_approves(world: World) -> None:
    placed = world.place(payment_status="Q")
    world.settle()
    world.store.control("POST", f"orders/{placed['id']}/cancel")
    world.settle()
    run = world.last("order_out")
    assert (run.status, run.reason_code) == ("held", "changed_after_release")
    assert world.arrived(placed)["Status"] == 1
    world.approve(run)
    world.settle()
    assert world.arrived(placed)["Status"] == 3


def test_a_cancelled_order_is_cancelled_by_itself_where_the_flow_says_update(updating: World) -> None:
    placed = updating.place(payment_status="Q")
    updating.settle()
    updating.store.control("POST", f"orders/{placed['id']}/cancel")
    updating.settle()
    assert updating.last("order_out").status == "succeeded", updating.last("order_out").reason
    assert updating.arrived(placed)["Status"] == 3


def test_an_order_that_has_shipped_is_not_cancelled_and_the_person_reads_why(updating: World) -> None:
    placed = updating.place()
    updating.settle()
    number = updating.arrived(placed)["TranNo"]
    updating.erp.control("POST", f"orders/{number}/ship", {"tracking": ["1Z1"]})
    updating.settle()
    updating.store.control("POST", f"orders/{placed['id']}/cancel")
    updating.settle()
    run = updating.last("order_out")
    assert run.status == "dead" and "cannot be cancel" in run.reason.lower(), (run.status, run.reason)
    assert updating.arrived(placed)["Status"] == 1


# -- coupons, returns --------------------------------------------------------------------------------------


def test_the_codes_of_coupons_stand_in_the_order_and_their_amount_in_its_lines(world: World) -> None:
    placed = world.place(coupon="SPRING10")
    world.settle()
    order = world.arrived(placed)
    assert order["TranCmnt"].startswith("SPRING10")
    assert Decimal(order["TranAmt"]) == Decimal(str(world.shop_order(placed["id"])["total"]))
    assert Decimal(order["TradeDiscAmt"]) == 0


@pytest.fixture
def deciding(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    """The pair where returns go when they are asked for, and what Sage 500 does with them comes back."""
    asked, back = (
        json.loads((TEMPLATES / "on_request" / name).read_text())
        for name in ("75_return.json", "77_return_back.json")
    )
    (filtered,) = [step for step in asked["definition"]["steps"] if step["type"] == "filter"]
    filtered["when"] = {"field": "status", "op": "in", "value": ["I", "C"]}
    with sage_world(tmp_path, settings, [*registry.template_pack("x_cart", "sage_500"), asked, back]) as made:
        yield made


def shipped(world: World, quantity: int) -> dict[str, Any]:
    placed = world.place(lines=[{"sku": "A50-HALO", "quantity": quantity}])
    world.settle()
    world.erp.control("POST", f"orders/{world.arrived(placed)['TranNo']}/ship", {"tracking": ["1Z1"]})
    world.settle()
    return placed


def test_a_completed_return_becomes_one_rma_of_the_order_at_its_prices(returning: World) -> None:
    placed = shipped(returning, 3)
    goods = {"order_id": placed["id"], "items": [{"sku": "A50-HALO", "amount": 2}], "status": "C"}
    returning.store.control("POST", "returns", goods)
    returning.settle()
    returning.settle()
    assert returning.last("return_out").status in ("succeeded", "skipped"), returning.last(
        "return_out"
    ).reason
    order = returning.arrived(placed)
    (made,) = [row for row in returning.rows("tsoSalesOrder") if row["TranType"] == 835]
    assert (made["CustKey"], made["CustPONo"]) == (order["CustKey"], f"XC-{placed['order_number']}")
    assert Decimal(made["TranAmt"]) == 2 * Decimal(order["lines"][0]["UnitPrice"])
    assert returning.erp.control("GET", "counts/returns") == {made["UserFld1"]: 1}


def test_a_return_that_is_only_asked_for_stays_in_the_shop(returning: World) -> None:
    placed = shipped(returning, 1)
    returning.store.control("POST", "returns", {"order_id": placed["id"]})
    returning.settle()
    assert returning.last("return_out").reason_code == "filtered"
    assert returning.erp.control("GET", "counts/returns") == {}


def test_more_than_was_shipped_does_not_come_back(returning: World) -> None:
    placed = returning.place(lines=[{"sku": "A50-HALO", "quantity": 1}])
    returning.settle()
    returning.store.control("POST", "returns", {"order_id": placed["id"], "status": "C"})
    returning.settle()
    run = returning.last("return_out")
    assert run.status == "dead" and "More is returned than was shipped" in run.reason, run.reason


@pytest.mark.parametrize(("status", "shown"), [(4, "completed"), (3, "declined")])
def test_what_sage_does_with_a_return_is_seen_in_the_shop_once(
    deciding: World, status: int, shown: str
) -> None:
    placed = shipped(deciding, 1)
    asked = deciding.store.control("POST", "returns", {"order_id": placed["id"]})
    deciding.settle()
    deciding.settle()
    (made,) = [row for row in deciding.rows("tsoSalesOrder") if row["TranType"] == 835]
    deciding.erp.control("POST", f"orders/{made['SOKey']}/status", {"status": status})
    for _ in range(3):
        deciding.settle()
    assert deciding.last("return_back").status in ("succeeded", "skipped"), deciding.last(
        "return_back"
    ).reason
    assert deciding.shop.fetch(Kind.RETURN, str(asked["id"])).fields["status_name"] == shown
    assert deciding.erp.control("GET", "counts/returns") == {made["UserFld1"]: 1}


def test_a_return_that_a_clerk_entered_changes_nothing_in_the_shop(deciding: World) -> None:
    placed = shipped(deciding, 2)
    asked = deciding.store.control("POST", "returns", {
        "order_id": placed["id"], "items": [{"sku": "A50-HALO", "amount": 1}],
    })  # fmt: skip
    deciding.settle()
    order = deciding.arrived(placed)
    line = {"ItemID": "A50-HALO", "QtyRtrnCredit": 1}
    clerks = WriteRequest(
        Kind.RETURN, {"order_key": str(order["SOKey"]), "Lines": [line]}, reference="CLERK-1"
    )
    deciding.ledger.write(clerks)
    (made,) = [row for row in deciding.rows("tsoSalesOrder") if row["UserFld1"] == "CLERK-1"]
    deciding.erp.control("POST", f"orders/{made['SOKey']}/status", {"status": 4})
    deciding.settle()
    assert deciding.last("return_back").reason_code == "no_counterpart"
    assert deciding.shop.fetch(Kind.RETURN, str(asked["id"])).fields["status_name"] == "issued"
