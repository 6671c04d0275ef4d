"""Test cases that are saved with a mapping and run before it is published.

The same form as the case files of the language: a record, what evaluation may know, and what must come out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.kinds.record import from_canonical_json
from integrations.mapping.compiler import CompiledMapping
from integrations.mapping.context import EvaluationContext, ValueTable
from integrations.mapping.errors import DocumentError, MappingFailure, MissingLink, UnknownValue

MAX_CASES = 500
_WORDS = {"name", "record", "context", "creating", "existing", "expected", "failure"}
_NOW = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SavedCase:
    """One example that must stay true: either ``expected`` comes out, or evaluation stops with ``failure``."""

    name: str
    record: Mapping[str, Any]
    context: EvaluationContext
    expected: Mapping[str, Any] | None = None
    failure: str = ""
    creating: bool = True
    existing: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case went: ``differences`` by path, (path, expected, got); none = it passed."""

    name: str
    differences: tuple[tuple[str, Any, Any], ...] = ()

    @property
    def passed(self) -> bool:
        return not self.differences


def load_cases(body: bytes, tables: Mapping[str, ValueTable] | None = None) -> tuple[SavedCase, ...]:
    """Return the cases of a JSON file; ``tables`` are those of the tenant. Raises DocumentError."""
    try:
        given = from_canonical_json(body)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise DocumentError("cases", f"are not readable: {error}") from error
    if not isinstance(given, list) or len(given) > MAX_CASES:
        raise DocumentError("cases", f"are a list of at most {MAX_CASES} cases")
    return tuple(_case(one, position, tables or {}) for position, one in enumerate(given))


def _case(given: Any, position: int, tables: Mapping[str, ValueTable]) -> SavedCase:
    where = f"cases[{position}]"
    if not isinstance(given, Mapping) or not isinstance(given.get("record"), Mapping):
        raise DocumentError(where, "a case is an object with a record")
    if unknown := set(given) - _WORDS:
        raise DocumentError(where, f"unknown word {min(unknown)!r}")
    if ("expected" in given) == ("failure" in given):
        raise DocumentError(where, "a case has either 'expected' or 'failure'")
    failure = given.get("failure", "")
    return SavedCase(
        str(given.get("name", where)),
        given["record"],
        _context(given.get("context") or {}, tables, where),
        given.get("expected"),
        str(failure.get("reason", "")) if isinstance(failure, Mapping) else str(failure),
        bool(given.get("creating", True)),
        given.get("existing"),
    )


def _context(given: Any, tables: Mapping[str, ValueTable], where: str) -> EvaluationContext:
    try:
        own = {
            key: ValueTable(key, 1, table["rows"], table.get("unknown", "hold"), table.get("default", ""))
            for key, table in given.get("value_maps", {}).items()
        }
        links = {(str(kind), str(key)): str(target) for kind, key, target in given.get("links", ())}
        rates = {(str(one), str(other)): Decimal(str(rate)) for one, other, rate in given.get("rates", ())}
        now = given.get("now", _NOW)
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise DocumentError(
            where, "context has value_maps, links as [kind, key, id], rates as [from, to, rate]"
        ) from error
    return EvaluationContext(now=now, value_tables={**tables, **own}, links=links, rates=rates)


def run_suite(mapping: CompiledMapping, cases: Iterable[SavedCase]) -> tuple[CaseResult, ...]:
    """Return how each case goes with this mapping. Evaluates with the function that production calls."""
    return tuple(CaseResult(case.name, tuple(_differences(mapping, case))) for case in cases)


def _differences(mapping: CompiledMapping, case: SavedCase) -> Iterator[tuple[str, Any, Any]]:
    stopped = ""
    made: Mapping[str, Any] = {}
    try:
        made = mapping.evaluate(
            dict(case.record), case.context, creating=case.creating, existing=case.existing
        )
    except (MappingFailure, MissingLink, UnknownValue) as error:
        stopped = str(error) or type(error).__name__
    if case.expected is None:
        if not stopped or case.failure not in stopped:
            yield "", f"stops: {case.failure}", stopped or "a record"
        return
    if stopped:
        yield "", "a record", f"stops: {stopped}"
        return
    yield from differences(case.expected, made)


_ABSENT = "(absent)"


def differences(expected: Any, got: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, expected, got) wherever two values differ; 5 and 5.00 are one amount, 5 and true are not."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for name in dict.fromkeys((*expected, *got)):
            inner = f"{path}.{name}" if path else str(name)
            if name not in expected or name not in got:
                yield inner, expected.get(name, _ABSENT), got.get(name, _ABSENT)
            else:
                yield from differences(expected[name], got[name], inner)
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for position, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from differences(one, other, f"{path}[{position}]")
    elif expected != got or isinstance(expected, bool) != isinstance(got, bool):
        yield path, expected, got
