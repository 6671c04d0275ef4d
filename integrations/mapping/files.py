"""What people keep in files: a mapping, a ready flow with its value maps, a schema, records.

Used by the ``mapping`` command. Everything is read through ``interchange``, so size, nesting and aliases are bounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind
from integrations.kinds.record import from_canonical_json
from integrations.mapping.context import ValueTable
from integrations.mapping.errors import DocumentError
from integrations.mapping.interchange import from_yaml

_UNKNOWN = ("fail", "hold", "default", "pass")


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A mapping as it stands in a file, with the value maps beside it."""

    document: dict[str, Any]
    tables: Mapping[str, ValueTable] = field(default_factory=dict)
    creating: bool = True
    """False for a flow that only updates."""
    when: dict[str, Any] | None = None
    """What the flow's filters let through before the mapping."""


def load_mapping(text: str, name: str = "") -> MappingFile:
    """Return the mapping of a file: a document, or the mapping ``name`` of a flow. Raises DocumentError."""
    given = from_yaml(text)
    tables = _tables(given.get("value_maps", ()))
    if "rules" in given:
        return MappingFile({word: value for word, value in given.items() if word != "value_maps"}, tables)
    flow = given.get("definition", given)
    mappings = flow.get("mappings") if isinstance(flow, Mapping) else None
    if not isinstance(mappings, Mapping) or not mappings:
        raise DocumentError("file", "has neither rules nor mappings")
    chosen = name or next(iter(mappings))
    if chosen not in mappings:
        raise DocumentError("file", f"has no mapping {chosen!r:.60}; it has {', '.join(map(str, mappings))}")
    return MappingFile(dict(mappings[chosen]), tables, _creates(flow, chosen), _met(flow, chosen))


def _creates(flow: Mapping[str, Any], name: str) -> bool:
    """Return whether a mapping of a flow makes new records: those of ``ensure`` do, others as the write says."""
    for step in flow.get("steps", ()):
        if step.get("mapping") == name and step.get("type") == "ensure":
            return True
    return any(
        step.get("type") == "write" and step.get("mode", "create") == "create"
        for step in flow.get("steps", ())
    )


def _met(flow: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return the condition that every record meets before the mapping; filters for new records only do not count."""
    met = []
    for step in flow.get("steps", ()):
        if step.get("type") == "filter" and not step.get("only_new") and "when" in step:
            met.append(step["when"])
        if step.get("mapping") == name:
            break
    return {"all": met} if met else None


def load_tables(text: str) -> dict[str, ValueTable]:
    """Return value maps by key from ``{value_maps: [{key, rows, unknown, default}]}``. Raises DocumentError."""
    return _tables(from_yaml(text).get("value_maps", ()))


def _tables(given: Any) -> dict[str, ValueTable]:
    made = {}
    for table in given:
        if not isinstance(table, Mapping) or not isinstance(table.get("rows"), Mapping) or "key" not in table:
            raise DocumentError("value_maps", "a value map has a key and rows")
        unknown = table.get("unknown", "hold")
        if unknown not in _UNKNOWN:
            raise DocumentError(f"value map {table['key']}", f"'unknown' is one of {', '.join(_UNKNOWN)}")
        rows = {str(one): str(other) for one, other in table["rows"].items()}
        key = str(table["key"])
        made[key] = ValueTable(key, 1, rows, unknown, str(table.get("default", "")))
    return made


def load_schema(text: str) -> EntitySchema:
    """Return a schema from ``{system, kind, label, fields: [{name, type, ...}]}``. Raises DocumentError."""
    given = from_yaml(text)
    try:
        return EntitySchema(
            str(given.get("system", "")),
            Kind(given.get("kind", "order")),
            str(given.get("label", "")),
            _fields(given["fields"]),
            _fields(given.get("writes", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DocumentError("schema", f"is not readable: {error}") from error


def _fields(given: Any) -> tuple[FieldInfo, ...]:
    made = []
    for one in given:
        words = {word: value for word, value in one.items() if word not in ("type", "fields", "enum")}
        made.append(
            FieldInfo(
                **{**words, "type": FieldType(one["type"])},
                enum=tuple(one.get("enum", ())),
                fields=_fields(one.get("fields", ())),
            )
        )
    return tuple(made)


def load_records(body: bytes) -> list[dict[str, Any]]:
    """Return the records of a JSON file: one, or a list; numbers with a point are exact. Raises DocumentError."""
    try:
        given = from_canonical_json(body)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise DocumentError("records", f"are not readable: {error}") from error
    records = given if isinstance(given, list) else [given]
    if not all(isinstance(one, dict) for one in records):
        raise DocumentError("records", "a record is an object")
    return records
