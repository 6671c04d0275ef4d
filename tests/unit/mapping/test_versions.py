"""Two versions of a mapping: told in words, replayed over records, merged with a template, tested with saved cases."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.connectors import registry
from integrations.connectors.systems.x_cart.schema import SCHEMAS as X_CART
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind
from integrations.mapping import DocumentError, ValueTable
from integrations.mapping.check.search import searching_context
from integrations.mapping.diff import diff
from integrations.mapping.overlay import Overlay, apply_overlay, merge, overlay_of, resolve
from integrations.mapping.replay import replay
from integrations.mapping.roundtrip import check_roundtrip
from integrations.mapping.samples import samples
from integrations.mapping.suite import differences, load_cases, run_suite
from tests.unit.mapping.casefiles import CONTEXT, compiled

ORDER = registry.template_pack("x_cart", "dynamics_sl")[0]["definition"]["mappings"]["order"]


def words(old: list[Any], new: list[Any], **tables: Any) -> list[str]:
    return [one.words for one in diff({"rules": old}, {"rules": new}, **tables)]


def table(rows: dict[str, str], unknown: Any = "hold", default: str = "") -> dict[str, ValueTable]:
    return {"states": ValueTable("states", 1, rows, unknown, default)}


NAME = {"to": "Name", "from": "name", "do": ["trim"]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"from": "company"}, "Name is now from company (was from name)"),
        ({"do": ["trim", {"fn": "truncate", "length": 30}]}, "Name also goes through truncate 30"),
        ({"do": []}, "Name no longer goes through trim"),
        ({"do": ["upper"]}, "Name now goes through upper (was trim)"),
        (
            {"when": {"field": "total", "op": "gt", "value": 10}},
            "Name is now filled only where total is above 10 (was always)",
        ),
        ({"write": "on_create"}, "Name is now written only on creation (was always)"),
        ({"comment": "why"}, ""),
    ],
)
def test_a_changed_rule_is_told_in_words(change: dict[str, Any], expected: str) -> None:
    assert words([NAME], [{**NAME, **change}]) == ([expected] if expected else [])


def test_added_removed_and_inner_fields_are_told() -> None:
    lines = {"to": "Lines", "each": "items", "rules": [{"to": "Item", "from": "sku"}]}
    assert words([NAME], [lines]) == [
        "Lines is now filled: one for each of items",
        "Lines[].Item is now filled: from sku",
        "Name is no longer filled (was from name: trim)",
    ]
    deeper = deepcopy(lines)
    deeper["rules"][0]["from"] = "name"  # type: ignore[index]
    assert words([lines], [deeper]) == ["Lines[].Item is now from name (was from sku)"]
    assert words([lines], [{**lines, "where": {"field": "amount", "op": "gt", "value": 0}}]) == [
        "Lines now takes only elements where amount is above 0"
    ]


def test_a_changed_constant_and_else_are_told() -> None:
    old = {"to": "Status", "value": "P", "when": {"field": "paid", "op": "eq", "value": True}, "else": "N"}
    new = {
        **old,
        "value": "Hold",
        "else": None,
        "when": {"all": [old["when"], {"field": "vip", "op": "is_empty"}]},
    }
    assert words([old], [new]) == [
        "Status is now always 'Hold' (was always 'P')",
        "Status is now filled only where (paid is yes and vip is empty) (was where paid is yes)",
        "Status is otherwise nothing (was 'N')",
    ]


def test_a_changed_row_of_a_value_map_is_told_by_what_the_value_becomes() -> None:
    rule = {"to": "Status", "from": "order.status", "do": [{"fn": "lookup", "map": "states"}]}
    before = table({"P": "Open", "C": "Closed", "X": "Gone"})
    after = table({"P": "Hold", "C": "Closed", "N": "New"}, "default", "Open")
    assert words([rule], [rule], old_tables=before, new_tables=after) == [
        "status 'P' now becomes 'Hold' (was 'Open')",
        "status 'N' now becomes 'New' (was not listed)",
        "status 'X' is no longer listed and get the default 'Open' (was 'Gone')",
        "values of status that are not listed now get the default 'Open' (before: are held)",
    ]


def test_nothing_changed_is_told_as_nothing() -> None:
    assert diff(ORDER, deepcopy(ORDER)) == ()


RECORDS = [
    {"id": place, "name": name, "total": Decimal(place)}
    for place, name in enumerate(["Pat", " Lee ", "", "Northline Lighting"])
]


def test_replayed_records_are_grouped_by_how_they_change() -> None:
    old = compiled({"to": "Name", "from": "name"}, {"to": "Total", "from": "total"})
    new = compiled(
        {"to": "Name", "from": "name", "do": ["trim", {"fn": "max_length", "length": 5}]},
        {"to": "Total", "from": "total"},
    )
    report = replay(old, new, RECORDS, CONTEXT, key="id")
    assert (report.total, report.unchanged) == (4, 2)
    assert {(one.words, one.count) for one in report.classes} == {("Name differs", 1), ("Name stops now", 1)}
    (differs,) = [one for one in report.classes if one.fields]
    assert differs.examples[0].key == "1"
    assert differs.examples[0].differences == (("Name", " Lee ", "Lee"),)
    assert next(iter(report.lines())) == "4 records: 2 as before, 2 differ"
    back = replay(new, old, RECORDS, CONTEXT)
    assert ("goes through now (was: Name stops)", 1) in {(one.words, one.count) for one in back.classes}


def test_a_replay_sees_newer_value_maps_and_keeps_few_examples() -> None:
    mapping = compiled({"to": "S", "from": "name", "do": [{"fn": "lookup", "map": "states"}]})
    before, after = searching_context(table({"a": "1"})), searching_context(table({"a": "2"}))
    records = [{"name": "a"}] * 10 + [{"name": "b"}] * 3
    report = replay(mapping, mapping, records, before, new_context=after)
    assert [(one.words, one.count, len(one.examples)) for one in report.classes] == [("S differs", 10, 3)]
    assert report.unchanged == 3, "held before and after"


def test_a_replay_of_the_same_mapping_changes_nothing() -> None:
    mapping, schema = compiled(*ORDER["rules"]), X_CART[Kind.ORDER]
    records = [one.record for one in samples(schema, count=60)]
    report = replay(mapping, mapping, records, searching_context({}))
    assert report.total == report.unchanged == 60


# Overlays and upgrades -----------------------------------------------------------------------------------------

BASE = {"name": "Orders", "rules": [
    {"to": "A", "from": "a"}, {"to": "B", "from": "b"},
    {"to": "Lines", "each": "items", "rules": [{"to": "Item", "from": "sku"}, {"to": "Qty", "from": "amount"}]},
]}  # fmt: skip


def changed(document: dict[str, Any], path: str, **words_of_rule: Any) -> dict[str, Any]:
    made = deepcopy(document)
    rules = made["rules"][2]["rules"] if path.startswith("Lines.") else made["rules"]
    for rule in rules:
        if rule["to"] == path.removeprefix("Lines."):
            rule.update(words_of_rule)
    return made


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**document, "rules": [rule for rule in document["rules"] if rule["to"] not in names]}


def with_rule(document: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    return {**document, "rules": [*document["rules"], rule]}


def test_an_overlay_brings_a_tenants_changes_to_the_template_again() -> None:
    ours = with_rule(without(changed(BASE, "Lines.Qty", do=["to_integer"]), "B"), {"to": "C", "value": 1})
    overlay = overlay_of(BASE, ours)
    assert set(overlay.rules) == {"Lines[].Qty", "C"} and overlay.dropped == ("B",)
    assert apply_overlay(BASE, overlay) == ours
    newer = changed(BASE, "A", do=["trim"])
    assert apply_overlay(newer, overlay)["rules"][0] == {"to": "A", "from": "a", "do": ["trim"]}
    assert overlay_of(BASE, BASE).is_empty and apply_overlay(BASE, Overlay()) == BASE


def test_an_upgrade_takes_what_only_one_side_changed() -> None:
    ours = changed(BASE, "B", do=["trim"])
    theirs = with_rule(changed(BASE, "Lines.Item", do=["upper"]), {"to": "New", "value": 1})
    merged = merge(BASE, ours, theirs)
    assert merged.conflicts == ()
    assert set(merged.taken) == {"Lines[].Item", "New"}
    assert merged.document == with_rule(
        changed(changed(BASE, "B", do=["trim"]), "Lines.Item", do=["upper"]), {"to": "New", "value": 1}
    )


def test_a_field_that_both_sides_changed_is_a_conflict_and_keeps_ours() -> None:
    ours, theirs = changed(BASE, "A", do=["trim"]), changed(BASE, "A", do=["upper"])
    merged = merge(BASE, ours, theirs)
    assert [(one.path, one.ours, one.theirs) for one in merged.conflicts] == [
        ("A", ours["rules"][0], theirs["rules"][0])
    ]
    assert merged.document == ours
    assert resolve(merged, {"A": "theirs"}) == theirs
    assert resolve(merged, {"A": "ours"}) == ours
    with pytest.raises(KeyError):
        resolve(merged, {})


def test_dropped_on_one_side_and_changed_on_the_other_is_a_conflict() -> None:
    ours, theirs = without(BASE, "A"), changed(BASE, "A", do=["upper"])
    merged = merge(BASE, ours, theirs)
    assert [one.path for one in merged.conflicts] == ["A"]
    assert merged.document["rules"][0]["to"] == "B", "ours stays until a person decides"
    assert [rule["to"] for rule in resolve(merged, {"A": "theirs"})["rules"]] == ["B", "Lines", "A"]
    assert merge(BASE, BASE, without(BASE, "A")).document == without(BASE, "A")
    assert merge(BASE, without(BASE, "A"), without(BASE, "A")).conflicts == ()


def test_a_list_that_is_no_longer_one_takes_its_fields_with_it() -> None:
    theirs = without(BASE, "Lines")
    assert merge(BASE, BASE, theirs).document == theirs


RULES = some.fixed_dictionaries(
    {"from": some.sampled_from("xyz")}, optional={"do": some.sampled_from([["trim"], ["upper"]])}
)
DOCUMENTS = some.dictionaries(some.sampled_from("ABCD"), RULES).map(
    lambda rules: {"name": "n", "rules": [{"to": name, **rule} for name, rule in sorted(rules.items())]}
)


@settings(max_examples=200, deadline=None)
@given(base=DOCUMENTS, ours=DOCUMENTS, theirs=DOCUMENTS)
def test_a_merge_is_neutral_and_loses_nothing(base: Any, ours: Any, theirs: Any) -> None:
    def fields(document: Any) -> dict[str, Any]:
        return {rule["to"]: rule for rule in document["rules"]}

    assert fields(merge(base, base, theirs).document) == fields(theirs)
    assert fields(merge(base, ours, base).document) == fields(ours)
    merged = merge(base, ours, theirs)
    conflicting = {one.path for one in merged.conflicts}
    for name in "ABCD":
        sides = [fields(one).get(name) for one in (base, ours, theirs)]
        got = fields(merged.document).get(name)
        assert got in sides[1:]
        assert (name in conflicting) == (
            sides[1] != sides[0] and sides[2] != sides[0] and sides[1] != sides[2]
        )


# There and back ------------------------------------------------------------------------------------------------

SHOP = EntitySchema("shop", Kind.CUSTOMER, "Customer", (
    FieldInfo("name", FieldType.TEXT, nullable=False, max_length=60, sample="Pat Lee"),
    FieldInfo("phone", FieldType.TEXT, nullable=False, max_length=20),
    FieldInfo("status", FieldType.TEXT, nullable=False, max_length=4, sample="N"),
    FieldInfo("credit", FieldType.DECIMAL, nullable=False, places=4),
    FieldInfo("id", FieldType.TEXT, nullable=False, max_length=9),
    FieldInfo("notes", FieldType.TEXT),
))  # fmt: skip


def both(there: list[Any], back: list[Any], **tables: Any) -> Any:
    return check_roundtrip({"rules": there}, {"rules": back}, SHOP, **tables)


def test_a_field_that_is_cut_on_the_way_does_not_come_back() -> None:
    trip = both(
        [
            {"to": "Name", "from": "name", "do": [{"fn": "truncate", "length": 30}]},
            {"to": "Phone", "from": "phone"},
        ],
        [{"to": "name", "from": "Name"}, {"to": "phone", "from": "Phone"}],
    )
    assert set(trip.both_ways) == {("name", "Name"), ("phone", "Phone")}
    assert [(one.field, one.via) for one in trip.lossy] == [("name", "Name")]
    assert "comes back as" in trip.lossy[0].words and len(trip.lossy[0].after) == 30


def test_two_values_that_become_one_cannot_be_told_apart_on_the_way_back() -> None:
    out = ValueTable("out", 1, {"N": "open", "P": "open", "S": "done"})
    home = ValueTable("home", 1, {"open": "N", "done": "S"})
    rules = (
        [{"to": "Status", "from": "status", "do": [{"fn": "lookup", "map": "out"}]}],
        [{"to": "status", "from": "Status", "do": [{"fn": "lookup", "map": "home"}]}],
    )
    (lossy,) = both(*rules, tables={"out": out, "home": home}).lossy
    assert lossy.words == "status 'P' comes back as 'N' through Status"
    fixed = {"out": ValueTable("out", 1, {"N": "open", "S": "done"}), "home": home}
    assert both(*rules, tables=fixed).lossy == ()


def test_links_and_matching_formats_come_back_and_rounding_does_not() -> None:
    trip = both(
        [{"to": "CustId", "from": "id", "do": [{"fn": "link", "kind": "customer"}]},
         {"to": "CrLmt", "from": "credit", "do": [{"fn": "round", "places": 2}]}],
        [{"to": "id", "from": "CustId", "do": [{"fn": "link", "kind": "customer"}]}, {"to": "credit", "from": "CrLmt"}],
    )  # fmt: skip
    assert [one.field for one in trip.lossy] == ["credit"]


def test_what_goes_one_way_only_is_not_a_round_trip() -> None:
    trip = both([{"to": "Name", "from": "name"}], [{"to": "notes", "from": "Name"}])
    assert trip.both_ways == () and trip.lossy == ()


# Saved cases ---------------------------------------------------------------------------------------------------

CASES = b"""[
  {"name": "trims", "record": {"name": " Pat ", "total": 1.10}, "expected": {"Name": "Pat", "Total": 1.1}},
  {"name": "maps", "record": {"name": "N", "total": 1}, "expected": {"Name": "N", "Total": 2}},
  {"name": "stops", "record": {"name": "x", "total": "a"}, "failure": "is not a number"},
  {"name": "goes on", "record": {"name": "x", "total": "7"}, "failure": "is not a number"}
]"""


def test_saved_cases_pass_or_say_what_came_instead() -> None:
    mapping = compiled(NAME, {"to": "Total", "from": "total", "do": ["to_decimal"]})
    results = run_suite(mapping, load_cases(CASES))
    assert [(one.name, one.passed) for one in results] == [
        ("trims", True),
        ("maps", False),
        ("stops", True),
        ("goes on", False),
    ]
    assert results[1].differences == (("Total", 2, Decimal(1)),)
    assert results[3].differences == (("", "stops: is not a number", "a record"),)


def test_a_case_brings_its_own_links_and_value_maps() -> None:
    body = b"""[{"name": "linked", "record": {"name": "a"}, "expected": {"Name": "C1", "S": "9"},
      "context": {"links": [["customer", "a", "C1"]], "value_maps": {"m": {"rows": {"a": "9"}, "unknown": "hold"}}}}]"""
    mapping = compiled(
        {"to": "Name", "from": "name", "do": [{"fn": "link", "kind": "customer"}]},
        {"to": "S", "from": "name", "do": [{"fn": "lookup", "map": "m"}]},
    )
    assert run_suite(mapping, load_cases(body))[0].passed


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{}", "are a list"),
        (b"[{}]", "a case is an object with a record"),
        (b'[{"record": {}}]', "either 'expected' or 'failure'"),
        (b'[{"record": {}, "expected": {}, "surprise": 1}]', "unknown word 'surprise'"),
        (b'[{"record": {}, "expected": {}, "context": {"links": [1]}}]', "links as"),
        (b"[", "are not readable"),
    ],
)
def test_a_case_that_cannot_be_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        load_cases(body)


def test_differences_are_told_by_path() -> None:
    found = list(differences({"a": [{"b": 1}, {"b": True}], "c": 1}, {"a": [{"b": 1}, {"b": 1}], "d": 2}))
    assert found == [("a[1].b", True, 1), ("c", 1, "(absent)"), ("d", "(absent)", 2)]
    assert list(differences(Decimal("5.00"), 5)) == []
