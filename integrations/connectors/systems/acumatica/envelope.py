"""Acumatica's record envelope: ``{"value": v}`` around every field, ``{}`` for an empty one, parts as objects and lists.

Called for every answer and every body; nothing else in this connector knows the envelope.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.systems.acumatica.schema import SCHEMAS
from integrations.kinds import FieldInfo, FieldType

_BARE = frozenset({"id", "delete"})
_DROPPED = frozenset({"rowNumber", "_links", "files", "error"})
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$")


def _types(fields: Iterable[FieldInfo]) -> dict[str, FieldType]:
    found: dict[str, FieldType] = {}
    for each in fields:
        if each.fields:
            found |= _types(each.fields)
        elif each.type in (FieldType.DECIMAL, FieldType.DATE, FieldType.TEXT):
            found[each.name] = each.type
    return found


_TYPES: dict[str, FieldType] = {}
for _schema in SCHEMAS.values():
    _TYPES |= _types(_schema.fields)
"""Types by field name; a name means the same in every entity of the endpoint."""


def unwrap(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without its envelope: numbers Decimal, times aware UTC, days as text, empty fields None."""
    return {name: _value(name, value) for name, value in entity.items() if name not in _DROPPED}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [unwrap(row) if isinstance(row, Mapping) else row for row in value]
    if not isinstance(value, Mapping):
        return value
    if name == "custom":
        return {
            view: {field: _scalar(field, held.get("value")) for field, held in fields.items()}
            for view, fields in value.items()
            if isinstance(fields, Mapping)
        }
    if not value or (value.keys() <= {"value", "error"} and not isinstance(value.get("value"), Mapping)):
        return _scalar(name, value.get("value"))
    return unwrap(value)


def _scalar(name: str, value: Any) -> Any:
    kind = _TYPES.get(name)
    if isinstance(value, str):
        if kind is FieldType.DATE:
            return value[:10]
        if kind is FieldType.TEXT or not _MOMENT.match(value):
            return value
        return datetime.fromisoformat(value).astimezone(UTC)
    if isinstance(value, int) and not isinstance(value, bool):
        return (
            Decimal(value) if kind is FieldType.DECIMAL else str(value) if kind is FieldType.TEXT else value
        )
    return value


def wrap(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body: every scalar in its envelope; None is left out, for it means "not mentioned"."""
    body: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None:
            continue
        if name in _BARE:
            body[name] = value
        elif name == "custom" and isinstance(value, Mapping):
            body[name] = {view: _custom(held) for view, held in value.items() if isinstance(held, Mapping)}
        elif isinstance(value, Mapping):
            body[name] = wrap(value)
        elif isinstance(value, list | tuple):
            body[name] = [wrap(row) for row in value if isinstance(row, Mapping)]
        else:
            body[name] = {"value": _sent(value)}
    return body


def _custom(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"type": f"Custom{_custom_type(value)}Field", "value": _sent(value)}
        for name, value in fields.items()
        if value is not None
    }


def _custom_type(value: Any) -> str:
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Int"
    if isinstance(value, Decimal):
        return "Decimal"
    return "DateTime" if isinstance(value, date) else "String"


def _sent(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def quoted(text: str) -> str:
    """Return a text as a literal of ``$filter``."""
    return "'" + text.replace("'", "''") + "'"


def moment_literal(moment: datetime) -> str:
    """Return a time as a literal of ``$filter``; the transport percent-encodes its colons and plus."""
    return f"datetimeoffset'{moment.astimezone(UTC).isoformat(timespec='milliseconds')}'"
