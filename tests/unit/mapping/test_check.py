"""The proof: every way a target refuses a value is proved, doubted or shown, with words that help."""

import time
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.flows.definition import compile_flow
from integrations.flows.proof import FlowProof, check_flow
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind, Side
from integrations.mapping import DocumentError, ValueTable
from integrations.mapping.check import Finding, MappingReport, Verdict, check_mapping, source_problems

TEXT, NUMBER, WHOLE, FLAG = FieldType.TEXT, FieldType.DECIMAL, FieldType.INTEGER, FieldType.BOOLEAN
MOMENT, LIST, OBJECT = FieldType.DATETIME, FieldType.ARRAY, FieldType.OBJECT
LINE = (
    FieldInfo("sku", TEXT, nullable=False, max_length=32),
    FieldInfo("price", NUMBER, nullable=False, places=4, minimum=0),
    FieldInfo("note", TEXT, max_length=80),
)
SOURCE = EntitySchema("shop", Kind.ORDER, "Order", (
    FieldInfo("number", TEXT, nullable=False, max_length=20, sample="1043"),
    FieldInfo("name", TEXT, max_length=255),
    FieldInfo("status", TEXT, nullable=False, enum=("N", "P", "S")),
    FieldInfo("total", NUMBER, nullable=False, places=2),
    FieldInfo("weight", NUMBER),
    FieldInfo("gift", FLAG, nullable=False),
    FieldInfo("placed", MOMENT, nullable=False),
    FieldInfo("address", OBJECT, fields=(FieldInfo("city", TEXT, nullable=False, max_length=40),)),
    FieldInfo("items", LIST, required=True, nullable=False, fields=LINE),
    FieldInfo("coupons", LIST, nullable=False, fields=(FieldInfo("code", TEXT, nullable=False, max_length=16),)),
))  # fmt: skip
TARGET = EntitySchema("erp", Kind.ORDER, "Sales order", (
    FieldInfo("Number", TEXT, max_length=20),
    FieldInfo("Name", TEXT, max_length=30),
    FieldInfo("Must", TEXT, nullable=False, max_length=30),
    FieldInfo("Status", TEXT, nullable=False, enum=("open", "done")),
    FieldInfo("Total", NUMBER, places=2, minimum=0),
    FieldInfo("Count", WHOLE),
    FieldInfo("Gift", FLAG, nullable=False),
    FieldInfo("ShipTo", OBJECT, fields=(FieldInfo("City", TEXT, required=True, max_length=30), FieldInfo("Zip", TEXT))),
    FieldInfo("Lines", LIST, fields=(
        FieldInfo("Item", TEXT, required=True, max_length=30), FieldInfo("Price", NUMBER, places=2),
    )),
))  # fmt: skip


def report(*rules: Any, **options: Any) -> MappingReport:
    return check_mapping({"name": "test", "rules": list(rules)}, SOURCE, TARGET, **options)


def only(*rules: Any, **options: Any) -> Finding:
    (finding,) = report(*rules, **options).findings
    return finding


def table(rows: dict[str, str], unknown: Any = "hold") -> dict[str, ValueTable]:
    return {"codes": ValueTable("codes", 1, rows, unknown, "rest")}


