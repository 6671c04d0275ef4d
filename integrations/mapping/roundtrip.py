"""There and back: which fields that are mapped both ways do not come back as they were.

A customer goes from the store to the ERP and returns changed; a status that two values share cannot be told apart
on the way back. Called by the ``mapping`` command and the designer for pairs of flows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from integrations.kinds import EntitySchema
from integrations.mapping.compiler import CompiledMapping, compile_mapping
from integrations.mapping.context import EvaluationContext, ValueTable
from integrations.mapping.document import MappingDocument, Rule, parse_document
from integrations.mapping.errors import MappingFailure, MissingLink, UnknownValue
from integrations.mapping.paths import read
from integrations.mapping.samples import TIME, samples, typical, with_value
from integrations.mapping.suite import differences

_MARK = "\u21c4"
_STOPPED = (MappingFailure, MissingLink, UnknownValue)


class _TwoWayLinks(dict[tuple[str, str], str]):
    """Links that lead back to where they came from, for any record."""

    def get(self, key: tuple[str, str], default: Any = None) -> str:
        return self[key]

    def __getitem__(self, key: tuple[str, str]) -> str:
        return key[1].removeprefix(_MARK) if key[1].startswith(_MARK) else f"{_MARK}{key[1]}"

    def __contains__(self, key: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class LossyField:
    """A source field that comes back different: ``via`` the target field, with one value that shows it."""

    field: str
    via: str
    before: Any
    after: Any
    words: str


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What is mapped both ways, and which of it is lossy."""

    both_ways: tuple[tuple[str, str], ...]
    """(source field, target field)."""
    lossy: tuple[LossyField, ...]


def check_roundtrip(
    there: MappingDocument | Mapping[str, Any],
    back: MappingDocument | Mapping[str, Any],
    source: EntitySchema,
    *,
    tables: Mapping[str, ValueTable] | None = None,
    count: int = 60,
) -> RoundTrip:
    """Return which fields of ``source`` come back changed, tried with samples and every key of the value maps.

    ``back`` reads what ``there`` writes and writes the fields that ``there`` reads. Links lead both ways. Where a
    record is stopped nothing is lost. Raises DocumentError.
    """
    out, home = _parsed(there), _parsed(back)
    known = dict(tables or {})
    context = EvaluationContext(now=TIME, value_tables=known, links=_TwoWayLinks())
    pairs = list(_pairs(out, home))
    lossy = []
    for forth, returning in pairs:
        trip = _Trip(out, home, forth, returning, context)
        records = (*_map_keys(source, forth, known), *(one.record for one in samples(source, count=count)))
        if (found := trip.first_loss(records)) is not None:
            lossy.append(found)
    return RoundTrip(tuple((returning.to, forth.to) for forth, returning in pairs), tuple(lossy))


def _parsed(document: MappingDocument | Mapping[str, Any]) -> MappingDocument:
    return document if isinstance(document, MappingDocument) else parse_document(document)


def _pairs(there: MappingDocument, back: MappingDocument) -> Iterable[tuple[Rule, Rule]]:
    """Yield the rules that make a target field of a source field, and that source field of the target field again."""
    for returning in back.rules:
        for forth in there.rules:
            reads = (*returning.sources, returning.each)
            if forth.to in reads and returning.to in (*forth.sources, forth.each):
                yield forth, returning


@dataclass(frozen=True, slots=True)
class _Trip:
    there: MappingDocument
    back: MappingDocument
    forth: Rule
    returning: Rule
    context: EvaluationContext

    def first_loss(self, records: Iterable[Mapping[str, Any]]) -> LossyField | None:
        """Return the first value that does not come back; empty ones are compared as nothing."""
        out = _alone(self.there, self.forth)
        home = _alone(self.back, self.returning)
        for record in records:
            before = read(record, self.returning.to)
            try:
                # The way back reads what stands beside the field as well, as far as the way there makes it.
                carried = out.evaluate(dict(record), self.context)
                after = read(home.evaluate(carried, self.context), self.returning.to)
            except _STOPPED:
                continue
            if self.returning.each:
                before = _limited(before, after)
            for path, was, now in differences(_folded(before), _folded(after), self.returning.to):
                return LossyField(
                    path,
                    self.forth.to,
                    was,
                    now,
                    f"{path} {_short(was)} comes back as {_short(now)} through {self.forth.to}",
                )
        return None


def _alone(document: MappingDocument, rule: Rule) -> CompiledMapping:
    return compile_mapping(replace(document, rules=(rule,)))


def _limited(before: Any, after: Any) -> Any:
    """Return the elements with those fields only that come back: what is not mapped is not lost on the way."""
    if not isinstance(before, list) or not isinstance(after, list):
        return before
    names = {name for element in after if isinstance(element, Mapping) for name in element}
    return [
        {name: value for name, value in element.items() if name in names}
        if isinstance(element, Mapping)
        else element
        for element in before
    ]


def _folded(value: Any) -> Any:
    """Return a value in which empty text, an absent field and nothing are the same, without blanks at the ends."""
    if isinstance(value, Mapping):
        return {name: _folded(one) for name, one in value.items() if _folded(one) is not None}
    if isinstance(value, list):
        return [_folded(one) for one in value]
    return (value.strip() or None) if isinstance(value, str) else value


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _map_keys(
    source: EntitySchema, rule: Rule, tables: Mapping[str, ValueTable]
) -> Iterable[Mapping[str, Any]]:
    """Yield an ordinary record with each key of the value maps that the rule goes through."""
    base = typical(source)
    for step in rule.steps:
        table = tables.get(str(step.arguments.get("map", "")))
        for key in table.rows if table is not None else ():
            for path in rule.sources:
                yield with_value(base, tuple(path.split(".")), key)
