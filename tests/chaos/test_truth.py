"""The verdicts: each way in which the two sides can differ is told, and what agrees is not."""

from collections import Counter
from typing import Any

from tests.chaos.stream import Ledger
from tests.chaos.truth import Sides, judge


class Quiet:
    """Our tables with nothing to tell but what a test gives them."""

    def __init__(
        self, *, known: tuple[str, ...] = (), review: tuple[str, ...] = (), stuck: tuple[Any, ...] = ()
    ) -> None:
        self._known, self._review, self._stuck = set(known), set(review), list(stuck)

    def held_for_review(self) -> set[str]:
        return self._review

    def deliveries_known(self) -> set[str]:
        return self._known

    def stuck(self) -> list[Any]:
        return self._stuck


def ledger(*, edits: int = 0, shipped: bool = False, stock: dict[str, int] | None = None) -> Ledger:
    orders = {"1043": {"id": 5012, "email": "ann@example.com", "edits": edits}}
    return Ledger(orders, {"1043": "1ZCHAOS"} if shipped else {}, stock or {})


def sides(
    *,
    erp: int = 1,
    street: str = "1 Chaos Street",
    tracking: tuple[str, ...] = (),
    status: str = "P",
    mails: int = 0,
    customers: int = 1,
    amounts: tuple[int, int] = (5, 5),
    deliveries: tuple[dict[str, Any], ...] = (),
) -> Sides:
    there = [{"OrdNbr": f"O{place}", "ShipAddr1": street, "shippers": []} for place in range(erp)]
    return Sides(
        shop_orders={"1043": {"tracking_numbers": list(tracking), "shipping_status": status}},
        shop_stock={"LAMP": amounts[0]},
        mails=Counter({"1043": mails}),
        deliveries=list(deliveries),
        erp_orders={"XC-1043": there} if erp else {},
        erp_stock={"LAMP": amounts[1]},
        erp_customers=Counter({"ann@example.com": customers}),
    )


def verdicts(ours: Ledger, found: Sides, tables: Quiet | None = None) -> list[str]:
    return [f"{one.verdict} {one.subject}" for one in judge(ours, found, tables or Quiet())]  # type: ignore[arg-type]


def test_two_sides_that_agree_give_no_verdict() -> None:
    good = sides(tracking=("1ZCHAOS",), status="S", mails=1)
    assert verdicts(ledger(edits=1, shipped=True, stock={"LAMP": 5}), good) == []


def test_an_order_that_is_not_there_is_lost_and_one_that_is_there_twice_doubled() -> None:
    assert verdicts(ledger(), sides(erp=0)) == ["lost order 1043"]
    assert verdicts(ledger(), sides(erp=2)) == ["doubled order 1043"]


def test_two_customers_of_one_shopper_are_doubled() -> None:
    assert verdicts(ledger(), sides(customers=2)) == ["doubled customer ann@example.com"]


def test_a_shipment_is_lost_without_its_number_and_doubled_with_two_numbers_or_two_mails() -> None:
    ours = ledger(shipped=True)
    assert verdicts(ours, sides()) == ["lost shipment of order 1043"]
    assert verdicts(ours, sides(tracking=("1ZCHAOS",), status="P")) == ["lost shipment of order 1043"]
    twice = sides(tracking=("1ZCHAOS", "1ZCHAOS"), status="S", mails=1)
    assert verdicts(ours, twice) == ["doubled shipment of order 1043"]
    assert verdicts(ours, sides(tracking=("1ZCHAOS",), status="S", mails=2)) == [
        "doubled shipment of order 1043"
    ]


def test_stock_that_is_not_the_last_amount_is_misordered() -> None:
    assert verdicts(ledger(stock={"LAMP": 5}), sides(amounts=(7, 5))) == ["misordered stock of LAMP"]


def test_an_old_version_of_an_edited_order_is_misordered_unless_a_person_is_asked() -> None:
    old = sides(street="730 SW 10th Ave")
    assert verdicts(ledger(edits=1), old) == ["misordered order 1043"]
    assert verdicts(ledger(edits=1), old, Quiet(review=("1043",))) == []


def test_a_webhook_that_was_answered_and_is_not_in_the_inbox_is_lost() -> None:
    answered = {"delivery_id": "d1", "state": "delivered", "last_status": "202", "body": "{}"}
    assert verdicts(ledger(), sides(deliveries=(answered,))) == ["lost webhook d1"]
    assert verdicts(ledger(), sides(deliveries=(answered,)), Quiet(known=("d1",))) == []


def test_a_run_that_nothing_moves_is_stuck() -> None:
    run = {
        "id": 4,
        "flow": "order_out",
        "status": "running",
        "why": "",
        "business_key": "1043",
        "record_key": "5012",
    }
    assert verdicts(ledger(), sides(), Quiet(stuck=(run,))) == ["stuck order_out 1043"]
