"""When a write may have happened: look first, believe late, and forget the doubt only when it is settled."""

from typing import Any

import pytest

from integrations.connectors import errors
from integrations.flows.ports import IntentGrant, LeaseLost
from integrations.kinds import Kind, RunStatus
from tests.unit.flows.scripted import ENSURE, LADDER, ORDER, REFERENCES, World, order_flow

UNKNOWN = errors.OutcomeUnknown("The ERP did not answer.", request_id="req-1")


def test_a_lost_answer_puts_the_run_in_doubt_with_the_ladder_of_the_connection(world: World) -> None:
    world.erp.raises["write"] = [UNKNOWN]
    outcome = world.serve()
    assert (outcome.status, outcome.must_find) == (RunStatus.IN_DOUBT, True)
    assert outcome.delay_seconds == LADDER.wait_seconds
    assert outcome.believe_missing_seconds == LADDER.settle_seconds
    assert outcome.reason == "The ERP did not answer. Looking for XC-1043 before sending again."
    assert outcome.link is None and not outcome.has_changed_target
    assert [(one.side.value, one.health) for one in outcome.verdicts] == [("erp", "failed")]


def test_what_is_found_is_adopted_at_once_and_not_written_again(world: World) -> None:
    world.erp.by_reference["XC-1043"] = "O1"
    outcome = world.serve(must_find=True, may_believe_missing=False)
    assert (outcome.status, outcome.target_id, outcome.must_find) == (RunStatus.SUCCEEDED, "O1", False)
    assert outcome.link is not None and outcome.link.made_by == "adopted"
    assert world.erp.written == []


def test_what_is_not_found_too_early_is_looked_for_again_uncounted(world: World) -> None:
    outcome = world.serve(must_find=True, may_believe_missing=False)
    assert (outcome.status, outcome.must_find, outcome.is_counted) == (RunStatus.IN_DOUBT, True, False)
    assert outcome.delay_seconds == LADDER.wait_seconds
    assert outcome.believe_missing_seconds is None, "the time of belief stays where it was"
    assert world.erp.written == []


def test_what_is_not_found_in_the_end_is_written(world: World) -> None:
    outcome = world.serve(must_find=True, may_believe_missing=True)
    assert (outcome.status, outcome.must_find) == (RunStatus.SUCCEEDED, False)
    assert world.erp.calls == [("find", "XC-1043"), ("write", "order")]


def test_a_run_that_ends_skipped_leaves_no_doubt_behind(world: World) -> None:
    world.deliver()
    outcome = world.serve(must_find=True)
    assert (outcome.status, outcome.reason_code, outcome.must_find) == (RunStatus.SKIPPED, "unchanged", False)


def test_a_run_without_doubt_does_not_look(world: World) -> None:
    world.serve()
    assert world.erp.named("find") == []


def test_an_update_in_doubt_is_sent_again_for_its_record_stands_there_anyway(world: World) -> None:
    flow = order_flow(on_change="update")
    world.deliver(flow)
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "status": "C"}
    outcome = world.serve(flow, must_find=True)
    assert (outcome.status, outcome.has_changed_target) == (RunStatus.SUCCEEDED, True)
    assert [request.fields["Status"] for request in world.erp.written] == ["P", "C"]


def in_doubt(world: World, **changes: Any) -> Any:
    return world.serve(must_find=True, may_believe_missing=False, **changes)


def unknown_sku(world: World) -> None:
    world.house.links[Kind.PRODUCT] = []


def someone_else_creates_the_customer(world: World) -> None:
    world.house.links[Kind.CUSTOMER] = []
    world.house.grants["pat@example.com"] = IntentGrant(False)


def wrong_money(world: World) -> None:
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "total": 1}


@pytest.mark.parametrize(
    ("on_the_way", "status"),
    [
        (unknown_sku, RunStatus.HELD),
        (someone_else_creates_the_customer, RunStatus.RETRYING),
        (wrong_money, RunStatus.DEAD),
        (lambda world: world.shop.raises.update(fetch=[errors.Transient("down")]), RunStatus.RETRYING),
        (lambda world: world.shop.raises.update(fetch=[errors.AuthFailed("no")]), RunStatus.QUEUED),
        (lambda world: world.shop.raises.update(fetch=[errors.RateLimited("slow")]), RunStatus.RETRYING),
        (lambda world: world.erp.raises.update(find=[errors.Transient("down")]), RunStatus.RETRYING),
        (lambda world: world.erp.raises.update(find=[errors.UnexpectedResponse("html")]), RunStatus.RETRYING),
        (lambda world: world.shop.records.clear(), RunStatus.DEAD),
    ],
    ids=[
        "held",
        "waits for other",
        "money",
        "source down",
        "source refused",
        "rate",
        "look-up cut",
        "odd",
        "gone",
    ],
)
def test_a_stop_on_the_way_to_the_look_up_keeps_the_doubt(
    world: World, on_the_way: Any, status: RunStatus
) -> None:
    on_the_way(world)
    outcome = in_doubt(world)
    assert (outcome.status, outcome.must_find) == (status, True), outcome.reason
    assert world.erp.written == []


def test_an_order_that_would_be_filtered_now_is_held_while_it_may_stand_in_the_target(world: World) -> None:
    steps = [
        {"type": "fetch"},
        {"type": "filter", "only_new": True, "when": {"field": "status", "op": "ne", "value": "C"}},
        REFERENCES, ENSURE, {"type": "map", "mapping": "order"}, {"type": "write"},
    ]  # fmt: skip
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "status": "C"}
    outcome = in_doubt(world, flow=order_flow(steps=steps))
    assert (outcome.status, outcome.reason_code, outcome.must_find) == (
        RunStatus.HELD,
        "filtered_in_doubt",
        True,
    )
    assert outcome.hold is not None and outcome.hold.kind == "review"


@pytest.mark.parametrize("call", ["fetch", "write"])
def test_a_lost_lease_leaves_the_runner_and_nothing_is_written(world: World, call: str) -> None:
    (world.shop if call == "fetch" else world.erp).raises[call] = [LeaseLost()]
    with pytest.raises(LeaseLost):
        world.serve()
    assert world.erp.written == []
    assert world.house.told == []


def test_a_lost_lease_while_a_customer_is_created_gives_no_intent_up(world: World) -> None:
    world.house.links[Kind.CUSTOMER] = []
    world.erp.raises["write"] = [LeaseLost()]
    with pytest.raises(LeaseLost):
        world.serve()
    assert world.house.told == [("claim", "pat@example.com")]
