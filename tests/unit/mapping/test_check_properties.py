"""Tries to refute the proof: chance schemas, mappings and records, thousands of them.

A field that is proved must never be refused, a field that is wrong must be shown wrong, and how often the proof
asks for a guard that no record needs is counted and printed.
"""

import sys
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind
from integrations.mapping import (
    MappingFailure,
    MissingLink,
    UnknownValue,
    ValueTable,
    compile_mapping,
    parse_document,
    validate_target,
)
from integrations.mapping.check import Verdict, check_mapping, source_problems
from integrations.mapping.check.report import MappingReport
from integrations.mapping.check.search import searching_context
from integrations.mapping.check.sources import Scope, shape_of
from integrations.mapping.conditions import compile_condition, fields_of
from integrations.mapping.paths import compile_path
from integrations.mapping.samples import TIME, random_record, samples
from tests.unit.mapping.arguments import STEPS as EVERY_STEP
from tests.unit.mapping.test_shapes import lies_in

STOPPED = (MappingFailure, MissingLink, UnknownValue)
TABLES = {
    "codes": ValueTable("codes", 1, {"a": "AA", "b": "B", "": "-"}, "default", "rest"),
    "held": ValueTable("held", 1, {"a": "1", "x": "22"}, "hold"),
    "passed": ValueTable("passed", 1, {"a": "1", "x": "22"}, "pass"),
}
CONTEXT = searching_context(TABLES)
SCALARS = [
    FieldType.TEXT,
    FieldType.INTEGER,
    FieldType.DECIMAL,
    FieldType.BOOLEAN,
    FieldType.DATE,
    FieldType.DATETIME,
]
STEPS: list[Any] = [
    "trim", "upper", "lower", "to_text", "to_decimal", "to_integer", "coalesce", "join", "first", "count", "sum",
    "floor", "required", {"fn": "truncate", "length": 3}, {"fn": "truncate", "length": 8},
    {"fn": "max_length", "length": 5}, {"fn": "default", "value": "none"}, {"fn": "default", "value": 0},
    {"fn": "round", "places": 2}, {"fn": "round", "places": 0}, {"fn": "at_least", "number": 0},
    {"fn": "multiply", "by": -1}, {"fn": "multiply", "by": "0.5"}, {"fn": "add", "number": "1.25"},
    {"fn": "lookup", "map": "codes"}, {"fn": "lookup", "map": "held"}, {"fn": "lookup", "map": "passed"},
    {"fn": "lookup", "map": "missing"}, {"fn": "pad_left", "length": 5}, {"fn": "prefix", "with": "XC-"},
    {"fn": "replace", "old": "x", "new": "yy"}, {"fn": "split", "at": "-", "part": 1}, {"fn": "to_date"},
    {"fn": "net_unit_price", "places": 2}, {"fn": "state_code"}, "country_alpha2", {"fn": "link", "kind": "product"},
]  # fmt: skip


@some.composite
def fields(draw: Any, names: str, depth: int = 1) -> tuple[FieldInfo, ...]:
    made = []
    for name in draw(some.lists(some.sampled_from(names), min_size=1, max_size=4, unique=True)):
        kinds = [*SCALARS, FieldType.TEXT, FieldType.DECIMAL] + ([FieldType.OBJECT, FieldType.ARRAY] * depth)
        kind = draw(some.sampled_from(kinds))
        is_text, is_number = kind is FieldType.TEXT, kind in (FieldType.INTEGER, FieldType.DECIMAL)
        made.append(
            FieldInfo(
                name,
                kind,
                required=draw(some.booleans()),
                nullable=draw(some.booleans()),
                max_length=draw(some.sampled_from([None, 3, 5, 8, 20])) if is_text else None,
                places=draw(some.sampled_from([None, 0, 2, 4])) if kind is FieldType.DECIMAL else None,
                minimum=draw(some.sampled_from([None, None, 0, 0.5])) if is_number else None,
                enum=draw(some.sampled_from([(), (), ("a", "b"), ("AA", "B", "rest")])) if is_text else (),
                fields=draw(fields(names, depth - 1)) if kind in (FieldType.OBJECT, FieldType.ARRAY) else (),
            )
        )
    return tuple(made)


