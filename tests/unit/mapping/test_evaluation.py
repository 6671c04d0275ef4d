"""What must hold of every evaluation: same input same bytes, bounded cost, nothing shared, nothing changed."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.kinds import canonical_json
from integrations.mapping import MappingFailure
from integrations.mapping.compiler import MAX_ELEMENTS
from tests.unit.mapping.casefiles import CONTEXT, compiled

LINES = {
    "to": "lines",
    "each": "items",
    "rules": [
        {"to": "sku", "from": "sku", "do": ["trim", "upper"]},
        {"to": "price", "from": ["total", "amount"], "do": [{"fn": "net_unit_price", "places": 4}]},
        {"to": "number", "from": "$.number"},
    ],
}


def order(lines: int) -> dict[str, Any]:
    items = [{"sku": f" a{n} ", "total": Decimal("10.01"), "amount": n % 7 + 1} for n in range(lines)]
    return {"number": "1043", "items": items}


def test_an_order_of_ten_thousand_lines_is_mapped_whole() -> None:
    made = compiled(LINES).evaluate(order(10_000), CONTEXT)
    assert len(made["lines"]) == 10_000
    assert made["lines"][9_999] == {"sku": "A9999", "price": Decimal("2.5025"), "number": "1043"}


def test_a_list_beyond_the_bound_is_refused_with_its_length() -> None:
    with pytest.raises(MappingFailure, match="more than 20000 elements") as caught:
        compiled(LINES).evaluate({"items": [{}] * (MAX_ELEMENTS + 1)}, CONTEXT)
    assert caught.value.value == MAX_ELEMENTS + 1


def test_lists_in_lists_cannot_multiply_without_bound() -> None:
    squared = {
        "to": "a",
        "each": "items",
        "rules": [{"to": "b", "each": "$.items", "rules": [{"to": "c", "value": 1}]}],
    }
    with pytest.raises(MappingFailure, match="100000 in all lists"):
        compiled(squared).evaluate({"items": [{}] * 5_000}, CONTEXT)


def test_a_record_is_not_changed_by_its_mapping() -> None:
    record = order(3)
    before = deepcopy(record)
    compiled(LINES, {"to": "a.b", "from": "number"}).evaluate(record, CONTEXT)
    assert record == before


def test_a_constant_changed_by_its_receiver_stays_what_the_document_says() -> None:
    mapping = compiled(
        {"to": "codes", "value": ["N"]},
        {"to": "other", "value": 1, "when": {"field": "no", "op": "eq", "value": 1}, "else": {"a": []}},
        {"to": "tags", "from": "tags", "do": [{"fn": "default", "value": ["new"]}]},
        {"to": "case", "from": "no", "do": [{"fn": "case", "cases": {"": [1]}}]},
    )
    made = mapping.evaluate({}, CONTEXT)
    made["codes"].append("P")
    made["other"]["a"].append(1)
    made["tags"].append("x")
    made["case"].append("x")
    again = {"codes": ["N"], "other": {"a": []}, "tags": ["new"], "case": [1]}
    assert mapping.evaluate({}, CONTEXT) == mapping.interpret({}, CONTEXT) == again


@pytest.mark.parametrize("way", ["evaluate", "interpret"])
def test_the_interpreter_hands_out_constants_that_may_be_changed_too(way: str) -> None:
    mapping = compiled({"to": "x", "from": "x", "do": [{"fn": "default", "value": ["a"]}]})
    getattr(mapping, way)({}, CONTEXT)["x"].append("b")
    assert getattr(mapping, way)({}, CONTEXT) == {"x": ["a"]}


def test_floats_of_a_json_column_become_exact_numbers() -> None:
    mapping = compiled(
        {"to": "rate", "value": 0.1},
        {"to": "product", "from": "price", "do": [{"fn": "multiply", "by": 1.1}]},
        {"to": "or", "from": "missing", "do": [{"fn": "default", "value": 2.5}]},
        {"to": "hit", "value": True, "when": {"field": "price", "op": "gt", "value": 9.99}, "else": 0.5},
    )
    made = mapping.evaluate({"price": Decimal("10.00")}, CONTEXT)
    assert made == {"rate": Decimal("0.1"), "product": Decimal("11.000"), "or": Decimal("2.5"), "hit": True}
    assert not any(isinstance(value, float) for value in made.values())


def test_the_order_of_keys_in_a_record_does_not_matter() -> None:
    mapping = compiled({"to": "whole", "from": "$"})
    one = mapping.evaluate({"a": 1, "b": {"c": Decimal("5.0"), "d": 2}}, CONTEXT)
    two = mapping.evaluate({"b": {"d": 2, "c": Decimal("5.00")}, "a": 1}, CONTEXT)
    assert canonical_json(one) == canonical_json(two)


VALUES = some.none() | some.booleans() | some.integers(-(10**9), 10**9) | some.text(max_size=10)
ITEMS = some.fixed_dictionaries(
    {"sku": VALUES, "total": some.decimals(-1000, 1000, places=2), "amount": some.integers(-3, 9)}
)


@settings(max_examples=150, deadline=None)
@given(items=some.lists(ITEMS, max_size=6), number=VALUES)
def test_same_input_same_bytes_and_the_trace_agrees(items: list[Any], number: Any) -> None:
    record = {"items": items, "number": number}
    mapping = compiled(LINES, {"to": "n", "from": "number", "do": ["to_text"]})
    traces = {trace.target: trace for trace in mapping.trace(record, CONTEXT)}
    failed = [trace for trace in traces.values() if trace.failure]
    try:
        made = mapping.evaluate(record, CONTEXT)
    except MappingFailure as failure:
        assert traces[failure.target].failure == failure.reason
        assert failed[0].target == failure.target, "the first failing field is the one that is reported"
        return
    assert not failed
    assert canonical_json(made) == canonical_json(mapping.evaluate(deepcopy(record), CONTEXT))
    for place, line in enumerate(made["lines"]):
        assert {name: traces[f"lines[{place}].{name}"].value for name in line} == line


def test_a_trace_tells_sources_steps_and_values_in_order() -> None:
    mapping = compiled(
        {"to": "Name", "from": ["first", "last"], "do": ["join", {"fn": "truncate", "length": 5}]}
    )
    (trace,) = mapping.trace({"first": "Pat", "last": "Lee"}, CONTEXT)
    assert trace.sources == (("first", "Pat"), ("last", "Lee"))
    assert trace.steps == [("join", "Pat Lee"), ("truncate 5", "Pat L")]
    assert (trace.target, trace.value, trace.skipped, trace.failure) == ("Name", "Pat L", False, "")


def test_a_trace_goes_on_behind_a_failure_and_a_list_that_is_none() -> None:
    mapping = compiled(
        {"to": "lines", "each": "items", "rules": [{"to": "x", "from": "x"}]},
        {"to": "amount", "from": "amount", "do": ["to_decimal"]},
        {"to": "name", "from": "name"},
    )
    traces = {
        trace.target: trace for trace in mapping.trace({"items": 5, "amount": "a", "name": "Pat"}, CONTEXT)
    }
    assert traces["lines"].failure == "is not a list"
    assert traces["amount"].failure == "'a' is not a number"
    assert traces["name"].value == "Pat"


def test_how_fields_are_written_is_known_of_a_mapping() -> None:
    nested = {"to": "lines", "each": "items", "rules": [{"to": "x", "from": "x", "write": "on_create"}]}
    assert compiled(nested).write_modes == {"always", "on_create"}
    assert compiled({"to": "x", "from": "x", "write": "if_empty"}).write_modes == {"if_empty"}
