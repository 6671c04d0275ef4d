"""Stock adjustments of Dynamics SL over real HTTP: counted quantities and differences, refusals, doubt."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest, WriteResult
from integrations.connectors.errors import (
    Misconfigured,
    MissingReference,
    OutcomeUnknown,
    Rejected,
    Transient,
)
from integrations.kinds import Kind
from tests.contract.dynamics_sl_erp import SITE_KEY, Erp
from tests.contract.processes import SimulatorProcess, running

ITEM = "A50-HALO"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("dynamics_sl", tmp_path_factory.mktemp("sl"), "--site-key", SITE_KEY) as process:
        yield process


@pytest.fixture
def erp(process: SimulatorProcess) -> Erp:
    process.control("POST", "reset")
    erp = Erp(process.url)
    erp.control("POST", f"items/{ITEM}/stock", {"qty": 37})
    return erp


def adjust(erp: Erp, key: str = "cc-1-9", **fields: Any) -> WriteResult:
    connector = erp.connect(default_site="MAIN")
    result: WriteResult = connector.write(
        WriteRequest(Kind.INVENTORY, {"InvtID": ITEM, **fields}, external_id=ITEM, idempotency_key=key)
    )
    return result


def on_hand(erp: Erp) -> Decimal:
    return Decimal(erp.connect(default_site="MAIN").fetch(Kind.INVENTORY, ITEM).fields["QtyOnHand"])


def lines(erp: Erp) -> list[dict[str, Any]]:
    return list(erp.control("GET", f"issues?InvtID={ITEM}"))


@pytest.mark.parametrize(
    ("fields", "held", "trantype", "quantity"),
    [
        ({"Qty": 41}, 41, "RI", 4),
        ({"Qty": Decimal("30")}, 30, "II", 7),
        ({"AdjustQty": -2}, 35, "II", 2),
        ({"AdjustQty": Decimal("1.5")}, Decimal("38.5"), "RI", 1.5),
        ({"AdjustQty": -37}, 0, "II", 37),
    ],
)
def test_stock_is_brought_to_the_count_or_changed_by_the_difference(
    erp: Erp, fields: dict[str, Any], held: Any, trantype: str, quantity: float
) -> None:
    result = adjust(erp, ReasonCd="COUNT", **fields)
    assert (on_hand(erp), result.fields["QtyOnHand"]) == (held, held)
    (line,) = lines(erp)
    assert (line["TranType"].strip(), line["Qty"], line["Rlsed"], line["ReasonCd"]) == (
        trantype, quantity, 1, "COUNT",
    )  # fmt: skip


def test_an_equal_count_sends_nothing(erp: Erp) -> None:
    assert adjust(erp, Qty=37).is_unchanged
    assert lines(erp) == []


def test_the_same_run_adjusts_once_and_another_one_again(erp: Erp) -> None:
    for key in ("cc-1-9", "cc-1-9", "cc-1-10"):
        adjust(erp, key, AdjustQty=-2)
    assert on_hand(erp) == 33


@pytest.mark.parametrize("skip", [1, 2], ids=["entering", "releasing"])
def test_a_lost_answer_is_in_doubt_and_the_next_attempt_ends_what_was_begun(erp: Erp, skip: int) -> None:
    erp.fault("drop_after_commit", "editScreen", skip=skip)
    with pytest.raises(OutcomeUnknown):
        adjust(erp, AdjustQty=-2)
    adjust(erp, AdjustQty=-2)
    assert (on_hand(erp), len(lines(erp))) == (35, 1)


def test_a_release_that_is_refused_is_in_doubt_and_released_later(erp: Erp) -> None:
    erp.fault("soap_fault", "editScreen", skip=2)
    with pytest.raises(OutcomeUnknown, match="not released"):
        adjust(erp, Qty=41)
    assert on_hand(erp) == 37
    adjust(erp, Qty=41)
    assert (on_hand(erp), len(lines(erp))) == (41, 1)


def test_a_lost_answer_to_the_check_before_is_no_doubt(erp: Erp) -> None:
    erp.fault("drop_after_commit", "editScreen")
    with pytest.raises(Transient):
        adjust(erp, Qty=41)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"AdjustQty": -38}, "AdjustQty"),
        ({"Qty": 5, "AdjustQty": 1}, "Qty"),
        ({}, "Qty"),
        ({"Qty": 5, "BaseQty": 36}, "BaseQty"),
        ({"Qty": 5, "WhseLoc": "Z9"}, "WhseLoc"),
        ({"Qty": 5, "ReasonCd": "COUNTED"}, "ReasonCd"),
        ({"Qty": "many"}, "Qty"),
    ],
)
def test_what_cannot_be_adjusted_is_rejected_by_field(erp: Erp, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refused:
        adjust(erp, **fields)
    assert refused.value.problems[0].field == field
    assert lines(erp) == []


def test_what_the_inventory_screen_refuses_is_rejected_in_its_words(erp: Erp) -> None:
    erp.control("POST", "settings", {"closed_through": "202603"})
    with pytest.raises(Rejected, match="Period 03-2026 is closed") as refused:
        adjust(erp, Qty=5, TranDate="2026-03-02")
    assert refused.value.problems[0].field == "PerPost"
    with pytest.raises(Rejected, match="Reason code WRONG is not valid"):
        adjust(erp, Qty=5, ReasonCd="WRONG")
    assert on_hand(erp) == 37


def test_an_unknown_item_waits_for_it(erp: Erp) -> None:
    with pytest.raises(MissingReference) as missing:
        adjust(erp, InvtID="GONE", Qty=5)
    assert (missing.value.kind, missing.value.key) == ("product", "GONE")


def test_without_a_view_nothing_is_adjusted(erp: Erp) -> None:
    connector = erp.connect(default_site="MAIN", view_intran="-")
    with pytest.raises(Misconfigured) as refused:
        connector.write(WriteRequest(Kind.INVENTORY, {"InvtID": ITEM, "Qty": 5}, external_id=ITEM))
    assert refused.value.missing == "view_intran"
