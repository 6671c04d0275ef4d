"""Declared column types: what a column accepts, how SQLite keeps it, and how it comes back.

SQLite keeps decimals as numbers (exact up to 15 significant digits), dates as ``YYYY-MM-DD HH:MM:SS.mmm`` text and
rowversions as eight bytes. ``wire`` writes the Python values of :func:`load` as TDS.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.tds.errors import SqlError, truncation

CODE_PAGE = "cp1252"
"""Code page of SQL_Latin1_General_CP1_CI_AS: what a varchar cannot hold becomes a question mark."""

_INTEGERS = {"tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}
_TEXTS = frozenset({"char", "varchar", "nchar", "nvarchar", "text", "ntext"})
_BYTES = frozenset({"binary", "varbinary", "rowversion"})
_MOMENTS = frozenset({"datetime", "smalldatetime", "datetime2"})
_SYNONYMS = {
    "integer": "int",
    "numeric": "decimal",
    "dec": "decimal",
    "timestamp": "rowversion",
    "real": "float",
}
_SYNONYMS |= {
    "money": "decimal",
    "double": "float",
    "character": "char",
    "sysname": "nvarchar",
    "datetimeoffset": "datetime2",
}
KINDS = (
    frozenset(_INTEGERS) | _TEXTS | _BYTES | _MOMENTS | {"bit", "float", "decimal", "date"} | set(_SYNONYMS)
)
_EPOCH = datetime(1900, 1, 1)  # noqa: DTZ001  SQL Server's datetime knows no zone


@dataclass(frozen=True, slots=True)
class SqlType:
    """One T-SQL type. ``length`` in characters or bytes; -1 = max."""

    kind: str
    length: int = 0
    precision: int = 0
    scale: int = 0

    @property
    def is_text(self) -> bool:
        return self.kind in _TEXTS

    @property
    def is_moment(self) -> bool:
        return self.kind in _MOMENTS

    @property
    def is_integer(self) -> bool:
        return self.kind in _INTEGERS or self.kind == "bit"

    @property
    def is_wide(self) -> bool:
        """True for the Unicode types."""
        return self.kind in ("nchar", "nvarchar", "ntext")

    @property
    def size(self) -> int:
        """Bytes of an integer type."""
        return _INTEGERS.get(self.kind, 1)

    def __str__(self) -> str:
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.length:
            return f"{self.kind}({'max' if self.length < 0 else self.length})"
        return self.kind


INT = SqlType("int")
BIGINT = SqlType("bigint")
FLOAT = SqlType("float")
DATETIME = SqlType("datetime")
ROWVERSION = SqlType("rowversion", 8)
NVARCHAR = SqlType("nvarchar", 4000)


def of_words(name: str, numbers: tuple[int, ...] = ()) -> SqlType:
    """Return the type of ``varchar(15)`` given as its name and numbers. Raises SqlError 2715."""
    kind = _SYNONYMS.get(name.lower(), name.lower())
    if name.lower() not in KINDS:
        raise SqlError(2715, f"Cannot find data type {name}.")
    if name.lower() == "money":
        return SqlType("decimal", 0, 19, 4)
    if kind == "decimal":
        precision, scale = (*numbers, 18, 0)[:2] if len(numbers) != 1 else (numbers[0], 0)
        return SqlType(kind, 0, precision, scale)
    if kind in ("text", "ntext"):
        return SqlType("varchar" if kind == "text" else "nvarchar", -1)
    if kind == "rowversion":
        return ROWVERSION
    if kind in _TEXTS or kind in _BYTES:
        return SqlType(kind, numbers[0] if numbers else 128 if name.lower() == "sysname" else 1)
    return SqlType(kind)


def keep(kind: SqlType, value: Any) -> Any:
    """Return what SQLite stores for a value given to a column. Raises SqlError 8152, 8114, 241 or 245."""
    if value is None:
        return None
    if kind.is_text:
        return _text(kind, value)
    if kind.is_moment or kind.kind == "date":
        moment = parse_moment(value)
        return moment_text(moment.replace(hour=0, minute=0, second=0, microsecond=0)
                           if kind.kind == "date" else _rounded(kind, moment))  # fmt: skip
    if kind.kind == "decimal":
        return _number_text(_decimal(kind, value))
    if kind.is_integer:
        return _integer(kind, value)
    if kind.kind == "float":
        return float(value)
    raw = bytes(value) if not isinstance(value, str) else value.encode(CODE_PAGE, "replace")
    if 0 < kind.length < len(raw):
        raise truncation()
    return raw.ljust(kind.length, b"\0") if kind.kind == "binary" else raw


def load(kind: SqlType, value: Any) -> Any:
    """Return a stored value as int, Decimal, datetime, date, str, bytes, float, bool or None, padded if char."""
    if value is None:
        return None
    if kind.kind == "decimal":
        return _decimal(kind, value)
    if kind.kind == "bit":
        return bool(int(value))
    if kind.is_integer:
        return int(value)
    if kind.kind == "float":
        return float(value)
    if kind.is_moment:
        return parse_moment(value)
    if kind.kind == "date":
        return parse_moment(value).date()
    if kind.is_text:
        text = value.decode(CODE_PAGE) if isinstance(value, bytes) else _plain(value)
        return text.ljust(kind.length) if kind.kind in ("char", "nchar") else text
    return bytes(value) if not isinstance(value, str) else value.encode(CODE_PAGE, "replace")


def parse_moment(value: Any) -> datetime:
    """Return the date and time of a value or an ISO text. Raises SqlError 241."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    if isinstance(value, int):
        return _EPOCH + timedelta(days=value)  # T-SQL reads a number as days since 1900
    text = str(value).strip().replace("T", " ").removesuffix("Z")
    if not text:
        return _EPOCH
    if len(text) == 8 and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise SqlError(
            241, "Conversion failed when converting date and/or time from character string."
        ) from error