PROVED = [
    {"to": "Number", "from": "number"},
    {"to": "Name", "from": "name", "do": ["trim", {"fn": "truncate", "length": 30}]},
    {"to": "Name", "from": "name", "do": [{"fn": "max_length", "length": 30}]},
    {"to": "Must", "from": "name", "do": [{"fn": "default", "value": "none"}, {"fn": "truncate", "length": 30}]},
    {"to": "Must", "from": "number", "when": {"field": "number", "op": "is_empty", "value": False}},
    {"to": "Name", "from": "name", "when": {"field": "name", "op": "in", "value": ["Pat", "Lee"]}},
    {"to": "Must", "from": "name", "do": [{"fn": "max_length", "length": 30}],
     "when": {"not": {"field": "name", "op": "is_empty"}}},
    {"to": "Status", "value": "open"},
    {"to": "Status", "value": "open", "when": {"field": "gift", "op": "eq", "value": True}, "else": "done"},
    {"to": "Total", "from": "total", "do": [{"fn": "at_least", "number": 0}]},
    {"to": "Total", "from": "weight", "do": [{"fn": "round", "places": 2}, {"fn": "at_least", "number": 0}]},
    {"to": "Total", "from": "items[].price", "do": ["sum", {"fn": "round", "places": 2}]},
    {"to": "Count", "from": "items", "do": ["count"]},
    {"to": "Gift", "from": "gift"},
    {"to": "ShipTo.Zip", "value": "78701", "when": {"field": "gift", "op": "eq", "value": True}},
    {"to": "Name", "from": ["name", "number"], "do": ["join", {"fn": "truncate", "length": 30}]},
    {"to": "Name", "from": "number", "do": [{"fn": "link", "kind": "customer"}]},
]  # fmt: skip


@pytest.mark.parametrize("rule", PROVED, ids=[f"{one['to']} {place}" for place, one in enumerate(PROVED)])
def test_a_guarded_field_is_proved(rule: dict[str, Any]) -> None:
    target = EntitySchema("erp", Kind.ORDER, "", tuple(
        FieldInfo("ShipTo", OBJECT, fields=(FieldInfo("Zip", TEXT, max_length=5),)) if one.name == "ShipTo" else one
        for one in TARGET.fields
    ))  # fmt: skip
    found = check_mapping({"rules": [rule]}, SOURCE, target)
    assert found.is_proved, "\n".join(found.lines())


WRONG: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"to": "Name", "from": "name"},
        "may be 255 characters long; 30 fit",
        "add truncate 30",
        "Name: has 31 characters; 30 fit",
    ),
    (
        {"to": "Must", "from": "number", "do": [{"fn": "split", "at": "-", "part": 1}]},
        "may be empty",
        "add default",
        "Must: cannot be empty",
    ),
    ({"to": "Must", "from": "address.city"}, "may be empty", "add default", "Must: cannot be empty"),
    (
        {"to": "Status", "from": "status"},
        "may be 'N', which is none of open, done",
        "add a value map",
        "Status: is none of open, done",
    ),
    (
        {"to": "Status", "from": "number"},
        "may be none of open, done",
        "add a value map",
        "Status: is none of open, done",
    ),
    ({"to": "Total", "from": "total"}, "may be below 0", "add at_least 0", "Total: is below 0"),
    (
        {"to": "Total", "from": "weight"},
        "may have more than 2 decimal places",
        "add round 2",
        "Total: has more than 2 decimal places",
    ),
    (
        {"to": "Total", "from": "number"},
        "may be a text; a number is needed",
        "add to_decimal",
        "Total: must be a number",
    ),
    (
        {"to": "Name", "from": "total"},
        "may be a number; a text is needed",
        "add to_text",
        "Name: must be text",
    ),
    (
        {"to": "Name", "from": "placed"},
        "may be a time; a text is needed",
        "add to_text",
        "Name: must be text",
    ),
    (
        {"to": "Name", "from": "items[].sku"},
        "may be a list; a text is needed",
        "take one element",
        "Name: must be text",
    ),
    (
        {"to": "Name", "from": "address"},
        "may be an object; a text is needed",
        "map one field",
        "Name: must be text",
    ),
    (
        {"to": "Lines", "from": "number"},
        "may be a text; a list is needed",
        "use each",
        "Lines: must be a list",
    ),
    (
        {"to": "Lines", "from": "items"},
        "[] has sku, which does not exist there",
        "map its fields",
        "Lines[0].sku: this field does not exist there",
    ),
    (
        {"to": "Nmae", "from": "number"},
        "Nmae does not exist in the target",
        "",
        "Nmae: this field does not exist there",
    ),
    ({"to": "Name.First", "from": "number"}, "Name is no object in the target", "", "Name: must be text"),
    (
        {"to": "Must", "from": "nmae"},
        "the source has no field nmae; did you mean name?",
        "correct the path",
        "Must: cannot be empty",
    ),
    (
        {"to": "Must", "from": "items.sku"},
        "sku is read of a list; use each, [] or [0]",
        "correct the path",
        "Must: cannot be empty",
    ),
    ({"to": "Must", "value": None}, "may be empty", "add default", "Must: cannot be empty"),
    (
        {"to": "Gift", "value": True, "when": {"field": "gift", "op": "eq", "value": True}, "else": "no"},
        "may be a text; yes or no is needed",
        "use a condition",
        "Gift: must be yes or no",
    ),
]


