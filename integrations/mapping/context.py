"""Everything evaluation may know beside the record. Passed in, never fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

UnknownPolicy = Literal["fail", "hold", "default", "pass"]


@dataclass(frozen=True, slots=True)
class ValueTable:
    """One version of a value map."""

    key: str
    number: int
    rows: Mapping[str, str]
    unknown: UnknownPolicy = "hold"
    default: str = ""


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """Clock, value maps by key, links by (kind, source key), exchange rates by (from, to)."""

    now: datetime
    value_tables: Mapping[str, ValueTable] = field(default_factory=dict)
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rates: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
