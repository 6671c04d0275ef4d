"""Looks for a record that shows a doubt to be right, and makes it as small as it can be.

Used by ``check_mapping`` for fields that could not be proved. Deterministic and bounded; a record counts only
when it fits the source schema and the whole mapping, evaluated, gives what the target refuses.
"""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from integrations.kinds import EntitySchema, FieldInfo, FieldType
from integrations.mapping.check.proof import Claim
from integrations.mapping.check.report import CounterExample
from integrations.mapping.check.shrink import Point, shrunk
from integrations.mapping.check.sources import source_problems
from integrations.mapping.compiler import CompiledMapping, compile_mapping
from integrations.mapping.conditions import Condition
from integrations.mapping.context import EvaluationContext, ValueTable
from integrations.mapping.document import MappingDocument
from integrations.mapping.errors import MappingFailure, MissingLink, UnknownValue
from integrations.mapping.samples import (
    extremes,
    may_be_nothing,
    random_record,
    realistic,
    typical,
)
from integrations.mapping.validation import TargetProblem, validate_target

TRIES_PER_FIELD = 120
TRIES_IN_ALL = 2_000
_REPAIRS = 60
_POSITION = re.compile(r"\[\d+\]")
_STOPPED = (MappingFailure, MissingLink, UnknownValue)


class _EveryLink(dict[tuple[str, str], str]):
    """Links for any record: what an unlinked one does is no matter of the target's schema."""

    def get(self, key: tuple[str, str], default: Any = None) -> str:
        return "1"

    def __getitem__(self, key: tuple[str, str]) -> str:
        return "1"

    def __contains__(self, key: object) -> bool:
        return True


class _EveryRate(dict[tuple[str, str], Decimal]):
    """A rate for any two currencies."""

    def get(self, key: tuple[str, str], default: Any = None) -> Decimal:
        return Decimal("1.2345")

    def __getitem__(self, key: tuple[str, str]) -> Decimal:
        return Decimal("1.2345")

    def __contains__(self, key: object) -> bool:
        return True


def searching_context(tables: Mapping[str, ValueTable]) -> EvaluationContext:
    """Return the context of a proof: the value maps at hand, every link and every rate."""
    return EvaluationContext(
        now=datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC),
        value_tables=tables,
        links=_EveryLink(),
        rates=_EveryRate(),
    )