@pytest.mark.parametrize(("rule", "reason", "guard", "problem"), WRONG, ids=[one[1] for one in WRONG])
def test_a_refused_value_is_shown_with_reason_guard_and_record(
    rule: dict[str, Any], reason: str, guard: str, problem: str
) -> None:
    finding = only(rule)
    assert finding.verdict is Verdict.WRONG
    assert reason in finding.reasons
    assert guard in finding.guard
    assert finding.counter_example is not None
    assert finding.counter_example.problem == problem
    assert source_problems(dict(finding.counter_example.record), SOURCE) == []


def test_a_counter_example_is_as_small_as_it_can_be() -> None:
    finding = only({"to": "Name", "from": ["name", "number"], "do": ["join"]})
    assert finding.counter_example is not None
    lengths = [len(value or "") for value in finding.counter_example.sources.values()]
    assert sum(lengths) + (1 if all(lengths) else 0) == 31, "one character more than fit"
    assert set("".join(str(value or "") for value in finding.counter_example.sources.values())) == {"x"}


def test_a_condition_is_met_by_the_counter_example() -> None:
    rule = {"to": "Name", "from": "name", "when": {"field": "status", "op": "eq", "value": "S"}}
    finding = only(rule)
    assert finding.counter_example is not None
    assert finding.counter_example.sources["status"] == "S"


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "status", "op": "eq", "value": "X"},
        {"field": "total", "op": "eq", "value": "5"},
        {"field": "number", "op": "gt", "value": 5},
        {"field": "items", "op": "is_empty"},
        {
            "all": [
                {"field": "gift", "op": "eq", "value": True},
                {"field": "gift", "op": "eq", "value": "yes"},
            ]
        },
    ],
    ids=str,
)
def test_a_rule_whose_condition_is_never_met_is_told(condition: dict[str, Any]) -> None:
    finding = only({"to": "Name", "from": "name", "when": condition})
    assert (finding.verdict, finding.notes) == (Verdict.PROVED, ("the condition is never met",))
    other = only({"to": "Name", "from": "name", "when": condition, "else": "x" * 31})
    assert other.verdict is Verdict.WRONG


def test_a_condition_that_is_always_met_leaves_nothing_out() -> None:
    required = EntitySchema("erp", Kind.ORDER, "", (FieldInfo("Count", WHOLE, required=True),))
    rule = {"to": "Count", "from": "items", "do": ["count"]}
    for condition in (
        {"field": "items", "op": "is_empty", "value": False},
        {"not": {"field": "items", "op": "is_empty"}},
    ):
        assert check_mapping({"rules": [{**rule, "when": condition}]}, SOURCE, required).is_proved
    some = {"field": "coupons", "op": "is_empty", "value": False}
    assert not check_mapping({"rules": [{**rule, "when": some}]}, SOURCE, required).is_proved


def test_what_the_flow_filtered_before_counts_as_known() -> None:
    rule = {"to": "Must", "from": "name", "do": [{"fn": "truncate", "length": 30}]}
    assert only(rule).verdict is Verdict.WRONG
    assert only(rule, when={"field": "name", "op": "is_empty", "value": False}).verdict is Verdict.PROVED
    other = only(rule, when={"field": "status", "op": "eq", "value": "P"})
    assert other.counter_example is not None and other.counter_example.record["status"] == "P"


