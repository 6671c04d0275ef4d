"""The journey told from stored hops: order, gaps, money, what lies ahead. No database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.connectors.spec import ConnectorSpec, Limits
from integrations.kinds import Direction, Kind, RunStatus, Side
from integrations.queries.passport import AttemptState, Chapter, EventState, HoldState, Passport, StoredHop
from integrations.queries.records import RunRow
from portal.web import journey, passport_words
from portal.web.components import HopState, MoneyVerdict

NOW = datetime(2026, 11, 20, 20, 32, tzinfo=UTC)
STORE = ConnectorSpec(
    "shop", "X-Cart", "XC", Side.STOREFRONT, "", "", (), {}, {}, Limits(), reference_prefix="XC"
)
ERP = replace(STORE, key="erp", label="Dynamics SL", glyph="SL", side=Side.ERP)


def row(status: RunStatus = RunStatus.SUCCEEDED, **changes) -> RunRow:
    given = {
        "id": 1, "kind": Kind.ORDER, "status": status, "pair_id": 1, "pair_name": "", "flow_id": 1, "flow_name": "Orders",
        "direction": Direction.TO_ERP, "storefront": STORE, "erp": ERP, "storefront_id": "1043", "erp_id": "",
        "words": "x", "reason_code": "", "next_at": None, "amount": None, "currency": "USD", "created_at": NOW,
        "finished_at": None, "seconds": 0.0, "attempts": 1,
    }  # fmt: skip
    return RunRow(**{**given, **changes})


def attempt(*hops: StoredHop, error: str = "", number: int = 1) -> AttemptState:
    return AttemptState(1, number, RunStatus.SUCCEEDED, "write", error, "", "", "", 1, NOW, NOW, hops)


def chapter(
    *attempts: AttemptState, status: RunStatus = RunStatus.SUCCEEDED, holds=(), event=None, **changes
):
    return Chapter(row(status, **changes), event, attempts, tuple(holds), ("Acknowledge",))


def passport(main: Chapter, *others: Chapter) -> Passport:
    return Passport(main, (main, *others), 1, "", None, (), {}, False, False, {})


def tell(main: Chapter, *others: Chapter):
    return journey.tell(
        passport(main, *others), now=NOW, url_of={one.row.id: f"/runs/{one.row.id}" for one in others}
    )


def hop(seconds: float, title: str = "Written to Dynamics SL", amount: str | None = None) -> StoredHop:
    return StoredHop(
        NOW + timedelta(seconds=seconds), "erp", title, "", None if amount is None else Decimal(amount)
    )


def titles(hops) -> list[str]:
    return [one.title for one in hops]


def test_hops_of_all_attempts_are_told_in_the_order_of_time() -> None:
    main = chapter(attempt(hop(2, "b"), hop(3, "c")), attempt(hop(1, "a"), number=2))
    told = titles(tell(main))
    assert [title for title in told if title in "abc"] == ["a", "b", "c"]


def test_a_gap_over_a_second_is_written_and_a_smaller_one_is_not() -> None:
    told = tell(chapter(attempt(hop(1, "a"), hop(1.5, "b"), hop(62, "c"))))
    gaps = {one.title: one.gap.replace("\u00a0", " ") for one in told}
    assert (gaps["a"], gaps["b"]) == ("", "+ 1 min")


def test_money_is_compared_with_the_first_amount() -> None:
    told = tell(chapter(attempt(hop(1, "a", "5.00"), hop(2, "b", "5.0"), hop(3, "c", "4.99"))))
    verdicts = {one.title: one.verdict for one in told}
    assert [verdicts[name] for name in "abc"] == [
        MoneyVerdict.FIRST, MoneyVerdict.SAME, MoneyVerdict.DIFFERENT
    ]  # fmt: skip


def test_an_error_is_told_in_words() -> None:
    failed = attempt(hop(1, "Dynamics SL: OutcomeUnknown"), error="OutcomeUnknown")
    assert "Dynamics SL gave no clear answer" in titles(tell(chapter(failed)))


def test_an_open_hold_lasts_until_now_and_a_released_one_says_by_whom() -> None:
    hold = HoldState(1, 1, "product", "A50", NOW - timedelta(minutes=10), None, "")
    told = tell(chapter(status=RunStatus.HELD, holds=[hold]))
    band = next(one for one in told if one.state is HopState.HOLD)
    assert band.title.replace("\u00a0", " ") == "Held 10 min."
    assert (band.at, band.when_words) == (None, "until now")
    released = replace(hold, released_at=NOW, released_by="tom@example.com")
    told = tell(chapter(holds=[released]))
    assert "Released by t•••@example.com" in titles(told)


@pytest.mark.parametrize(
    ("status", "ahead"),
    [
        (RunStatus.QUEUED, ["Map and check", "Write to Dynamics SL", "Acknowledge"]),
        (RunStatus.IN_DOUBT, ["Look for XC-1043 in Dynamics SL", "Acknowledge"]),
        (RunStatus.DEAD, []),
        (RunStatus.SUCCEEDED, []),
    ],
)
def test_what_happens_by_itself_lies_ahead(status: RunStatus, ahead: list[str]) -> None:
    told = tell(chapter(status=status))
    assert [one.title for one in told if one.state is HopState.AHEAD] == ahead


def test_a_change_that_is_told_by_several_messages_is_placed_once() -> None:
    event = EventState(7, "order.created", "webhook", NOW, NOW, 2, 0, "")
    main = chapter(event=event)
    again = chapter(event=replace(event, id=8), id=2)
    told = tell(main, again)
    assert titles(told).count("Placed in X-Cart") == 1
    assert "Event 7, order.created, sent 2 times, taken once" in [one.text for one in told]


def test_what_changed_nothing_is_one_line_that_leads_to_its_own_passport() -> None:
    event = EventState(8, "order.changed", "poll", NOW, NOW, 1, 0, "")
    echo = chapter(
        attempt(hop(1)), event=event, status=RunStatus.SKIPPED, id=2, reason_code="echo", words="Came back."
    )
    told = [one for one in tell(chapter(), echo) if one.url == "/runs/2"]
    assert titles(told) == ["Came back"]


def test_the_headline_is_the_reason_when_something_is_missing() -> None:
    hold = HoldState(1, 1, "value_map", "ship_via:FDX", NOW, None, "")
    main = chapter(status=RunStatus.HELD, holds=[hold])
    assert passport_words.headline(passport(main)) == "Order 1043 is waiting for FDX in value map ship_via"
    assert passport_words.headline(passport(chapter())) == "Order 1043"
