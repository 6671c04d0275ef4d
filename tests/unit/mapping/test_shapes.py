"""Result rules against their functions: whatever a function makes must lie in the shape its rule tells."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.mapping import DocumentError, EvaluationContext, MissingLink, UnknownValue, ValueTable
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions import REGISTRY, rules
from integrations.mapping.shapes import (
    NOTHING,
    UNKNOWN,
    Lists,
    Numbers,
    Shape,
    ShapeContext,
    any_of,
    constant,
    decimal_places,
    text,
    text_among,
)
from tests.unit.mapping.casefiles import NOW

TABLES = {
    policy: ValueTable(policy, 1, {"a": "AA", "": "none", "1": "one"}, policy, "rest")  # type: ignore[arg-type]
    for policy in ("fail", "hold", "default", "pass")
}


class Linked(dict[Any, str]):
    """Every key is linked, each to its own text."""

    def get(self, key: Any, default: Any = None) -> str:
        return f"L{key[1]}"


CONTEXT = EvaluationContext(now=NOW, value_tables=TABLES, links=Linked())
SHAPES = ShapeContext(TABLES)
ARGUMENTS: dict[str, Any] = {
    "with": some.text(max_size=3),
    "length": some.integers(0, 12),
    "fill": some.sampled_from("0 é"),
    "old": some.text(min_size=1, max_size=2),
    "new": some.text(max_size=4),
    "at": some.sampled_from([" ", "-", "a", "ab"]),
    "part": some.integers(-3, 3),
    "value": some.sampled_from(["x", "", 3, Decimal("1.5"), True]),
    "number": some.decimals(-100, 100, places=2),
    "by": some.decimals(-100, 100, places=2),
    "places": some.integers(0, 6),
    "map": some.sampled_from(sorted(TABLES)),
    "kind": some.just("product"),
    "zone": some.sampled_from(["UTC", "America/Chicago", "Pacific/Kiritimati"]),
    "country": some.sampled_from(["US", "DE", "CA"]),
    "pattern": some.sampled_from(["[0-9]+", "(a)?b", "^$"]),
    "field": some.sampled_from(["a", "a.b"]),
    "name": some.sampled_from(["a", "city"]),
    "op": some.sampled_from(["eq", "ne", "is_empty"]),
    "cases": some.dictionaries(
        some.sampled_from(["", "a", "3"]), some.sampled_from(["x", 1, None]), min_size=1
    ),
    "else": some.sampled_from(["x", None, Decimal("1.5")]),
    "days": some.integers(-400, 400),
    "text": some.sampled_from(["a", "XC-"]),
    "of": some.decimals(-100, 100, places=2),
    "only": some.sampled_from(["digits", "ascii"]),
    "to": some.sampled_from(["USD", "EUR"]),
}
FORMATS = some.sampled_from(["%Y-%m-%d", "%d.%m.%y", "%B %d, %Y", "%A %j", "%c", "%%%H", "", "%Z %z"])
SCALARS = (
    some.none()
    | some.booleans()
    | some.integers(-1000, 1000)
    | some.decimals(-1000, 1000, places=4)
    | some.decimals(allow_nan=False, allow_infinity=False)
    | some.text(max_size=12)
    | some.sampled_from(
        ["", " ", "a", " 1 ", "7.25", "ß", "ΐ", "İ", "US", "Texas", "tx", "2026-03-02", "1e3"]
    )
    | some.datetimes(timezones=some.just(UTC))
    | some.dates()
)
VALUES = (
    SCALARS | some.lists(SCALARS, max_size=4) | some.dictionaries(some.text(max_size=2), SCALARS, max_size=2)
)


def lies_in(value: Any, shape: Shape) -> bool:
    """Return whether a value is one of those the shape tells."""
    if shape.unknown:
        return True
    match value:
        case None:
            return shape.null
        case bool():
            return shape.yes_no
        case str():
            told = shape.text
            if told is None or (told.values is not None and value not in told.values):
                return False
            return told.shortest <= len(value) and (told.longest is None or len(value) <= told.longest)
        case int():
            return shape.whole is not None and in_range(Decimal(value), shape.whole)
        case Decimal():
            return shape.exact is not None and in_range(value, shape.exact)
        case datetime():
            return shape.moment
        case date():
            return shape.day
        case list():
            return shape.elements is not None and in_list(value, shape.elements)
        case Mapping():
            members = shape.members
            return (
                members is not None
                and (members.is_open or all(name in members.members for name in value))
                and all(lies_in(value.get(name), members.member(name)) for name in members.members)
            )
    return False


def in_range(number: Decimal, told: Numbers) -> bool:
    return (
        (told.least is None or number >= told.least)
        and (told.most is None or number <= told.most)
        and (told.places is None or decimal_places(number) <= told.places)
    )


def in_list(value: list[Any], told: Lists) -> bool:
    if len(value) < told.shortest or (told.longest is not None and len(value) > told.longest):
        return False
    if told.positions is not None:
        return len(value) == len(told.positions) and all(map(lies_in, value, told.positions))
    return all(lies_in(one, told.element) for one in value)


def widened(shape: Shape, draw: Any) -> Shape:
    """Return a shape that tells less: no enumerated texts, no places, no bounds, lists without positions."""
    if shape.text is not None and draw(some.booleans()):
        longest = shape.text.longest if draw(some.booleans()) else None
        shape = replace(shape, text=replace(shape.text, values=None, longest=longest))
    if shape.exact is not None and draw(some.booleans()):
        shape = replace(shape, exact=Numbers(None, shape.exact.most, shape.exact.places))
    if shape.whole is not None and draw(some.booleans()):
        shape = replace(shape, whole=Numbers(shape.whole.least, None, 0))
    if shape.elements is not None and draw(some.booleans()):
        shape = replace(shape, elements=replace(shape.elements, positions=None))
    if draw(some.integers(0, 9)) == 0:
        shape = shape | UNKNOWN
    return shape


@settings(max_examples=100, deadline=None)
@given(choice=some.data(), values=some.lists(VALUES, min_size=1, max_size=3))
@pytest.mark.parametrize("name", [name for name in sorted(REGISTRY) if REGISTRY[name].shape])
def test_what_a_function_makes_lies_in_the_shape_its_rule_tells(
    name: str, choice: Any, values: list[Any]
) -> None:
    function = REGISTRY[name]
    told = widened(any_of(*map(constant, values)), choice.draw)
    arguments = {
        one.name: choice.draw(
            some.sampled_from(one.choices)
            if one.choices
            else FORMATS
            if one.name == "format"
            else ARGUMENTS.get(one.name, some.just(one.default))
        )
        for one in function.parameters
    }
    if function.check is not None:
        try:
            function.check(arguments, name)
        except DocumentError:
            return
    shape = function.result_shape(told, SHAPES, arguments)
    for value in values:
        assert lies_in(value, told)
        if value is None and not function.takes_null:
            assert shape.null
            continue
        try:
            made = function.call(value, CONTEXT, **arguments)
        except (FunctionError, MissingLink, UnknownValue, ArithmeticError):
            continue
        assert lies_in(made, shape), (name, arguments, value, made, shape)


def test_no_letter_becomes_longer_than_the_rules_say() -> None:
    letters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    assert max(len(letter.upper()) for letter in letters) == rules.MOST_CAPITALS
    assert max(len(letter.lower()) for letter in letters) == rules.MOST_SMALL


def shape_after(given: Shape, *steps: Any) -> Shape:
    for step in steps:
        name, arguments = (step, {}) if isinstance(step, str) else (step["fn"], step)
        function = REGISTRY[name]
        bound = function.bind({word: value for word, value in arguments.items() if word != "fn"}, "test")
        given = function.result_shape(given, SHAPES, bound)
    return given


def test_the_shape_of_a_guarded_value_is_exact() -> None:
    assert shape_after(text(255), "trim", {"fn": "truncate", "length": 30}) == text(30)
    assert shape_after(NOTHING | text(20), {"fn": "default", "value": "USA"}) == text(20, shortest=1)
    assert shape_after(text_among("a", "b"), "upper") == text_among("A", "B")
    assert shape_after(constant([None, "x"]), "coalesce") == text_among("x")
    assert shape_after(constant(["Pat", "Lee"]), "join").text == text(7, shortest=6).text


def test_a_value_map_that_is_at_hand_tells_all_it_can_give() -> None:
    assert shape_after(text(9), {"fn": "lookup", "map": "hold"}).values == {"AA", "none", "one"}
    assert shape_after(text(9), {"fn": "lookup", "map": "default"}).values == {"AA", "none", "one", "rest"}
    passed = shape_after(text(9), {"fn": "lookup", "map": "pass"})
    assert passed.values is None and passed.text is not None and passed.text.longest == 9
    assert shape_after(text_among("a"), {"fn": "lookup", "map": "fail"}) == text_among("AA")
    assert shape_after(text(9), {"fn": "lookup", "map": "elsewhere"}).unknown


def test_a_function_without_a_rule_tells_nothing() -> None:
    bare = replace(REGISTRY["trim"], shape=None)
    assert bare.result_shape(text(3), SHAPES, {}).unknown