def test_the_rows_of_a_value_map_are_the_range_of_the_field() -> None:
    rule = {"to": "Status", "from": "status", "do": [{"fn": "lookup", "map": "codes"}]}
    assert only(rule, tables=table({"N": "open", "S": "done"})).verdict is Verdict.PROVED
    wrong = only(rule, tables=table({"N": "open", "S": "shipped"}))
    assert wrong.counter_example is not None and wrong.counter_example.sources == {"status": "S"}
    assert only(rule, tables=table({"N": "open"}, "pass")).verdict is Verdict.WRONG
    unknown = only(rule)
    assert unknown.verdict is Verdict.NEEDS_GUARD, "the map was not at hand"
    assert unknown.reasons == ("what comes out is not known",)


def test_what_may_hold_a_record_is_a_note_and_not_a_fault() -> None:
    finding = only(
        {"to": "Status", "from": "number", "do": [{"fn": "lookup", "map": "codes"}]},
        tables=table({"1": "open"}),
    )
    assert finding.verdict is Verdict.PROVED
    assert finding.notes == ("is held for a value that codes does not list",)


def test_a_field_no_record_gets_through_to_needs_a_guard() -> None:
    finding = only({"to": "Count", "value": "abc", "do": ["to_integer"]})
    assert finding.verdict is Verdict.NEEDS_GUARD
    assert finding.reasons == ("no record gets through",)
    assert "'abc' is not a number" in finding.guard


LINES = {
    "to": "Lines",
    "each": "items",
    "rules": [{"to": "Item", "from": "sku", "do": [{"fn": "max_length", "length": 30}, "required"]}],
}


def test_fields_of_list_elements_are_proved_one_by_one() -> None:
    assert report(LINES).is_proved
    bare = report(
        {
            "to": "Lines",
            "each": "items",
            "rules": [{"to": "Item", "from": "sku"}, {"to": "Price", "from": "price"}],
        }
    )
    assert [(one.path, one.verdict) for one in bare.findings] == [
        ("Lines", Verdict.PROVED), ("Lines[].Item", Verdict.WRONG), ("Lines[].Price", Verdict.WRONG),
    ]  # fmt: skip
    assert bare.findings[1].counter_example is not None
    assert bare.findings[1].counter_example.problem == "Lines[0].Item: is required"


def test_a_required_field_that_no_rule_fills_is_missing_wherever_it_is() -> None:
    required = EntitySchema("erp", Kind.ORDER, "", (FieldInfo("Key", TEXT, required=True), *TARGET.fields))
    found = check_mapping(
        {"rules": [{"to": "ShipTo.Zip", "value": "1"}, {"to": "Lines", "each": "items", "rules": []}]},
        SOURCE,
        required,
    )
    assert set(found.missing_required) == {"Key", "ShipTo.City", "Lines[].Item"}
    assert not found.is_publishable
    update = check_mapping({"rules": [{"to": "ShipTo.Zip", "value": "1"}]}, SOURCE, required, creating=False)
    assert update.is_proved


def test_a_required_field_under_a_condition_needs_its_else() -> None:
    required = EntitySchema("erp", Kind.ORDER, "", (FieldInfo("Key", TEXT, required=True, max_length=20),))
    rule = {"to": "Key", "value": "x", "when": {"field": "gift", "op": "eq", "value": True}}
    finding = check_mapping({"rules": [rule]}, SOURCE, required).findings[0]
    assert finding.verdict is Verdict.WRONG and finding.guard == "add else"
    assert finding.counter_example is not None and finding.counter_example.sources == {"gift": False}
    assert check_mapping({"rules": [{**rule, "else": "y"}]}, SOURCE, required).is_proved