def paths(draw: Any, infos: tuple[FieldInfo, ...], prefix: str = "") -> str:
    """Return a path into a schema, at times through a list without ``[]``, or to nowhere."""
    if draw(some.integers(0, 19)) == 0:
        return f"{prefix}nowhere"
    info = draw(some.sampled_from(infos))
    if not info.fields or draw(some.integers(0, 3)) == 0:
        return prefix + info.name
    between = draw(some.sampled_from(["[].", "[0].", "."])) if info.type is FieldType.ARRAY else "."
    return paths(draw, info.fields, f"{prefix}{info.name}{between}")


def condition(draw: Any, infos: tuple[FieldInfo, ...], depth: int = 2) -> dict[str, Any]:
    leaf = {"field": paths(draw, infos)}
    kind = draw(some.integers(0, 4 if depth else 3))
    if kind == 0:
        return {**leaf, "op": "is_empty", "value": draw(some.booleans())}
    if kind == 1:
        return {
            **leaf,
            "op": draw(some.sampled_from(["eq", "ne"])),
            "value": draw(some.sampled_from(["a", "", 1, 0, None, True, "2026-03-02T15:04:05Z"])),
        }
    if kind == 2:
        return {
            **leaf,
            "op": draw(some.sampled_from(["gt", "le", "ge", "lt"])),
            "value": draw(some.sampled_from([0, 5, "m"])),
        }
    if kind == 3:
        return {**leaf, "op": draw(some.sampled_from(["in", "not_in"])), "value": ["a", "x", 7, None]}
    return {draw(some.sampled_from(["all", "any"])): [condition(draw, infos, depth - 1) for _ in range(2)]}


def sensible(draw: Any, info: FieldInfo) -> list[Any]:
    """Return steps as a person would choose them for this target field, some of them left out."""
    longest, places = info.max_length or 20, 2 if info.places is None else info.places
    steps: list[Any] = {
        FieldType.TEXT: [
            "to_text",
            "trim",
            {"fn": "default", "value": "a"},
            {"fn": "truncate", "length": longest},
        ],
        FieldType.DECIMAL: [
            "to_decimal",
            {"fn": "default", "value": 1},
            {"fn": "at_least", "number": 1},
            {"fn": "round", "places": places},
        ],
        FieldType.INTEGER: ["floor", {"fn": "default", "value": 1}, "to_integer"],
        FieldType.DATE: ["to_date", {"fn": "default", "value": "2026-03-02"}],
        FieldType.DATETIME: [{"fn": "default", "value": "2026-03-02"}],
    }.get(info.type, [])
    if info.enum:
        steps = ["to_text", {"fn": "lookup", "map": "codes"}]
    return [step for step in steps if draw(some.integers(0, 5))]


def kindred(draw: Any, info: FieldInfo, source: tuple[FieldInfo, ...]) -> str:
    """Return the path of a field of the same type where there is one at the top."""
    same = [one.name for one in source if one.type is info.type]
    return draw(some.sampled_from(same)) if same else paths(draw, source)


def rule(draw: Any, info: FieldInfo, source: tuple[FieldInfo, ...], depth: int = 0) -> dict[str, Any]:
    made: dict[str, Any] = {"to": info.name}
    arrays = [one for one in source if one.type is FieldType.ARRAY and one.fields]
    if info.type is FieldType.ARRAY and arrays and depth == 0 and draw(some.integers(0, 5)):
        array = draw(some.sampled_from(arrays))
        made |= {"each": array.name, "rules": rules(draw, info.fields, array.fields, 1)}
        if draw(some.integers(0, 3)) == 0:
            made["where"] = condition(draw, array.fields)
    elif draw(some.integers(0, 7)) == 0:
        made["value"] = draw(some.sampled_from(["a", "text", 1, Decimal("2.5"), True, None, [], ["N"]]))
    elif draw(some.integers(0, 2)):
        made |= {"from": kindred(draw, info, source), "do": sensible(draw, info)}
    else:
        many = draw(some.integers(0, 4)) == 0
        made["from"] = [paths(draw, source) for _ in range(2)] if many else paths(draw, source)
        made["do"] = draw(some.lists(some.sampled_from([*STEPS, *EVERY_STEP]), max_size=3))
    if draw(some.integers(0, 3)) == 0:
        made["when"] = condition(draw, source)
        if draw(some.booleans()):
            made["else"] = draw(some.sampled_from(["a", 0, None, []]))
    return made


