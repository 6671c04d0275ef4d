"""Reads the mapping cases, and makes mappings of bare rules; used by the tests of this folder.

A case file is a list of {name, rules, record, context?, creating?, existing?, expected | failure}. Numbers with
a point are Decimals with exactly these digits; times are ``{"$datetime": ...}`` as records are stored.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from integrations.kinds.record import from_canonical_json
from integrations.mapping import (
    CompiledMapping,
    EvaluationContext,
    ValueTable,
    compile_mapping,
    parse_document,
)

NOW = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
CONTEXT = EvaluationContext(now=NOW)
_FOLDER = Path(__file__).parent / "cases"


def compiled(*rules: Any) -> CompiledMapping:
    return compile_mapping(parse_document({"name": "test", "rules": list(rules)}))


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file: name, case) of every case file."""
    for file in sorted(_FOLDER.glob("*.json")):
        for case in from_canonical_json(file.read_bytes()):
            yield f"{file.stem}: {case['name']}", case


def context_of(case: Mapping[str, Any]) -> EvaluationContext:
    given = case.get("context", {})
    tables = {
        key: ValueTable(key, 1, table["rows"], table["unknown"], table.get("default", ""))
        for key, table in given.get("value_maps", {}).items()
    }
    links = {(kind, key): target for kind, key, target in given.get("links", [])}
    rates = {(source, target): rate for source, target, rate in given.get("rates", [])}
    return EvaluationContext(now=NOW, value_tables=tables, links=links, rates=rates)


def spelled(value: Any) -> Any:
    """Return a value with its types and digits told apart: 5, 5.0, 5.00, true and -0 are five things."""
    if isinstance(value, dict):
        return {key: spelled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [spelled(one) for one in value]
    return ("decimal", str(value)) if isinstance(value, Decimal) else (type(value).__name__, value)
