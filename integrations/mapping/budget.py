"""How much one evaluation may do: a hostile mapping or record can neither hang a worker nor fill its memory.

Interpreter and generated code spend from one number at the same places, so both stop at the same element. The
price of an element is known when a mapping is compiled; what a list's rules read from outside of it is weighed,
since each element reads it again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from integrations.mapping.document import Rule
from integrations.mapping.errors import FunctionError

MAX_ELEMENTS = 20_000
MAX_ELEMENTS_IN_ALL = 100_000
ALLOWANCE = 10_000_000
"""Units of work in one evaluation; a unit is roughly one rule with one step."""
CHEAPEST_ELEMENT = ALLOWANCE // MAX_ELEMENTS_IN_ALL
_CHARACTERS_PER_UNIT = 16
_SHORT_TEXT = 256
_WITH_WEIGHT = frozenset({str, list, dict})

TOO_MANY = f"has more than {MAX_ELEMENTS} elements, or {MAX_ELEMENTS_IN_ALL} in all lists, fewer where each costs much"


_STEADY = frozenset(
    {
        "absolute",
        "add",
        "at_least",
        "at_most",
        "ceil",
        "count",
        "country_alpha2",
        "country_alpha3",
        "country_name",
        "difference",
        "default",
        "coalesce",
        "prefix",
        "suffix",
        "case",
        "first",
        "last",
        "field",
        "divide",
        "email",
        "floor",
        "from_epoch",
        "hash",
        "keep",
        "largest",
        "length",
        "link",
        "lookup",
        "lower",
        "matches",
        "max_length",
        "multiply",
        "net_unit_price",
        "now",
        "parse_date",
        "percent",
        "phone",
        "postal_code",
        "product",
        "quotient",
        "remove_prefix",
        "round",
        "share",
        "sku",
        "smallest",
        "squeeze",
        "state_code",
        "state_name",
        "sum",
        "to_boolean",
        "to_date",
        "to_decimal",
        "to_epoch",
        "to_integer",
        "to_text",
        "trim",
        "truncate",
        "upper",
    }
)
"""Functions whose text is hardly longer than what went in and the rule's own constants, which are in its price. All
others pay for what they make in a list."""


class TooMuch(FunctionError):
    """A list is longer, or costs more, than one evaluation may spend."""


def price_of_element(rules: Iterable[Rule]) -> int:
    """Return what one element of a list with these rules costs, inner lists not counted."""
    return max(CHEAPEST_ELEMENT, sum(_price(rule) for rule in rules))


def can_grow(rule: Rule) -> bool:
    """Return whether what a rule makes has to be paid for by its size."""
    return any(step.name not in _STEADY for step in rule.steps)


def _price(rule: Rule) -> int:
    arguments = [value for step in rule.steps for value in step.arguments.values()]
    constants = [
        value for value in (*arguments, rule.constant, rule.otherwise) if type(value) in _WITH_WEIGHT
    ]
    return 1 + len(rule.sources) + 2 * len(rule.steps) + sum(map(_weight, constants))


def enter_list(source: Any, left: int, price: int, outer: Sequence[Any]) -> int:
    """Return what is left after a list was entered. Raises FunctionError for no list, TooMuch for too long."""
    if not isinstance(source, list):
        raise FunctionError("is not a list")
    length = len(source)
    left -= length * price
    for value in outer:
        kind = type(value)
        if kind is list or kind is dict or (kind is str and len(value) >= _CHARACTERS_PER_UNIT):
            left -= length * _weight(value)
            if left < 0:
                break
    if length > MAX_ELEMENTS or left < 0:
        raise TooMuch(TOO_MANY)
    return left


def spend(value: Any, left: int) -> int:
    """Return what is left after a rule made ``value`` in a list. Raises TooMuch."""
    if isinstance(value, str):
        if len(value) > _SHORT_TEXT:
            left -= len(value) // _CHARACTERS_PER_UNIT
    elif isinstance(value, list | dict):
        left -= len(value)
    if left < 0:
        raise TooMuch("makes more than one record can hold")
    return left


def _weight(value: Any) -> int:
    """Return how much work reading a value means: 0 for a short one."""
    found, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found += len(one) // _CHARACTERS_PER_UNIT
        elif isinstance(one, list):
            found += len(one)
            waiting.extend(one)
        elif isinstance(one, dict):
            found += len(one)
            waiting.extend(one.values())
    return found
