"""Result rules of the functions: which values come out of which, for the proof before publishing.

Each rule stands beside its function in the declaration (``shape=``). It mirrors ``call`` over shapes and may be
wider than the truth, never narrower; ``tests/unit/mapping/test_shapes.py`` tries to refute every one.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from integrations.mapping.errors import FunctionError
from integrations.mapping.shapes import (
    NEVER,
    NOTHING,
    UNKNOWN,
    Lists,
    Numbers,
    Shape,
    ShapeContext,
    Texts,
    any_of,
    constant,
    decimal_number,
    decimal_places,
    not_number,
    not_single,
    read_number,
    text,
    text_among,
    whole_number,
    written,
)

ZERO = Decimal(0)


def texts(change: Callable[..., Texts]) -> Callable[..., Shape]:
    """Return the rule of a function that reads its input as text; ``change(texts, **arguments)`` tells what comes."""

    def rule(given: Shape, context: ShapeContext, **arguments: Any) -> Shape:
        # Which texts exactly is lost here; a few of them are told by the function itself (``result_shape``).
        read = replace(written(given), values=None)
        return Shape(text=change(read, **arguments), failures=not_single(given))

    return rule


def numbers(change: Callable[..., Shape]) -> Callable[..., Shape]:
    """Return the rule of a function that reads its input as a number; ``change(numbers, **arguments)``."""

    def rule(given: Shape, context: ShapeContext, **arguments: Any) -> Shape:
        return change(read_number(given), **arguments) | Shape(failures=not_number(given))

    return rule


def _times(count: int | None, factor: int) -> int | None:
    return None if count is None else count * factor


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _at_most(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)


# Text ---------------------------------------------------------------------------------------------------------

MOST_CAPITALS = 3
"""Capitals one letter may become: the small iota with dialytika and tonos has three."""
MOST_SMALL = 2
"""Small letters one capital may become: the dotted I of Turkish has two."""

trim = texts(lambda given: replace(given, shortest=0))
upper = texts(lambda given: Texts(given.shortest, _times(given.longest, MOST_CAPITALS)))
lower = texts(lambda given: Texts(given.shortest, _times(given.longest, MOST_SMALL)))
to_text = texts(lambda given: given)


@texts
def prefix(given: Texts, **arguments: str) -> Texts:
    added = len(arguments["with"])
    return Texts(given.shortest + added, _plus(given.longest, added))


@texts
def truncate(given: Texts, *, length: int) -> Texts:
    return Texts(min(given.shortest, length), _at_most(given.longest, length))


def max_length(given: Shape, context: ShapeContext, *, length: int) -> Shape:
    found = written(given)
    made = Shape(failures=not_single(given))
    if found.shortest <= length:
        longest = _at_most(found.longest, length)
        made = made | Shape(text=Texts(found.shortest, longest, is_target_id=found.is_target_id))
    is_short = found.longest is not None and found.longest <= length
    return made if is_short else made.may_fail(f"stops where it is longer than {length}")


def required(given: Shape, context: ShapeContext) -> Shape:
    made = given.without_empty()
    if made.elements is not None and made.elements.shortest == 0:
        empty = made.elements.longest == 0
        made = replace(made, elements=None if empty else replace(made.elements, shortest=1))
    may_be_empty = given.may_be_empty or made.elements != given.elements
    return made.may_fail("stops where there is no value") if may_be_empty else made


@texts
def pad_left(given: Texts, *, length: int, fill: str) -> Texts:
    longest = None if given.longest is None else max(given.longest, length)
    return Texts(max(given.shortest, length), longest)


@texts
def replace_(given: Texts, *, old: str, new: str) -> Texts:
    if given.longest is None or len(new) <= len(old):
        return Texts(0 if len(new) < len(old) else given.shortest, given.longest)
    found, rest = divmod(given.longest, len(old))
    return Texts(given.shortest, found * len(new) + rest)


def split(given: Shape, context: ShapeContext, *, at: str, part: int) -> Shape:
    made = Shape(text=Texts(0, written(given).longest), failures=not_single(given))
    # A text always has a first and a last part.
    return made if part in (0, -1) else made | NOTHING


def join(given: Shape, context: ShapeContext, **arguments: str) -> Shape:
    if given.unknown or (given.elements is not None and given.elements.positions is None):
        return Shape(text=Texts(), failures=("fails for a list or an object among the sources",))
    positions = (given,) if given.elements is None else given.elements.positions or ()
    longest: int | None = max(0, len(positions) - 1) * len(arguments["with"])
    shortest = 0
    failures: tuple[str, ...] = ()
    for one in positions:
        longest = _plus(longest, written(one).longest)
        shortest += _shortest_stripped(one)
        failures = failures or not_single(one)
    made = Shape(text=Texts(shortest, longest), failures=failures)
    # Beside several sources a single value may come as well (a union of both).
    return made if given.elements is None else made | _single_beside_list(given)


def _single_beside_list(given: Shape) -> Shape:
    alone = replace(given, elements=None)
    return Shape(text=Texts(0, written(alone).longest)) if alone.is_possible else NEVER


def _shortest_stripped(given: Shape) -> int:
    if given.null or given.unknown:
        return 0
    if given.values is not None:
        return min((len(value.strip()) for value in given.values), default=0)
    return 0 if given.text is not None else written(given).shortest


def default(given: Shape, context: ShapeContext, *, value: Any) -> Shape:
    return given.without_empty() | constant(value) if given.may_be_empty else given


def coalesce(given: Shape, context: ShapeContext) -> Shape:
    if given.unknown:
        return UNKNOWN
    alone, listed = replace(given, elements=None), given.elements
    made = NEVER
    if alone.is_possible:
        made = alone.without_empty() | (NOTHING if alone.may_be_empty else NEVER)
    if listed is None:
        return made
    if listed.positions is None:
        return made | listed.element.without_empty() | NOTHING
    for one in listed.positions:
        made = made | one.without_empty()
        if not one.may_be_empty:
            return made
    return made | NOTHING


# Types and formats --------------------------------------------------------------------------------------------

to_decimal = numbers(lambda given: Shape(exact=given))


def to_integer(given: Shape, context: ShapeContext) -> Shape:
    found = read_number(given)
    made = Shape(whole=replace(found, places=0), failures=not_number(given))
    return made if found.places == 0 else made.may_fail("fails for a number with a fraction")


def to_date(given: Shape, context: ShapeContext, *, zone: str, format: str) -> Shape:
    shortest, longest = _written_days(format)
    made = text(longest, shortest=shortest)
    is_time = not (given.unknown or given.text or given.whole or given.exact or given.yes_no)
    is_time = is_time and given.members is None and given.elements is None
    return made if is_time else made.may_fail("fails for a value that is not a date")


_PLAIN_DIRECTIVES = frozenset("YmdHMSfyjaAbBpIuw%")


@lru_cache(maxsize=256)
def _written_days(form: str) -> tuple[int, int | None]:
    """Return the fewest and the most characters of a day in this format; directives of locale or zone have no bound."""
    letters = [form[place + 1 : place + 2] for place in _directives(form)]
    if not all(letter in _PLAIN_DIRECTIVES and letter for letter in letters):
        return 0, None
    start = datetime(9998, 1, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    days = [start + timedelta(days=one) for one in range(366)]
    # A year below 1000 is written without zeros in front on some systems: all its days, months differ in length.
    days += [datetime(1, 1, 1, 9, tzinfo=UTC) + timedelta(days=one) for one in range(365)]
    lengths = [len(day.strftime(form)) for day in days]
    return min(lengths), max(lengths)


def _directives(form: str) -> list[int]:
    places, at = [], form.find("%")
    while at >= 0:
        places.append(at)
        at = form.find("%", at + 2)
    return places


# Numbers and money --------------------------------------------------------------------------------------------


def bounded(least: Decimal | None, most: Decimal | None, places: int | None) -> Shape:
    """Return a Decimal within a range; what has no bound is None."""
    return decimal_number(least, most, places=places)


def rounding(rounded: Callable[[Decimal, int, str], Decimal]) -> Callable[..., Shape]:
    """Return the rule of ``round`` over its own rounding: every mode keeps the order of numbers."""

    @numbers
    def rule(given: Numbers, *, places: int, mode: str) -> Shape:
        def bound(number: Decimal | None) -> Decimal | None:
            try:
                return None if number is None else rounded(number, places, mode)
            except FunctionError:
                return None  # too large to be rounded exactly; so is every number beyond it

        return bounded(bound(given.least), bound(given.most), _at_most(given.places, places))

    return rule


@numbers
def floor(given: Numbers) -> Shape:
    def down(number: Decimal | None) -> Decimal | None:
        return None if number is None else Decimal(number.__floor__())

    return whole_number(down(given.least), down(given.most))


@numbers
def add(given: Numbers, *, number: Decimal) -> Shape:
    least = None if given.least is None else given.least + number
    most = None if given.most is None else given.most + number
    return bounded(least, most, _most_places(given.places, decimal_places(number)))


@numbers
def at_least(given: Numbers, *, number: Decimal) -> Shape:
    least = number if given.least is None else max(given.least, number)
    most = None if given.most is None else max(given.most, number)
    return bounded(least, most, _most_places(given.places, decimal_places(number)))


@numbers
def multiply(given: Numbers, *, by: Decimal) -> Shape:
    ends = [None if end is None else end * by for end in (given.least, given.most)]
    least, most = ends if by >= 0 else ends[::-1]
    if not by:
        least = most = ZERO
    return bounded(least, most, _plus(given.places, decimal_places(by)))


def _most_places(one: int | None, other: int) -> int | None:
    return None if one is None else max(one, other)


def sum_(given: Shape, context: ShapeContext) -> Shape:
    if given.unknown:
        return bounded(None, None, None).may_fail("fails for a value that is not a number")
    alone, made = replace(given, elements=None), NEVER
    if alone.is_possible:
        made = made | _added((alone,))
    if given.elements is None:
        return made
    if given.elements.positions is not None:
        return made | _added(given.elements.positions)
    return made | _added_up(given.elements)


def _added(parts: tuple[Shape, ...]) -> Shape:
    """Return the sum of one value of each part; nothing counts as 0."""
    least: Decimal | None = ZERO
    most: Decimal | None = ZERO
    places: int | None = 0
    failures: tuple[str, ...] = ()
    for part in parts:
        present = part.without_null()
        if not present.is_possible:
            continue
        found, failures = read_number(present), failures or not_number(present)
        if part.null:
            found = found.union(Numbers(ZERO, ZERO, 0))
        least = None if least is None or found.least is None else least + found.least
        most = None if most is None or found.most is None else most + found.most
        places = None if found.places is None else _most_places(places, found.places)
    return Shape(exact=Numbers(least, most, places), failures=failures)


def _added_up(listed: Lists) -> Shape:
    present = listed.element.without_null()
    if not present.is_possible:
        return bounded(ZERO, ZERO, 0)
    found = read_number(present)
    least = ZERO if found.least is not None and found.least >= 0 else None
    most = ZERO if found.most is not None and found.most <= 0 else None
    return Shape(exact=Numbers(least, most, found.places), failures=not_number(present))


def net_unit_price(given: Shape, context: ShapeContext, *, places: int, mode: str) -> Shape:
    positions = None if given.elements is None else given.elements.positions
    failures = ["fails where the quantity is 0"]
    least = None
    if positions is None or len(positions) != 2 or any(one.null or one.unknown for one in positions):
        failures.append("fails without line total or quantity")
    elif all(not not_number(one) and (read_number(one).least or -1) >= 0 for one in positions):
        least = ZERO
    return Shape(exact=Numbers(least, None, places), failures=tuple(failures))


# Lists --------------------------------------------------------------------------------------------------------


def count(given: Shape, context: ShapeContext) -> Shape:
    listed, other = given.elements, replace(given, elements=None)
    least = 0 if listed is None or other.is_possible else listed.shortest
    return whole_number(Decimal(least))


def first(given: Shape, context: ShapeContext) -> Shape:
    if given.unknown or given.elements is None:
        return given
    listed, alone = given.elements, replace(given, elements=None)
    made = listed.positions[0] if listed.positions else listed.element
    return any_of(alone, made, NEVER if listed.shortest else NOTHING)


# Lookup and link ----------------------------------------------------------------------------------------------


def lookup(given: Shape, context: ShapeContext, *, map: str) -> Shape:
    table = context.value_tables.get(map)
    if table is None:
        return replace(UNKNOWN, failures=(f"the value map {map} was not at hand",))
    keys = None if given.values is None else {value.strip() for value in given.values}
    known = table.rows.values() if keys is None else [table.rows[key] for key in keys if key in table.rows]
    made = text_among(*known) | Shape(failures=not_single(given))
    unknown = None if keys is None else keys - set(table.rows)
    if unknown is not None and not unknown:
        return made
    match table.unknown:
        case "pass":
            passed = text_among(*unknown) if unknown else Shape(text=Texts(0, written(given).longest))
            return made | passed
        case "default":
            return made | constant(table.default)
        case "hold":
            return made.may_fail(f"is held for a value that {map} does not list")
    return made.may_fail(f"fails for a value that {map} does not list")


def link(given: Shape, context: ShapeContext, *, kind: str) -> Shape:
    made = Shape(text=Texts(1, None, is_target_id=True), failures=not_single(given))
    return made.may_fail(f"is held while the {kind.replace('_', ' ')} is not linked")


# Address ------------------------------------------------------------------------------------------------------


def codes(known: Callable[[str], frozenset[str]]) -> Callable[..., Shape]:
    """Return the rule of ``state_code``: one of the country's codes."""

    def rule(given: Shape, context: ShapeContext, *, country: str) -> Shape:
        return text_among(*known(country)).may_fail(f"fails for a name that is no state of {country}")

    return rule


def country_of(letters: int) -> Callable[..., Shape]:
    """Return the rule of a function that makes a country's code of so many letters."""
    made = text(letters, shortest=letters).may_fail("fails for a name that is no country")
    return lambda given, context: made
