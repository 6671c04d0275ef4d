"""Generated code against the interpreter: same value or same failure at the same place, for any document.

The interpreter is what traces walk, so this is also the proof that a trace cannot tell another story.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some

from integrations.mapping import (
    CompiledMapping,
    DocumentError,
    EvaluationContext,
    MappingFailure,
    MissingLink,
    UnknownValue,
    ValueTable,
)
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions import REGISTRY
from tests.unit.mapping.arguments import STEPS
from tests.unit.mapping.casefiles import NOW, cases, compiled, context_of, spelled

CONTEXT = EvaluationContext(
    now=NOW,
    value_tables={
        "m": ValueTable("m", 1, {"a": "A", "": "none"}, "hold"),
        "p": ValueTable("p", 1, {}, "pass"),
    },
    links={("product", "a"): "A1"},
    rates={("USD", "EUR"): Decimal("0.92")},
)
NAMES = some.sampled_from(["a", "b", "c", "items", "lines"])
TEXTS = some.sampled_from(
    ["", " ", "a", " A ", "-0", "5.00", "1E+40", "NaN", "2026-03-08T07:59:00Z", "héé", "x" * 300]
)
LEAVES = (
    some.none()
    | some.booleans()
    | some.integers(-3, 10**12)
    | TEXTS
    | some.decimals(-1000, 1000, places=3)
    | some.sampled_from([Decimal(one) for one in ("-0.00", "NaN", "sNaN", "Infinity", "1E+50")] + [10**40])
    | some.sampled_from([datetime(2026, 3, 8, 8, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
)  # fmt: skip
VALUES = some.recursive(
    LEAVES,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
RECORDS = some.dictionaries(NAMES, VALUES, max_size=5)
PATHS = some.builds(
    lambda start, parts: ".".join([*start, *parts]),
    some.sampled_from([[], [], [], ["$"], ["^"], ["^", "^"]]),
    some.lists(
        some.builds(str.__add__, NAMES, some.sampled_from(["", "", "", "[0]", "[1]", "[]"])),
        min_size=1,
        max_size=3,
    ),
)
WRITTEN = some.none() | some.booleans() | some.integers(-3, 100) | some.floats(-5, 5, width=16) | TEXTS
LEAF = some.one_of(
    some.fixed_dictionaries(
        {"field": PATHS, "op": some.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), "value": WRITTEN}
    ),
    some.fixed_dictionaries(
        {"field": PATHS, "op": some.sampled_from(["in", "not_in"]), "value": some.lists(WRITTEN, max_size=6)}
    ),
    some.fixed_dictionaries(
        {
            "field": PATHS,
            "op": some.sampled_from(["starts_with", "contains"]),
            "value": some.sampled_from(["a", "5"]),
        }
    ),
    some.fixed_dictionaries({"field": PATHS, "op": some.just("is_empty"), "value": some.booleans()}),
)
CONDITIONS = some.recursive(
    LEAF,
    lambda inner: (
        some.fixed_dictionaries({"all": some.lists(inner, min_size=1, max_size=3)})
        | some.fixed_dictionaries({"any": some.lists(inner, min_size=1, max_size=3)})
        | some.fixed_dictionaries({"not": inner})
    ),
    max_leaves=4,
)
PIPELINES = some.lists(some.sampled_from(STEPS), max_size=4)
TARGETS = some.sampled_from(["x", "y", "z", "Ship.City", "Ship.Zip", "Ship.To.Name", "u.v"])
CONSTANTS = WRITTEN | some.lists(WRITTEN, max_size=2) | some.dictionaries(NAMES, WRITTEN, max_size=2)


def _rule(
    source: some.SearchStrategy[dict[str, Any]], *, is_inside: bool
) -> some.SearchStrategy[dict[str, Any]]:
    """Return rules with this source, with and without a condition, an else and a way to write."""
    ways = ["always", "on_create"] if is_inside else ["always", "on_create", "if_empty"]
    common = {"to": TARGETS, "write": some.sampled_from(ways)}
    return some.builds(
        lambda one, two, three: {**one, **two, **three},
        some.fixed_dictionaries(common),
        source,
        some.just({})
        | some.fixed_dictionaries({"when": CONDITIONS})
        | some.fixed_dictionaries({"when": CONDITIONS, "else": CONSTANTS}),
    )


SOURCES = (
    some.fixed_dictionaries({"from": PATHS, "do": PIPELINES})
    | some.fixed_dictionaries({"from": some.lists(PATHS, min_size=1, max_size=3), "do": PIPELINES})
    | some.fixed_dictionaries({"value": CONSTANTS, "do": PIPELINES})
)


def _lists(depth: int) -> some.SearchStrategy[dict[str, Any]]:
    rules = _rule(SOURCES, is_inside=True)
    if depth:
        rules = rules | _rule(_lists(depth - 1), is_inside=True)
    inner = some.lists(rules, max_size=3, unique_by=lambda rule: rule["to"])
    return some.fixed_dictionaries({"each": PATHS, "rules": inner}, optional={"where": CONDITIONS})


RULES = some.lists(
    _rule(SOURCES, is_inside=False) | _rule(_lists(1), is_inside=False),
    min_size=1, max_size=5, unique_by=lambda rule: rule["to"],
)  # fmt: skip


def outcome(run: Callable[..., Any], record: Any, context: EvaluationContext, **options: Any) -> Any:
    """Return what came of an evaluation, failures told by everything they say."""
    try:
        return spelled(run(record, context, **options))
    except MappingFailure as failure:
        return ("failure", failure.target, failure.source, spelled_any(failure.value), failure.reason)
    except (MissingLink, UnknownValue) as hold:
        return (type(hold).__name__, str(hold))


def spelled_any(value: Any) -> str:
    return repr(spelled(value))


def traced(mapping: CompiledMapping, record: Any, options: Mapping[str, Any]) -> Any:
    """Return (target, reason) of the first failure of a trace, or None."""
    failed = [trace for trace in mapping.trace(record, CONTEXT, **options) if trace.failure]
    return (failed[0].target, failed[0].failure) if failed else None


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules=RULES, record=RECORDS, creating=some.booleans(), existing=some.none() | RECORDS)
def test_generated_code_and_the_interpreter_agree(
    rules: list[Any], record: dict[str, Any], creating: bool, existing: dict[str, Any] | None
) -> None:
    try:
        mapping = compiled(*rules)
    except DocumentError:
        assume(False)
    options = {"creating": creating, "existing": existing}
    made = outcome(mapping.evaluate, record, CONTEXT, **options)
    assert made == outcome(mapping.interpret, record, CONTEXT, **options)
    first = traced(mapping, record, options)
    if isinstance(made, tuple):
        assert first is not None
        assert first[1] == made[-1]
    else:
        assert first is None


ALL = list(cases())


@pytest.mark.parametrize("case", [case for _, case in ALL], ids=[name for name, _ in ALL])
def test_a_case_is_the_same_in_generated_code_and_in_the_interpreter(case: dict[str, Any]) -> None:
    mapping, context = compiled(*case["rules"]), context_of(case)
    options = {"creating": case.get("creating", True), "existing": case.get("existing")}
    made = outcome(mapping.evaluate, case["record"], context, **options)
    assert made == outcome(mapping.interpret, case["record"], context, **options)


@settings(max_examples=40, deadline=None)
@given(value=VALUES)
@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_prepared_function_is_the_function(name: str, value: Any) -> None:
    function = REGISTRY[name]
    if value is None and not function.takes_null:
        return
    for step in STEPS:
        if (step if isinstance(step, str) else step["fn"]) != name:
            continue
        given_arguments = (
            {} if isinstance(step, str) else {key: one for key, one in step.items() if key != "fn"}
        )
        arguments = function.bind(given_arguments, "here")
        prepared, plain = function.specialise(arguments), function.call
        assert _result(lambda call=prepared: call(value, CONTEXT)) == _result(
            lambda call=plain, arguments=arguments: call(value, CONTEXT, **arguments)
        )


def _result(run: Callable[[], Any]) -> Any:
    try:
        return spelled_any(run())
    except (FunctionError, ArithmeticError, MissingLink, UnknownValue) as error:
        return type(error).__name__, str(error)
