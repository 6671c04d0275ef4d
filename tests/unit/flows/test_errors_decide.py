"""The class of an error decides what happens next: as a table, and through the runner."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from integrations.connectors import errors
from integrations.flows.decision import Dead, HoldRun, Ladder, Look, Retry, Wait, backoff_seconds, decide
from integrations.flows.definition import RetryPolicy
from integrations.kinds import RunStatus, Side
from tests.unit.flows.scripted import World, order_flow

POLICY = RetryPolicy(max_attempts=4, first_seconds=2.0, longest_seconds=10.0)
LADDER = Ladder(wait_seconds=60.0, settle_seconds=310.0)

TABLE: list[tuple[errors.ConnectorError, int, Any]] = [
    (errors.Transient("down"), 1, Retry(1.0)),
    (errors.Transient("down"), 2, Retry(2.0)),
    (errors.Transient("down"), 3, Retry(4.0)),
    (errors.Transient("down"), 4, Dead("retries_used_up")),
    (errors.Transient("down"), 5, Dead("retries_used_up")),
    (errors.RateLimited("slow", retry_after_seconds=42.0), 1, Retry(42.0, is_counted=False)),
    (errors.RateLimited("slow", retry_after_seconds=0.0), 99, Retry(0.0, is_counted=False)),
    (errors.RateLimited("slow"), 99, Retry(7.5, is_counted=False)),
    (errors.OutcomeUnknown("lost"), 1, Look(60.0, 310.0)),
    (errors.OutcomeUnknown("lost"), 99, Look(60.0, 310.0)),
    (errors.AuthFailed("no", field="token"), 99, Wait(stops_connection=True)),
    (errors.Misconfigured("no", missing="right"), 99, Wait(stops_flow=True)),
    (errors.MissingReference("no", kind="product", key="A50"), 99, HoldRun("product", "A50")),
    (errors.UnexpectedResponse("html"), 1, Retry(1.0)),
    (errors.UnexpectedResponse("html"), 2, Dead("unexpected_answer")),
    (errors.Rejected("no"), 1, Dead("rejected")),
    (errors.NotFound("gone"), 1, Dead("not_found")),
    (errors.Duplicate("there"), 1, Dead("duplicate")),
    (errors.BadSignature("no", reason="hmac"), 1, Dead("error")),
    (errors.ConnectorError("?"), 1, Dead("error")),
]


@pytest.mark.parametrize(
    ("error", "attempt", "decision"), TABLE, ids=[f"{type(e).__name__} at {n}" for e, n, _ in TABLE]
)
def test_an_error_at_an_attempt_gives_this_decision(
    error: errors.ConnectorError, attempt: int, decision: Any
) -> None:
    made = decide(error, attempt=attempt, policy=POLICY, ladder=LADDER, random=lambda: 0.5)
    assert made == decision


def test_every_error_class_is_in_the_table() -> None:
    def below(cls: type) -> set[type]:
        return {cls}.union(*(below(one) for one in cls.__subclasses__()))

    ours = {cls for cls in below(errors.ConnectorError) if cls.__module__ == errors.__name__}
    assert ours == {type(error) for error, _, _ in TABLE}


@given(attempt=some.integers(1, 10_000), chance=some.floats(0, 1, exclude_max=True))
def test_backoff_is_never_zero_and_never_above_its_ceiling(attempt: int, chance: float) -> None:
    policy = RetryPolicy(first_seconds=2.0, longest_seconds=900.0)
    waited = backoff_seconds(attempt, policy, lambda: chance)
    assert 0.05 <= waited <= min(900.0, 2.0 * 2.0 ** min(attempt - 1, 30))


def test_backoff_spreads_over_its_whole_range() -> None:
    assert backoff_seconds(3, POLICY, lambda: 0.0) == 0.05
    assert backoff_seconds(3, POLICY, lambda: 0.999) == pytest.approx(7.992)


def served(world: World, error: Exception, call: str = "write", **changes: Any) -> Any:
    world.erp.raises[call] = [error]
    return world.serve(
        order_flow(retry={"max_attempts": 4, "first_seconds": 2, "longest_seconds": 10}), **changes
    )


def test_a_transient_failure_is_retried_counted_and_charged_to_the_erp(world: World) -> None:
    outcome = served(world, errors.Transient("The ERP is down.", detail="502", request_id="req-9"))
    assert (outcome.status, outcome.delay_seconds, outcome.is_counted) == (RunStatus.RETRYING, 1.0, True)
    assert (outcome.error, outcome.detail, outcome.request_id) == ("Transient", "502", "req-9")
    assert [(one.side, one.health) for one in outcome.verdicts] == [(Side.ERP, "failed")]
    assert outcome.hops[-1].title == "ERP: Transient"


def test_a_source_that_is_down_is_charged_to_the_source(world: World) -> None:
    world.shop.raises["fetch"] = [errors.Transient("down")]
    assert [(one.side, one.health) for one in world.serve().verdicts] == [(Side.STOREFRONT, "failed")]


def test_the_last_attempt_of_the_budget_is_dead(world: World) -> None:
    assert served(world, errors.Transient("down"), attempts=2).status is RunStatus.RETRYING
    outcome = served(world, errors.Transient("down"), attempts=3)
    assert (outcome.status, outcome.reason_code) == (RunStatus.DEAD, "retries_used_up")


def test_a_rate_limit_waits_as_told_is_not_counted_and_teaches_the_limiter(world: World) -> None:
    outcome = served(world, errors.RateLimited("slow", retry_after_seconds=30.0), attempts=99)
    assert (outcome.status, outcome.delay_seconds, outcome.is_counted) == (RunStatus.RETRYING, 30.0, False)
    assert [verdict.health for verdict in outcome.verdicts] == ["rate_limited"]


def test_refused_credentials_stop_the_connection_and_name_the_field(world: World) -> None:
    outcome = served(world, errors.AuthFailed("The ERP refuses the key.", field="site_key"), attempts=99)
    (verdict,) = outcome.verdicts
    assert (outcome.status, outcome.is_counted, outcome.stops_flow) == (RunStatus.QUEUED, False, False)
    assert (verdict.side, verdict.health, verdict.field) == (Side.ERP, "refused", "site_key")
    assert outcome.reason_code == "connection"


def test_a_wrong_set_up_stops_the_flow_and_leaves_the_connection_healthy(world: World) -> None:
    outcome = served(world, errors.Misconfigured("No such order type.", missing="order type ZZ"), attempts=99)
    assert (outcome.status, outcome.is_counted, outcome.stops_flow) == (RunStatus.QUEUED, False, True)
    assert [(one.side, one.health) for one in outcome.verdicts] == [(Side.ERP, "ok")]


def test_a_refused_record_is_dead_with_field_value_and_rule(world: World) -> None:
    problem = errors.FieldProblem("TermsID", "ZZ", "is unknown")
    outcome = served(world, errors.Rejected("ERP refuses the terms.", problems=(problem,)))
    assert (outcome.status, outcome.reason_code, outcome.problems) == (RunStatus.DEAD, "rejected", (problem,))
    assert [(one.side, one.health) for one in outcome.verdicts] == [(Side.ERP, "ok")]


def test_a_missing_reference_holds_with_kind_and_key(world: World) -> None:
    outcome = served(world, errors.MissingReference("No item.", kind="product", key="A50"))
    assert outcome.hold is not None
    assert (outcome.status, outcome.hold.kind, outcome.hold.key) == (RunStatus.HELD, "product", "A50")
    assert outcome.reason == "Waits for SKU A50 in ERP."


def test_an_order_that_left_the_shop_is_dead_as_not_found(world: World) -> None:
    world.shop.records.clear()
    outcome = world.serve()
    assert (outcome.status, outcome.reason_code, outcome.step) == (RunStatus.DEAD, "not_found", "fetch")


def test_nothing_of_an_error_counts_as_a_transaction(world: World) -> None:
    for error, attempt, _ in TABLE:
        outcome = served(world, error, attempts=attempt - 1)
        assert not outcome.has_changed_target
        assert outcome.link is None
        assert outcome.status is not RunStatus.SUCCEEDED
    assert world.erp.written == []
