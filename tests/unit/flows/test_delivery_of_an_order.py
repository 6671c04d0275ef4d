"""One order through all steps: written once, told in full, recognised when it comes again."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors import errors
from integrations.connectors.base import WriteResult
from integrations.flows.ports import Link
from integrations.kinds import Kind, RunStatus, Side, canonical_json
from tests.unit.flows.scripted import ERP_SPEC, LINES, ORDER, RULES, SHOP_SPEC, Only, World, order_flow, table

MAPPED = {
    "CustID": "C300", "Number": "1043", "Total": Decimal("134.47"), "Status": "P",
    "lines": [{"InvtID": "A50-HALO"}],
}  # fmt: skip


def test_an_order_is_written_once_and_everything_is_told(world: World) -> None:
    outcome = world.serve()
    (request,) = world.erp.written
    assert request.fields == MAPPED
    assert (request.reference, request.idempotency_key, request.external_id) == ("XC-1043", "cc-1-9", "")
    assert (outcome.status, outcome.target_id, outcome.target_key) == (RunStatus.SUCCEEDED, "O1", "KEY-1")
    assert outcome.has_changed_target and outcome.is_counted
    assert (outcome.business_key, outcome.amount, outcome.currency) == ("1043", Decimal("134.47"), "USD")
    assert outcome.link is not None
    assert (outcome.link.storefront_id, outcome.link.erp_id, outcome.link.made_by) == (
        "5012",
        "O1",
        "written",
    )
    assert outcome.link.written_to_erp and not outcome.link.written_to_storefront
    assert outcome.calls == 2
    assert [hop.rail for hop in outcome.hops] == ["storefront", "connect", "erp"]
    assert {verdict.side: verdict.health for verdict in outcome.verdicts} == {
        Side.STOREFRONT: "ok",
        Side.ERP: "ok",
    }


def test_an_unchanged_order_is_skipped_without_a_write(world: World) -> None:
    world.deliver()
    outcome = world.serve()
    assert (outcome.status, outcome.reason_code) == (RunStatus.SKIPPED, "unchanged")
    assert (len(world.erp.written), outcome.target_id, outcome.has_changed_target) == (1, "O1", False)


def test_our_own_write_coming_back_is_an_echo_unless_a_person_asked(world: World) -> None:
    change = world.deliver().link
    assert change is not None
    (link,) = world.house.links.pop(Kind.ORDER)
    world.house.links[Kind.ORDER] = [replace(link, written_to_storefront="hash of the acknowledgement")]
    assert world.serve().reason_code == "echo"
    assert world.serve(found_by="person").reason_code == "unchanged"
    assert len(world.erp.written) == 1


@pytest.mark.parametrize(
    ("policy", "status", "writes"),
    [("hold", RunStatus.HELD, 1), ("skip", RunStatus.SKIPPED, 1), ("update", RunStatus.SUCCEEDED, 2)],
)
def test_an_order_that_changed_after_release_does_what_the_policy_says(
    world: World, policy: str, status: RunStatus, writes: int
) -> None:
    flow = order_flow(on_change=policy)
    world.deliver(flow)
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "status": "C"}
    outcome = world.serve(flow)
    assert (outcome.status, len(world.erp.written), outcome.target_id) == (status, writes, "O1")
    if policy == "update":
        assert world.erp.written[1].external_id == "O1"
    else:
        assert outcome.reason_code == "changed_after_release"
    if policy == "hold":
        assert outcome.hold is not None
        assert (outcome.hold.kind, outcome.hold.key) == ("review", "order:5012")


def test_a_value_that_stands_there_already_is_no_change_but_is_remembered(world: World) -> None:
    world.erp.answer = WriteResult("O7", "KEY-7", is_unchanged=True)
    outcome = world.serve()
    assert (outcome.status, outcome.reason_code, outcome.has_changed_target) == (
        RunStatus.SKIPPED, "unchanged", False
    )  # fmt: skip
    assert outcome.link is not None and outcome.link.written_to_erp


def test_a_duplicate_is_adopted_by_the_id_it_names(world: World) -> None:
    world.erp.raises["write"] = [errors.Duplicate("exists", existing_id="O55")]
    outcome = world.serve()
    assert (outcome.status, outcome.target_id, outcome.has_changed_target) == (
        RunStatus.SUCCEEDED,
        "O55",
        False,
    )
    assert outcome.link is not None and outcome.link.made_by == "adopted"


def test_a_duplicate_without_an_id_is_looked_up_by_our_reference(world: World) -> None:
    world.erp.raises["write"] = [errors.Duplicate("exists")]
    world.erp.by_reference["XC-1043"] = "O56"
    assert world.serve().target_id == "O56"


def test_a_duplicate_that_cannot_be_found_waits_for_a_person(world: World) -> None:
    world.erp.raises["write"] = [errors.Duplicate("exists")]
    outcome = world.serve()
    assert (outcome.status, outcome.reason_code) == (RunStatus.DEAD, "duplicate")


def test_a_duplicate_of_an_update_is_not_looked_up_by_an_empty_reference(world: World) -> None:
    world.erp.by_reference[""] = "O99"
    world.erp.raises["write"] = [errors.Duplicate("exists")]
    steps = [{"type": "fetch"}, {"type": "map", "mapping": "order"}, {"type": "write", "mode": "update"}]
    rules = [{"to": "Number", "from": "number"}]
    assert world.serve(order_flow(steps=steps, rules=rules)).status is RunStatus.DEAD
    assert world.erp.named("find") == []


def test_the_same_claim_gives_the_same_bytes(world: World) -> None:
    once, again = world.serve().mapped, world.serve().mapped
    assert canonical_json(once) == canonical_json(again)


CODED = [*RULES[:3], {"to": "Status", "from": "status", "do": [{"fn": "lookup", "map": "codes"}]}, LINES]


def test_an_unknown_value_holds_the_order_with_map_and_value(world: World) -> None:
    outcome = world.serve(order_flow(rules=CODED), value_tables={"codes": table("hold", X="Y")})
    assert outcome.hold is not None
    assert (outcome.status, outcome.hold.kind, outcome.hold.key) == (RunStatus.HELD, "value_map", "codes:P")
    assert outcome.reason == "Waits for a row for 'P' in value map codes."


def test_the_version_of_each_value_map_is_noted(world: World) -> None:
    outcome = world.serve(order_flow(rules=CODED), value_tables={"codes": table("hold", P="Paid")})
    assert outcome.context["value_maps"] == {"codes": 4}
    assert ["product", "A50", "A50-HALO"] in outcome.context["links"]
    assert outcome.context["now"] == "2026-03-02T15:00:00+00:00"


def test_a_mapping_failure_names_field_value_and_reason(world: World) -> None:
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "number": "ten"}
    rules = [{"to": "Number", "from": "number", "do": ["to_integer"]}]
    outcome = world.serve(order_flow(rules=rules))
    (problem,) = outcome.problems
    assert (outcome.status, outcome.reason_code) == (RunStatus.DEAD, "mapping")
    assert (problem.field, problem.value, problem.rule) == ("Number", "ten", "'ten' is not a number")
    assert world.erp.written == []


def test_validation_stops_before_anything_is_sent_and_names_every_field(world: World) -> None:
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "number": "12345678901", "status": "far too long"}
    outcome = world.serve()
    assert (outcome.status, outcome.reason_code) == (RunStatus.DEAD, "validation")
    assert [problem.field for problem in outcome.problems] == ["Number", "Status"]
    assert outcome.reason == "Number has 11 characters; 10 fit; ERP would refuse it. 1 more."
    assert world.erp.written == []


def test_an_order_that_does_not_add_up_is_stopped_with_the_difference(world: World) -> None:
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "total": Decimal("134.48")}
    outcome = world.serve()
    assert (outcome.status, outcome.reason_code, outcome.step) == (RunStatus.DEAD, "money", "money")
    assert outcome.problems[0].rule == "differs by 0.01"
    assert "134.48" in outcome.reason and "134.47" in outcome.reason
    assert world.erp.calls == []


def test_a_total_edited_into_words_is_told_not_a_crash(world: World) -> None:
    outcome = world.serve(edited_source={**ORDER, "total": "12,50"})
    assert (outcome.status, outcome.reason_code) == (RunStatus.DEAD, "money")
    assert outcome.problems[0].field == "total"
    assert world.shop.calls == [], "an edited record is not read again"


def test_money_of_the_mapped_record_is_checked_as_well(world: World) -> None:
    steps = [
        {"type": "fetch"},
        {"type": "map", "mapping": "order"},
        {
            "type": "money",
            "of": "mapped",
            "places": {"total": "Total", "lines": {"each": "lines", "amount": "x"}},
        },
        {"type": "write"},
    ]
    outcome = world.serve(order_flow(steps=steps, rules=[{"to": "Total", "from": "total"}]))
    assert (outcome.status, outcome.reason_code) == (RunStatus.DEAD, "money")
    assert outcome.reason.startswith("The mapped record does not add up")


def test_a_record_in_the_event_is_not_read_again(world: World) -> None:
    body = canonical_json({"external_id": "5012", "fields": ORDER, "business_key": "1043"})
    outcome = world.serve(event_body=body, has_record=True)
    assert outcome.status is RunStatus.SUCCEEDED
    assert world.shop.calls == []


def test_a_follow_up_run_gets_the_ids_of_its_parent(world: World) -> None:
    steps = [{"type": "fetch"}, {"type": "map", "mapping": "order"}, {"type": "write", "mode": "update"}]
    rules = [{"to": "Number", "from": "target_id"}, {"to": "Status", "from": "source_id"}]
    outcome = world.serve(
        order_flow(steps=steps, rules=rules), parent_source_id="5012", parent_target_id="O1"
    )
    assert outcome.mapped == {"Number": "5012", "Status": "O1"}


@pytest.mark.parametrize(
    ("end", "reason"), [("shop", "Shop cannot be read."), ("erp", "ERP cannot be written.")]
)
def test_a_connector_without_the_capability_stops_the_flow(world: World, end: str, reason: str) -> None:
    setattr(world.house, end, Only(SHOP_SPEC if end == "shop" else ERP_SPEC))
    outcome = world.serve()
    assert (outcome.status, outcome.stops_flow, outcome.is_counted) == (RunStatus.QUEUED, True, False)
    assert outcome.reason == reason


def shipment_flow() -> Any:
    from integrations.flows.definition import compile_flow

    return compile_flow(
        {
            "key": "shipment_back", "kind": "shipment", "direction": "to_storefront",
            "steps": [
                {"type": "fetch"},
                {"type": "references", "items": [{"kind": "order", "side": "erp", "from": "OrdNbr"}]},
                {"type": "map", "mapping": "s"}, {"type": "write", "mode": "update", "link": "per_record"},
            ],
            "mappings": {"s": {"rules": [{"to": "order_id", "from": "OrdNbr", "do": [{"fn": "link", "kind": "order"}]}]}},
        }
    )  # fmt: skip


def test_two_shipments_of_one_order_are_two_links(world: World) -> None:
    world.house.links[Kind.ORDER] = [Link("5012", "O1")]
    links = []
    for shipper in ("S1", "S2"):
        world.erp.records[Kind.SHIPMENT, shipper] = {"OrdNbr": "O1"}
        world.shop.answer = WriteResult("5012")
        links.append(world.deliver(shipment_flow(), record_key=shipper).link)
    assert [(link.storefront_id, link.erp_id) for link in links if link] == [
        ("5012#S1", "S1"),
        ("5012#S2", "S2"),
    ]
    assert [request.external_id for request in world.shop.written] == ["", ""]
    assert links[0] is not None and links[0].written_to_storefront and not links[0].written_to_erp


def test_a_shipment_adopted_as_a_duplicate_is_linked_per_record_too(world: World) -> None:
    world.house.links[Kind.ORDER] = [Link("5012", "O1")]
    world.erp.records[Kind.SHIPMENT, "S1"] = {"OrdNbr": "O1"}
    world.shop.raises["write"] = [errors.Duplicate("there", existing_id="5012")]
    change = world.serve(shipment_flow(), record_key="S1").link
    assert change is not None
    assert change.storefront_id == "5012#S1"


PHONE = {"to": "Phone", "from": "phone"}


def test_what_is_written_on_create_is_left_out_of_an_update(world: World) -> None:
    flow = order_flow(rules=[*RULES, {**PHONE, "write": "on_create"}], on_change="update")
    world.deliver(flow)
    assert world.erp.written[0].fields["Phone"] == "555"
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "status": "C"}
    outcome = world.serve(flow)
    assert "Phone" not in world.erp.written[1].fields
    assert outcome.mapped == world.erp.written[1].fields


def test_a_field_written_on_create_does_not_look_like_a_change(world: World) -> None:
    flow = order_flow(rules=[*RULES, {**PHONE, "write": "on_create"}])
    world.deliver(flow)
    assert world.serve(flow).reason_code == "unchanged"


@pytest.mark.parametrize(("held", "is_sent"), [("", True), ("999", False)])
def test_if_empty_writes_only_where_the_target_holds_nothing(world: World, held: str, is_sent: bool) -> None:
    flow = order_flow(rules=[*RULES, {**PHONE, "write": "if_empty"}], on_change="update")
    world.deliver(flow)
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "status": "C"}
    world.erp.records[Kind.ORDER, "O1"] = {"Phone": held}
    world.serve(flow)
    assert ("Phone" in world.erp.written[1].fields) is is_sent
    assert world.erp.named("fetch") == ["O1"]


def test_an_unchanged_order_is_not_read_from_the_target_for_if_empty(world: World) -> None:
    flow = order_flow(rules=[*RULES, {**PHONE, "write": "if_empty"}])
    world.deliver(flow)
    assert world.serve(flow).reason_code == "unchanged"
    assert world.erp.named("fetch") == []
