"""Types and values as TDS writes them (TYPE_INFO and the value behind it) and reads them in RPC parameters.

Reference: [MS-TDS] 2.2.5.4 to 2.2.5.6. Used by ``tokens`` for answers and by ``rpc`` for parameters.
"""

import struct
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.tds.errors import SqlError
from integrations.sandbox.tds.types import CODE_PAGE, SqlType, of_ticks, to_ticks

COLLATION = bytes((0x09, 0x04, 0xD0, 0x00, 0x34))
"""SQL_Latin1_General_CP1_CI_AS."""

_LONG = 8000
_DAY_ONE = date(1, 1, 1)
_DECIMAL_BYTES = ((9, 5), (19, 9), (28, 13), (38, 17))
_FIXED = {
    0x30: "tinyint",
    0x32: "bit",
    0x34: "smallint",
    0x38: "int",
    0x7F: "bigint",
    0x3E: "float",
    0x3B: "real",
}
_FIXED_SIZES = {"tinyint": 1, "bit": 1, "smallint": 2, "int": 4, "bigint": 8, "float": 8, "real": 4}
_BY_SIZE = {1: "tinyint", 2: "smallint", 4: "int", 8: "bigint"}


def _decimal_bytes(precision: int) -> int:
    return next(size for digits, size in _DECIMAL_BYTES if precision <= digits)


def type_info(kind: SqlType) -> bytes:
    """Return TYPE_INFO of a declared type; all nullable forms."""
    if kind.kind == "bit":
        return b"\x68\x01"
    if kind.is_integer:
        return bytes((0x26, kind.size))
    if kind.kind == "float":
        return b"\x6d\x08"
    if kind.kind == "decimal":
        return bytes((0x6A, _decimal_bytes(kind.precision), kind.precision, kind.scale))
    if kind.is_moment:
        return bytes((0x6F, 4 if kind.kind == "smalldatetime" else 8))
    if kind.kind == "date":
        return b"\x28"
    if kind.is_text:
        code = {"char": 0xAF, "varchar": 0xA7, "nchar": 0xEF, "nvarchar": 0xE7}[kind.kind]
        size = 0xFFFF if kind.length < 0 else kind.length * (2 if kind.is_wide else 1)
        return struct.pack("<BH", code, size) + COLLATION
    code = 0xA5 if kind.kind == "varbinary" else 0xAD
    return struct.pack("<BH", code, 0xFFFF if kind.length < 0 else kind.length)