def rules(
    draw: Any, target: tuple[FieldInfo, ...], source: tuple[FieldInfo, ...], depth: int = 0
) -> list[Any]:
    chosen = [info for info in target if draw(some.integers(0, 5))]
    return [rule(draw, info, source, depth) for info in chosen]


@some.composite
def problems(draw: Any) -> tuple[EntitySchema, EntitySchema, dict[str, Any]]:
    """Return a source schema, a target schema and a mapping between them."""
    source = EntitySchema("one", Kind.ORDER, "Source", draw(fields("abcdef")))
    target = EntitySchema("other", Kind.ORDER, "Target", draw(fields("tuvwxy")))
    return source, target, {"name": "chance", "rules": rules(draw, target.fields, source.fields)}


def refused(report_path: str, found: str) -> bool:
    """Return whether a problem found at ``lines[0].sku`` is one of the field ``lines[].sku``."""
    bare = "".join(part.split("]", 1)[-1] if "]" in part else part for part in found.split("["))
    wanted = report_path.replace("[]", "")
    return bare == wanted or bare.startswith(f"{wanted}.")


def records(source: EntitySchema, count: int) -> list[dict[str, Any]]:
    chance = Random(11)
    named = [sample.record for sample in samples(source, seed=5, count=12)]
    return named + [random_record(source, chance) for _ in range(count - len(named))]


MANY = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(problem=problems(), creating=some.booleans())
def test_a_proved_field_is_never_refused_by_the_target(problem: Any, creating: bool) -> None:
    source, target, document = problem
    report = check_mapping(document, source, target, tables=TABLES, creating=creating)
    proved = [one.path for one in report.findings if one.verdict is Verdict.PROVED]
    mapping = compile_mapping(parse_document(document))
    for record in records(source, 40):
        assert source_problems(record, source) == []
        try:
            made = mapping.evaluate(record, CONTEXT, creating=creating)
        except STOPPED:
            continue
        found = validate_target(made, target, creating=creating)
        if report.is_proved:
            assert found == [], (record, made)
        for one in found:
            # A list that is proved says nothing of what its elements hold: they have findings of their own.
            owners = [
                path for path in [finding.path for finding in report.findings] if refused(path, one.path)
            ]
            assert owners, (one, record)
            assert max(owners, key=len) not in proved, (one, record, made)


@MANY
@given(problem=problems())
def test_a_wrong_field_comes_with_a_record_that_fits_and_is_refused(problem: Any) -> None:
    source, target, document = problem
    mapping = compile_mapping(parse_document(document))
    for one in check_mapping(document, source, target, tables=TABLES).wrong:
        example = one.counter_example
        if example is None:
            assert one.is_missing
            continue
        assert source_problems(dict(example.record), source) == []
        made = mapping.evaluate(dict(example.record), CONTEXT)
        told = [f"{found.path}: {found.rule}" for found in validate_target(made, target)]
        assert example.problem in told


