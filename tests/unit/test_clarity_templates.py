"""The ready flows of Clarity eCommerce and Dynamics SL: proved whole, and their saved cases stay true."""

from pathlib import Path
from typing import Any

import pytest

import integrations.connectors.systems.dynamics_sl as dynamics_sl
from integrations.connectors import registry
from integrations.connectors.systems.clarity_ecommerce import schema as clarity
from integrations.connectors.systems.dynamics_sl import schema as sl
from integrations.flows.definition import compile_flow
from integrations.flows.proof import check_flow
from integrations.kinds import Side
from integrations.mapping import ValueTable, check_money, compile_mapping, parse_document, validate_target
from integrations.mapping.suite import SavedCase, load_cases, run_suite

PACK = registry.template_pack("clarity_ecommerce", "dynamics_sl")
FOLDER = Path(dynamics_sl.__file__).parent / "templates" / "clarity_ecommerce"
SYSTEMS = {Side.STOREFRONT: "clarity_ecommerce", Side.ERP: "dynamics_sl"}
FILES = sorted((FOLDER / "cases").glob("*.json"))
SL_PLACES = {
    "total": "OrderTot", "tax": "CuryTotTax", "freight": "CuryTotFrt", "fees": "CuryTotMisc",
    "discounts": "CuryWholeOrdDisc", "lines": {"each": "orderItems", "quantity": "QtyOrd", "price": "CurySlsPrice"},
}  # fmt: skip


def template_of(file: Path) -> dict[str, Any]:
    names = [one.name for one in sorted(FOLDER.glob("*.json"))]
    return PACK[names.index(f"{file.name.split('.')[0]}.json")]


def cases_of(file: Path) -> tuple[SavedCase, ...]:
    return load_cases(file.read_bytes())


@pytest.mark.parametrize("template", PACK, ids=[one["name"] for one in PACK])
def test_every_ready_flow_is_proved_whole(template: dict[str, Any]) -> None:
    tables = {
        one["key"]: ValueTable(one["key"], 1, one["rows"], one["unknown"], one.get("default", ""))
        for one in template.get("value_maps", ())
    }
    proof = check_flow(
        compile_flow(template["definition"]),
        lambda side, kind: registry.schema(SYSTEMS[side], kind),
        tables,
        follows=bool(template.get("follows")),
    )
    assert proof.reports.keys() == template["definition"]["mappings"].keys()
    for report in proof.reports.values():
        assert report.is_proved, "\n".join(report.lines())


def test_every_mapping_has_cases() -> None:
    wanted = {
        f"{file.stem}.{name}.json"
        for file, template in zip(sorted(FOLDER.glob("*.json")), PACK, strict=True)
        for name in template["definition"]["mappings"]
    }
    assert {file.name for file in FILES} == wanted


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_saved_cases_stay_true(file: Path) -> None:
    document = template_of(file)["definition"]["mappings"][file.stem.split(".")[1]]
    results = run_suite(compile_mapping(parse_document(document)), cases_of(file))
    assert [(one.name, one.differences) for one in results if not one.passed] == []


def test_an_orders_money_agrees_on_both_sides() -> None:
    (places,) = (step["places"] for step in PACK[0]["definition"]["steps"] if step["type"] == "money")
    checked = 0
    for case in cases_of(FOLDER / "cases" / "10_order.order.json"):
        if case.expected is None:
            continue
        source, target = check_money(case.record, places), check_money(case.expected, SL_PLACES)
        assert source.agrees and target.agrees, (case.name, source.difference, target.difference)
        assert validate_target(case.expected, sl.ORDER) == []
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_records_of_the_cases_are_of_the_field_table(file: Path) -> None:
    source = template_of(file)["definition"]["mappings"][file.stem.split(".")[1]].get("source")
    if source is None or source["system"] != "clarity_ecommerce":
        return
    (schema,) = (one for kind, one in clarity.SCHEMAS.items() if kind.value == source["kind"])
    for case in cases_of(file):
        assert validate_target(case.record, schema) == []


def test_the_default_maps_name_only_statuses_that_the_store_has() -> None:
    (table,) = (
        one for template in PACK for one in template.get("value_maps", ()) if one["key"] == "order_status"
    )
    assert set(table["rows"].values()) <= set(clarity.ORDER_STATUSES)
    assert table["rows"]["cancelled"] == "Void"
