"""Types and formats: numbers, dates in a zone, text, flags."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions.registry import Category, Example, Parameter, function

TYPES = Category.TYPES


@function(
    "to_decimal",
    category=TYPES,
    doc="Read as an exact number.",
    examples=(Example("5.00", Decimal("5.00")),),
    result=Decimal,
)
def to_decimal(value: Any, context: EvaluationContext) -> Decimal:
    if isinstance(value, bool):
        raise FunctionError("a yes/no value is not a number")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise FunctionError(f"{value!r} is not a number") from error
    if not number.is_finite():
        raise FunctionError(f"{value!r} is not a finite number")
    return number


@function(
    "to_integer",
    category=TYPES,
    doc="Read as a whole number; a fraction is an error.",
    examples=(Example("7", 7),),
    result=int,
)
def to_integer(value: Any, context: EvaluationContext) -> int:
    number = to_decimal(value, context)
    if number != number.to_integral_value():
        raise FunctionError(f"{value!r} is not a whole number")
    return int(number)


@function(
    "to_text", category=TYPES, doc="Write as text.", examples=(Example(Decimal("5.0"), "5.0"),), result=str
)
def to_text(value: Any, context: EvaluationContext) -> str:
    return value if isinstance(value, str) else str(value)


@function(
    "to_date",
    category=TYPES,
    doc="Read a time and give its calendar day in a zone, written in a format.",
    parameters=(
        Parameter("zone", str, "IANA zone", default="UTC"),
        Parameter("format", str, "strftime format", default="%Y-%m-%d"),
    ),
    examples=(
        Example(datetime(2026, 3, 2, 3, 0, tzinfo=UTC), "2026-03-01", {"zone": "America/Chicago"}),
        Example("2026-03-02T15:04:05+00:00", "03/02/2026", {"format": "%m/%d/%Y"}),
    ),
    result=str,
)
def to_date(value: Any, context: EvaluationContext, *, zone: str, format: str) -> str:
    moment = value
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError as error:
            raise FunctionError(f"{value!r} is not a date") from error
    if isinstance(moment, datetime):
        try:
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(ZoneInfo(zone))
        except ZoneInfoNotFoundError as error:
            raise FunctionError(f"{zone!r} is not a time zone") from error
    elif not isinstance(moment, date):
        raise FunctionError(f"{value!r} is not a date")
    return moment.strftime(format)
