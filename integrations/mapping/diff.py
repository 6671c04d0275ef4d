"""What changed between two versions of a mapping, in the words of the business, field by field.

Called by publishing (the comment a reviewer reads), the designer and the ``mapping`` command. Value maps count:
a changed row changes what a field becomes as much as a changed rule.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.mapping.context import ValueTable
from integrations.mapping.document import MappingDocument, Rule, Step, parse_document
from integrations.mapping.functions import REGISTRY

Document = MappingDocument | Mapping[str, Any]
_OPERATORS = {
    "eq": "is", "ne": "is not", "gt": "is above", "ge": "is at least", "lt": "is below", "le": "is at most",
    "in": "is one of", "not_in": "is none of", "starts_with": "starts with", "contains": "contains",
}  # fmt: skip
_WRITES = {
    "always": "always",
    "if_empty": "only where the target has nothing",
    "on_create": "only on creation",
}
_UNKNOWN = {
    "fail": "stop the record",
    "hold": "are held",
    "default": "get the default",
    "pass": "pass as they are",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one target field: ``kind`` is added, removed, changed or value map."""

    path: str
    kind: str
    words: str


def diff(
    old: Document,
    new: Document,
    *,
    old_tables: Mapping[str, ValueTable] | None = None,
    new_tables: Mapping[str, ValueTable] | None = None,
) -> tuple[Change, ...]:
    """Return every change in the order of the new rules, removed fields last. Raises DocumentError."""
    before, after = _by_path(_parsed(old)), _by_path(_parsed(new))
    changes: list[Change] = []
    for path, rule in after.items():
        if path not in before:
            changes.append(Change(path, "added", f"{path} is now filled: {rule_words(rule)}"))
        else:
            changes += (Change(path, "changed", f"{path} {words}") for words in _changed(before[path], rule))
        changes += _table_changes(path, rule, old_tables or {}, new_tables or {})
    for path, rule in before.items():
        if path not in after:
            changes.append(Change(path, "removed", f"{path} is no longer filled (was {rule_words(rule)})"))
    return tuple(changes)


def _parsed(document: Document) -> MappingDocument:
    return document if isinstance(document, MappingDocument) else parse_document(document)


def _by_path(document: MappingDocument) -> dict[str, Rule]:
    found: dict[str, Rule] = {}

    def collect(rules: tuple[Rule, ...], prefix: str) -> None:
        for rule in rules:
            found[prefix + rule.to] = rule
            collect(rule.rules, f"{prefix}{rule.to}[].")

    collect(document.rules, "")
    return found


def _changed(old: Rule, new: Rule) -> Iterator[str]:
    if _origin(old) != _origin(new):
        yield f"is now {_origin(new)} (was {_origin(old)})"
    if _steps(old) != _steps(new):
        yield _steps_changed(old, new)
    if condition_words(old.when) != condition_words(new.when):
        if new.when is None:
            yield f"is now always filled (was only where {condition_words(old.when)})"
        else:
            was = f" (was where {condition_words(old.when)})" if old.when is not None else " (was always)"
            yield f"is now filled only where {condition_words(new.when)}{was}"
    if (old.has_otherwise, old.otherwise) != (new.has_otherwise, new.otherwise):
        now = value_words(new.otherwise) if new.has_otherwise else "left out"
        was = value_words(old.otherwise) if old.has_otherwise else "left out"
        yield f"is otherwise {now} (was {was})"
    if condition_words(old.where) != condition_words(new.where):
        now = f"only elements where {condition_words(new.where)}" if new.where is not None else "all elements"
        yield f"now takes {now}"
    if old.write != new.write:
        yield f"is now written {_WRITES[new.write]} (was {_WRITES[old.write]})"


def _steps_changed(old: Rule, new: Rule) -> str:
    before, after = _steps(old), _steps(new)
    added = [step for step in after if step not in before]
    gone = [step for step in before if step not in after]
    if added and not gone:
        return f"also goes through {', '.join(added)}"
    if gone and not added:
        return f"no longer goes through {', '.join(gone)}"
    return f"now goes through {', '.join(after) or 'no step'} (was {', '.join(before) or 'no step'})"


def _origin(rule: Rule) -> str:
    if rule.each:
        return f"one for each of {rule.each}"
    if rule.has_constant:
        return f"always {value_words(rule.constant)}"
    return f"from {rule.source_label}"


def rule_words(rule: Rule) -> str:
    """Return a whole rule as half a sentence: ``from company, email: coalesce, truncate 30``."""
    steps = f": {', '.join(_steps(rule))}" if rule.steps else ""
    condition = f", only where {condition_words(rule.when)}" if rule.when is not None else ""
    return f"{_origin(rule)}{steps}{condition}"


def _steps(rule: Rule) -> list[str]:
    return [_step(step) for step in rule.steps]


def _step(step: Step) -> str:
    label = REGISTRY[step.name].label if step.name in REGISTRY else step.name
    return " ".join([label, *(value_words(value, quoted=False) for value in step.arguments.values())])


def condition_words(condition: Any) -> str:
    """Return a condition as people say it: ``payment_status.code is 'C' and total is above 10``; "" for none."""
    if not isinstance(condition, Mapping):
        return ""
    for word, between in (("all", " and "), ("any", " or ")):
        if word in condition:
            parts = [condition_words(one) for one in condition[word]]
            return parts[0] if len(parts) == 1 else f"({between.join(parts)})"
    if "not" in condition:
        return f"not {condition_words(condition['not'])}"
    field, operator = condition.get("field", ""), condition.get("op", "")
    if operator == "is_empty":
        return f"{field} is {'empty' if condition.get('value', True) else 'not empty'}"
    return f"{field} {_OPERATORS.get(operator, operator)} {value_words(condition.get('value'))}"


def value_words(value: Any, *, quoted: bool = True) -> str:
    """Return a value as people write it: no quotes around numbers, yes and no for flags."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list):
        return ", ".join(value_words(one) for one in value) or "an empty list"
    if isinstance(value, str):
        return repr(value) if quoted or not value.strip() else value
    return str(value)


def _table_changes(
    path: str, rule: Rule, old_tables: Mapping[str, ValueTable], new_tables: Mapping[str, ValueTable]
) -> Iterator[Change]:
    for step in rule.steps:
        name = str(step.arguments.get("map", ""))
        old, new = old_tables.get(name), new_tables.get(name)
        if old is not None and new is not None and old != new:
            source = (rule.sources[0] if rule.sources else path).rpartition(".")[2]
            for words in table_words(source, old, new):
                yield Change(path, "value map", words)


def table_words(source: str, old: ValueTable, new: ValueTable) -> Iterator[str]:
    """Yield what a value map makes of each value that it now treats differently: ``status 'P' now becomes 'Hold'``."""
    for key in dict.fromkeys((*new.rows, *old.rows)):
        was, now = old.rows.get(key), new.rows.get(key)
        if was == now:
            continue
        if now is None:
            yield f"{source} {key!r} is no longer listed and {_unlisted(new)} (was {was!r})"
        elif was is None:
            yield f"{source} {key!r} now becomes {now!r} (was not listed)"
        else:
            yield f"{source} {key!r} now becomes {now!r} (was {was!r})"
    if (old.unknown, old.default) != (new.unknown, new.default):
        yield f"values of {source} that are not listed now {_unlisted(new)} (before: {_unlisted(old)})"


def _unlisted(table: ValueTable) -> str:
    words = _UNKNOWN[table.unknown]
    return f"{words} {table.default!r}" if table.unknown == "default" else words
