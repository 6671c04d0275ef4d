"""The target's schema against mapped records, and the money invariant."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind
from integrations.mapping import NotMoney, check_money, validate_target

SCHEMA = EntitySchema(
    "erp",
    Kind.ORDER,
    "Order",
    (
        FieldInfo("number", FieldType.TEXT, required=True, nullable=False, max_length=5),
        FieldInfo("status", FieldType.TEXT, enum=("open", "closed"), nullable=False),
        FieldInfo("total", FieldType.DECIMAL, places=2, minimum=0),
        FieldInfo("count", FieldType.INTEGER),
        FieldInfo("flag", FieldType.BOOLEAN),
        FieldInfo("day", FieldType.DATE),
        FieldInfo("ship", FieldType.OBJECT, fields=(FieldInfo("city", FieldType.TEXT, max_length=3),)),
        FieldInfo("free", FieldType.OBJECT),
        FieldInfo("tags", FieldType.ARRAY),
        FieldInfo("lines", FieldType.ARRAY, fields=(FieldInfo("sku", FieldType.TEXT, required=True),)),
    ),
)
GOOD = {"number": "1043", "total": Decimal("5.00")}


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"number": ""}, "number", "is required"),
        ({"number": None}, "number", "is required"),
        ({"number": "123456"}, "number", "has 6 characters; 5 fit"),
        ({"number": 5}, "number", "must be text"),
        ({"status": "lost"}, "status", "is none of open, closed"),
        ({"status": None}, "status", "cannot be empty"),
        ({"total": Decimal("5.001")}, "total", "has more than 2 decimal places"),
        ({"total": Decimal("-1")}, "total", "is below 0"),
        ({"total": Decimal("NaN")}, "total", "must be a finite number"),
        ({"total": Decimal("Infinity")}, "total", "must be a finite number"),
        ({"total": "5"}, "total", "must be a number"),
        ({"total": 5.0}, "total", "must be a number"),
        ({"total": True}, "total", "must be a number"),
        ({"count": Decimal("1")}, "count", "must be a whole number"),
        ({"count": True}, "count", "must be a whole number"),
        ({"flag": 1}, "flag", "must be yes or no"),
        ({"day": 5}, "day", "must be a date"),
        ({"ship": "Austin"}, "ship", "must be an object"),
        ({"ship": {"city": "Austin"}}, "ship.city", "has 6 characters; 3 fit"),
        ({"ship": {"zip": 1}}, "ship.zip", "this field does not exist there"),
        ({"lines": {}}, "lines", "must be a list"),
        ({"lines": [{"sku": "A"}, {}]}, "lines[1].sku", "is required"),
        ({"lines": ["A"]}, "lines[0]", "must be an object"),
        ({"Lines": []}, "Lines", "this field does not exist there"),
    ],
)
def test_what_the_target_would_refuse_is_told_by_path_and_rule(
    change: dict[str, Any], path: str, rule: str
) -> None:
    (problem,) = validate_target({**GOOD, **change}, SCHEMA)
    assert (problem.path, problem.rule) == (path, rule)


@pytest.mark.parametrize(
    "change",
    [
        {"total": Decimal("5.0000")},
        {"total": Decimal("5E+40")},
        {"total": 5},
        {"tags": ["a", 1]},
        {"free": {"anything": 1}},
        {"count": None, "ship": None},
        {"lines": []},
    ],
    ids=str,
)
def test_what_fits_is_let_through(change: dict[str, Any]) -> None:
    assert validate_target({**GOOD, **change}, SCHEMA) == []


def test_an_update_may_leave_out_what_is_required_but_not_empty_it() -> None:
    assert validate_target({"total": Decimal("1.00")}, SCHEMA, creating=False) == []
    (problem,) = validate_target({"number": None}, SCHEMA, creating=False)
    assert (problem.path, problem.rule) == ("number", "cannot be empty")


def test_a_long_value_is_shown_short() -> None:
    (problem,) = validate_target({"number": "x" * 5000}, SCHEMA)
    assert len(problem.value) == 120


PLACES = {
    "total": "total", "tax": "tax", "freight": "freight", "fees": "fees", "discounts": "-discount",
    "lines": {"each": "lines", "quantity": "quantity", "price": "price"},
}  # fmt: skip


def test_lines_tax_freight_and_fees_less_discounts_are_the_total() -> None:
    record = {
        "total": Decimal("128.47"), "tax": Decimal("9.49"), "freight": Decimal("5.00"), "fees": Decimal("1.00"),
        "discount": Decimal("-7.00"), "lines": [{"quantity": 2, "price": Decimal("59.99")}],
    }  # fmt: skip
    checked = check_money(record, PLACES)
    assert checked.agrees
    assert (checked.lines, checked.discounts, checked.difference) == (Decimal("119.98"), Decimal("7.00"), 0)


def test_a_whole_cent_is_a_difference_and_less_than_half_is_none() -> None:
    record = {"total": Decimal("10.01"), "lines": [{"quantity": 1, "price": Decimal("10.00")}]}
    assert not check_money(record, PLACES).agrees
    assert check_money(record, PLACES).difference == Decimal("0.01")
    assert check_money({**record, "total": Decimal("10.0049")}, PLACES).agrees
    assert not check_money({**record, "total": Decimal("10.005")}, PLACES).agrees


def test_an_order_without_lines_or_parts_is_nothing() -> None:
    assert check_money({}, PLACES).agrees


@pytest.mark.parametrize(
    ("record", "path"),
    [
        ({"total": "12,50"}, "total"),
        ({"total": Decimal("NaN")}, "total"),
        ({"total": "1E+999999"}, "total"),
        ({"tax": True}, "tax"),
        ({"lines": [{"quantity": {}, "price": 1}]}, "quantity"),
        ({"lines": "none"}, "lines"),
        ({"lines": {"a": 1}}, "lines"),
    ],
    ids=str,
)
def test_what_is_no_amount_is_told_by_its_path(record: dict[str, Any], path: str) -> None:
    with pytest.raises(NotMoney) as caught:
        check_money(record, PLACES)
    assert caught.value.path == path
