"""Numbers and money: exact decimals with a stated rounding rule."""

from collections.abc import Callable
from decimal import (
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    InvalidOperation,
)
from typing import Any

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions import rules
from integrations.mapping.functions.registry import Category, Example, Parameter, function
from integrations.mapping.functions.types import to_decimal

MONEY = Category.MONEY
ROUNDING = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
    "floor": ROUND_FLOOR,
}


def rounded_to(number: Decimal, places: int, mode: str) -> Decimal:
    return _to_step(number, Decimal(1).scaleb(-places), ROUNDING[mode])


def _to_step(number: Decimal, step: Decimal, rule: str) -> Decimal:
    try:
        number = number.quantize(step, rule)
    except InvalidOperation as error:
        places = -step.adjusted()
        raise FunctionError(f"{number} has no exact value with {places} places") from error
    return number if number else abs(number)  # never a negative zero


def _rounder(*, places: int, mode: str) -> Callable[[Any, EvaluationContext], Decimal]:
    step, rule = Decimal(1).scaleb(-places), ROUNDING[mode]
    return lambda value, context: _to_step(to_decimal(value, context), step, rule)


@function(
    "round",
    category=MONEY,
    doc="Round to decimal places by a stated rule.",
    parameters=(
        Parameter("places", int, "decimal places", default=2, minimum=0, maximum=12),
        Parameter("mode", str, "rounding rule", default="half_up", choices=tuple(ROUNDING)),
    ),
    examples=(
        Example(Decimal("2.345"), Decimal("2.35")),
        Example(Decimal("2.345"), Decimal("2.34"), {"mode": "half_even"}),
    ),
    result=Decimal,
    shape=rules.rounding(rounded_to),
    prepare=_rounder,
)
def round_(value: Any, context: EvaluationContext, *, places: int, mode: str) -> Decimal:
    return rounded_to(to_decimal(value, context), places, mode)


@function(
    "floor",
    category=MONEY,
    doc="Round down to a whole number.",
    examples=(Example(Decimal("3.9"), 3),),
    result=int,
    shape=rules.floor,
)
def floor(value: Any, context: EvaluationContext) -> int:
    return int(to_decimal(value, context).to_integral_value(ROUND_FLOOR))


@function(
    "add",
    category=MONEY,
    doc="Add a number; a negative one subtracts.",
    parameters=(Parameter("number", Decimal, "what to add", required=True),),
    examples=(Example(Decimal(5), Decimal(3), {"number": -2}),),
    result=Decimal,
    shape=rules.add,
)
def add(value: Any, context: EvaluationContext, *, number: Decimal) -> Decimal:
    return to_decimal(value, context) + number


@function(
    "at_least",
    category=MONEY,
    doc="Never go below a number.",
    parameters=(Parameter("number", Decimal, "the lowest value", required=True),),
    examples=(Example(Decimal(-2), Decimal(0), {"number": 0}),),
    result=Decimal,
    shape=rules.at_least,
)
def at_least(value: Any, context: EvaluationContext, *, number: Decimal) -> Decimal:
    return max(to_decimal(value, context), number)


@function(
    "multiply",
    category=MONEY,
    doc="Multiply by a number.",
    parameters=(Parameter("by", Decimal, "the factor", required=True),),
    examples=(Example(Decimal(5), Decimal("7.5"), {"by": "1.5"}),),
    result=Decimal,
    shape=rules.multiply,
    prepare=lambda by: lambda value, context: _product(to_decimal(value, context), by),
)
def multiply(value: Any, context: EvaluationContext, *, by: Decimal) -> Decimal:
    return _product(to_decimal(value, context), by)


def _product(number: Decimal, by: Decimal) -> Decimal:
    product = number * by
    return product if product else abs(product)  # never a negative zero


@function(
    "sum",
    category=MONEY,
    doc="Add up all sources, or a list; nothing counts as 0.",
    examples=(Example([Decimal("1.10"), None, Decimal(2)], Decimal("3.10")),),
    takes_null=True,
    result=Decimal,
    shape=rules.sum_,
)
def sum_(value: Any, context: EvaluationContext) -> Decimal:
    total = Decimal(0)
    for one in value if isinstance(value, list) else (value,):
        if one is not None:
            total += to_decimal(one, context)
    return total


def _unit_pricer(*, places: int, mode: str) -> Callable[[Any, EvaluationContext], Decimal]:
    step, rule = Decimal(1).scaleb(-places), ROUNDING[mode]
    return lambda value, context: _to_step(_per_piece(value, context), step, rule)


def _per_piece(value: Any, context: EvaluationContext) -> Decimal:
    if not isinstance(value, list) or len(value) != 2 or value[0] is None or value[1] is None:
        raise FunctionError("needs two sources with values: line total and quantity")
    quantity = to_decimal(value[1], context)
    if not quantity:
        raise FunctionError("the quantity is 0")
    return to_decimal(value[0], context) / quantity


@function(
    "net_unit_price",
    category=MONEY,
    doc="Unit price after line discounts: sources are line total and quantity.",
    parameters=(
        Parameter("places", int, "decimal places", default=2, minimum=0, maximum=12),
        Parameter("mode", str, "rounding rule", default="half_up", choices=tuple(ROUNDING)),
    ),
    examples=(Example([Decimal("43.52"), 6], Decimal("7.25")),),
    result=Decimal,
    shape=rules.net_unit_price,
    prepare=_unit_pricer,
)
def net_unit_price(value: Any, context: EvaluationContext, *, places: int, mode: str) -> Decimal:
    return rounded_to(_per_piece(value, context), places, mode)
