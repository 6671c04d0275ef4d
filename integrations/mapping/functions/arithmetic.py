"""Numbers beyond the everyday ones: between two sources, by percent, within bounds."""

from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from typing import Any

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions.registry import Category, Example, Parameter, function
from integrations.mapping.functions.rules import bounded, numbers
from integrations.mapping.functions.types import to_decimal
from integrations.mapping.shapes import Numbers, Shape, ShapeContext, whole_number

MONEY = Category.MONEY
_HUNDRED = Decimal(100)
_ANY_AMOUNT = bounded(None, None, None).may_fail("fails for a value that is not a number")


def _any_amount(given: Shape, context: ShapeContext, **arguments: Any) -> Shape:
    return _ANY_AMOUNT


def several(value: Any, *names: str) -> list[Any]:
    """Return the values of as many sources as are named. Raises FunctionError when one is missing."""
    if not isinstance(value, list) or len(value) != len(names) or any(one is None for one in value):
        raise FunctionError(f"needs {len(names)} sources with values: {', '.join(names)}")
    return value


def plain_zero(number: Decimal) -> Decimal:
    """Return a number without the sign of a negative zero."""
    return number if number else abs(number)


@function(
    "difference",
    category=MONEY,
    doc="The first source minus the second.",
    examples=(Example([Decimal("10.00"), Decimal("2.50")], Decimal("7.50")),),
    result=Decimal,
    shape=_any_amount,
)
def difference(value: Any, context: EvaluationContext) -> Decimal:
    one, other = several(value, "what is left", "what is taken away")
    return plain_zero(to_decimal(one, context) - to_decimal(other, context))


@function(
    "product",
    category=MONEY,
    doc="The first source times the second, such as price and quantity.",
    examples=(Example([Decimal("2.50"), 3], Decimal("7.50")),),
    result=Decimal,
    shape=_any_amount,
)
def product(value: Any, context: EvaluationContext) -> Decimal:
    one, other = several(value, "a number", "the factor")
    return plain_zero(to_decimal(one, context) * to_decimal(other, context))


@function(
    "quotient",
    category=MONEY,
    doc="The first source divided by the second.",
    examples=(Example([Decimal("7.50"), 3], Decimal("2.50")),),
    result=Decimal,
    shape=_any_amount,
)
def quotient(value: Any, context: EvaluationContext) -> Decimal:
    one, other = several(value, "a number", "the divisor")
    divisor = to_decimal(other, context)
    if not divisor:
        raise FunctionError("the divisor is 0")
    return plain_zero(to_decimal(one, context) / divisor)


def _not_zero(number: Any) -> str:
    return "" if Decimal(str(number)) else "cannot be 0"


@function(
    "divide",
    category=MONEY,
    doc="Divide by a number.",
    parameters=(Parameter("by", Decimal, "the divisor", required=True, refuse=_not_zero),),
    examples=(Example(Decimal("1250"), Decimal("12.50"), {"by": 100}),),
    result=Decimal,
    shape=_any_amount,
)
def divide(value: Any, context: EvaluationContext, *, by: Decimal) -> Decimal:
    return plain_zero(to_decimal(value, context) / by)


@function(
    "percent",
    category=MONEY,
    doc="So many percent of a number.",
    parameters=(Parameter("of", Decimal, "percent", required=True),),
    examples=(Example(Decimal("80.00"), Decimal("6.6000"), {"of": "8.25"}),),
    result=Decimal,
    shape=_any_amount,
)
def percent(value: Any, context: EvaluationContext, *, of: Decimal) -> Decimal:
    return plain_zero(to_decimal(value, context) * of / _HUNDRED)


@function(
    "absolute",
    category=MONEY,
    doc="The number without its sign.",
    examples=(Example(Decimal("-5.55"), Decimal("5.55")),),
    result=Decimal,
    shape=numbers(lambda given: _magnitude(given)),
)
def absolute(value: Any, context: EvaluationContext) -> Decimal:
    return abs(to_decimal(value, context))


def _magnitude(given: Numbers) -> Shape:
    ends = [None if end is None else abs(end) for end in (given.least, given.most)]
    most = None if None in ends else max(end for end in ends if end is not None)
    return bounded(Decimal(0), most, given.places)


@function(
    "at_most",
    category=MONEY,
    doc="Never go above a number.",
    parameters=(Parameter("number", Decimal, "the highest value", required=True),),
    examples=(Example(Decimal(12), Decimal(10), {"number": 10}),),
    result=Decimal,
    shape=_any_amount,
)
def at_most(value: Any, context: EvaluationContext, *, number: Decimal) -> Decimal:
    return min(to_decimal(value, context), number)


@function(
    "ceil",
    category=MONEY,
    doc="Round up to a whole number.",
    examples=(Example(Decimal("3.1"), 4),),
    result=int,
    shape=numbers(lambda given: whole_number()),
)
def ceil(value: Any, context: EvaluationContext) -> int:
    return int(to_decimal(value, context).to_integral_value(ROUND_CEILING))


def _extreme(pick: Callable[[list[Decimal]], Decimal]) -> Callable[[Any, EvaluationContext], Decimal | None]:
    def picked(value: Any, context: EvaluationContext) -> Decimal | None:
        values = value if isinstance(value, list) else [value]
        present = [to_decimal(one, context) for one in values if one is not None]
        return pick(present) if present else None

    return picked


function(
    "largest",
    category=MONEY,
    doc="The largest number of several sources or of a list; nothing where there is none.",
    examples=(Example([Decimal(2), None, Decimal("10.5")], Decimal("10.5")),),
    takes_null=True,
    result=Decimal,
    shape=lambda given, context: _ANY_AMOUNT.or_null(),
)(_extreme(max))
function(
    "smallest",
    category=MONEY,
    doc="The smallest number of several sources or of a list; nothing where there is none.",
    examples=(Example([Decimal(2), None, Decimal("10.5")], Decimal(2)),),
    takes_null=True,
    result=Decimal,
    shape=lambda given, context: _ANY_AMOUNT.or_null(),
)(_extreme(min))