def false_alarms(
    report: MappingReport, document: Any, source: EntitySchema, target: EntitySchema
) -> Counter[str]:
    """Count how the verdicts stand against a wider search than the check's own."""
    counted: Counter[str] = Counter(one.verdict.value for one in report.findings)
    open_ones = [one for one in report.findings if one.verdict is Verdict.NEEDS_GUARD]
    # A path to nowhere is a fault of the mapping, whatever the target makes of it.
    doubted = [one.path for one in open_ones if "correct the path" not in one.guard]
    counted["astray"] = len(open_ones) - len(doubted)
    if not doubted:
        return counted
    mapping, shown, came_through = compile_mapping(parse_document(document)), set(), 0
    for record in records(source, 200):
        try:
            made = mapping.evaluate(record, CONTEXT)
        except STOPPED:
            continue
        came_through += 1
        for found in validate_target(made, target):
            shown |= {path for path in doubted if refused(path, found.path)}
    counted["missed"] = len(shown)
    counted["stopped"] = 0 if came_through else len(doubted)
    return counted


def test_how_often_a_guard_is_asked_for_in_vain_is_counted(capsys: Any) -> None:
    counted: Counter[str] = Counter()

    @settings(max_examples=250, deadline=None, database=None, derandomize=True)
    @given(problem=problems())
    def count(problem: Any) -> None:
        source, target, document = problem
        report = check_mapping(document, source, target, tables=TABLES)
        counted.update(false_alarms(report, document, source, target))

    count()
    fields_in_all = counted["proved"] + counted["wrong"] + counted["needs_guard"]
    vain = counted["needs_guard"] - counted["missed"] - counted["stopped"] - counted["astray"]
    words = (
        f"{fields_in_all} fields: {counted['proved']} proved, {counted['wrong']} wrong, "
        f"{counted['needs_guard']} need a guard. Of these the check's search missed {counted['missed']}; "
        f"{counted['astray']} read a path that does not exist; "
        f"{counted['stopped']} stand in mappings that let no record through; for {vain} "
        f"({100 * vain / fields_in_all:.1f} % of all fields) no record was found: false alarms at most."
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{words}\n")
    assert vain <= fields_in_all * 0.05
    assert counted["missed"] <= fields_in_all * 0.02


@MANY
@given(choice=some.data(), infos=fields("abcd", 2))
def test_what_a_path_gives_lies_in_its_shape_and_in_what_a_met_condition_says_of_it(
    choice: Any, infos: Any
) -> None:
    schema = EntitySchema("one", Kind.ORDER, "Source", infos)
    asked = condition(choice.draw, infos)
    read_too = [*fields_of(asked), paths(choice.draw, infos)]
    bare = Scope((shape_of(schema),))
    refined, holds = bare.where(asked), compile_condition(asked, "test", 0)
    for record in records(schema, 25):
        is_met = holds((record,))
        assert refined.is_reached or not is_met
        assert is_met or not bare.always(asked)
        for path in read_too:
            value = compile_path(path, "test", 0)((record,))
            assert lies_in(value, bare.read(path).shape), (path, value)
            assert not is_met or lies_in(value, refined.read(path).shape), (path, value, asked)


def test_a_written_time_is_met_by_times_and_lists_in_lists_may_be_empty() -> None:
    inner = FieldInfo(
        "inner", FieldType.ARRAY, required=True, fields=(FieldInfo("sku", FieldType.TEXT, nullable=False),)
    )
    schema = EntitySchema("one", Kind.ORDER, "Source", (
        FieldInfo("placed", FieldType.DATETIME),
        FieldInfo("lists", FieldType.ARRAY, required=True, fields=(replace(inner, required=False, nullable=False),)),
    ))  # fmt: skip
    scope = Scope((shape_of(schema),))
    met = scope.where({"field": "placed", "op": "eq", "value": "2026-03-02T15:04:05Z"}).read("placed").shape
    assert lies_in(TIME, met) and lies_in("2026-03-02T15:04:05Z", met)
    assert not lies_in("soon", met) and not lies_in(None, met)
    assert lies_in([], scope.read("lists[].inner[].sku").shape)
    assert lies_in(None, scope.read("lists[0].inner[0].sku").shape)
    assert lies_in(None, scope.where({"field": "placed", "op": "ne", "value": "x"}).read("placed").shape)