def test_a_list_that_may_be_empty_is_told_where_one_is_required() -> None:
    target = EntitySchema("erp", Kind.ORDER, "", (FieldInfo("Lines", LIST, required=True),))
    every = {"to": "Lines", "each": "items", "rules": []}
    assert check_mapping({"rules": [every]}, SOURCE, target).is_proved
    some = {**every, "where": {"field": "price", "op": "gt", "value": 0}}
    assert check_mapping({"rules": [some]}, SOURCE, target).wrong[0].reasons == ("may be an empty list",)
    assert not check_mapping({"rules": [{**every, "each": "coupons"}]}, SOURCE, target).is_proved


def test_a_record_that_another_field_stops_is_no_counter_example() -> None:
    stops = {"to": "Number", "from": "name", "do": [{"fn": "max_length", "length": 5}]}
    found = report({"to": "Name", "from": "name"}, stops)
    assert [one.verdict for one in found.findings] == [Verdict.NEEDS_GUARD, Verdict.PROVED]


def test_a_document_that_does_not_compile_is_refused() -> None:
    with pytest.raises(DocumentError, match="there is no function"):
        report({"to": "Name", "from": "name", "do": ["shorten"]})


def test_the_report_tells_itself_as_text_and_as_json() -> None:
    found = report({"to": "Name", "from": "name"}, {"to": "Number", "from": "number"})
    lines = list(found.lines())
    assert lines[0].startswith("WRONG       Name  may be 255 characters long")
    assert lines[-1] == "test: 1 proved, 0 needs guard, 1 wrong"
    told = found.as_json()
    assert told["publishable"] is False and told["counts"] == {"proved": 1, "needs_guard": 0, "wrong": 1}
    assert told["findings"][0]["counter_example"]["problem"] == "Name: has 31 characters; 30 fit"


def test_the_same_mapping_gives_the_same_report() -> None:
    rules = [one[0] for one in WRONG if "else" not in one[0]]
    first, second = ([one.as_json() for one in only_wrong] for only_wrong in [
        [check_mapping({"rules": [rule]}, SOURCE, TARGET) for rule in rules] for _ in range(2)
    ])  # fmt: skip
    assert first == second


PACK = registry.template_pack("x_cart", "dynamics_sl")


def proof_of(template: dict[str, Any]) -> FlowProof:
    tables = {
        one["key"]: ValueTable(one["key"], 1, one["rows"], one["unknown"], one.get("default", ""))
        for one in template.get("value_maps", ())
    }
    systems = {Side.STOREFRONT: "x_cart", Side.ERP: "dynamics_sl"}
    return check_flow(
        compile_flow(template["definition"]),
        lambda side, kind: registry.schema(systems[side], kind),
        tables,
        follows=bool(template.get("follows")),
    )


@pytest.mark.parametrize("template", PACK, ids=[one["name"] for one in PACK])
def test_every_ready_flow_is_proved_whole(template: dict[str, Any]) -> None:
    proof = proof_of(template)
    assert proof.reports.keys() == template["definition"]["mappings"].keys()
    for report_of_one in proof.reports.values():
        assert report_of_one.is_proved, "\n".join(report_of_one.lines())
    assert list(proof.reasons()) == []


def test_sixty_rules_are_checked_in_fifty_milliseconds() -> None:
    fields = tuple(FieldInfo(f"T{place}", TEXT, max_length=30) for place in range(60))
    source = EntitySchema(
        "shop", Kind.ORDER, "", tuple(FieldInfo(f"s{place}", TEXT, max_length=60) for place in range(60))
    )
    target = EntitySchema("erp", Kind.ORDER, "", fields)
    cut = [{"fn": "truncate", "length": 30}]
    document = {
        "rules": [
            {"to": f"T{place}", "from": f"s{place}", "do": [] if place % 10 == 0 else cut}
            for place in range(60)
        ]
    }
    seconds = []
    for _ in range(5):
        start = time.process_time()
        found = check_mapping(document, source, target)
        seconds.append(time.process_time() - start)
    assert found.count(Verdict.WRONG) == 6
    assert min(seconds) < 0.05, f"{min(seconds) * 1000:.1f} ms"
