"""The tokens of an answer: what the server says, as bytes of a table response.

Reference: [MS-TDS] 2.2.7. Written for TDS 7.2 and later (64-bit row counts). Used by ``connection`` and ``session``.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.tds.errors import SqlError
from integrations.sandbox.tds.types import SqlType, load
from integrations.sandbox.tds.wire_types import COLLATION, type_info, value_bytes

DONE, DONE_PROC, DONE_IN_PROC = 0xFD, 0xFE, 0xFF
MORE, FAILED, IN_TRANSACTION, COUNTED, CANCELLED = 0x01, 0x02, 0x04, 0x10, 0x20
_NULLABLE = 0x0009
"""Column flags: nullable, updatability unknown."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result."""

    name: str
    kind: SqlType


def _short_text(text: str) -> bytes:
    return bytes((len(text),)) + text.encode("utf-16-le")


def done(token: int, status: int, count: int = 0) -> bytes:
    return struct.pack("<BHHQ", token, status, 0xC1 if status & COUNTED else 0, count)


def message(error: SqlError, server: str, procedure: str = "", *, is_error: bool = True) -> bytes:
    """Return an ERROR token, or INFO with the same form."""
    text = error.message[:2000]
    body = struct.pack("<iBB", error.number, error.state, error.severity)
    body += struct.pack("<H", len(text)) + text.encode("utf-16-le")
    body += _short_text(server) + _short_text(procedure) + struct.pack("<i", 1)
    return struct.pack("<BH", 0xAA if is_error else 0xAB, len(body)) + body


def changed(kind: int, new: str, old: str) -> bytes:
    """Return ENVCHANGE with texts: 1 database, 2 language, 4 packet size."""
    body = bytes((kind,)) + _short_text(new) + _short_text(old)
    return struct.pack("<BH", 0xE3, len(body)) + body


def changed_collation() -> bytes:
    body = b"\x07\x05" + COLLATION + b"\0"
    return struct.pack("<BH", 0xE3, len(body)) + body


def transaction_changed(kind: int, descriptor: int) -> bytes:
    """Return ENVCHANGE 8 began, 9 committed, 10 rolled back; the descriptor is new for 8 and old otherwise."""
    raw = b"\x08" + struct.pack("<Q", descriptor)
    body = bytes((kind,)) + (raw + b"\0" if kind == 8 else b"\0" + raw)
    return struct.pack("<BH", 0xE3, len(body)) + body


def login_acknowledged(version: int, program: str) -> bytes:
    body = b"\x01" + struct.pack(">I", version) + _short_text(program) + bytes((15, 0, 0x10, 0x55))
    return struct.pack("<BH", 0xAD, len(body)) + body


def columns(described: Sequence[Column]) -> bytes:
    """Return COLMETADATA."""
    parts = [struct.pack("<BH", 0x81, len(described))]
    for column in described:
        user_type = 80 if column.kind.kind == "rowversion" else 0
        parts.append(
            struct.pack("<IH", user_type, _NULLABLE) + type_info(column.kind) + _short_text(column.name)
        )
    return b"".join(parts)


def row(described: Sequence[Column], values: Sequence[Any]) -> bytes:
    """Return one ROW of stored values."""
    shown = (
        value_bytes(each.kind, load(each.kind, value)) for each, value in zip(described, values, strict=True)
    )
    return b"\xd1" + b"".join(shown)


def return_status(status: int) -> bytes:
    return struct.pack("<Bi", 0x79, status)


def return_value(ordinal: int, name: str, kind: SqlType, value: Any) -> bytes:
    """Return the value of an OUTPUT parameter, given as it is stored."""
    head = struct.pack("<BH", 0xAC, ordinal) + _short_text(name) + struct.pack("<BIH", 1, 0, _NULLABLE)
    return head + type_info(kind) + value_bytes(kind, load(kind, value))
