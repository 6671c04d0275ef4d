"""Money that is shared out: cents that add up exactly, net prices after order discounts, other currencies."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions.arithmetic import plain_zero, several
from integrations.mapping.functions.money import ROUNDING, rounded_to
from integrations.mapping.functions.registry import Category, Example, Parameter, function
from integrations.mapping.functions.rules import bounded
from integrations.mapping.functions.selection import elements_of
from integrations.mapping.functions.types import as_text, shown, to_decimal
from integrations.mapping.shapes import Lists, Shape, ShapeContext

MONEY = Category.MONEY
_PLACES = Parameter("places", int, "decimal places of a share", default=2, minimum=0, maximum=6)
_LONGEST_WEIGHTS = "weights are numbers of 0 or more"


def shares(amount: Decimal, weights: Sequence[Decimal], places: int) -> list[Decimal]:
    """Return one share for each weight; together they are exactly ``amount``.

    Largest remainders get the cents that are left, the earlier one of two equals first; weights of 0 in all
    share alike. Raises FunctionError where there is nothing to share among, or the amount has more places.
    """
    cents = amount.scaleb(places)
    if cents != cents.to_integral_value():
        raise FunctionError(f"{amount} has more than {places} places; round it first")
    if not weights:
        if cents:
            raise FunctionError(f"there is nothing {amount} could be shared among")
        return []
    whole, sign = abs(int(cents)), -1 if cents < 0 else 1
    parts = _as_whole(weights)
    in_all = sum(parts)
    made = [whole * part // in_all for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: -(whole * parts[place] % in_all))
    for place in by_remainder[: whole - sum(made)]:
        made[place] += 1
    return [plain_zero((Decimal(sign * one)).scaleb(-places)) for one in made]


def _as_whole(weights: Sequence[Decimal]) -> list[int]:
    """Return weights as whole numbers in the same proportion, all 1 where all are 0."""
    if any(weight < 0 for weight in weights):
        raise FunctionError(_LONGEST_WEIGHTS)
    if not any(weights):
        return [1] * len(weights)
    exponent = min(int(weight.as_tuple().exponent) for weight in weights)
    return [int(weight.scaleb(-exponent)) for weight in weights]


def _weights(value: Any, context: EvaluationContext) -> list[Decimal]:
    return [Decimal(0) if one is None else to_decimal(one, context) for one in elements_of(value)]


@function(
    "allocate",
    category=MONEY,
    doc="Share an amount out over a list of weights so that the shares add up to it to the cent: sources are the "
    "amount and the list.",
    parameters=(_PLACES,),
    examples=(
        Example([Decimal("10.00"), [1, 1, 1]], [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]),
        Example([Decimal("-0.05"), [Decimal("1.5"), 3]], [Decimal("-0.02"), Decimal("-0.03")]),
    ),
    shape=lambda given, context, places: Shape(elements=Lists(bounded(None, None, places))).may_fail(
        "fails for what is no amount or no list of numbers"
    ),
)
def allocate(value: Any, context: EvaluationContext, *, places: int) -> list[Decimal]:
    amount, weights = several(value, "the amount", "the list of weights")
    return shares(to_decimal(amount, context), _weights(weights, context), places)


@function(
    "share",
    category=MONEY,
    doc="The share of one line in an amount: sources are the amount, the list of all weights and the line's place, "
    "such as $.discount, $.items[].total and #. The shares of all lines add up to the amount to the cent.",
    parameters=(_PLACES,),
    examples=(Example([Decimal("10.00"), [1, 1, 1], 0], Decimal("3.34")),),
    result=Decimal,
    shape=lambda given, context, places: bounded(None, None, places).may_fail(
        "fails for what is no amount or no list of numbers"
    ),
)
def share(value: Any, context: EvaluationContext, *, places: int) -> Decimal:
    amount, weights, position = several(value, "the amount", "the list of weights", "the place")
    return _share_at(amount, weights, position, places, context)


def _share_at(amount: Any, weights: Any, position: Any, places: int, context: EvaluationContext) -> Decimal:
    made = shares(to_decimal(amount, context), _weights(weights, context), places)
    if not isinstance(position, int) or not 0 <= position < len(made):
        raise FunctionError(f"{shown(position)} is not a place among {len(made)} weights")
    return made[position]


def _net(given: Shape, context: ShapeContext, *, places: int, mode: str) -> Shape:
    return bounded(None, None, places).may_fail("fails for what is no amount, and for a quantity of 0")


@function(
    "net_unit_price_after_order",
    category=MONEY,
    doc="Unit price after the line's and its share of the order's discount: sources are line total, quantity, "
    "order discount (its sign does not matter), the list of all line totals and the line's place (#).",
    parameters=(
        Parameter("places", int, "decimal places of the price", default=2, minimum=0, maximum=12),
        Parameter("mode", str, "rounding rule", default="half_up", choices=tuple(ROUNDING)),
    ),
    examples=(
        Example(
            [Decimal("60.00"), 2, Decimal("-10.00"), [Decimal("60.00"), Decimal("40.00")], 0],
            Decimal("27.00"),
        ),
    ),
    result=Decimal,
    shape=_net,
)
def net_unit_price_after_order(value: Any, context: EvaluationContext, *, places: int, mode: str) -> Decimal:
    total, amount, discount, totals, position = several(
        value, "line total", "quantity", "order discount", "all line totals", "the place"
    )
    quantity = to_decimal(amount, context)
    if not quantity:
        raise FunctionError("the quantity is 0")
    part = _share_at(abs(to_decimal(discount, context)), totals, position, 2, context)
    return rounded_to((to_decimal(total, context) - part) / quantity, places, mode)


def _currency_problem(code: str) -> str:
    known = len(code) == 3 and code.isascii() and code.isupper()
    return "" if known else f"is a three-letter currency code, not {code!r:.60}"


@function(
    "convert_currency",
    category=MONEY,
    doc="Convert by the rate table of the run: sources are amount and currency code, or the amount alone where "
    "'from' is given. A rate that is not in the table is an error; the result is not rounded.",
    parameters=(
        Parameter("to", str, "currency wanted", required=True, refuse=_currency_problem),
        Parameter(
            "from",
            str,
            "currency of the amount",
            default="",
            refuse=lambda code: _currency_problem(code) if code else "",
        ),
    ),
    examples=(Example([Decimal("5.00"), "USD"], Decimal("5.00"), {"to": "USD"}),),
    result=Decimal,
    shape=lambda given, context, **arguments: bounded(None, None, None).may_fail(
        "fails for what is no amount, and for a rate that is not in the table"
    ),
)
def convert_currency(value: Any, context: EvaluationContext, **arguments: str) -> Decimal:
    wanted, currency = arguments["to"], arguments["from"]
    if not currency:
        value, code = several(value, "the amount", "its currency")
        currency = as_text(code).strip().upper()
    amount = to_decimal(value, context)
    if currency == wanted:
        return amount
    rate = context.rate(currency, wanted)
    if rate is not None:
        return plain_zero(amount * rate)
    inverse = context.rate(wanted, currency)
    if not inverse:
        raise FunctionError(f"there is no rate from {shown(currency)} to {wanted}")
    return plain_zero(amount / inverse)
