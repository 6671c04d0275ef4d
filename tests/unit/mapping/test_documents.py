"""Documents that are not right, hostile ones included: refused with a DocumentError, never a crash."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.mapping import (
    DocumentError,
    MappingFailure,
    MissingLink,
    UnknownValue,
    compile_mapping,
    parse_document,
)
from tests.unit.mapping.casefiles import CONTEXT, compiled


def nested(depth: int, wrap: str = "all") -> Any:
    condition: Any = {"field": "a", "op": "eq", "value": 1}
    for _ in range(depth):
        condition = {wrap: condition} if wrap == "not" else {wrap: [condition]}
    return condition


def nested_each(depth: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"to": "x", "from": "x"}
    for _ in range(depth):
        rule = {"to": "lines", "each": "items", "rules": [rule]}
    return rule


def deep_list(depth: int) -> Any:
    made: Any = []
    for _ in range(depth):
        made = [made]
    return made


def leaf(**words: Any) -> dict[str, Any]:
    return {"to": "x", "from": "a", "when": words}


IF_EMPTY = {"to": "y", "from": "b", "write": "if_empty"}
ENDLESS = {"fn": "add", "number": float("inf")}
WRONG_RULES: list[tuple[str, Any, str]] = [
    ("a text for a rule", "x", "a rule is an object"),
    ("no target", {"from": "a"}, "'to' names the target"),
    ("a number for a target", {"to": 5, "from": "a"}, "'to' names the target"),
    ("an unknown word", {"to": "x", "from": "a", "form": 1}, "unknown word 'form'"),
    ("a key that is no text", {"to": "x", "from": "a", 5: 1, "z": 2}, "unknown word '5'"),
    ("no source", {"to": "x"}, "exactly one of"),
    ("two sources", {"to": "x", "from": "a", "value": 1}, "exactly one of"),
    ("nothing for a source", {"to": "x", "from": None}, "'from' is a path"),
    ("an empty list of sources", {"to": "x", "from": []}, "'from' is a path"),
    ("numbers for sources", {"to": "x", "from": [1]}, "'from' is a path"),
    ("too many sources", {"to": "x", "from": ["a"] * 41}, "41 sources"),
    ("an empty path", {"to": "x", "from": ""}, "not readable"),
    ("a path of dots", {"to": "x", "from": "a..b"}, "not readable"),
    ("two positions in a row", {"to": "x", "from": "a[0][1]"}, "not readable"),
    ("a position with a thousand digits", {"to": "x", "from": f"a[{'9' * 5000}]"}, "not readable"),
    ("a path that is too deep", {"to": "x", "from": ".".join("a" * 13)}, "deeper than 12"),
    ("a parent where there is none", {"to": "x", "from": "^.a"}, "climbs 1 levels, there are 0"),
    ("a root for a target", {"to": "$", "from": "a"}, "the target '$'"),
    ("a parent for a target", {"to": "^.x", "from": "a"}, "the target '^.x'"),
    ("a position in a target", {"to": "x[0]", "from": "a"}, "the target 'x[0]'"),
    ("each without rules", {"to": "x", "each": "items"}, "a list of rules is needed"),
    ("each of nothing", {"to": "x", "each": "", "rules": []}, "'each' is the path"),
    ("each of a list", {"to": "x", "each": ["a"], "rules": []}, "'each' is the path"),
    ("each with steps", {"to": "x", "each": "a", "rules": [], "do": ["trim"]}, "'do' works on values"),
    ("where without each", {"to": "x", "from": "a", "where": {}}, "'where' has a meaning only beside 'each'"),
    ("rules without each", {"to": "x", "from": "a", "rules": []}, "'rules' has a meaning only"),
    ("else without when", {"to": "x", "from": "a", "else": 1}, "'else' has a meaning only"),
    ("an unknown way to write", {"to": "x", "from": "a", "write": ["never"]}, "'write' is always"),
    ("if_empty inside a list", {"to": "x", "each": "a", "rules": [IF_EMPTY]}, "cannot be told"),
    ("steps that are no list", {"to": "x", "from": "a", "do": 5}, "'do' is a list"),
    ("nothing for steps", {"to": "x", "from": "a", "do": None}, "'do' is a list"),
    ("a text for steps", {"to": "x", "from": "a", "do": "trim"}, "'do' is a list"),
    ("a number for a step", {"to": "x", "from": "a", "do": [5]}, "a step is"),
    ("a step without a name", {"to": "x", "from": "a", "do": [{"name": "trim"}]}, "a step is"),
    ("an unknown function", {"to": "x", "from": "a", "do": ["eval"]}, "there is no function 'eval'"),
    ("too many steps", {"to": "x", "from": "a", "do": ["trim"] * 41}, "41 steps"),
    ("arrays in arrays in arrays", nested_each(6), "nest deeper than 4"),
    ("a deep constant", {"to": "x", "value": deep_list(20)}, "nests deeper than 8"),
    ("a very deep constant", {"to": "x", "value": deep_list(5000)}, "nests deeper than 8"),
    ("a constant that is no number", {"to": "x", "value": float("nan")}, "a constant cannot be nan"),
    ("an endless constant", {"to": "x", "from": "a", "do": [ENDLESS]}, "a constant cannot be inf"),
    ("a constant of Python's own", {"to": "x", "value": {1, 2}}, "a constant cannot be"),
    ("a condition that is a list", {"to": "x", "from": "a", "when": []}, "a condition is an object"),
    ("a condition that is deep", {"to": "x", "from": "a", "when": nested(10)}, "nested at most six"),
    ("a condition that is very deep", {"to": "x", "from": "a", "when": nested(5000, "not")}, "nested at most six"),
    ("a group that is no list", leaf(all=5), "'all' is a list"),
    ("a group that is empty", leaf(any=[]), "'any' is a list of 1 to 100"),
    ("a group that is huge", leaf(all=[{"field": "a", "op": "is_empty"}] * 101), "'all' is a list of 1 to 100"),
    ("two groups at once", leaf(all=[], any=[]), "nothing stands beside 'all'"),
    ("a group beside a leaf", leaf(**{"not": {}, "field": "a"}), "nothing stands beside 'not'"),
    ("an unknown comparison", leaf(field="a", op="like", value="x"), "unknown comparison 'like'"),
    ("a list for a comparison", leaf(field="a", op=["eq"]), "unknown comparison"),
    ("a misspelt word", leaf(field="a", op="eq", valeu=1), "unknown word 'valeu'"),
    ("no field", leaf(op="eq", value=1), "'field' is the path"),
    ("a field that is no path", leaf(field="[]", op="eq", value=1), "not readable"),
    ("one value for in", leaf(field="a", op="in", value="abc"), "in takes a list"),
    ("a huge list for in", leaf(field="a", op="in", value=[1] * 1001), "in takes a list of at most 1000"),
    ("a number to begin with", leaf(field="a", op="starts_with", value=5), "starts_with takes a text"),
    ("nothing to contain", leaf(field="a", op="contains", value=""), "contains takes a text"),
    ("emptiness of five", leaf(field="a", op="is_empty", value=5), "is_empty takes true or false"),
    ("greater than a list", leaf(field="a", op="gt", value=[1]), "gt takes a number"),
    ("greater than nothing", leaf(field="a", op="ge"), "ge takes a number"),
    ("equal to an object", leaf(field="a", op="eq", value={}), "eq takes one value"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "words"), [one[1:] for one in WRONG_RULES], ids=[one[0] for one in WRONG_RULES]
)
def test_a_rule_that_is_not_right_is_refused_and_says_why(rule: Any, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(rule)
    assert words in caught.value.reason
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "document",
    [None, [], "x", 5, {}, {"rules": None}, {"rules": "to"}, {"rules": {}}, {"rules": [], "source": [1]},
     {"rules": [], "target": "sl"}],
    ids=repr,
)  # fmt: skip
def test_what_is_no_document_is_refused(document: Any) -> None:
    with pytest.raises(DocumentError):
        compile_mapping(parse_document(document))


def test_the_refusal_names_the_rule_through_all_lists() -> None:
    inner = {"to": "deep", "from": "a", "do": [{"fn": "round", "places": "two"}]}
    rules = {"to": "lines", "each": "a", "rules": [{"to": "fees", "each": "b", "rules": [inner]}]}
    with pytest.raises(DocumentError) as caught:
        compiled(rules)
    assert caught.value.where == "rule lines[].fees[].deep"
    assert caught.value.reason == "round: places takes a whole number, not 'two'"


def test_one_field_is_not_written_twice() -> None:
    with pytest.raises(DocumentError, match="x is written twice"):
        compiled({"to": "x", "from": "a"}, {"to": "x", "from": "b"})


@pytest.mark.parametrize("outer", [{"value": 5}, {"value": {}}, {"from": "a"}], ids=str)
def test_a_field_inside_another_written_one_is_refused(outer: dict[str, Any]) -> None:
    with pytest.raises(DocumentError, match=r"ShipTo\.City lies inside ShipTo"):
        compiled({"to": "ShipTo", **outer}, {"to": "ShipTo.City", "from": "b"})


def test_five_hundred_rules_are_allowed_and_one_more_is_not() -> None:
    rules = [{"to": f"f{place}", "from": "a"} for place in range(501)]
    assert len(compiled(*rules[:500]).evaluate({"a": 1}, CONTEXT)) == 500
    with pytest.raises(DocumentError, match="501 rules"):
        compiled(*rules)


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)
WORDS = some.sampled_from(
    [
        "to",
        "from",
        "value",
        "each",
        "where",
        "rules",
        "do",
        "when",
        "else",
        "write",
        "comment",
        "fn",
        "field",
        "op",
    ]
)
PATHS = some.sampled_from(["a", "a.b", "items", "items[0]", "^.a", "$.a", "$", "^", "", ".", "a[", "x.y.z"])
STEPS = some.sampled_from(["trim", "sum", "round", "first"]) | some.dictionaries(WORDS, JSON, max_size=3)
ALMOST = some.fixed_dictionaries({"to": PATHS | JSON}, optional={
    "from": PATHS | some.lists(PATHS, max_size=3) | JSON,
    "value": JSON,
    "each": PATHS,
    "do": some.lists(STEPS, max_size=3),
    "when": some.dictionaries(WORDS | some.sampled_from(["all", "any", "not"]), JSON | PATHS, max_size=3),
    "write": some.sampled_from(["always", "if_empty", "on_create"]) | JSON,
    "rules": some.lists(some.dictionaries(WORDS, JSON | PATHS, max_size=3), max_size=2),
})  # fmt: skip
RECORD = {"a": {"b": [1, "x", None]}, "items": [{"a": 1}, "y", None], "x": {"y": 5}}


@settings(max_examples=600, deadline=None)
@given(rules=some.lists(ALMOST | JSON, max_size=4))
def test_any_document_is_either_refused_or_runs(rules: list[Any]) -> None:
    try:
        mapping = compile_mapping(parse_document({"rules": rules}))
    except DocumentError:
        return
    mapping.trace(RECORD, CONTEXT)
    try:
        mapping.evaluate(RECORD, CONTEXT)
    except (MappingFailure, MissingLink, UnknownValue):
        return


def test_a_document_survives_its_journey_through_json() -> None:
    rules = [{"to": "x", "from": ["a", "b"], "do": ["sum", {"fn": "round", "places": 2}]}]
    again = json.loads(json.dumps({"rules": rules}))
    assert compile_mapping(parse_document(again)).evaluate({"a": 1, "b": 2}, CONTEXT) == compiled(
        *rules
    ).evaluate({"a": 1, "b": 2}, CONTEXT)