def value_bytes(kind: SqlType, value: Any) -> bytes:
    """Return a loaded value behind its length; ``None`` in the form that its type has for NULL."""
    if kind.is_text or kind.kind in ("binary", "varbinary", "rowversion"):
        return _long_value(kind, value)
    if value is None:
        return b"\0"
    if kind.kind == "bit":
        return bytes((1, int(value)))
    if kind.is_integer:
        return bytes((kind.size,)) + int(value).to_bytes(kind.size, "little", signed=kind.kind != "tinyint")
    if kind.kind == "float":
        return b"\x08" + struct.pack("<d", value)
    if kind.kind == "decimal":
        size = _decimal_bytes(kind.precision)
        digits = int(abs(value).scaleb(kind.scale))
        return bytes((size, 0 if value < 0 else 1)) + digits.to_bytes(size - 1, "little")
    if kind.kind == "date":
        return b"\x03" + (value - _DAY_ONE).days.to_bytes(3, "little")
    days, ticks = to_ticks(value)
    if kind.kind == "smalldatetime":
        return b"\x04" + struct.pack("<HH", days, ticks // 18_000)
    return b"\x08" + struct.pack("<iI", days, ticks)


def _long_value(kind: SqlType, value: Any) -> bytes:
    raw = None
    if value is not None:
        raw = (
            bytes(value)
            if not kind.is_text
            else value.encode("utf-16-le" if kind.is_wide else CODE_PAGE, "replace")
        )
    if kind.length >= 0:
        return b"\xff\xff" if raw is None else struct.pack("<H", len(raw)) + raw
    if raw is None:
        return b"\xff" * 8
    chunk = struct.pack("<I", len(raw)) + raw if raw else b""
    return struct.pack("<Q", len(raw)) + chunk + b"\0\0\0\0"


class Reader:
    """Reads little-endian values from the bytes of one message. Raises SqlError 8009 past the end."""

    def __init__(self, body: bytes, position: int = 0) -> None:
        self._body, self.position = body, position

    @property
    def is_at_end(self) -> bool:
        return self.position >= len(self._body)

    def take(self, count: int) -> bytes:
        part = self._body[self.position : self.position + count]
        if len(part) != count:
            raise SqlError(
                8009, "The incoming tabular data stream (TDS) protocol stream is incorrect.", severity=20
            )
        self.position += count
        return part

    def number(self, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def text(self, characters: int) -> str:
        return self.take(characters * 2).decode("utf-16-le")


def read_parameter(reader: Reader) -> tuple[SqlType, Any]:
    """Read TYPE_INFO and its value. Raises SqlError 8009 for types outside the declared set."""
    code = reader.number(1)
    if code in _FIXED:
        kind = _FIXED[code]
        return SqlType("float" if kind == "real" else kind), _fixed(kind, reader.take(_FIXED_SIZES[kind]))
    if code == 0x1F:
        return SqlType("int"), None
    if code in (0x26, 0x68, 0x6D, 0x6F):
        return _sized(code, reader)
    if code in (0x3D, 0x3A):
        return _moment(reader.take(8 if code == 0x3D else 4))
    if code in (0x6A, 0x6C):
        return _decimal(reader)
    if code in (0xA7, 0xAF, 0xE7, 0xEF, 0xA5, 0xAD):
        return _long(code, reader)
    if code in (0x28, 0x29, 0x2A, 0x2B):
        return _new_moment(code, reader)
    if code in (0x23, 0x63, 0x22):
        return _old_text(code, reader)
    raise SqlError(8009, f"Data type 0x{code:02X} is outside the sandbox's declared types.", severity=20)


def _fixed(kind: str, raw: bytes) -> Any:
    if kind in ("float", "real"):
        return struct.unpack("<d" if kind == "float" else "<f", raw)[0]
    return bool(raw[0]) if kind == "bit" else int.from_bytes(raw, "little", signed=kind != "tinyint")


def _sized(code: int, reader: Reader) -> tuple[SqlType, Any]:
    declared, size = reader.number(1), reader.number(1)
    raw = reader.take(size)
    if code == 0x6F:
        return _moment(raw) if raw else (SqlType("datetime" if declared == 8 else "smalldatetime"), None)
    kind = {0x26: _BY_SIZE.get(declared, "int"), 0x68: "bit", 0x6D: "float" if declared == 8 else "real"}[
        code
    ]
    return SqlType("float" if kind == "real" else kind), _fixed(kind, raw) if raw else None


def _moment(raw: bytes) -> tuple[SqlType, datetime]:
    if len(raw) == 4:
        days, minutes = struct.unpack("<HH", raw)
        return SqlType("smalldatetime"), of_ticks(days, minutes * 18_000)
    return SqlType("datetime"), of_ticks(*struct.unpack("<iI", raw))


def _decimal(reader: Reader) -> tuple[SqlType, Decimal | None]:
    reader.take(1)
    kind = SqlType("decimal", 0, reader.number(1), reader.number(1))
    raw = reader.take(reader.number(1))
    if not raw:
        return kind, None
    number = Decimal(int.from_bytes(raw[1:], "little")).scaleb(-kind.scale)
    return kind, number if raw[0] else -number


def _long(code: int, reader: Reader) -> tuple[SqlType, Any]:
    size = reader.number(2)
    is_text = code not in (0xA5, 0xAD)
    if is_text:
        reader.take(5)
    if size == 0xFFFF:
        raw = _chunks(reader)
    else:
        length = reader.number(2)
        raw = None if length == 0xFFFF else reader.take(length)
    if not is_text:
        return SqlType("varbinary" if code == 0xA5 else "binary", max(size, 1) if size <= _LONG else -1), raw
    is_wide = code in (0xE7, 0xEF)
    length = -1 if size > _LONG else max(size // (2 if is_wide else 1), 1)
    # Typed as the varying form: a padded parameter would not equal the unpadded column in SQLite.
    kind = SqlType("nvarchar" if is_wide else "varchar", length)
    return kind, None if raw is None else raw.decode("utf-16-le" if is_wide else CODE_PAGE)


def _chunks(reader: Reader) -> bytes | None:
    if reader.number(8) == 0xFFFFFFFFFFFFFFFF:
        return None
    parts = []
    while length := reader.number(4):
        parts.append(reader.take(length))
    return b"".join(parts)


def _new_moment(code: int, reader: Reader) -> tuple[SqlType, Any]:
    scale = 0 if code == 0x28 else reader.number(1)
    raw = reader.take(reader.number(1))
    kind = SqlType("date" if code == 0x28 else "datetime2")
    if not raw:
        return kind, None
    clock, day = {0x28: (0, 3), 0x29: (len(raw), 0), 0x2A: (len(raw) - 3, 3), 0x2B: (len(raw) - 5, 3)}[code]
    days = int.from_bytes(raw[clock : clock + day], "little")
    micros = int.from_bytes(raw[:clock], "little") * 10 ** (6 - scale) if scale <= 6 else (
        int.from_bytes(raw[:clock], "little") // 10 ** (scale - 6))  # fmt: skip
    if code == 0x28:
        return kind, _DAY_ONE + timedelta(days=days)
    if code == 0x29:
        return SqlType("varchar", 16), str(
            (datetime.combine(_DAY_ONE, time()) + timedelta(microseconds=micros)).time()
        )
    # Kept in UTC for datetimeoffset: the offset behind it is only how it is shown.
    return kind, datetime.combine(_DAY_ONE, time()) + timedelta(days=days, microseconds=micros)


def _old_text(code: int, reader: Reader) -> tuple[SqlType, Any]:
    reader.take(4)
    if code != 0x22:
        reader.take(5)
    length = reader.number(4, signed=True)
    raw = None if length < 0 else reader.take(length)
    if code == 0x22:
        return SqlType("varbinary", -1), raw
    is_wide = code == 0x63
    kind = SqlType("nvarchar" if is_wide else "varchar", -1)
    return kind, None if raw is None else raw.decode("utf-16-le" if is_wide else CODE_PAGE)
