"""Times: read by a format, from seconds, written with their hour, and the clock of the run."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions.registry import Category, Example, Parameter, always, function
from integrations.mapping.functions.types import (
    as_text,
    day_or_moment,
    format_problem,
    shown,
    to_decimal,
    zone_problem,
)
from integrations.mapping.shapes import Shape, text, whole_number

TYPES = Category.TYPES
_ZONE = Parameter("zone", str, "IANA zone", default="UTC", refuse=zone_problem)
_HOURS = ("%H", "%I", "%M", "%S", "%f", "%p", "%z", "%X", "%c")
_LONGEST_FORMAT = 60
_LONGEST_TEXT = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _read_format_problem(form: str) -> str:
    try:
        example = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC).strftime(form)
        datetime.strptime(example, form)  # noqa: DTZ007 - only whether it can be read
    except (ValueError, UnicodeError):
        return f"is a strptime format such as %m/%d/%Y, not {form!r:.60}"
    return "" if 0 < len(form) <= _LONGEST_FORMAT else f"has 1 to {_LONGEST_FORMAT} characters"


def _in_utc(moment: datetime, zone: ZoneInfo, value: Any) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise FunctionError(f"{shown(value)} is no time in UTC") from error


def _reader(*, format: str, zone: str) -> Callable[[Any, EvaluationContext], date]:
    place, has_hours = ZoneInfo(zone), any(word in format for word in _HOURS)

    def read(value: Any, context: EvaluationContext) -> date:
        given = as_text(value).strip()
        try:
            moment = datetime.strptime(given[:_LONGEST_TEXT], format)  # noqa: DTZ007 - the zone comes next
        except (ValueError, UnicodeError) as error:
            raise FunctionError(f"{shown(value)} is not a date as {format}") from error
        return _in_utc(moment, place, value) if has_hours else moment.date()

    return read


@function(
    "parse_date",
    category=TYPES,
    doc="Read a date or a time that is written in a format; a time without an offset is one of the zone. In the "
    "hour that comes twice in autumn the first one is meant.",
    label="read a date",
    parameters=(
        Parameter("format", str, "strptime format", required=True, refuse=_read_format_problem),
        _ZONE,
    ),
    examples=(
        Example("03/02/2026", date(2026, 3, 2), {"format": "%m/%d/%Y"}),
        Example("2.3.2026 09:04", datetime(2026, 3, 2, 8, 4, tzinfo=UTC),
                {"format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}),
    ),
    shape=always(Shape(day=True, moment=True).may_fail("fails for a text that is not a date in this format")),
    prepare=_reader,
)  # fmt: skip
def parse_date(value: Any, context: EvaluationContext, *, format: str, zone: str) -> date:
    return _reader(format=format, zone=zone)(value, context)


@function(
    "from_epoch",
    category=TYPES,
    doc="Read seconds since 1970 as a time.",
    parameters=(
        Parameter("unit", str, "what is counted", default="seconds", choices=("seconds", "milliseconds")),
    ),
    examples=(Example(1772463845, datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)),),
    result=datetime,
    shape=always(Shape(moment=True).may_fail("fails for what is no number of seconds")),
)
def from_epoch(value: Any, context: EvaluationContext, *, unit: str) -> datetime:
    count = to_decimal(value, context)
    microseconds = count * (1_000_000 if unit == "seconds" else 1_000)
    try:
        return _EPOCH + timedelta(microseconds=int(microseconds))
    except OverflowError as error:
        raise FunctionError(f"{shown(value)} is beyond every calendar") from error


@function(
    "to_epoch",
    category=TYPES,
    doc="Write a time as whole seconds since 1970; a time without an offset is one of UTC.",
    examples=(Example(datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC), 1772463845),),
    result=int,
    shape=always(whole_number().may_fail("fails for a value that is not a date")),
)
def to_epoch(value: Any, context: EvaluationContext) -> int:
    return (_moment(value) - _EPOCH) // timedelta(seconds=1)


def _moment(value: Any) -> datetime:
    given = day_or_moment(value.strip()) if isinstance(value, str) else value
    if isinstance(given, datetime):
        return _in_utc(given, ZoneInfo("UTC"), value)
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, tzinfo=UTC)
    raise FunctionError(f"{shown(value)} is not a date")


@function(
    "to_time",
    category=TYPES,
    doc="Read a date or a time and write it with its hour as it is in a zone; a day is its midnight in UTC.",
    label="to a written time",
    parameters=(
        _ZONE,
        Parameter("format", str, "strftime format", default="%Y-%m-%dT%H:%M:%S%z", refuse=format_problem),
    ),
    examples=(
        Example("2026-03-02T15:04:05Z", "2026-03-02T09:04:05-0600", {"zone": "America/Chicago"}),
        Example(datetime(2026, 7, 1, 12, tzinfo=UTC), "14:00", {"zone": "Europe/Berlin", "format": "%H:%M"}),
    ),
    result=str,
    shape=always(text().may_fail("fails for a value that is not a date")),
)
def to_time(value: Any, context: EvaluationContext, *, zone: str, format: str) -> str:
    try:
        return _moment(value).astimezone(ZoneInfo(zone)).strftime(format)
    except OverflowError as error:
        raise FunctionError(f"{shown(value)} has no hour in {zone}") from error


@function(
    "add_days",
    category=TYPES,
    doc="Move a date or time by days; negative ones go back.",
    parameters=(Parameter("days", int, "how many", required=True, minimum=-36_500, maximum=36_500),),
    examples=(Example(date(2026, 2, 27), date(2026, 3, 2), {"days": 3}),),
    shape=always(Shape(day=True, moment=True).may_fail("fails for a value that is not a date")),
)
def add_days(value: Any, context: EvaluationContext, *, days: int) -> date:
    given = day_or_moment(value.strip()) if isinstance(value, str) else value
    if not isinstance(given, date):
        raise FunctionError(f"{shown(value)} is not a date")
    if isinstance(given, datetime):
        given = _in_utc(given, ZoneInfo("UTC"), value)
    try:
        return given + timedelta(days=days)
    except OverflowError as error:
        raise FunctionError(f"{shown(value)} has no day {days} days away") from error


@function(
    "now",
    category=TYPES,
    doc="The time at which the run evaluates, the same in all its rules; what the source holds does not matter.",
    takes_null=True,
    result=datetime,
    shape=always(Shape(moment=True)),
)
def now(value: Any, context: EvaluationContext) -> datetime:
    return context.now
