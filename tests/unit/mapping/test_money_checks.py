"""Amounts that contradict each other are told by their place and by the cents they differ."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from integrations.mapping import NotMoney, check_money, compare_money, money_differences
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions.cents import shares

PLACES = {
    "total": "total", "tax": "tax", "freight": "freight", "fees": "fees", "discounts": "discount",
    "lines": {"each": "items", "amount": "net", "quantity": "amount", "price": "price"},
}  # fmt: skip


def order(**changes: Any) -> dict[str, Any]:
    items = [
        {"amount": 3, "price": Decimal("3.33"), "net": Decimal("9.99")},
        {"amount": 1, "price": Decimal("5.00"), "net": Decimal("5.00")},
    ]
    whole = {"items": items, "tax": Decimal("1.20"), "freight": Decimal("4.00"), "discount": Decimal("2.00")}
    return {**whole, "total": Decimal("18.19"), **changes}


def test_an_order_that_adds_up_has_no_differences() -> None:
    assert money_differences(order(), PLACES) == []


def test_the_line_and_the_total_that_are_a_cent_off_are_named() -> None:
    items = [
        {"amount": 3, "price": Decimal("3.33"), "net": Decimal("10.00")},
        {"amount": 1, "price": Decimal("8.19")},
    ]
    line, total = money_differences(order(items=items), PLACES)
    assert line.path == "items[0].net"
    assert line.words == "items[0].net is 10.00 instead of 9.99, 0.01 too much"
    assert (total.path, total.difference) == ("total", Decimal("4.99"))
    assert total.words == "total is 18.19 instead of 13.20, 4.99 too much"


def test_half_a_cent_is_a_difference_and_less_is_none() -> None:
    assert money_differences(order(total=Decimal("18.1949")), PLACES) == []
    (difference,) = money_differences(order(total=Decimal("18.185")), PLACES)
    assert difference.words == "total is 18.185 instead of 18.190, 0.005 too little"


def test_what_is_no_amount_is_told_by_its_path() -> None:
    with pytest.raises(NotMoney) as caught:
        money_differences(order(items=[{"amount": "x", "price": 1, "net": 1}]), PLACES)
    assert caught.value.path == "amount"


def test_a_mapped_or_read_back_record_is_compared_part_by_part() -> None:
    source = check_money(order(), PLACES)
    read_back = check_money(order(tax=Decimal("1.19"), total=Decimal("18.18")), PLACES)
    tax, total = compare_money(source, read_back)
    assert (tax.path, tax.difference) == ("tax", Decimal("-0.01"))
    assert (total.path, total.stated, total.expected) == ("total", Decimal("18.18"), Decimal("18.19"))
    assert compare_money(source, source) == []


def test_tax_moved_into_freight_is_told_though_the_total_is_the_same() -> None:
    source = check_money(order(), PLACES)
    moved = check_money(order(tax=Decimal("0.00"), freight=Decimal("5.20")), PLACES)
    assert moved.agrees
    assert [one.path for one in compare_money(source, moved)] == ["tax", "freight"]


WEIGHTS = some.lists(some.decimals(0, 10_000, places=3), min_size=1, max_size=30)


@given(cents=some.integers(-(10**9), 10**9), weights=WEIGHTS, places=some.integers(0, 4))
def test_shares_add_up_to_the_cent_and_lie_within_one_of_their_part(
    cents: int, weights: list[Decimal], places: int
) -> None:
    amount, step = Decimal(cents).scaleb(-places), Decimal(1).scaleb(-places)
    made = shares(amount, weights, places)
    assert sum(made) == amount
    assert len(made) == len(weights)
    if in_all := sum(weights):
        assert all(
            abs(one - amount * weight / in_all) <= step for one, weight in zip(made, weights, strict=True)
        )


def test_the_same_weights_get_the_same_shares_but_for_one_cent() -> None:
    made = shares(Decimal("100.00"), [Decimal(1)] * 7, 2)
    assert max(made) - min(made) == Decimal("0.01")
    with pytest.raises(FunctionError, match="more than 2 places"):
        shares(Decimal("0.001"), [Decimal(1)], 2)