def moment_text(moment: datetime) -> str:
    """Return a moment as it is stored; milliseconds, so that text order is time order."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def to_ticks(moment: datetime) -> tuple[int, int]:
    """Return (days since 1900, three-hundredths of a second since midnight), rounded as SQL Server rounds."""
    since = moment - _EPOCH
    ticks = (since.seconds * 1_000_000 + since.microseconds) * 3 + 5_000
    days, ticks = since.days, ticks // 10_000
    return (days + 1, 0) if ticks >= 300 * 86_400 else (days, ticks)


def of_ticks(days: int, ticks: int) -> datetime:
    """Return the moment of days and three-hundredths, in the milliseconds SQL Server shows: .000, .003, .007."""
    return _EPOCH + timedelta(days=days, milliseconds=(ticks * 10 + 1) // 3)


def _rounded(kind: SqlType, moment: datetime) -> datetime:
    if kind.kind == "smalldatetime":
        minute = moment + timedelta(seconds=30)
        return minute.replace(second=0, microsecond=0)
    return of_ticks(*to_ticks(moment)) if kind.kind == "datetime" else moment


def _plain(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _text(kind: SqlType, value: Any) -> str:
    text = moment_text(value) if isinstance(value, datetime) else _plain(value)
    if not kind.is_wide:
        text = text.encode(CODE_PAGE, "replace").decode(CODE_PAGE)
    if 0 < kind.length < len(text):
        if len(text.rstrip(" ")) > kind.length:
            raise truncation()
        text = text[: kind.length]
    return text.rstrip(" ") if kind.kind in ("char", "nchar") else text


def _integer(kind: SqlType, value: Any) -> int:
    try:
        number = int(Decimal(str(int(value) if isinstance(value, bool) else value)))
    except (InvalidOperation, ValueError) as error:
        text = f"Conversion failed when converting the varchar value '{value}' to data type {kind.kind}."
        raise SqlError(245, text) from error
    if kind.kind == "bit":
        return int(number != 0)
    low, high = (
        (0, 255) if kind.kind == "tinyint" else (-(1 << (8 * kind.size - 1)), (1 << (8 * kind.size - 1)) - 1)
    )
    if not low <= number <= high:
        raise SqlError(8115, f"Arithmetic overflow error converting expression to data type {kind.kind}.")
    return number


def _decimal(kind: SqlType, value: Any) -> Decimal:
    try:
        # repr of a float has the fewest digits that give the same float: a stored 59.99 comes back as 59.99.
        number = Decimal(repr(value) if isinstance(value, float) else str(value))
        number = number.quantize(Decimal(1).scaleb(-kind.scale), ROUND_HALF_UP)
    except InvalidOperation as error:
        raise SqlError(8114, f"Error converting data type {type(value).__name__} to numeric.") from error
    if len(number.as_tuple().digits) > max(kind.precision, 1):
        raise SqlError(8115, "Arithmetic overflow error converting numeric to data type numeric.")
    return number


def _number_text(number: Decimal) -> str:
    """Return text that SQLite's NUMERIC affinity turns into a number it can compare and add."""
    return format(number, "f")
