"""Changing and cancelling orders in Dynamics SL: what is sent, what comes too late, what stays as it is."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import Rejected
from integrations.connectors.systems.dynamics_sl.changes import merge_lines
from integrations.kinds import Kind
from tests.contract.dynamics_sl_erp import SITE_KEY, Erp, request_of
from tests.contract.processes import SimulatorProcess, running

TWO = [
    {"InvtID": "A50-HALO", "Qty": 2, "UnitPrice": Decimal("59.99")},
    {"InvtID": "CBL-TXT-3M", "Qty": 1, "UnitPrice": Decimal("19.99")},
]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("dynamics_sl", tmp_path_factory.mktemp("sl"), "--site-key", SITE_KEY) as process:
        yield process


@pytest.fixture
def erp(process: SimulatorProcess) -> Erp:
    process.control("POST", "reset")
    return Erp(process.url)


@pytest.fixture
def order(erp: Erp) -> str:
    return str(erp.connect().write(request_of(LineItems=TWO, OrderTot=None)).external_id)


def update(erp: Erp, number: str, **fields: Any) -> Any:
    return erp.connect().write(WriteRequest(Kind.ORDER, fields, external_id=number))


def test_the_wanted_lines_are_all_lines(erp: Erp, order: str) -> None:
    changed = update(erp, order, LineItems=[TWO[0] | {"Qty": 3}]).fields["orderItems"]
    assert [(line["InvtID"], line["QtyOrd"]) for line in changed] == [("A50-HALO", Decimal(3))]
    more = update(erp, order, LineItems=[TWO[0] | {"Qty": 3}, {"InvtID": "LMP-DSK-BLK", "Qty": 1}])
    assert [line["InvtID"] for line in more.fields["orderItems"]] == ["A50-HALO", "LMP-DSK-BLK"]


def test_an_order_told_again_without_a_change_is_not_sent(erp: Erp, order: str) -> None:
    placed = len(erp.control("GET", "calls?match=placeOrder"))
    assert update(erp, order, LineItems=TWO, CustID="C300").is_unchanged
    assert len(erp.control("GET", "calls?match=placeOrder")) == placed


def test_two_lines_of_one_item_stay_two() -> None:
    held = [{"LineRef": f"0000{place}", "InvtID": "A", "QtyOrd": Decimal(place)} for place in (1, 2)]
    assert merge_lines(held, [{"InvtID": "A", "QtyOrd": 1}, {"InvtID": "A", "QtyOrd": 2}]) is None
    merged = merge_lines(held, [{"InvtID": "A", "QtyOrd": 1}, {"InvtID": "A", "QtyOrd": 5}]) or []
    assert [(line["LineRef"], line["QtyOrd"]) for line in merged] == [("00001", 1), ("00002", 5)]


def test_a_changed_order_whose_total_would_differ_is_refused(erp: Erp, order: str) -> None:
    with pytest.raises(Rejected) as caught:
        update(erp, order, LineItems=[TWO[0] | {"Qty": 3}, TWO[1]], OrderTot=Decimal("1.00"))
    assert caught.value.problems[0].field == "CuryTotOrd"
    assert erp.orders("XC-1043")[0]["lines"][0]["QtyOrd"] == 2


def test_cancelling_cancels_and_changes_nothing_else(erp: Erp, order: str) -> None:
    done = update(erp, order, Cancelled=True, LineItems=[TWO[0]], ShipName="Somebody else")
    assert done.fields["portal_status"] == "cancelled" and len(done.fields["orderItems"]) == 2
    assert done.fields["ShipName"] != "Somebody else"
    assert update(erp, order, Cancelled=True).is_unchanged


def test_less_than_was_shipped_is_refused_with_the_line(erp: Erp, order: str) -> None:
    erp.control("POST", f"orders/{order}/ship", {"lines": {"A50-HALO": 2}, "tracking": ["1Z1"]})
    for lines in ([TWO[0] | {"Qty": 1}, TWO[1]], [TWO[1]]):
        with pytest.raises(Rejected, match="2 of A50-HALO have been shipped") as caught:
            update(erp, order, LineItems=lines)
        assert caught.value.problems[0].field == "orderItems[0].QtyOrd"
    assert update(erp, order, LineItems=[TWO[0]]).fields["orderItems"][0]["QtyShip"] == 2


def test_a_shipped_order_is_not_cancelled(erp: Erp, order: str) -> None:
    erp.control("POST", f"orders/{order}/ship", {"lines": {"A50-HALO": 1}, "tracking": ["1Z1"]})
    with pytest.raises(Rejected, match="cannot be cancelled"):
        update(erp, order, Cancelled=True)


@pytest.mark.parametrize(("action", "word"), [("invoice", "closed"), ("cancel", "cancelled")])
def test_a_closed_or_cancelled_order_is_refused_in_words_and_nothing_is_sent(
    erp: Erp, order: str, action: str, word: str
) -> None:
    erp.control("POST", f"orders/{order}/{action}")
    placed = len(erp.control("GET", "calls?match=placeOrder"))
    with pytest.raises(Rejected, match=f"Order {order} is {word} in Dynamics SL") as caught:
        update(erp, order, LineItems=TWO[:1])
    assert caught.value.code == "too_late"
    assert len(erp.control("GET", "calls?match=placeOrder")) == placed


def test_what_the_portal_does_not_notice_the_erp_refuses(erp: Erp, order: str) -> None:
    api = erp.connect()._api
    held = api.call("orders", "getOrder", orderNumber=order)
    erp.control("POST", f"orders/{order}/cancel")
    answer = api.call("orders", "placeOrder", is_write=True, inOrder=held)
    assert answer["errorString"] == f"Order {order} is cancelled and cannot be changed."
