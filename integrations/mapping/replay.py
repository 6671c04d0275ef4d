"""Real past records through two versions of a mapping: what would have come out differently, in classes with counts.

Called before publishing and before promoting to production. Evaluates with the function that production calls.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.mapping.compiler import CompiledMapping
from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import MappingFailure, MissingLink, UnknownValue
from integrations.mapping.suite import differences

MAX_EXAMPLES = 3
_POSITION = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Example:
    """One record of a class: its place among the replayed ones, and (path, before, after) of each difference."""

    record: int
    key: str
    differences: tuple[tuple[str, Any, Any], ...]


@dataclass(slots=True)
class ChangeClass:
    """Records that change in the same way: the same fields differ, or evaluation stops for the same reason."""

    words: str
    fields: tuple[str, ...] = ()
    count: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """All classes of change, the most frequent first."""

    total: int
    unchanged: int
    classes: tuple[ChangeClass, ...]

    def lines(self) -> Iterable[str]:
        yield f"{self.total} records: {self.unchanged} as before, {self.total - self.unchanged} differ"
        for one in self.classes:
            yield f"{one.count} x {one.words}"
            for example in one.examples:
                for path, before, after in example.differences[:4]:
                    yield f"    {example.key or f'record {example.record}'}: {path or 'whole'} {before!r} -> {after!r}"


def replay(
    old: CompiledMapping,
    new: CompiledMapping,
    records: Iterable[Mapping[str, Any]],
    context: EvaluationContext,
    *,
    new_context: EvaluationContext | None = None,
    key: str = "",
    creating: bool = True,
) -> ReplayReport:
    """Return how the records' results differ. ``new_context`` holds newer value maps; ``key`` names a record."""
    classes: dict[tuple[str, ...], ChangeClass] = {}
    total = unchanged = 0
    for record in records:
        before = _made(old, record, context, creating)
        after = _made(new, record, new_context or context, creating)
        found = tuple(_compared(before, after))
        total += 1
        if not found:
            unchanged += 1
            continue
        _add(classes, before, after, Example(total - 1, str(record.get(key, "")) if key else "", found))
    ranked = sorted(classes.values(), key=lambda one: -one.count)
    return ReplayReport(total, unchanged, tuple(ranked))


def _made(
    mapping: CompiledMapping, record: Mapping[str, Any], context: EvaluationContext, creating: bool
) -> dict[str, Any] | str:
    """Return the target record, or why there is none: without the value, so that alike failures are one class."""
    try:
        return mapping.evaluate(dict(record), context, creating=creating)
    except MappingFailure as failure:
        return f"{_POSITION.sub('[]', failure.target)} stops"
    except MissingLink as missing:
        return f"waits for a {missing.kind}"
    except UnknownValue as unknown:
        return f"waits for a row of {unknown.table}"


def _compared(before: dict[str, Any] | str, after: dict[str, Any] | str) -> Iterable[tuple[str, Any, Any]]:
    if isinstance(before, str) or isinstance(after, str):
        return () if before == after else (("", before, after),)
    return differences(before, after)


def _add(
    classes: dict[tuple[str, ...], ChangeClass],
    before: dict[str, Any] | str,
    after: dict[str, Any] | str,
    example: Example,
) -> None:
    fields = tuple(dict.fromkeys(_POSITION.sub("[]", path) for path, _, _ in example.differences))
    if isinstance(after, str):
        words = f"{after} now" + (f" (was: {before})" if isinstance(before, str) else "")
    elif isinstance(before, str):
        words = f"goes through now (was: {before})"
    else:
        words = f"{', '.join(fields)} differ" + ("s" if len(fields) == 1 else "")
    one = classes.setdefault((words, *fields), ChangeClass(words, tuple(name for name in fields if name)))
    one.count += 1
    if len(one.examples) < MAX_EXAMPLES:
        one.examples.append(example)