class Search:
    """One search over one mapping; its budget is shared by all doubtful fields."""

    def __init__(
        self,
        document: MappingDocument,
        source: EntitySchema,
        target: EntitySchema,
        context: EvaluationContext,
        *,
        creating: bool,
        whole: CompiledMapping,
        when: Condition | None = None,
    ) -> None:
        self.document, self.source, self.target = document, source, target
        self.context, self.creating = context, creating
        self.whole, self.when = whole, when
        self.fields = dict(source.walk())
        self.left = TRIES_IN_ALL
        self._alone: dict[str, tuple[CompiledMapping, EntitySchema]] = {}
        self._start: dict[str, Any] | None = None

    def refute(self, claim: Claim, claims: list[Claim]) -> CounterExample | None:
        """Return a shrunk record for which evaluation gives what the target refuses, or None."""
        start = self._base(claims)
        points = self._points(claim)
        mapping, schema = self._rule_alone(claim)
        for record in self._records(start, points):
            self.left -= 1
            if not self._comes_by(record) or self._problem(mapping, schema, record, claim) is None:
                continue
            for smaller in self._smaller(record, points, claim):
                problem = self._problem(self.whole, self.target, smaller, claim)
                if problem is not None and self._fits(smaller):
                    return _told(smaller, points, problem)
        return None

    def _problem(
        self, mapping: CompiledMapping, schema: EntitySchema, record: dict[str, Any], claim: Claim
    ) -> TargetProblem | None:
        """Return what the target refuses at the claimed field; None also where the record is stopped."""
        try:
            made = mapping.evaluate(record, self.context, creating=self.creating)
        except _STOPPED:
            return None
        found = validate_target(made, schema, creating=self.creating)
        return next((one for one in found if _is_at(one.path, claim)), None)

    def _rule_alone(self, claim: Claim) -> tuple[CompiledMapping, EntitySchema]:
        """Return the claim's own rule as a mapping, and as much of the target as it writes."""
        top = claim.top
        if not (top.sources or top.has_constant or top.each):
            return self.whole, self.target
        if top.to not in self._alone:
            name = top.to.split(".")[0]
            fields = tuple(info for info in self.target.fields if info.name == name)
            document = replace(self.document, rules=(top,))
            self._alone[top.to] = (compile_mapping(document), replace(self.target, fields=fields))
        return self._alone[top.to]

    # The records that are tried -------------------------------------------------------------------------------

    def _records(self, start: dict[str, Any], points: list[Point]) -> Iterator[dict[str, Any]]:
        """Yield the start, each field at each extreme alone, then chance combinations, within the budget."""
        for record in islice(self._all_records(start, points), TRIES_PER_FIELD):
            if self.left <= 0:
                return
            yield record

    def _all_records(self, start: dict[str, Any], points: list[Point]) -> Iterator[dict[str, Any]]:
        yield start
        for point in points:
            for value in point.values:
                yield point.put(start, value)
        if len(points) < 2:
            return
        for place in range(min(12, max(len(point.values) for point in points))):
            record = start
            for point in points:
                record = point.put(record, point.values[place % len(point.values)])
            yield record
        chance = random.Random(1)  # noqa: S311 - the same search every time, nothing secret
        while True:
            record = start
            for point in points:
                if chance.random() < 0.7:
                    record = point.put(record, chance.choice(point.values))
            yield record

    def _points(self, claim: Claim) -> list[Point]:
        """Return what can be varied for a claim: the fields it reads, and the objects and lists around them."""
        found: dict[str, Point] = {}
        for path in claim.reads:
            parts = path.split(".")
            for length in range(1, len(parts) + 1):
                outer = ".".join(parts[:length])
                self._add_point(outer.removesuffix("[]"), found, claim, is_read=length == len(parts))
        return list(found.values())

    def _add_point(self, path: str, found: dict[str, Point], claim: Claim, *, is_read: bool) -> None:
        info = self.fields.get(path)
        if info is None or path in found:
            return
        values = self._values(path, info, claim, is_read=is_read)
        if values:
            found[path] = Point(info, path, tuple(values))

    def _values(self, path: str, info: FieldInfo, claim: Claim, *, is_read: bool) -> list[Any]:
        if info.type in (FieldType.OBJECT, FieldType.ARRAY):
            return _structures(info, self.source, is_read=is_read)
        keys = [
            key
            for name in claim.tables
            for key in list(self.context.value_tables.get(name, _NO_TABLE).rows)[:20]
        ]
        constants = [
            one for condition in claim.compares for one in _constants(condition, path.rsplit(".", 1)[-1])
        ]
        alone = replace(self.source, fields=(info,))
        wished = [one for one in (*constants, *keys) if not source_problems({info.name: one}, alone)]
        return [*wished, *extremes(info), realistic(info)]

    # The record that everything starts from -------------------------------------------------------------------

    def _base(self, claims: list[Claim]) -> dict[str, Any]:
        """Return an ordinary record that the whole mapping lets through, where one is found quickly."""
        if self._start is None:
            self._start = self._repaired(typical(self.source), claims)
        return self._start

    def _repaired(self, record: dict[str, Any], claims: list[Claim]) -> dict[str, Any]:
        """Change what makes other fields fail: a method no value map lists, a text that is no number."""
        by_path = {claim.path: claim for claim in claims}
        left = _REPAIRS
        for trace in self.whole.trace(record, self.context, creating=self.creating):
            claim = by_path.get(_POSITION.sub("[]", trace.target))
            if not trace.failure or claim is None:
                continue
            mapping, _ = self._rule_alone(claim)
            for point in self._points(claim):
                for value in point.values:
                    left -= 1
                    changed = point.put(record, value)
                    if left > 0 and self._passes(mapping, changed):
                        record, left = changed, left + 1
                        break
                else:
                    continue
                break
        return record

    def _passes(self, mapping: CompiledMapping, record: dict[str, Any]) -> bool:
        try:
            mapping.evaluate(record, self.context, creating=self.creating)
        except _STOPPED:
            return False
        return True

    # Shrinking ------------------------------------------------------------------------------------------------

    def _smaller(self, record: dict[str, Any], points: list[Point], claim: Claim) -> Iterator[dict[str, Any]]:
        """Yield the record made small by its own rule alone, then with regard to the others, then as it is."""
        mapping, schema = self._rule_alone(claim)

        def is_refused(changed: dict[str, Any]) -> bool:
            self.left -= 1
            return self._fits(changed) and self._problem(mapping, schema, changed, claim) is not None

        def is_refused_by_all(changed: dict[str, Any]) -> bool:
            return is_refused(changed) and self._problem(self.whole, self.target, changed, claim) is not None

        yield shrunk(record, points, is_refused)
        if is_refused_by_all(record):  # else another rule stops this record
            yield shrunk(record, points, is_refused_by_all)
            yield record

    def _comes_by(self, record: dict[str, Any]) -> bool:
        """Return whether such a record comes to the mapping at all."""
        return self.when is None or self.when((record,))

    def _fits(self, record: dict[str, Any]) -> bool:
        return self._comes_by(record) and not source_problems(record, self.source)


def _told(record: dict[str, Any], points: list[Point], problem: TargetProblem) -> CounterExample:
    scalars = [one for one in points if one.info.type not in (FieldType.OBJECT, FieldType.ARRAY)]
    sources = {one.path: one.first(record) for one in scalars or points}
    return CounterExample(sources, record, f"{problem.path}: {problem.rule}")


_NO_TABLE = ValueTable("", 0, {})


def _is_at(found: str, claim: Claim) -> bool:
    """Return whether a problem is at the claimed field, inside what it copies whole, or on the way to it."""
    path = _POSITION.sub("[]", found)
    if path == claim.path or claim.path.startswith(f"{path}."):
        return True
    return not claim.is_list and path.startswith((f"{claim.path}.", f"{claim.path}[]"))


def _structures(info: FieldInfo, source: EntitySchema, *, is_read: bool) -> list[Any]:
    """Return objects or lists worth trying: none, none in it, some."""
    values: list[Any] = [None] if may_be_nothing(info) else []
    if info.type is FieldType.ARRAY and not info.required:
        values.append([])
    if is_read and info.fields:
        inner = replace(source, fields=info.fields)
        chance = random.Random(2)  # noqa: S311 - the same search every time, nothing secret
        made = [typical(inner), *(random_record(inner, chance) for _ in range(6))]
        values += [[one] for one in made] if info.type is FieldType.ARRAY else made
    return values


def _constants(condition: Any, name: str) -> Iterator[Any]:
    """Yield the constants that a condition compares a field of this name with."""
    if not isinstance(condition, Mapping):
        return
    for part in (*condition.get("all", ()), *condition.get("any", ()), condition.get("not")):
        yield from _constants(part, name)
    if str(condition.get("field", "")).rsplit(".", 1)[-1] == name:
        value = condition.get("value")
        yield from value[:20] if isinstance(value, list) else [value]
