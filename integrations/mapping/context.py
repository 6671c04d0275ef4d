"""Everything evaluation may know beside the record. Passed in, never fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

EXCHANGE_RATES = "exchange_rates"
"""The value map that holds a pair's rates: rows such as ``EUR/USD`` -> ``1.0832``, versioned like any other."""
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

    def rate(self, source: str, target: str) -> Decimal | None:
        """Return how much of ``target`` one of ``source`` is, as told or as a row of the value map of rates.

        None where neither says; a row that is no positive number says nothing.
        """
        told = self.rates.get((source, target))
        table = self.value_tables.get(EXCHANGE_RATES)
        if told is not None or table is None:
            return told
        try:
            rate = Decimal(table.rows[f"{source}/{target}"].strip())
        except (KeyError, InvalidOperation):
            return None
        return rate if rate.is_finite() and rate > 0 else None
