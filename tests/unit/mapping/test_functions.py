"""Every function of the language by its own declaration: examples, parameters, and values nobody thought of."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.mapping import DocumentError, MappingFailure, MissingLink, UnknownValue
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions import REGISTRY, Example
from tests.unit.mapping.arguments import needed_arguments
from tests.unit.mapping.casefiles import CONTEXT, compiled, spelled

NAMES = sorted(REGISTRY)
EXAMPLES = [(name, example) for name in NAMES for example in REGISTRY[name].examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[f"{name} {e.value!r}" for name, e in EXAMPLES])
def test_an_example_is_true(name: str, example: Example) -> None:
    many = isinstance(example.value, list)
    sources: Any = [f"v{place}" for place in range(len(example.value))] if many else "v"
    step = {"fn": name, **(example.arguments or {})}
    if many and sources:
        record = {f"v{place}": one for place, one in enumerate(example.value)}
    else:
        sources, record = "v", {"v": example.value}
    made = compiled({"to": "made", "from": sources, "do": [step]}).evaluate(record, CONTEXT)
    assert made["made"] == example.result
    assert type(made["made"]) is type(example.result)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_documents_itself(name: str) -> None:
    function = REGISTRY[name]
    assert function.doc.endswith((".", "one")), "a sentence"
    assert function.label and function.category
    assert all(parameter.doc for parameter in function.parameters)
    # Value maps and links depend on a tenant's tables; everything else shows what it does.
    assert function.examples or name in ("lookup", "link", "now")


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_parameter_is_refused_by_name(name: str) -> None:
    step = {"fn": name, **needed_arguments(REGISTRY[name]), "surprise": 1}
    with pytest.raises(DocumentError, match="surprise") as caught:
        compiled({"to": "Target", "from": "x", "do": [step]})
    assert "Target" in caught.value.where
    assert name in caught.value.reason


REQUIRED = [(name, one.name) for name in NAMES for one in REGISTRY[name].parameters if one.required]


@pytest.mark.parametrize(("name", "parameter"), REQUIRED)
def test_a_missing_parameter_is_refused_by_name(name: str, parameter: str) -> None:
    arguments = needed_arguments(REGISTRY[name])
    del arguments[parameter]
    with pytest.raises(DocumentError) as caught:
        compiled({"to": "Target", "from": "x", "do": [{"fn": name, **arguments}]})
    assert "Target" in caught.value.where
    assert repr(parameter) in caught.value.reason


TYPED = [(name, one.name) for name in NAMES for one in REGISTRY[name].parameters if one.type is not object]


@pytest.mark.parametrize(("name", "parameter"), TYPED)
@pytest.mark.parametrize("wrong", [["a"], {"a": 1}, True], ids=["a list", "an object", "a yes"])
def test_a_parameter_of_the_wrong_type_is_refused_by_name(name: str, parameter: str, wrong: Any) -> None:
    arguments = {**needed_arguments(REGISTRY[name]), parameter: wrong}
    with pytest.raises(DocumentError, match=f"{name}: {parameter} takes") as caught:
        compiled({"to": "Target", "from": "x", "do": [{"fn": name, **arguments}]})
    assert "Target" in caught.value.where


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"fn": "round", "places": -1}, "places is at least 0"),
        ({"fn": "round", "places": 10**9}, "places is at most 12"),
        ({"fn": "round", "mode": "bankers"}, "mode is one of half_up"),
        ({"fn": "truncate", "length": -3}, "length is at least 0"),
        ({"fn": "pad_left", "length": 10**9}, "length is at most 10000"),
        ({"fn": "pad_left", "length": 4, "fill": "ab"}, "fill is one character"),
        ({"fn": "pad_left", "length": 4, "fill": ""}, "fill is one character"),
        ({"fn": "replace", "old": ""}, "old cannot be empty"),
        ({"fn": "split", "at": ""}, "at cannot be empty"),
        ({"fn": "to_date", "zone": "Mars/Olympus"}, "zone is an IANA zone"),
        ({"fn": "to_date", "zone": "../../etc/passwd"}, "zone is an IANA zone"),
        ({"fn": "to_date", "zone": "America"}, "zone is an IANA zone"),
        ({"fn": "to_date", "format": "\ud800"}, "format is a strftime format"),
        ({"fn": "state_code", "country": "Texas"}, "country is a two-letter country code"),
        ({"fn": "add", "number": "five"}, "number takes a number"),
        ({"fn": "multiply", "by": "1E+999999"}, "by takes a number"),
        ({"fn": "at_least", "number": "NaN"}, "number takes a number"),
    ],
)
def test_a_parameter_that_can_never_work_is_refused(step: dict[str, Any], words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compiled({"to": "Target", "from": "x", "do": [step]})
    assert "Target" in caught.value.where
    assert words in caught.value.reason


def test_two_functions_cannot_have_one_name() -> None:
    from integrations.mapping.functions import Category, function

    with pytest.raises(ValueError, match="two functions are called trim"):
        function("trim", category=Category.TEXT, doc="Again.")(lambda value, context: value)


ANYTHING = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.decimals(allow_nan=True, allow_infinity=True)
    | some.text(max_size=20)
    | some.datetimes(timezones=some.just(UTC))
    | some.dates()
    | some.sampled_from(["1E+999999", "-0", "1e-400", "0001-01-01T00:00:00Z", "NaN", "Infinity", "١٢"]),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(value=ANYTHING)
@pytest.mark.parametrize("name", NAMES)
def test_no_value_makes_a_function_crash(name: str, value: Any) -> None:
    rule = {"to": "made", "from": "v", "do": [{"fn": name, **needed_arguments(REGISTRY[name])}]}
    mapping = compiled(rule)
    try:
        first = mapping.evaluate({"v": value}, CONTEXT)
    except (MappingFailure, MissingLink, UnknownValue):
        return
    assert spelled(first) == spelled(mapping.evaluate({"v": value}, CONTEXT))


@settings(max_examples=200, deadline=None)
@given(amount=some.decimals(-(10**12), 10**12, places=6), places=some.integers(0, 4))
@pytest.mark.parametrize("mode", ["half_up", "half_even", "down", "up", "floor"])
def test_rounding_moves_an_amount_by_less_than_one_step(mode: str, amount: Decimal, places: int) -> None:
    made = REGISTRY["round"].call(amount, CONTEXT, places=places, mode=mode)
    step = Decimal(1).scaleb(-places)
    assert abs(made - amount) < step
    assert made.as_tuple().exponent == -places
    if mode.startswith("half"):
        assert abs(made - amount) <= step / 2


# Hypothesis takes the bounds without a zone.
FIRST, LAST = datetime(1900, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001


@settings(max_examples=200, deadline=None)
@given(moment=some.datetimes(FIRST, LAST, timezones=some.just(UTC)))
@pytest.mark.parametrize("zone", ["America/Chicago", "Europe/Berlin", "Pacific/Kiritimati", "UTC"])
def test_a_calendar_day_is_at_most_one_away_from_the_day_in_utc(zone: str, moment: datetime) -> None:
    made = REGISTRY["to_date"].call(moment, CONTEXT, zone=zone, format="%Y-%m-%d")
    assert abs((date.fromisoformat(made) - moment.date()).days) <= 1


def test_a_quoted_value_in_a_failure_is_short() -> None:
    with pytest.raises(FunctionError) as caught:
        REGISTRY["to_decimal"].call("x" * 1_000_000, CONTEXT)
    assert len(str(caught.value)) < 100
