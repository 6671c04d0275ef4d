"""Condition groups: ``{"all": [...]}``, ``{"any": [...]}``, ``{"not": ...}`` and field-op-value leaves.

Compiled by rules (``when``, ``where``) and by the filters of flows. What cannot be compared is not met, never an
error: a condition decides over records that nobody has seen yet.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.mapping.errors import DocumentError
from integrations.mapping.paths import Scope, compile_path

Condition = Callable[[Scope], bool]
MAX_NESTING = 6
MAX_PARTS = 100
MAX_VALUES = 1_000


_NO_NUMBER: Any = object()
"""What NaN is compared as: equal to no value a document can name."""


def _number(value: Any) -> Any:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = Decimal(str(value))
        return _NO_NUMBER if number.is_nan() else number
    return value


def _same(left: Any, right: Any) -> bool:
    # Python's True equals 1; a yes/no field and a number are no match.
    return isinstance(left, bool) == isinstance(right, bool) and _number(left) == _number(right)


def _is_in(left: Any, right: list[Any]) -> bool:
    return any(_same(left, one) for one in right)


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        left, right = _number(left), _number(right)
        return type(left) is type(right) and isinstance(left, Decimal | str | datetime) and test(left, right)

    return compare


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _same,
    "ne": lambda left, right: not _same(left, right),
    "gt": _compare(lambda left, right: left > right),
    "ge": _compare(lambda left, right: left >= right),
    "lt": _compare(lambda left, right: left < right),
    "le": _compare(lambda left, right: left <= right),
    "in": _is_in,
    "not_in": lambda left, right: not _is_in(left, right),
    "starts_with": lambda left, right: isinstance(left, str) and left.startswith(right),
    "contains": lambda left, right: isinstance(left, str) and right in left,
    "is_empty": lambda left, right: (left in (None, "", [], {})) is right,
}


def compile_condition(given: Any, where: str, depth: int, nesting: int = 0) -> Condition:
    """Return a predicate over the scope. Raises DocumentError."""
    if not isinstance(given, Mapping) or nesting > MAX_NESTING:
        raise DocumentError(where, "a condition is an object, nested at most six deep")
    for word, combine in (("all", all), ("any", any)):
        if word in given:
            _alone(given, word, where)
            parts = given[word]
            if not isinstance(parts, list) or not 0 < len(parts) <= MAX_PARTS:
                raise DocumentError(where, f"{word!r} is a list of 1 to {MAX_PARTS} conditions")
            return _combined(combine, [compile_condition(one, where, depth, nesting + 1) for one in parts])
    if "not" in given:
        _alone(given, "not", where)
        inner = compile_condition(given["not"], where, depth, nesting + 1)
        return lambda scope: not inner(scope)
    return _leaf(given, where, depth)


def _alone(given: Mapping[str, Any], word: str, where: str) -> None:
    if len(given) != 1:
        raise DocumentError(where, f"nothing stands beside {word!r} in a condition")


def _combined(combine: Callable[[Any], bool], parts: list[Condition]) -> Condition:
    return lambda scope: combine(part(scope) for part in parts)


def _leaf(given: Mapping[str, Any], where: str, depth: int) -> Condition:
    if unknown := {str(word) for word in given} - {"field", "op", "value"}:
        raise DocumentError(where, f"unknown word {min(unknown)!r} in a condition")
    operator, field = given.get("op"), given.get("field")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise DocumentError(where, f"unknown comparison {operator!r:.60}; known: {', '.join(OPERATORS)}")
    if not isinstance(field, str):
        raise DocumentError(where, "'field' is the path that is compared")
    leaf = Leaf.of(given)
    _check_value(operator, leaf.value, where)
    getter, holds = compile_path(field, where, depth), leaf.holds
    return lambda scope: holds(getter(scope))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison of a field with a value; ``moment`` is the value as a time, where it is written as one."""

    operator: str
    field: str
    value: Any
    moment: datetime | None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Leaf":
        operator = given["op"]
        value = given.get("value", True if operator == "is_empty" else None)
        return cls(operator, given["field"], value, _moment(value))

    @property
    def holds(self) -> Callable[[Any], bool]:
        """The comparison as a function of what stands in the field."""
        test, value, moment = OPERATORS[self.operator], self.value, self.moment
        if moment is None:
            return lambda left: test(left, value)
        return lambda left: test(left, moment if isinstance(left, datetime) else value)


def fields_of(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths that a compiled condition reads."""
    for part in (*given.get("all", ()), *given.get("any", ())):
        yield from fields_of(part)
    if "not" in given:
        yield from fields_of(given["not"])
    if "field" in given:
        yield given["field"]


def _check_value(operator: str, value: Any, where: str) -> None:
    """Refuse a value that the comparison could never use. Raises DocumentError."""
    is_scalar = value is None or isinstance(value, str | bool | int | float | Decimal)
    if operator in ("in", "not_in"):
        if not isinstance(value, list) or len(value) > MAX_VALUES:
            raise DocumentError(where, f"{operator} takes a list of at most {MAX_VALUES} values")
    elif operator in ("starts_with", "contains"):
        if not isinstance(value, str) or not value:
            raise DocumentError(where, f"{operator} takes a text")
    elif operator == "is_empty":
        if not isinstance(value, bool):
            raise DocumentError(where, "is_empty takes true or false")
    elif operator in ("gt", "ge", "lt", "le"):
        if not is_scalar or value is None or isinstance(value, bool):
            raise DocumentError(where, f"{operator} takes a number, a text or a time")
    elif not is_scalar:
        raise DocumentError(where, f"{operator} takes one value")


def _moment(value: Any) -> datetime | None:
    """Return a written time as an aware datetime; records hold times, documents can only write them."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
