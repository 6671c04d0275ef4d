"""Condition groups: ``{"all": [...]}``, ``{"any": [...]}``, ``{"not": ...}`` and field-op-value leaves."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from integrations.mapping.errors import DocumentError
from integrations.mapping.paths import Scope, compile_path

Condition = Callable[[Scope], bool]
_MAX_NESTING = 6


def _number(value: Any) -> Any:
    return (
        Decimal(str(value))
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        else value
    )


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        left, right = _number(left), _number(right)
        comparable = type(left) is type(right) and left is not None
        return comparable and test(left, right)

    return compare


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: _number(left) == _number(right),
    "ne": lambda left, right: _number(left) != _number(right),
    "gt": _compare(lambda left, right: left > right),
    "ge": _compare(lambda left, right: left >= right),
    "lt": _compare(lambda left, right: left < right),
    "le": _compare(lambda left, right: left <= right),
    "in": lambda left, right: left in right,
    "not_in": lambda left, right: left not in right,
    "starts_with": lambda left, right: isinstance(left, str) and left.startswith(right),
    "contains": lambda left, right: isinstance(left, str) and right in left,
    "is_empty": lambda left, right: (left in (None, "", [], {})) is bool(right),
}


def compile_condition(given: Any, where: str, depth: int, nesting: int = 0) -> Condition:
    """Return a predicate over the scope. Raises DocumentError."""
    if not isinstance(given, Mapping) or nesting > _MAX_NESTING:
        raise DocumentError(where, "a condition is an object, nested at most six deep")
    for word, combine in (("all", all), ("any", any)):
        if word in given:
            parts = [compile_condition(one, where, depth, nesting + 1) for one in given[word]]
            return _combined(combine, parts)
    if "not" in given:
        inner = compile_condition(given["not"], where, depth, nesting + 1)
        return lambda scope: not inner(scope)
    operator = given.get("op")
    if operator not in OPERATORS:
        raise DocumentError(where, f"unknown comparison {operator!r}; known: {', '.join(OPERATORS)}")
    if operator in ("in", "not_in") and not isinstance(given.get("value"), list):
        raise DocumentError(where, f"{operator} takes a list of values")
    getter = compile_path(str(given.get("field", "")), where, depth)
    test, value = OPERATORS[operator], given.get("value")
    return lambda scope: test(getter(scope), value)


def _combined(combine: Callable[[Any], bool], parts: list[Condition]) -> Condition:
    return lambda scope: combine(part(scope) for part in parts)
