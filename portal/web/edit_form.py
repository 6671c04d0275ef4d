"""A waiting record as a form: one field for each value, those that matter first; what is typed keeps its type.

Called by ``run_edits``, which checks and keeps what comes of it. Adding or taking out parts is done in the JSON view.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from integrations.connectors.errors import FieldProblem
from integrations.connectors.masking import MASK
from integrations.kinds.changes import with_values
from integrations.kinds.privacy import DOTS, is_secret
from integrations.kinds.schema import EntitySchema, FieldInfo

PREFIX = "f:"
_PLACE = re.compile(r"\[\d+\]")
_NEIGHBOURS = 3
"""Shown behind a field that matters: a postal code is rarely wrong alone."""
_FEW = 12
"""Shown where no field is known to matter."""
_LONG_TEXT = 80
MOST_FIELDS = 400
"""Drawn at once: Django takes no more than 1,000 fields of a form, and nobody scrolls through them."""


class View(StrEnum):
    """How the record is edited: what matters, every value, or its text."""

    FIELDS = "fields"
    ALL = "all"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One value as a form draws it. ``widget`` is text, lines, flag, choice or fixed."""

    path: str
    label: str
    widget: str
    value: str
    was: str | None
    """What stood there before the edit; None where nothing was changed."""
    choices: tuple[str, ...] = ()
    limit: int | None = None
    rule: str = ""
    """What is wrong with it; empty where nothing is known to be."""
    is_masked: bool = False

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.path}"

    @property
    def length(self) -> int:
        return len(self.value)

    @property
    def is_too_long(self) -> bool:
        return self.limit is not None and self.length > self.limit


def leaves(record: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of each value that is neither an object nor a list, in the record's order."""
    for key, one in record.items():
        yield from _leaves_of(one, f"{path}.{key}" if path else str(key))


def _leaves_of(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from leaves(value, path)
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _leaves_of(one, f"{path}[{place}]")
    else:
        yield path, value


def edited_record(
    posted: Mapping[str, str], shown: Mapping[str, Any]
) -> tuple[dict[str, Any], list[FieldProblem]]:
    """Return the shown record with what was typed in the form's fields, and what of it is no value of its type.

    Such a text stays in the record, so that the person sees what they typed. Raises NotEditable.
    """
    typed: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for path, before in leaves(shown):
        text = posted.get(f"{PREFIX}{path}", _text(before)).replace("\r\n", "\n")
        if text == _text(before):
            continue
        typed[path] = _typed(text, before)
        if isinstance(typed[path], str) and isinstance(before, int | Decimal):
            problems.append(FieldProblem(path, text, "takes a number"))
    return with_values(shown, typed), problems


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _typed(text: str, before: Any) -> Any:
    """Return a value of the type that stood there; a text where it is none."""
    if isinstance(before, bool):
        return text == "true"
    if not isinstance(before, int | Decimal):
        return text
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    return int(number) if isinstance(before, int) and number == number.to_integral_value() else number


def rows(
    shown: Mapping[str, Any],
    original: Mapping[str, Any],
    schema: EntitySchema | None,
    problems: Sequence[FieldProblem],
    matters: Collection[str] | None,
) -> list[FieldRow]:
    """Return the form of a record.

    ``original`` is what stood there before, shown alike. ``matters`` are normal paths (``lines[].sku``) of the fields to
    show with their neighbours and whatever was changed; None shows all, the first MOST_FIELDS of a long record.
    """
    known = dict(schema.walk()) if schema else {}
    before = dict(leaves(original))
    rules = {one.field: one.rule for one in problems}
    made = [
        _row(path, value, before, known.get(normal(path)), rules.get(path, ""))
        for path, value in leaves(shown)
    ]
    if matters is None:
        # What was changed or refused is always among them.
        return [
            row for place, row in enumerate(made) if place < MOST_FIELDS or row.rule or row.was is not None
        ]
    wanted = _with_neighbours(made, matters)
    return [row for place, row in enumerate(made) if place in wanted][:MOST_FIELDS] or made[:_FEW]


def _row(path: str, value: Any, before: Mapping[str, Any], info: FieldInfo | None, rule: str) -> FieldRow:
    is_changed = path in before and not _is_same(before[path], value)
    # A number that went through JSON is told as it came.
    text = _text(value if is_changed or path not in before else before[path])
    name = path.rsplit(".", 1)[-1].split("[", 1)[0]
    is_masked = isinstance(value, str) and DOTS in value
    was = _text(before[path]) if is_changed else None
    choices = info.enum if info else ()
    if is_secret(name) or MASK in text:
        widget = "fixed"
    elif isinstance(value, bool):
        widget, choices = "choice", ("true", "false")
    elif choices and not is_masked:
        # What stands there is kept, whether or not the other system still knows it.
        widget, choices = "choice", choices if text in choices else (text, *choices)
    else:
        widget = "lines" if len(text) > _LONG_TEXT or "\n" in text else "text"
    return FieldRow(
        path, info.label if info else "", widget, text, was, choices,
        limit=info.max_length if info and widget in ("text", "lines") else None, rule=rule, is_masked=is_masked,
    )  # fmt: skip


def _is_same(before: Any, value: Any) -> bool:
    return bool(before == value) and isinstance(before, bool) is isinstance(value, bool)


def _with_neighbours(made: Sequence[FieldRow], matters: Collection[str]) -> set[int]:
    wanted: set[int] = set()
    for place, row in enumerate(made):
        if row.rule or row.was is not None:
            wanted.add(place)
        if row.rule or normal(row.path) in matters:
            around = range(place - 1, place + _NEIGHBOURS)
            home = row.path.rpartition(".")[0]
            wanted |= {
                one for one in around if 0 <= one < len(made) and made[one].path.rpartition(".")[0] == home
            }
    return wanted


def normal(path: str) -> str:
    """Return a path without the places of its lists, as schemas and mappings write it."""
    return _PLACE.sub("[]", path)


def feeding(targets: Collection[str], rules: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the normal paths of the source fields that a mapping's rules read for these target fields."""
    wanted = {normal(one) for one in targets}
    return {source for target, source in _pairs(rules, "", "") if target in wanted}


def _pairs(rules: Sequence[Mapping[str, Any]], to_prefix: str, from_prefix: str) -> Iterator[tuple[str, str]]:
    for rule in rules:
        target = f"{to_prefix}{rule.get('to', '')}"
        if "each" in rule:
            each = f"{from_prefix}{rule['each']}"
            yield from _pairs(rule.get("rules", ()), f"{target}[].", f"{each}[].")
            continue
        sources = rule.get("from", ())
        for source in [sources] if isinstance(sources, str) else sources:
            yield normal(target), normal(f"{from_prefix}{source}")
