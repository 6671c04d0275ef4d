"""``$filter`` of the REST interface and of generic inquiries: a small recursive reader that returns a predicate.

Called by ``rest`` and ``odata``. ``contains()`` and what else cannot be read is BadFilter, a 500 there [documented].
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Predicate = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<moment>(?:datetimeoffset|datetime|date|guid)'[^']*')|(?P<text>'(?:[^']|'')*')"
    r"|(?P<bare>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?)|(?P<number>-?\d+(?:\.\d+)?[Mm]?)"
    r"|(?P<mark>[(),=])|(?P<name>[A-Za-z_][\w./]*))"
)
_FUNCTIONS = ("substringof", "startswith", "endswith")
_COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")


class BadFilter(ValueError):
    """The expression cannot be read, or asks for what this interface does not have."""


class _Tokens:
    def __init__(self, text: str) -> None:
        self._found: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if match is None:
                raise BadFilter(f"Syntax error at position {place} in '{text}'.")
            self._found.append((str(match.lastgroup), match[match.lastgroup or 0]))
            place = match.end()
        self._at = 0

    def peek(self) -> tuple[str, str]:
        return self._found[self._at] if self._at < len(self._found) else ("end", "")

    def take(self, wanted: str = "") -> tuple[str, str]:
        token = self.peek()
        if token[0] == "end" or (wanted and token[1].lower() != wanted):
            raise BadFilter(f"'{wanted or 'a value'}' expected, not '{token[1]}'.")
        self._at += 1
        return token


def parse(text: str) -> Predicate:
    """Return the predicate of an expression. Raises BadFilter."""
    tokens = _Tokens(text)
    found = _either(tokens)
    if tokens.peek()[0] != "end":
        raise BadFilter(f"Syntax error near '{tokens.peek()[1]}'.")
    return found


def _either(tokens: _Tokens) -> Predicate:
    parts = [_both(tokens)]
    while tokens.peek()[1].lower() == "or":
        tokens.take()
        parts.append(_both(tokens))
    return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)


def _both(tokens: _Tokens) -> Predicate:
    parts = [_one(tokens)]
    while tokens.peek()[1].lower() == "and":
        tokens.take()
        parts.append(_one(tokens))
    return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)


def _one(tokens: _Tokens) -> Predicate:
    kind, word = tokens.peek()
    if word == "(":
        tokens.take()
        inner = _either(tokens)
        tokens.take(")")
        return inner
    if word.lower() == "not":
        tokens.take()
        negated = _one(tokens)
        return lambda record: not negated(record)
    if kind == "name" and word.lower() in _FUNCTIONS:
        return _function(tokens)
    left = _operand(tokens)
    comparison = tokens.take()[1].lower()
    if comparison not in _COMPARISONS:
        raise BadFilter(f"Unknown operator '{comparison}'.")
    right = _operand(tokens)
    return lambda record: _compare(left(record), comparison, right(record))


def _function(tokens: _Tokens) -> Predicate:
    name = tokens.take()[1].lower()
    tokens.take("(")
    first = _operand(tokens)
    tokens.take(",")
    second = _operand(tokens)
    tokens.take(")")

    def holds(record: Mapping[str, Any]) -> bool:
        one, two = str(first(record) or "").casefold(), str(second(record) or "").casefold()
        if name == "substringof":
            return one in two
        return one.startswith(two) if name == "startswith" else one.endswith(two)

    if tokens.peek()[1].lower() in ("eq", "ne"):  # startswith(A,'x') eq true
        is_equal = tokens.take()[1].lower() == "eq"
        is_true = tokens.take()[1].lower() == "true"
        return lambda record: holds(record) is (is_equal is is_true)
    return holds


def _operand(tokens: _Tokens) -> Callable[[Mapping[str, Any]], Any]:
    kind, word = tokens.take()
    if kind == "text":
        value: Any = word[1:-1].replace("''", "'")
    elif kind == "moment":
        name, _, rest = word.partition("'")
        value = rest[:-1] if name == "guid" else _moment(rest[:-1])
    elif kind == "bare":
        value = _moment(word)
    elif kind == "number":
        value = Decimal(word.rstrip("Mm"))
    elif word.lower() in ("true", "false", "null"):
        value = {"true": True, "false": False, "null": None}[word.lower()]
    elif kind == "name" and word.lower().startswith("cf."):
        return _custom_field(tokens)
    elif kind == "name" and tokens.peek()[1] == "(":
        raise BadFilter(f"An unknown function with name '{word}' was found.")
    else:
        return lambda record: _at_path(record, word)
    return lambda record: value


def _custom_field(tokens: _Tokens) -> Callable[[Mapping[str, Any]], Any]:
    """Read ``cf.String(f='Document.UsrGift')``."""
    for wanted in ("(", "f", "="):
        tokens.take(wanted)
    view, _, name = tokens.take()[1].strip("'").partition(".")
    tokens.take(")")
    return lambda record: ((record.get("custom") or {}).get(view, {}).get(name) or {}).get("value")


def _at_path(record: Any, path: str) -> Any:
    for part in path.split("/"):
        record = record.get(part) if isinstance(record, Mapping) else None
    return record


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadFilter(f"'{text}' is not a valid date.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _compare(left: Any, comparison: str, right: Any) -> bool:
    one, two = _alike(left, right)
    if comparison in ("eq", "ne"):
        return (one == two) is (comparison == "eq")
    if one is None or two is None or isinstance(one, str) is not isinstance(two, str):
        return False
    if comparison in ("gt", "ge"):
        return bool(one > two or (comparison == "ge" and one == two))
    return bool(one < two or (comparison == "le" and one == two))


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Bring two sides together: texts without case, times and numbers by value; an empty text is nothing."""
    for one, two, is_turned in ((left, right, False), (right, left, True)):
        if isinstance(one, datetime) and isinstance(two, str):
            pair = (one, _moment(two))
            return (pair[1], pair[0]) if is_turned else pair
        if isinstance(one, Decimal) and isinstance(two, str):
            try:
                pair2 = (one, Decimal(two))
            except InvalidOperation:
                continue
            return (pair2[1], pair2[0]) if is_turned else pair2
    if isinstance(left, str) and isinstance(right, str):
        return left.strip().casefold(), right.strip().casefold()
    return left or None if left == "" else left, right or None if right == "" else right
