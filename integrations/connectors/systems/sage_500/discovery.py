"""Reads a database's own column catalogue and lays it over our schema: real widths, and columns that sites added.

Called by the connector's ``discover``. Only tables that we read or write are described.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.schema import SCHEMAS
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind

TABLES: Mapping[Kind, tuple[str, str]] = {
    Kind.ORDER: ("StgSalesOrder", "StgSOLine"),
    Kind.RETURN: ("StgRMA", "StgRMALine"),
    Kind.CUSTOMER: ("tarCustomer", ""),
    Kind.PRODUCT: ("timItem", ""),
}
"""Where a kind's columns are described: header, lines."""
_TYPES = {
    **dict.fromkeys(("varchar", "char", "nvarchar", "nchar", "text", "ntext"), FieldType.TEXT),
    **dict.fromkeys(("int", "smallint", "tinyint", "bigint"), FieldType.INTEGER),
    **dict.fromkeys(("decimal", "numeric", "money", "smallmoney", "float", "real"), FieldType.DECIMAL),
    **dict.fromkeys(("datetime", "smalldatetime", "datetime2"), FieldType.DATETIME),
    "date": FieldType.DATE,
    "bit": FieldType.BOOLEAN,
}
_CONTROL = frozenset({"RowKey", "SessionKey", "ProcessStatus", "Action"})
# Reference: INFORMATION_SCHEMA.COLUMNS, the same in every SQL Server.
_COLUMNS = """SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_SCALE FROM INFORMATION_SCHEMA.COLUMNS
 WHERE TABLE_NAME = %s ORDER BY ORDINAL_POSITION"""


def discover(sage: Sage, kind: Kind) -> EntitySchema:
    """Return the schema of a kind as this database has it. Raises what the query raises."""
    schema = SCHEMAS[kind]
    header, lines = TABLES.get(kind, ("", ""))
    if not header:
        return schema
    fields = _laid_over(schema.fields, sage.query(_COLUMNS, header), adds=lines != "")
    if lines:
        found = sage.query(_COLUMNS, lines)
        fields = tuple(
            replace(info, fields=_laid_over(info.fields, found, adds=True)) if info.name == "Lines" else info
            for info in fields
        )
    return replace(schema, fields=fields)


def _laid_over(
    known: tuple[FieldInfo, ...], columns: Sequence[Mapping[str, Any]], *, adds: bool
) -> tuple[FieldInfo, ...]:
    """Return our fields with the widths of this database; ``adds`` = columns that only it has may be mapped."""
    described = {str(row["COLUMN_NAME"]): row for row in columns}
    kept = tuple(_narrowed(info, described.get(info.name)) for info in known)
    if not adds:
        return kept
    names = {info.name for info in known} | _CONTROL
    return (*kept, *(_field(row) for name, row in described.items() if name not in names))


def _narrowed(info: FieldInfo, row: Mapping[str, Any] | None) -> FieldInfo:
    length = row and row["CHARACTER_MAXIMUM_LENGTH"]
    if info.type is not FieldType.TEXT or not length or int(length) < 1:
        return info
    return replace(info, max_length=int(length))


def _field(row: Mapping[str, Any]) -> FieldInfo:
    length, scale = row["CHARACTER_MAXIMUM_LENGTH"], row["NUMERIC_SCALE"]
    kind = _TYPES.get(str(row["DATA_TYPE"]).lower(), FieldType.TEXT)
    return FieldInfo(
        str(row["COLUMN_NAME"]),
        kind,
        help="Column of this database.",
        max_length=int(length) if kind is FieldType.TEXT and length and int(length) > 0 else None,
        places=int(scale) if kind is FieldType.DECIMAL and scale is not None else None,
    )
