"""T-SQL functions and collations that SQLite lacks, registered on every connection of a database.

An SqlError raised inside one would reach the caller as "user-defined function raised exception"; it is kept in
``Raised`` and raised again by whoever executed the statement.
"""

import math
import sqlite3
from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from integrations.sandbox.tds.declarations import read_type
from integrations.sandbox.tds.errors import SqlError
from integrations.sandbox.tds.lexer import tokenise
from integrations.sandbox.tds.types import SqlType, keep, load, moment_text, parse_moment

_SECONDS = {
    "day": 86_400,
    "dd": 86_400,
    "d": 86_400,
    "hour": 3_600,
    "hh": 3_600,
    "minute": 60,
    "mi": 60,
    "n": 60,
}
_SECONDS |= {"second": 1, "ss": 1, "s": 1, "week": 604_800, "wk": 604_800}


class Raised:
    """The SqlError that a function raised during the last statement of a connection."""

    def __init__(self) -> None:
        self._error: SqlError | None = None

    def note(self, error: SqlError) -> None:
        self._error = error

    def take(self) -> SqlError | None:
        """Return the error and forget it."""
        error, self._error = self._error, None
        return error


@lru_cache(maxsize=256)
def type_named(text: str) -> SqlType:
    """Return the type of ``varchar(15)``."""
    return read_type(tokenise(text), 0)[0]


def _cast(text: str, value: Any) -> Any:
    kind = type_named(text)
    if value is None:
        return None
    if kind.is_text and kind.length > 0 and not isinstance(value, bytes):
        # A cast cuts where an insert refuses.
        value = str(value)[: kind.length]
    if kind.is_integer and isinstance(value, float):
        value = int(value)
    kept = keep(kind, value)
    return float(kept) if kind.kind == "decimal" else kept


def _keep(text: str, value: Any) -> Any:
    return keep(type_named(text), value)


def _dateadd(part: str, count: Any, moment: Any) -> str | None:
    if moment is None or count is None:
        return None
    start, count = parse_moment(moment), int(count)
    if part in ("month", "mm", "m", "year", "yy", "yyyy", "quarter", "qq"):
        months = count * (1 if part in ("month", "mm", "m") else 3 if part in ("quarter", "qq") else 12)
        return moment_text(_add_months(start, months))
    if part in ("millisecond", "ms"):
        return moment_text(start + timedelta(milliseconds=count))
    if part not in _SECONDS:
        raise SqlError(155, f"'{part}' is not a recognized dateadd option.", severity=15)
    return moment_text(start + timedelta(seconds=count * _SECONDS[part]))


def _add_months(start: datetime, months: int) -> datetime:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    # The last of a long month becomes the last of a short one.
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def _datediff(part: str, start: Any, end: Any) -> int | None:
    if start is None or end is None:
        return None
    if part not in _SECONDS:
        raise SqlError(155, f"'{part}' is not a recognized datediff option.", severity=15)
    # Borders crossed are counted, not time passed.
    unit = _SECONDS[part]
    origin = datetime(1900, 1, 1)  # noqa: DTZ001
    first, last = ((parse_moment(each) - origin) // timedelta(seconds=unit) for each in (start, end))
    return last - first


def _length(value: Any) -> int | None:
    return None if value is None else len(str(value).rstrip(" "))


def _concat(*values: Any) -> str:
    return "".join("" if value is None else str(value) for value in values)


def last_name(text: Any) -> str:
    """Return the object of ``[database].[dbo].[object]``."""
    return str(text or "").rpartition(".")[2].strip("[]")


def _part(name: str) -> Callable[[Any], int | None]:
    return lambda value: None if value is None else getattr(parse_moment(value), name)


def _floor(value: Any) -> int | None:
    return None if value is None else math.floor(Decimal(str(value)))


def _ceiling(value: Any) -> int | None:
    return None if value is None else math.ceil(Decimal(str(value)))


def _ci_as(left: str, right: str) -> int:
    """Compare as SQL_Latin1_General_CP1_CI_AS does: without case and without trailing blanks."""
    one, other = left.rstrip(" ").casefold(), right.rstrip(" ").casefold()
    return (one > other) - (one < other)


def _moments(left: str, right: str) -> int:
    """Compare dates and times, also when one of them is an ISO text in another form."""
    try:
        one, other = parse_moment(left), parse_moment(right)
    except SqlError:
        return (left > right) - (left < right)  # no date at all: never equal, in text order
    return (one > other) - (one < other)


def register(connection: sqlite3.Connection, clock: Callable[[], datetime], raised: Raised) -> None:
    """Add the functions and collations of this module to a connection."""

    def guarded(called: Callable[..., Any]) -> Callable[..., Any]:
        def run(*values: Any) -> Any:
            try:
                return called(*values)
            except SqlError as error:
                raised.note(error)
                raise

        return run

    named: dict[str, tuple[int, Callable[..., Any]]] = {
        "TSQL_CAST": (2, _cast),
        "TSQL_KEEP": (2, _keep),
        "TSQL_NOW": (0, lambda: keep(SqlType("datetime"), clock())),
        "TSQL_LEN": (1, _length),
        "TSQL_LEFT": (2, lambda text, count: None if text is None else str(text)[: int(count)]),
        "TSQL_RIGHT": (2, lambda text, count: None if text is None else str(text)[-int(count) :]),
        "TSQL_CHARINDEX": (
            2,
            lambda part, text: None if text is None else text.lower().find(part.lower()) + 1,
        ),
        "TSQL_CONCAT": (-1, _concat),
        "TSQL_DATEADD": (3, _dateadd),
        "TSQL_DATEDIFF": (3, _datediff),
        "TSQL_LAST_NAME": (1, last_name),
        "TSQL_YEAR": (1, _part("year")),
        "TSQL_MONTH": (1, _part("month")),
        "TSQL_DAY": (1, _part("day")),
        "TSQL_FLOOR": (1, _floor),
        "TSQL_CEILING": (1, _ceiling),
        "ROWVERSION_BYTES": (1, lambda number: int(number).to_bytes(8, "big")),
    }
    for name, (count, called) in named.items():
        connection.create_function(name, count, guarded(called))
    connection.create_collation("CI_AS", _ci_as)
    connection.create_collation("MOMENT", _moments)


def loaded(kind: SqlType, value: Any) -> Any:
    """Return a value as a procedure sees it: as :func:`load`, but without padding."""
    shown = load(kind, value)
    return shown.rstrip(" ") if kind.kind in ("char", "nchar") and isinstance(shown, str) else shown
