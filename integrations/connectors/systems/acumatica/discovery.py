"""Reads a tenant's own description of its endpoint and lays it over our schema: further fields, custom fields.

Called by the connector's ``discover``. Lengths are ours: the description has none.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.fields import linked
from integrations.connectors.systems.acumatica.schema import SCHEMAS
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind

ENTITIES = {
    Kind.ORDER: "SalesOrder",
    Kind.RETURN: "SalesOrder",
    Kind.SHIPMENT: "Shipment",
    Kind.CUSTOMER: "Customer",
    Kind.PRODUCT: "StockItem",
    Kind.PAYMENT: "Payment",
    Kind.INVOICE: "SalesInvoice",
    Kind.JOURNAL: "JournalTransaction",
    Kind.PURCHASE_ORDER: "PurchaseOrder",
}
_TYPES = {
    "StringValue": FieldType.TEXT,
    "CustomStringField": FieldType.TEXT,
    "GuidValue": FieldType.TEXT,
    "CustomGuidField": FieldType.TEXT,
    "BooleanValue": FieldType.BOOLEAN,
    "CustomBooleanField": FieldType.BOOLEAN,
    "DateTimeValue": FieldType.DATETIME,
    "CustomDateTimeField": FieldType.DATETIME,
    **dict.fromkeys(
        ("DecimalValue", "DoubleValue", "CustomDecimalField", "CustomDoubleField"), FieldType.DECIMAL
    ),
    **dict.fromkeys(("IntValue", "ShortValue", "LongValue", "ByteValue"), FieldType.INTEGER),
    **dict.fromkeys(
        ("CustomIntField", "CustomShortField", "CustomLongField", "CustomByteField"), FieldType.INTEGER
    ),
}
_DEPTH = 2
_SYSTEM = frozenset({"id", "rowNumber", "note", "custom", "error", "files", "_links", "delete"})


def discover(api: Acumatica, kind: Kind) -> EntitySchema:
    """Return the schema of a kind as this tenant has it. Raises what the calls raise."""
    schema = SCHEMAS[kind]
    entity = ENTITIES.get(kind)
    if entity is None:
        return schema
    described = api.description().get("components")
    schemas = described.get("schemas") if isinstance(described, Mapping) else None
    fields = _laid_over(schema.fields, _properties(schemas or {}, entity), schemas or {}, _DEPTH)
    return replace(schema, fields=_with_custom(fields, api.custom_schema(entity)))


def _properties(schemas: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the properties of a schema, flat or composed with ``allOf``."""
    found: dict[str, Any] = {}
    schema = schemas.get(name) or {}
    for part in (schema, *(schema.get("allOf") or ())):
        if isinstance(part, Mapping):
            found |= part.get("properties") or {}
    return {field: shape for field, shape in found.items() if field not in _SYSTEM}


def _laid_over(
    known: tuple[FieldInfo, ...], described: Mapping[str, Any], schemas: Mapping[str, Any], depth: int
) -> tuple[FieldInfo, ...]:
    """Return our fields in our order, then those that only the tenant's description has."""
    names = {info.name for info in known}
    kept = [_deepened(info, described.get(info.name), schemas, depth) for info in known]
    added = [_field(name, shape, schemas, depth) for name, shape in described.items() if name not in names]
    return (*kept, *(info for info in added if info is not None))


def _deepened(info: FieldInfo, shape: Any, schemas: Mapping[str, Any], depth: int) -> FieldInfo:
    part = _reference(shape) if info.fields and depth else ""
    if not part or part in _TYPES:
        return info
    return replace(info, fields=_laid_over(info.fields, _properties(schemas, part), schemas, depth - 1))


def _field(name: str, shape: Any, schemas: Mapping[str, Any], depth: int) -> FieldInfo | None:
    part = _reference(shape)
    if part in _TYPES:
        return FieldInfo(name, _TYPES[part])
    if not part or not depth:
        return None
    is_list = isinstance(shape, Mapping) and shape.get("type") == "array"
    inner = _laid_over((), _properties(schemas, part), schemas, depth - 1)
    return FieldInfo(name, FieldType.ARRAY if is_list else FieldType.OBJECT, fields=inner)


def _reference(shape: Any) -> str:
    """Return the name a property points to, of an array the name of its elements."""
    if not isinstance(shape, Mapping):
        return ""
    target = shape.get("$ref") or (shape.get("items") or {}).get("$ref") or ""
    return str(target).rpartition("/")[2]


def _with_custom(fields: tuple[FieldInfo, ...], custom: Mapping[str, Any]) -> tuple[FieldInfo, ...]:
    """Return the fields with the tenant's custom ones below ``custom``, by view."""
    views = tuple(
        linked(
            str(view),
            *(
                FieldInfo(str(name), _TYPES.get(str(shape.get("type")), FieldType.TEXT), help="Custom field.")
                for name, shape in named.items()
                if isinstance(shape, Mapping)
            ),
        )
        for view, named in custom.items()
        if isinstance(named, Mapping)
    )
    return tuple(replace(info, fields=views) if info.name == "custom" and views else info for info in fields)
