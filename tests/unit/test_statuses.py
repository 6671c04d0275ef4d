"""The closed tables: each value has its words and colour, what follows is known, and strangers fail loudly."""

from enum import StrEnum

import pytest

from integrations.kinds import (
    ConnectionHealth,
    Direction,
    Environment,
    Family,
    Kind,
    Lane,
    Role,
    RunStatus,
    Side,
)

WITH_INFO = [*RunStatus, *ConnectionHealth]


@pytest.mark.parametrize("status", WITH_INFO, ids=lambda status: f"{type(status).__name__}.{status}")
def test_a_status_has_label_colour_and_icon(status: RunStatus | ConnectionHealth) -> None:
    info = status.info
    assert info.label and info.label[0].isupper()
    assert info.family in Family
    assert info.icon == info.icon.lower() != ""


@pytest.mark.parametrize("status", RunStatus)
def test_what_may_follow_is_a_known_status_and_nothing_follows_the_end(status: RunStatus) -> None:
    assert status.info.next <= set(RunStatus)
    assert status.info.is_final is (not status.info.next)
    assert status not in status.info.next


def test_labels_are_told_apart() -> None:
    assert len({status.info.label for status in RunStatus}) == len(RunStatus)


def test_every_status_can_be_reached_and_every_wait_has_an_end() -> None:
    reached, todo = {RunStatus.QUEUED}, [RunStatus.QUEUED]
    while todo:
        for following in todo.pop().info.next:
            if following not in reached:
                reached.add(RunStatus(following))
                todo.append(RunStatus(following))
    assert reached == set(RunStatus)
    for status in RunStatus:
        assert status.info.is_final or status.info.next


def test_what_a_worker_may_claim_leads_to_running() -> None:
    assert all(RunStatus.RUNNING in status.info.next for status in RunStatus.due())
    assert set(RunStatus.due()) == {status for status in RunStatus if RunStatus.RUNNING in status.info.next}


def test_a_run_in_doubt_is_neither_cancelled_nor_superseded() -> None:
    assert RunStatus.IN_DOUBT.info.next == {RunStatus.RUNNING}


def test_red_and_amber_wait_for_a_person_and_the_final_ones_do_not() -> None:
    for status in RunStatus:
        waits = status.info.family in (Family.RED, Family.AMBER)
        assert waits is (status in (RunStatus.HELD, RunStatus.DEAD))
    assert set(RunStatus.final()) == {
        RunStatus.SUCCEEDED, RunStatus.SKIPPED, RunStatus.SUPERSEDED, RunStatus.CANCELLED
    }  # fmt: skip


@pytest.mark.parametrize(
    "table", [RunStatus, ConnectionHealth, Environment, Kind, Side, Direction, Lane, Role]
)
@pytest.mark.parametrize("value", ["", "unknown", "RUNNING", "queued ", None])
def test_an_unknown_value_raises(table: type[StrEnum], value: str | None) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        table(value)


def test_environments_have_labels_and_only_one_is_production() -> None:
    assert [one.label for one in Environment] == ["Sandbox", "Dev", "QA", "Production"]


def test_a_direction_runs_from_one_side_to_the_other() -> None:
    for direction in Direction:
        assert direction.source.other is direction.target
        assert direction.target.other is direction.source
    assert Direction.TO_ERP.target is Side.ERP


def test_stock_has_a_lane_of_its_own_and_states_are_superseded() -> None:
    assert {kind for kind in Kind if Lane.of(kind) is Lane.STOCK} == {Kind.INVENTORY}
    assert {kind for kind in Kind if kind.is_state} == {
        Kind.ORDER,
        Kind.PRODUCT,
        Kind.CUSTOMER,
        Kind.INVENTORY,
    }
    assert Kind.PURCHASE_ORDER.label == "purchase order"
