"""Drafts for pairs without a pack: what is matched is right and proved, the rest is named, nothing is guessed."""

import json
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.flows.definition import compile_flow
from integrations.flows.drafts import FlowDraft, draft_flows
from integrations.flows.proof import check_flow
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind, Side
from integrations.mapping import ValueTable
from integrations.mapping.draft import Translation, correspondence

WITHOUT_PACK = [("clarity_ecommerce", "acumatica"), ("clarity_ecommerce", "sage_500")]


def drafts_of(pair: tuple[str, str]) -> dict[str, FlowDraft]:
    return {one.template["definition"]["key"]: one for one in draft_flows(*pair)}


def rules_of(draft: FlowDraft, name: str) -> dict[str, Any]:
    return {one["to"]: one for one in draft.template["definition"]["mappings"][name]["rules"]}


@pytest.mark.parametrize("pair", WITHOUT_PACK, ids="-".join)
def test_a_draft_has_every_common_flow_and_each_of_its_rules_is_proved(pair: tuple[str, str]) -> None:
    drafts = drafts_of(pair)
    assert list(drafts) == [
        "order_out",
        "order_acknowledge",
        "shipment_back",
        "order_status_back",
        "inventory_out",
    ]
    systems = {Side.STOREFRONT: pair[0], Side.ERP: pair[1]}
    for draft in drafts.values():
        assert draft.problems == ()
        tables = {
            one["key"]: ValueTable(one["key"], 1, one["rows"], one["unknown"], one.get("default", ""))
            for one in draft.template["value_maps"]
        }
        proof = check_flow(
            compile_flow(draft.template["definition"]),
            lambda side, kind: registry.schema(systems[side], kind),
            tables,
            follows=bool(draft.template.get("follows")),
        )
        assert proof.is_publishable, list(proof.reasons())


@pytest.mark.parametrize("pair", WITHOUT_PACK, ids="-".join)
def test_no_word_of_the_neighbour_is_left_in_a_draft(pair: tuple[str, str]) -> None:
    for draft in drafts_of(pair).values():
        text = json.dumps(draft.template["definition"])
        for word in ("xcart", "XC-", "x_cart", "dynamics_sl", "shipping_address", "CustOrdNbr"):
            assert word not in text, (draft.template["name"], word)


def test_an_order_of_clarity_is_drafted_for_acumatica_field_by_field() -> None:
    rules = rules_of(drafts_of(WITHOUT_PACK[0])["order_out"], "order")
    assert rules["CustomerOrder"]["from"] == "orderNumber"
    assert rules["CustomerOrder"]["do"][0] == {"fn": "prefix", "with": "CE-"}
    assert rules["ShipToAddress.AddressLine2"]["from"] == ["shipTo.street2", "billTo.street2"]
    assert rules["BillToAddress.City"]["from"] == ["billTo.city", "shipTo.city"]
    assert rules["ShippingSettings.FreightPrice"]["from"] == ["totals.shipping", "handlingAndFees"]
    assert rules["OrderTotal"]["from"] == "totalAmount"
    lines = {one["to"]: one for one in rules["Details"]["rules"]}
    assert rules["Details"]["each"] == "lineItems"
    assert (lines["InventoryID"]["from"], lines["OrderQty"]["from"]) == ("sku", "quantity")


def test_what_has_no_counterpart_is_open_and_not_guessed() -> None:
    draft = drafts_of(WITHOUT_PACK[0])["order_out"]
    open_paths = {one.path: one.why for one in draft.open_fields}
    assert "items[].net_amount" in open_paths["Details[].UnitPrice"], (
        "prices with and without discounts differ"
    )
    assert {"Payments", "ExternalRef", "Cancelled"} <= open_paths.keys()
    assert not open_paths.keys() & rules_of(draft, "order").keys()


def test_a_rule_that_does_not_fit_the_target_is_taken_out_with_its_reason() -> None:
    opened = {one.path: one.why for one in drafts_of(WITHOUT_PACK[1])["order_out"].open_fields}
    assert opened["StateID"] == "the rule was not proved: may be 10 characters long; 3 fit"


def test_value_maps_of_a_draft_are_empty_and_hold() -> None:
    for one in drafts_of(WITHOUT_PACK[0])["order_out"].template["value_maps"]:
        assert (one["rows"], one["unknown"]) == ({}, "hold")


def test_a_pair_with_a_pack_is_not_drafted() -> None:
    assert draft_flows("x_cart", "acumatica") == []


TEXT, NUMBER = FieldType.TEXT, FieldType.DECIMAL


def schema(**fields: FieldType) -> EntitySchema:
    return EntitySchema(
        "any", Kind.ORDER, "Order", tuple(FieldInfo(name, kind) for name, kind in fields.items())
    )


def test_two_rules_that_change_the_value_in_different_ways_are_no_evidence() -> None:
    mine = [{"to": "Price", "from": ["net", "pieces"], "do": [{"fn": "net_unit_price", "places": 2}]}]
    other = [{"to": "Price", "from": "unit"}]
    assert correspondence([(mine, other)], schema(net=NUMBER, pieces=NUMBER), schema(unit=NUMBER)) == {}


def test_fields_of_different_types_are_no_evidence() -> None:
    pair = ([{"to": "Note", "from": "text"}], [{"to": "Note", "from": "amount"}])
    assert correspondence([pair], schema(text=TEXT), schema(amount=NUMBER)) == {}


def test_a_condition_on_the_other_systems_words_leaves_the_field_open() -> None:
    rule = {"to": "Cancelled", "value": True, "when": {"field": "status", "op": "eq", "value": "Void"}}
    made, opened = Translation({"status": "state"}, {}).rules([rule])
    assert made == []
    assert [one.path for one in opened] == ["Cancelled"]
    asks_for_presence = {**rule, "when": {"field": "status", "op": "is_empty", "value": False}}
    made, opened = Translation({"status": "state"}, {}).rules([asks_for_presence])
    assert made[0]["when"]["field"] == "state"
    assert opened == []
