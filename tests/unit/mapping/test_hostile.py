"""Mappings and records made to hang a worker or to fill its memory: each is refused, soon.

Soon is told by work, not by a clock: the bound of ``budget`` stops them before the work is done. A test that hangs
fails by the runner's time limit.
"""

import sys
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from integrations.mapping import DocumentError, MappingFailure, MissingLink, UnknownValue
from integrations.mapping.budget import MAX_ELEMENTS
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions import REGISTRY
from tests.unit.mapping.arguments import STEPS, needed_arguments
from tests.unit.mapping.casefiles import CONTEXT, compiled

LARGE = {"items": [{"n": Decimal("1.00")} for _ in range(5_000)], "text": "a" * 1_000_000}
PAD = {"fn": "pad_left", "length": 10_000}
GROW = {"fn": "replace", "old": "a", "new": "a" * 50}


def each(*rules: dict[str, Any], source: str = "items") -> dict[str, Any]:
    return {"to": "made", "each": source, "rules": list(rules)}


def many(count: int, **words: Any) -> list[dict[str, Any]]:
    return [{"to": f"f{place}", **words} for place in range(count)]


TOO_MUCH = {
    "a sum of all lines in every line": each({"to": "x", "from": "$.items[].n", "do": ["sum"]}),
    "a long text worked on in every line": each({"to": "x", "from": "$.text", "do": ["upper"]}),
    "a text made long in every line": each(*many(20, value="x", do=[PAD])),
    "a text that grows in every line": each({"to": "x", "value": "a" * 30, "do": [GROW, GROW]}),
    "a list of all lines within every line": each(each({"to": "x", "value": 1}, source="$.items")),
    "five hundred rules for every line": each(
        *many(480, **{"from": "n", "do": ["round"] * 3}), source="items"
    ),
    "a large constant in every line": each({"to": "x", "value": ["x" * 1000] * 100}),
    "a long list in a condition of every line": each(
        {"to": "x", "value": 1, "when": {"field": "$.items", "op": "eq", "value": 5}}
    ),
}


