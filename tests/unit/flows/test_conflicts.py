"""Fields that both sides changed: who wins, and what is no conflict at all."""

from typing import Any

import pytest

from integrations.flows.definition import CompiledFlow
from integrations.kinds import Kind, RunStatus
from integrations.mapping import DocumentError
from tests.unit.flows.scripted import ORDER, World, order_flow

STEPS = [{"type": "fetch"}, {"type": "map", "mapping": "order"}, {"type": "write"}]
RULES = [
    {"to": "Number", "from": "number"},
    {"to": "Phone", "from": "phone"},
    {"to": "Status", "from": "status"},
]


def flow_with(wins: str, fields: tuple[str, ...] = ("Phone",)) -> CompiledFlow:
    groups = [{"name": "contact", "fields": list(fields), "wins": wins}]
    return order_flow(steps=STEPS, rules=RULES, on_change="update", conflicts=groups)


def delivered(world: World, wins: str) -> CompiledFlow:
    """Deliver the order; the ERP then holds what was written."""
    flow = flow_with(wins)
    world.deliver(flow)
    world.erp.records[Kind.ORDER, "O1"] = dict(world.erp.written[0].fields)
    return flow


def change(world: World, *, ours: dict[str, Any] | None = None, theirs: dict[str, Any] | None = None) -> None:
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, **(ours or {})}
    world.erp.records[Kind.ORDER, "O1"].update(theirs or {})


@pytest.mark.parametrize("wins", ["storefront", "erp", "newer", "person"])
def test_a_change_on_our_side_alone_is_sent_whoever_would_win(world: World, wins: str) -> None:
    flow = delivered(world, wins)
    change(world, ours={"phone": "777"})
    assert world.serve(flow).status is RunStatus.SUCCEEDED
    assert world.erp.written[1].fields["Phone"] == "777"


@pytest.mark.parametrize("wins", ["storefront", "erp", "newer", "person"])
def test_a_change_on_their_side_alone_stays(world: World, wins: str) -> None:
    flow = delivered(world, wins)
    change(world, ours={"status": "C"}, theirs={"Phone": "888"})
    assert world.serve(flow).status is RunStatus.SUCCEEDED
    assert world.erp.written[1].fields == {"Number": "1043", "Status": "C"}


def test_the_side_that_wins_a_conflict_is_what_the_policy_says(world: World) -> None:
    flow = delivered(world, "storefront")
    change(world, ours={"phone": "777"}, theirs={"Phone": "888"})
    assert world.serve(flow).status is RunStatus.SUCCEEDED
    assert world.erp.written[1].fields["Phone"] == "777"


def test_where_the_erp_wins_its_value_stays_and_the_conflict_is_over(world: World) -> None:
    flow = delivered(world, "erp")
    change(world, ours={"phone": "777"}, theirs={"Phone": "888"})
    outcome = world.deliver(flow)
    assert "Phone" not in world.erp.written[1].fields
    assert "contact stays as ERP has it" in [
        hop.title.replace(world.erp.spec.label, "ERP") for hop in outcome.hops
    ]
    del world.house.links[Kind.ORDER][0]
    change(world, ours={"phone": "779"})
    assert world.serve(flow).status is RunStatus.SUCCEEDED
    assert world.erp.written[2].fields["Phone"] == "779", "theirs did not change since"


def test_nothing_is_sent_when_all_that_changed_stays(world: World) -> None:
    flow = flow_with("erp", ("Phone", "Number", "Status"))
    world.deliver(flow)
    world.erp.records[Kind.ORDER, "O1"] = {**world.erp.written[0].fields, "Phone": "888"}
    change(world, ours={"phone": "777"})
    outcome = world.deliver(flow)
    assert (outcome.status, outcome.reason_code, len(world.erp.written)) == (RunStatus.SKIPPED, "conflict", 1)


def test_a_person_decides_and_what_she_sends_is_sent(world: World) -> None:
    flow = delivered(world, "person")
    change(world, ours={"phone": "777"}, theirs={"Phone": "888"})
    outcome = world.serve(flow)
    assert (outcome.status, outcome.reason_code) == (RunStatus.HELD, "conflict")
    assert "contact" in outcome.reason and len(world.erp.written) == 1
    assert world.serve(flow, is_approved=True).status is RunStatus.SUCCEEDED
    assert world.erp.written[1].fields["Phone"] == "777"


def test_where_nobody_knows_which_is_newer_a_person_is_asked(world: World) -> None:
    flow = delivered(world, "newer")
    change(world, ours={"phone": "777"}, theirs={"Phone": "888"})
    assert world.serve(flow).status is RunStatus.HELD, "both say the same moment"


def test_an_address_is_decided_about_as_a_whole(world: World) -> None:
    rules = [{"to": "Home.Street", "from": "street"}, {"to": "Home.City", "from": "city"}, *RULES]
    groups = [{"name": "address", "fields": ["Home"], "wins": "erp"}]
    flow = order_flow(steps=STEPS, rules=rules, on_change="update", conflicts=groups)
    here = {"street": "1 Main St", "city": "Austin"}
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, **here}
    world.deliver(flow)
    world.erp.records[Kind.ORDER, "O1"] = dict(world.erp.written[0].fields)
    change(
        world, ours={**here, "street": "9 Elm St"}, theirs={"Home": {"Street": "1 Main St", "City": "Waco"}}
    )
    world.serve(flow)
    assert set(world.erp.written[1].fields) == {"Number", "Phone", "Status"}


def test_blanks_and_case_are_no_change(world: World) -> None:
    flow = delivered(world, "erp")
    change(world, ours={"phone": "777"}, theirs={"Phone": "555  "})
    world.serve(flow)
    assert world.erp.written[1].fields["Phone"] == "777"


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"name": "a", "fields": ["Nope"], "wins": "erp"}, "no rule of the flow makes"),
        ({"name": "a", "fields": ["Home.City"], "wins": "erp"}, "no rule of the flow makes"),
        ({"name": "a", "fields": ["Phone"], "wins": "chance"}, "wins"),
        ({"name": "a", "fields": [], "wins": "erp"}, "a list of target fields"),
        ({"fields": ["Phone"], "wins": "erp"}, "name"),
    ],
)
def test_a_group_that_means_nothing_is_refused(group: dict[str, Any], words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        order_flow(steps=STEPS, rules=RULES, conflicts=[group])
