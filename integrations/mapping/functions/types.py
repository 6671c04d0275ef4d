"""Types and formats: numbers, dates in a zone, text, flags."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from reprlib import Repr
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions import rules
from integrations.mapping.functions.registry import (
    LARGEST_EXPONENT,
    Category,
    Example,
    Parameter,
    function,
)

TYPES = Category.TYPES
_LARGE = 10**LARGEST_EXPONENT
SMALLEST, TOO_LARGE = Decimal(1).scaleb(-LARGEST_EXPONENT), Decimal(1).scaleb(LARGEST_EXPONENT + 1)
"""The range of amounts above zero, its end left out."""
_ISO_DAY = "%Y-%m-%d"
_LONGEST_QUOTE = 60
_QUOTE = Repr()
_QUOTE.maxlevel, _QUOTE.maxlist, _QUOTE.maxdict = 4, 8, 8
_QUOTE.maxstring = _QUOTE.maxlong = _QUOTE.maxother = _LONGEST_QUOTE + 3
_FIRST_PLAIN_YEAR = 1000
"""From here on strftime and isoformat write the same digits."""


def shown(value: Any) -> str:
    """Return a value as an error message may quote it: short, however large or deep it is."""
    text = repr(value[:_LONGEST_QUOTE]) if isinstance(value, str) else _QUOTE.repr(value)
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 3] + "..."


def as_text(value: Any) -> str:
    """Return a single value as people and JSON write it. Raises FunctionError for lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        is_plain = value.is_finite() and abs(value.adjusted()) <= LARGEST_EXPONENT
        return format(value, "f") if is_plain else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        raise FunctionError(f"{shown(value)} is not one value; take one of it or join it first")
    return str(value)


def zone_problem(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"is an IANA zone such as America/Chicago, not {zone!r:.60}"
    return ""


def format_problem(form: str) -> str:
    try:
        datetime(2026, 3, 2, tzinfo=UTC).strftime(form)
    except ValueError:
        return f"is a strftime format such as %Y-%m-%d, not {form!r:.60}"
    return ""


def _is_amount(number: Decimal) -> bool:
    try:
        return SMALLEST <= number < TOO_LARGE or -TOO_LARGE < number <= -SMALLEST
    except InvalidOperation:
        return False  # not a number


@function(
    "to_decimal",
    category=TYPES,
    doc="Read as an exact number.",
    examples=(Example("5.00", Decimal("5.00")),),
    result=Decimal,
    shape=rules.to_decimal,
)
def to_decimal(value: Any, context: EvaluationContext) -> Decimal:
    kind = type(value)
    # What nearly every value is; the long way would only make it again.
    if kind is Decimal and _is_amount(value):
        return value
    if kind is int and -_LARGE < value < _LARGE:
        return Decimal(value)
    if kind is bool:
        raise FunctionError("a yes/no value is not a number")
    text = str(value).strip()
    try:
        # Python reads 1_000 as 1000; nobody who writes that in a shop means a number.
        number = Decimal("" if "_" in text else text)
    except InvalidOperation as error:
        raise FunctionError(f"{shown(value)} is not a number") from error
    if not number.is_finite():
        raise FunctionError(f"{shown(value)} is not a finite number")
    if not number:
        return abs(number)  # never a negative zero
    if abs(number.adjusted()) > LARGEST_EXPONENT:
        raise FunctionError(f"{shown(value)} is beyond what money can be")
    return number


@function(
    "to_integer",
    category=TYPES,
    doc="Read as a whole number; a fraction is an error.",
    examples=(Example("7", 7),),
    result=int,
    shape=rules.to_integer,
)
def to_integer(value: Any, context: EvaluationContext) -> int:
    number = to_decimal(value, context)
    if number != number.to_integral_value():
        raise FunctionError(f"{shown(value)} is not a whole number")
    return int(number)


@function(
    "to_text",
    category=TYPES,
    doc="Write as text.",
    examples=(Example(Decimal("5.0"), "5.0"), Example(True, "true")),
    result=str,
    shape=rules.to_text,
)
def to_text(value: Any, context: EvaluationContext) -> str:
    return as_text(value)


def _day_writer(*, zone: str, format: str) -> Callable[[Any, EvaluationContext], str]:
    place = ZoneInfo(zone)
    return lambda value, context: _day(value, place, format)


@function(
    "to_date",
    category=TYPES,
    doc="Read a time and give its calendar day in a zone, written in a format; a day without a time stays that day.",
    parameters=(
        Parameter("zone", str, "IANA zone", default="UTC", refuse=zone_problem),
        Parameter("format", str, "strftime format", default="%Y-%m-%d", refuse=format_problem),
    ),
    examples=(
        Example(datetime(2026, 3, 2, 3, 0, tzinfo=UTC), "2026-03-01", {"zone": "America/Chicago"}),
        Example("2026-03-02T15:04:05+00:00", "03/02/2026", {"format": "%m/%d/%Y"}),
        Example("2026-03-02", "2026-03-02", {"zone": "America/Chicago"}),
    ),
    result=str,
    shape=rules.to_date,
    prepare=_day_writer,
)
def to_date(value: Any, context: EvaluationContext, *, zone: str, format: str) -> str:
    return _day_writer(zone=zone, format=format)(value, context)


def _day(value: Any, zone: ZoneInfo, form: str) -> str:
    moment = day_or_moment(value.strip()) if isinstance(value, str) else value
    if isinstance(moment, datetime):
        try:
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)
        except OverflowError as error:
            # The year 1 that .NET writes for "no date" has no day before it.
            raise FunctionError(f"{shown(value)} has no calendar day in {zone}") from error
    elif not isinstance(moment, date):
        raise FunctionError(f"{shown(value)} is not a date")
    if form == _ISO_DAY and moment.year >= _FIRST_PLAIN_YEAR:
        return moment.isoformat()[:10]
    return moment.strftime(form)


def day_or_moment(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass  # it has a time of day, or is no date at all
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FunctionError(f"{shown(text)} is not a date") from error
