"""Vocabulary of the product: kinds, records, schemas and the closed status tables.

Everything above imports from here; this package imports nothing but the standard library.
"""

from integrations.kinds.kind import Direction, Kind, Lane, Side
from integrations.kinds.record import Record, canonical_json, content_hash, hash_of
from integrations.kinds.schema import EntitySchema, FieldInfo, FieldType
from integrations.kinds.status import (
    ConnectionHealth,
    Environment,
    Family,
    Role,
    RunStatus,
    StatusInfo,
)

__all__ = [
    "ConnectionHealth",
    "Direction",
    "EntitySchema",
    "Environment",
    "Family",
    "FieldInfo",
    "FieldType",
    "Kind",
    "Lane",
    "Record",
    "Role",
    "RunStatus",
    "Side",
    "StatusInfo",
    "canonical_json",
    "content_hash",
    "hash_of",
]
