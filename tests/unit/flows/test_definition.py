"""Flow definitions that are not right are refused with their place, before a record meets them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.flows.definition import NEEDED_OPTIONS, compile_flow
from integrations.flows.runner import STEPS
from integrations.kinds import Direction, Kind
from integrations.mapping import DocumentError

GOOD: dict[str, Any] = {
    "key": "order_out", "kind": "order", "direction": "to_erp",
    "steps": [{"type": "fetch"}, {"id": "out", "type": "map", "mapping": "m"}, {"type": "write"}],
    "mappings": {"m": {"rules": [{"to": "a", "from": "b", "do": [{"fn": "lookup", "map": "codes"}]}]}},
}  # fmt: skip
ITEM = {"kind": "order", "from": "a"}
LINES = {"lines": {"each": "items", "amount": "amount"}}


def test_a_good_definition_says_what_it_is() -> None:
    flow = compile_flow(
        {**GOOD, "policies": {"on_change": "skip", "retry": {"max_attempts": 3}}}, version_number=7
    )
    assert (flow.key, flow.kind, flow.direction) == ("order_out", Kind.ORDER, Direction.TO_ERP)
    assert [step.id for step in flow.steps] == ["fetch", "out", "write"]
    assert flow.value_maps == {"codes"}
    assert (flow.retry.max_attempts, flow.retry.first_seconds, flow.on_change) == (3, 2.0, "skip")
    assert flow.creates and not flow.links_per_record


def test_value_maps_inside_lists_are_known_too() -> None:
    inner = {"to": "a", "from": "b", "do": [{"fn": "lookup", "map": "inner"}]}
    mapping = {"rules": [{"to": "lines", "each": "x", "rules": [inner]}]}
    assert compile_flow({**GOOD, "mappings": {"m": mapping}}).value_maps == {"inner"}


def test_the_runner_knows_every_step_type() -> None:
    assert set(STEPS) == set(NEEDED_OPTIONS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": 5}, "'key' is a text"),
        ({"kind": "orders"}, "'kind' is one of order"),
        ({"kind": ["order"]}, "'kind' is one of order"),
        ({"direction": "up"}, "'direction' is one of to_erp"),
        ({"steps": []}, "1 to 50 steps"),
        ({"steps": None}, "1 to 50 steps"),
        ({"steps": "fetch"}, "1 to 50 steps"),
        ({"steps": [{"type": "fetch"}] * 51}, "1 to 50 steps"),
        ({"steps": ["fetch"]}, "'type' is one of"),
        ({"steps": [{"type": ["fetch"]}]}, "'type' is one of"),
        ({"steps": [{"type": "explode"}]}, "'type' is one of"),
        ({"steps": [{"type": "map"}]}, "needs 'mapping'"),
        ({"steps": [{"type": "map", "mapping": "x"}]}, "there is no mapping 'x'"),
        ({"steps": [{"type": "map", "mapping": []}]}, "'mapping' is the name"),
        ({"steps": [{"type": "filter"}]}, "needs 'when'"),
        ({"steps": [{"type": "filter", "when": []}]}, "a condition is an object"),
        ({"steps": [{"type": "money"}]}, "needs 'places'"),
        ({"steps": [{"type": "money", "places": {}}]}, "'places.lines' has"),
        (
            {"steps": [{"type": "money", "places": {"lines": {"each": "i", "price": "p"}}}]},
            "'places.lines' has",
        ),
        ({"steps": [{"type": "ensure", "kind": "customer", "mapping": "m"}]}, "needs 'key'"),
        ({"steps": [{"type": "ensure", "kind": "x", "key": "k", "mapping": "m"}]}, "'kind' is one of"),
        ({"steps": [{"type": "references"}]}, "needs 'items'"),
        ({"steps": [{"type": "references", "items": {}}]}, "'items' is a list"),
        ({"steps": [{"type": "references", "items": [{"kind": "order"}]}]}, "'kind' and 'from'"),
        (
            {"steps": [{"type": "references", "items": [{"kind": "order", "from": "a", "missing": "drop"}]}]},
            "'missing' is",
        ),
        (
            {"steps": [{"type": "references", "items": [{"kind": "order", "from": "a", "side": "left"}]}]},
            "'side' is",
        ),
        ({"steps": [{"type": "write", "mode": "upsert"}]}, "'mode' is one of create, update"),
        ({"steps": [{"type": "write", "missing": "hold"}]}, "'missing' is one of fail, skip"),
        ({"mappings": []}, "'mappings' is an object"),
        ({"mappings": {"m": {"rules": 5}}}, "a list of rules"),
        ({"policies": []}, "'policies' is an object"),
        ({"policies": {"on_change": "updat"}}, "'on_change' is one of hold, update, skip"),
        ({"policies": {"retry": {"attempts": 3}}}, "unknown word 'attempts'"),
        ({"policies": {"retry": {"max_attempts": 0}}}, "'max_attempts' is a whole number above 0"),
        ({"policies": {"retry": {"max_attempts": True}}}, "'max_attempts' is a whole number"),
        ({"policies": {"retry": {"first_seconds": "2"}}}, "'first_seconds' is a number of seconds"),
        (
            {"policies": {"retry": {"longest_seconds": float("nan")}}},
            "'longest_seconds' is a number of seconds",
        ),
    ],
    ids=str,
)
def test_a_definition_that_is_not_right_is_refused_and_says_why(change: dict[str, Any], words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compile_flow({**GOOD, **change})
    assert words in str(caught.value)


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=6),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
STEP = some.fixed_dictionaries(
    {"type": some.sampled_from(sorted(NEEDED_OPTIONS)) | JSON},
    optional={
        "when": JSON, "mapping": some.just("m") | JSON, "places": some.just(LINES) | JSON, "mode": JSON,
        "items": some.lists(some.dictionaries(some.sampled_from(["kind", "from", "side"]), JSON, max_size=3), max_size=2),
        "kind": some.sampled_from(["order", "customer"]) | JSON, "key": JSON,
    },
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(change=some.fixed_dictionaries({}, optional={
    "steps": some.lists(STEP, max_size=3) | JSON, "mappings": JSON, "policies": JSON, "kind": JSON, "key": JSON,
}))  # fmt: skip
def test_any_definition_is_either_refused_or_compiled(change: dict[str, Any]) -> None:
    try:
        compile_flow({**GOOD, **change})
    except DocumentError as refusal:
        assert refusal.where and refusal.reason


def test_a_flow_that_converts_money_needs_the_value_map_of_rates() -> None:
    rule = {"to": "total", "from": ["a", "b"], "do": [{"fn": "convert_currency", "to": "USD"}]}
    flow = compile_flow({**GOOD, "mappings": {"m": {"rules": [rule]}}})
    assert flow.value_maps == {"exchange_rates"}
