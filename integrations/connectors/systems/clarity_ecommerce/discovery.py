"""Live schemas: the site's JSON Schema laid over our field table, custom attributes and samples put in.

Our table stays the frame: what it does not name is not read, so a site's own members show as attributes only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations.connectors.errors import Misconfigured, NotFound
from integrations.connectors.systems.clarity_ecommerce.changes import DATED, SWEPT
from integrations.connectors.systems.clarity_ecommerce.client import ClarityClient
from integrations.connectors.systems.clarity_ecommerce.normalise import record_of
from integrations.connectors.systems.clarity_ecommerce.schema import SCHEMAS
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind, content_hash

SAMPLE_ROWS = 20
LONGEST_SAMPLE = 60
ATTRIBUTE_LENGTH = 255


def discover(client: ClarityClient, kind: Kind) -> EntitySchema:
    """Return the schema of a kind as this site has it; a site without GET /schema gives our table."""
    known = SCHEMAS[kind]
    try:
        given = client.get("schema")
    except (NotFound, Misconfigured):
        return known
    described = given.get(kind.value) if isinstance(given, dict) else None
    if not isinstance(described, dict):
        return known
    samples = _samples(client, kind)
    return replace(
        known,
        fields=_laid_over(known.fields, described, samples),
        writes=_laid_over(known.writes, described, samples) if known.writes else (),
    )


def fingerprint(schema: EntitySchema) -> str:
    """Return a hash of everything that a mapping's proof relies on: another one means the site drifted."""
    return content_hash(
        [
            [
                path,
                info.type.value,
                info.required,
                info.nullable,
                info.max_length,
                info.places,
                list(info.enum),
            ]
            for whole in (schema, schema.for_writing)
            for path, info in whole.walk()
        ]
    )


def _samples(client: ClarityClient, kind: Kind) -> list[Mapping[str, Any]]:
    path = {**DATED, **SWEPT}[kind]
    given = client.get(path, {"pageSize": SAMPLE_ROWS})
    rows = given.get("results") if isinstance(given, dict) else None
    return [record_of(kind, row).fields for row in rows or ()]


def _laid_over(
    fields: Sequence[FieldInfo], described: Mapping[str, Any], samples: Sequence[Any]
) -> tuple[FieldInfo, ...]:
    properties = described.get("properties") or {}
    return tuple(_one(info, properties.get(info.name), samples) for info in fields)


def _one(info: FieldInfo, described: Any, samples: Sequence[Any]) -> FieldInfo:
    values = [each[info.name] for each in samples if isinstance(each, Mapping) and each.get(info.name)]
    if not isinstance(described, dict):
        return _with_sample(info, values)
    if info.name == "attributes":
        return replace(info, fields=_attributes(info.fields, described, values))
    if info.fields:
        inner = described.get("items") if info.type is FieldType.ARRAY else described
        nested = [one for value in values for one in (value if isinstance(value, list) else [value])]
        return replace(info, fields=_laid_over(info.fields, inner or {}, nested))
    if info.type is not FieldType.TEXT:
        return _with_sample(info, values)
    length, enum = described.get("maxLength"), described.get("enum")
    return _with_sample(
        replace(
            info,
            max_length=length if isinstance(length, int) else info.max_length,
            enum=tuple(str(each) for each in enum) if isinstance(enum, list) else info.enum,
        ),
        values,
    )


def _attributes(
    known: Sequence[FieldInfo], described: Mapping[str, Any], values: Sequence[Mapping[str, str]]
) -> tuple[FieldInfo, ...]:
    """Return known attributes, then those that the schema or a sample names."""
    names = {*(described.get("properties") or {}), *(key for value in values for key in value)}
    found = {info.name: info for info in known}
    for name in sorted(names - set(found)):
        found[name] = FieldInfo(name, FieldType.TEXT, max_length=ATTRIBUTE_LENGTH)
    return tuple(
        _with_sample(info, [value[name] for value in values if value.get(name)])
        for name, info in found.items()
    )


def _with_sample(info: FieldInfo, values: Sequence[Any]) -> FieldInfo:
    if not values or info.type in (FieldType.OBJECT, FieldType.ARRAY):
        return info
    value = values[0]
    shown = value.isoformat() if isinstance(value, datetime) else str(value)
    return replace(info, sample=shown[:LONGEST_SAMPLE])