@pytest.mark.parametrize("rule", TOO_MUCH.values(), ids=TOO_MUCH)
def test_work_that_multiplies_with_the_lines_is_refused_in_little_memory(rule: dict[str, Any]) -> None:
    mapping = compiled(rule)
    tracemalloc.start()
    try:
        with pytest.raises(MappingFailure):
            mapping.evaluate(LARGE, CONTEXT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 350_000_000


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (many(400, **{"from": "a", "do": ["trim"] * 6}), "2400 steps in all"),
        (many(60, **{"from": ["a"] * 40, "do": ["join"]}), "2400 sources in all"),
        ([{"to": "x", "value": [[1] * 60 for _ in range(60)]}], "values in constants in all"),
        ([{"to": "x", "from": "a", "do": [{"fn": "regex_extract", "pattern": "(((a{1000}){1000}){1000})"}]}], "RE2"),
        ([{"to": "x", "from": "a", "do": [{"fn": "regex_extract", "pattern": "a" * 501}]}], "1 to 500"),
        ([{"to": "x", "from": "a", "do": [{"fn": "regex_extract", "pattern": "("}]}], "no pattern RE2 reads"),
        ([{"to": "x", "from": "a", "do": [{"fn": "regex_extract", "pattern": "a", "group": 3}]}], "the pattern has 0"),
        ([{"to": "x", "from": "#"}], "'#' is the place in a list"),
        ([{"to": "x", "from": "#.a"}], "not readable"),
        ([{"to": "x[]", "from": "a"}], "the target 'x[]'"),
        ([{"to": "x", "from": "a", "do": [{"fn": "where", "field": "a", "op": "in", "value": 1}]}], "in takes a list"),
        ([{"to": "x", "from": "a", "do": [{"fn": "where", "field": "a[0]"}]}], "is a field of the element"),
        ([{"to": "x", "from": "a", "do": [{"fn": "case", "cases": {}}]}], "takes an object of 1 to 200 cases"),
        ([{"to": "x", "from": "a", "do": [{"fn": "parse_date", "format": "%Q"}]}], "is a strptime format"),
        ([{"to": "x", "from": "a", "do": [{"fn": "divide", "by": 0}]}], "by cannot be 0"),
        ([{"to": "x", "from": "a", "do": [{"fn": "convert_currency", "to": "euro"}]}], "three-letter currency code"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_a_document_that_asks_for_too_much_is_refused(rules: list[Any], words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(*rules)
    assert words in caught.value.reason
    assert len(str(caught.value)) < 500


def test_the_largest_document_compiles_and_evaluates() -> None:
    rules = many(
        499, **{"from": ["a", "b", "c"], "do": ["coalesce", "trim", "upper", {"fn": "truncate", "length": 9}]}
    )
    made = compiled(*rules, each(*many(1, **{"from": "n"}))).evaluate(
        {"a": "", "b": None, "c": " x ", "items": [{"n": 1}]}, CONTEXT
    )
    assert made["f498"] == "X"


def test_names_out_of_a_document_are_never_code() -> None:
    evil = '__import__("os").system("x")'
    names = [evil, "def", "e0", "context", "left", "'; x = 1 #", "t1", "isinstance", "\n", "\\", "{}", "None"]
    rules = [
        {"to": name, "from": f"{name}", "do": [{"fn": "default", "value": name}]}
        for name in names
        if "." not in name
    ]
    rules += [{"to": f"o{place}", "from": "a", "when": {"field": "a", "op": "eq", "value": name}, "else": name}
              for place, name in enumerate(names)]  # fmt: skip
    record = {name: f"value of {name}" for name in names}
    made = compiled(*rules).evaluate(record, CONTEXT)
    assert all(made[name] == record[name] for name in names if "." not in name)
    assert [made[f"o{place}"] for place in range(len(names))] == names


def deep(depth: int) -> Any:
    made: Any = {"n": 1}
    for _ in range(depth):
        made = {"items": [made], "a": {"b": made}}
    return made


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_deep_record_does_not_break_a_function(name: str) -> None:
    function = REGISTRY[name]
    call = function.specialise(function.bind(needed_arguments(function), "here"))
    depth = sys.getrecursionlimit() - 150
    for value in (_chain(depth, lambda inner: [inner]), _chain(depth, lambda inner: {"a": inner})):
        try:
            call(value, CONTEXT)
        except (FunctionError, ArithmeticError, MissingLink, UnknownValue):
            continue


def _chain(depth: int, wrap: Callable[[Any], Any]) -> Any:
    made: Any = "x"
    for _ in range(depth):
        made = wrap(made)
    return made


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_no_function_makes_more_than_a_long_text_or_list_of_much(step: dict[str, Any]) -> None:
    mapping = compiled({"to": "x", "from": "v", "do": [step]}, {"to": "y", "from": "w", "do": [step]})
    texts, elements = "a1 ," * 50_000, [{"a": "x", "n": 1}] * (MAX_ELEMENTS + 1)
    for record in ({"v": texts, "w": 1}, {"v": elements, "w": 1}, {"v": 1, "w": [texts] * 5}):
        try:
            made = mapping.evaluate(record, CONTEXT)
        except (MappingFailure, MissingLink, UnknownValue):
            continue
        for value in made.values():
            assert not isinstance(value, str) or len(value) <= len(texts) * 3
            assert not isinstance(value, list) or len(value) <= MAX_ELEMENTS + 1


NUMBERS = some.integers() | some.decimals(allow_nan=True) | some.floats()
RECORDS = some.recursive(
    some.none() | some.booleans() | NUMBERS | some.text(max_size=30) | some.binary(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=5) | some.dictionaries(some.text(max_size=5) | some.just("a"), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=RECORDS, steps=some.lists(some.sampled_from(STEPS), min_size=1, max_size=5))
def test_any_pipeline_on_any_value_makes_one_or_says_why_not(value: Any, steps: list[Any]) -> None:
    mapping = compiled(
        {"to": "x", "from": "a", "do": steps}, each({"to": "y", "from": "a", "do": steps}, source="a")
    )
    try:
        mapping.evaluate({"a": value}, CONTEXT)
    except (MappingFailure, MissingLink, UnknownValue):
        return
