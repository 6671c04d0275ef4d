"""Records that an order points at: found, adopted, held for, skipped, or created once on the way."""

from typing import Any

import pytest

from integrations.connectors import errors
from integrations.connectors.base import WriteResult
from integrations.flows.definition import compile_flow
from integrations.flows.ports import IntentGrant, Link
from integrations.kinds import Kind, RunStatus
from tests.unit.flows.scripted import (
    CUSTOMER_RULES,
    ENSURE,
    ORDER,
    World,
    order_flow,
)

PAT = "pat@example.com"


@pytest.fixture
def stranger(world: World) -> World:
    """The world without a link for the shopper."""
    world.house.links[Kind.CUSTOMER] = []
    return world


def test_a_known_shopper_costs_no_call(world: World) -> None:
    outcome = world.serve()
    assert world.erp.calls == [("write", "order")]
    assert world.house.told == []
    assert outcome.search_keys["customer"] == "C300"


def test_a_new_shopper_is_created_once_before_the_order(stranger: World) -> None:
    outcome = stranger.serve()
    customer, order = stranger.erp.written
    assert (customer.kind, customer.reference, customer.fields) == (
        Kind.CUSTOMER,
        f"XC-{PAT}",
        {"Name": "Pat@Example.com"},
    )
    assert customer.idempotency_key == "cc-1-9-customer" != order.idempotency_key
    assert order.fields["CustID"] == "C1"
    assert stranger.house.told == [("claim", PAT), ("save written", f"{PAT}=C1")]
    assert outcome.status is RunStatus.SUCCEEDED
    stranger.serve()
    assert len([one for one in stranger.erp.written if one.kind is Kind.CUSTOMER]) == 1


def test_a_shopper_whom_the_erp_knows_is_linked_and_not_created(stranger: World) -> None:
    stranger.erp.by_natural_key[Kind.CUSTOMER, PAT] = "C77"
    outcome = stranger.serve()
    assert stranger.house.told == [("claim", PAT), ("save found", f"{PAT}=C77")]
    assert outcome.mapped is not None and outcome.mapped["CustID"] == "C77"


def test_who_loses_the_race_waits_uncounted_and_sends_nothing(stranger: World) -> None:
    stranger.house.grants[PAT] = IntentGrant(False)
    outcome = stranger.serve()
    assert (outcome.status, outcome.reason_code, outcome.is_counted) == (
        RunStatus.RETRYING,
        "waits_for_other",
        False,
    )
    assert 0 < outcome.delay_seconds < 1
    assert stranger.erp.calls == []


def test_who_comes_after_the_winner_finds_the_link(stranger: World) -> None:
    class Raced(type(stranger.house)):  # type: ignore[misc]
        def claim_intent(self, kind: Kind, natural_key: str) -> IntentGrant:
            self.links[kind] = [Link(PAT, "C9", PAT, "C9")]
            return IntentGrant(True)

    stranger.house = Raced(stranger.shop, stranger.erp, stranger.house.links)
    outcome = stranger.serve()
    assert outcome.mapped is not None and outcome.mapped["CustID"] == "C9"
    assert stranger.erp.named("write") == ["order"]


def test_a_lapsed_intent_is_looked_for_by_reference_and_adopted(stranger: World) -> None:
    stranger.house.grants[PAT] = IntentGrant(True, must_find=True, may_believe_missing=False)
    stranger.erp.by_reference[f"XC-{PAT}"] = "C8"
    outcome = stranger.serve()
    assert outcome.mapped is not None and outcome.mapped["CustID"] == "C8"
    assert stranger.erp.named("find") == [PAT, f"XC-{PAT}"]


def test_a_lapsed_intent_that_left_nothing_is_looked_for_again_and_kept(stranger: World) -> None:
    stranger.house.grants[PAT] = IntentGrant(True, must_find=True, may_believe_missing=False)
    outcome = stranger.serve()
    assert (outcome.status, outcome.must_find) == (RunStatus.IN_DOUBT, True)
    assert stranger.erp.written == []
    assert stranger.house.told == [("claim", PAT)]


def test_a_lapsed_intent_whose_absence_is_believed_is_created(stranger: World) -> None:
    stranger.house.grants[PAT] = IntentGrant(True, must_find=True, may_believe_missing=True)
    assert stranger.serve().status is RunStatus.SUCCEEDED
    assert stranger.erp.named("write") == ["customer", "order"]


@pytest.mark.parametrize(
    ("call", "error", "is_released"),
    [
        ("find", errors.Transient("down"), True),
        ("find", errors.UnexpectedResponse("html"), True),
        ("write", errors.Transient("down"), True),
        ("write", errors.Rejected("no"), True),
        ("write", errors.AuthFailed("no"), True),
        ("write", errors.OutcomeUnknown("lost"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_intent_is_given_up_only_when_nothing_was_sent(
    stranger: World, call: str, error: Exception, is_released: bool
) -> None:
    stranger.erp.raises[call] = [error]
    stranger.serve()
    assert (("release", PAT) in stranger.house.told) is is_released


def test_a_customer_that_cannot_be_mapped_gives_the_intent_up(stranger: World) -> None:
    broken = compile_flow(
        {
            "key": "k", "kind": "order", "direction": "to_erp", "steps": [{"type": "fetch"}, ENSURE],
            "mappings": {"customer": {"rules": [{"to": "Name", "from": "email", "do": ["to_decimal"]}]}},
        }
    )  # fmt: skip
    assert stranger.serve(broken).status is RunStatus.DEAD
    assert stranger.house.told == [("claim", PAT), ("release", PAT)]


def test_a_customer_that_was_created_keeps_its_intent_when_the_link_cannot_be_stored(stranger: World) -> None:
    stranger.house.save_raises = TimeoutError("the database is busy")
    with pytest.raises(TimeoutError):
        stranger.serve()
    assert len(stranger.erp.written) == 1
    assert stranger.house.told == [("claim", PAT)]


def test_a_duplicate_customer_is_adopted_by_its_id(stranger: World) -> None:
    stranger.erp.raises["write"] = [errors.Duplicate("there", existing_id="C5")]
    outcome = stranger.serve()
    assert outcome.mapped is not None and outcome.mapped["CustID"] == "C5"
    assert ("save adopted", f"{PAT}=C5") in stranger.house.told


def test_a_duplicate_customer_without_an_id_is_looked_up_by_its_natural_key(stranger: World) -> None:
    class Late(type(stranger.erp)):  # type: ignore[misc]
        def write(self, request: Any) -> WriteResult:
            if request.kind is Kind.CUSTOMER:
                self.by_natural_key[Kind.CUSTOMER, PAT] = "C6"
                raise errors.Duplicate("there")
            return super().write(request)  # type: ignore[no-any-return,misc]

    stranger.erp = stranger.house.erp = Late(stranger.erp.spec)
    outcome = stranger.serve()
    assert outcome.mapped is not None and outcome.mapped["CustID"] == "C6"


def test_an_order_without_an_email_cannot_tell_its_customer(stranger: World) -> None:
    stranger.shop.records[Kind.ORDER, "5012"] = {**ORDER, "email": " "}
    outcome = stranger.serve()
    assert (outcome.status, outcome.reason_code) == (RunStatus.DEAD, "rejected")
    assert outcome.problems[0].field == "email"
    assert stranger.house.told == []


@pytest.mark.parametrize("email", ["PAT@EXAMPLE.COM", " Strauß@example.com ", "İpek@example.com"])
def test_a_customer_is_found_by_the_mapping_however_the_address_is_spelled(
    stranger: World, email: str
) -> None:
    stranger.shop.records[Kind.ORDER, "5012"] = {**ORDER, "email": email}
    outcome = stranger.serve()
    assert outcome.status is RunStatus.SUCCEEDED, outcome.reason
    assert outcome.mapped is not None and outcome.mapped["CustID"] == "C1"


def test_an_item_that_the_erp_knows_by_the_same_number_is_adopted(world: World) -> None:
    world.house.links[Kind.PRODUCT] = []
    world.erp.by_natural_key[Kind.PRODUCT, "A50"] = "A50-X"
    outcome = world.serve()
    assert outcome.mapped is not None and outcome.mapped["lines"] == [{"InvtID": "A50-X"}]
    assert world.house.told == [("save found", "A50=A50-X")]


def test_an_item_that_nobody_knows_holds_the_order_before_anything_is_created(stranger: World) -> None:
    stranger.house.links[Kind.PRODUCT] = []
    outcome = stranger.serve()
    assert outcome.hold is not None
    assert (outcome.status, outcome.hold.kind, outcome.hold.key) == (RunStatus.HELD, "product", "A50")
    assert outcome.reason_code == "missing_product"
    assert stranger.erp.named("write") == []


def test_each_item_is_asked_for_once(world: World) -> None:
    line = ORDER["items"][0]
    world.shop.records[Kind.ORDER, "5012"] = {
        **ORDER,
        "items": [line, line],
        "total": ORDER["total"] + line["amount"],
    }
    world.house.links[Kind.PRODUCT] = []
    world.erp.by_natural_key[Kind.PRODUCT, "A50"] = "A50-X"
    world.serve()
    assert world.erp.named("find") == ["A50"]


def stock_flow(**item: Any) -> Any:
    reference = {"kind": "product", "side": "erp", "from": "InvtID", **item}
    rules = [{"to": "sku", "from": "InvtID", "do": [{"fn": "link", "kind": "product"}]}]
    return compile_flow(
        {
            "key": "inventory_out", "kind": "inventory", "direction": "to_storefront",
            "steps": [
                {"type": "fetch"}, {"type": "references", "items": [reference]},
                {"type": "map", "mapping": "m"}, {"type": "write", "mode": "update"},
            ],
            "mappings": {"m": {"rules": rules}, "customer": {"rules": CUSTOMER_RULES}},
        }
    )  # fmt: skip


@pytest.fixture
def stock(world: World) -> World:
    world.erp.records[Kind.INVENTORY, "A50-HALO"] = {"InvtID": "A50-HALO"}
    world.house.links[Kind.PRODUCT] = [Link("40", "A50-HALO", "A50", "A50-HALO")]
    return world


@pytest.mark.parametrize(("give", "sku"), [("key", "A50"), ("id", "40")])
def test_a_reference_gives_the_key_or_the_id_of_the_other_side(stock: World, give: str, sku: str) -> None:
    outcome = stock.serve(stock_flow(give=give), record_key="A50-HALO")
    assert outcome.mapped == {"sku": sku}


def test_stock_of_an_item_that_the_shop_does_not_sell_is_skipped(stock: World) -> None:
    stock.house.links[Kind.PRODUCT] = []
    outcome = stock.serve(stock_flow(missing="skip", adopt=True), record_key="A50-HALO")
    assert (outcome.status, outcome.reason_code) == (RunStatus.SKIPPED, "no_counterpart")
    assert outcome.reason == "SKU A50-HALO has no counterpart in Shop."
    assert stock.shop.written == []


def test_stock_is_adopted_from_the_shop_with_both_keys(stock: World) -> None:
    stock.house.links[Kind.PRODUCT] = []
    stock.shop.by_natural_key[Kind.PRODUCT, "A50-HALO"] = "41"
    stock.serve(stock_flow(adopt=True), record_key="A50-HALO")
    (link,) = stock.house.links[Kind.PRODUCT]
    assert (link.storefront_id, link.erp_id, link.storefront_key) == ("41", "A50-HALO", "A50-HALO")


FILTERED = [
    {"type": "fetch"},
    {
        "type": "filter",
        "only_new": True,
        "reason": "Cancelled.",
        "when": {"field": "status", "op": "ne", "value": "C"},
    },
    {"type": "map", "mapping": "order"},
    {"type": "write"},
]
STATUS = [{"to": "Status", "from": "status"}]


def test_a_filter_drops_with_its_own_words(world: World) -> None:
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "status": "C"}
    outcome = world.serve(order_flow(steps=FILTERED, rules=STATUS))
    assert (outcome.status, outcome.reason_code, outcome.reason) == (
        RunStatus.SKIPPED,
        "filtered",
        "Cancelled.",
    )
    assert world.erp.calls == []


def test_an_only_new_filter_lets_the_cancellation_of_a_written_order_pass(world: World) -> None:
    flow = order_flow(steps=FILTERED, rules=STATUS, on_change="update")
    world.deliver(flow)
    world.shop.records[Kind.ORDER, "5012"] = {**ORDER, "status": "C"}
    assert world.serve(flow).status is RunStatus.SUCCEEDED
    assert world.erp.written[-1].fields == {"Status": "C"}


def customer_back(**write: Any) -> Any:
    reference = {
        "kind": "customer", "side": "erp", "from": "CustId", "adopt": True, "adopt_by": "EMail", "missing": "skip",
    }  # fmt: skip
    return compile_flow(
        {
            "key": "customer_back", "kind": "customer", "direction": "to_storefront",
            "steps": [
                {"type": "fetch"}, {"type": "references", "items": [reference]},
                {"type": "map", "mapping": "m"}, {"type": "write", "mode": "update", **write},
            ],
            "mappings": {"m": {"rules": [{"to": "comment", "from": "CustId"}]}},
        }
    )  # fmt: skip


@pytest.fixture
def accounts(stranger: World) -> World:
    """The ERP's customer C7, whose e-mail an account of the shop has; nobody has linked them."""
    stranger.erp.records[Kind.CUSTOMER, "C7"] = {"CustId": "C7", "EMail": "Pat@Example.com"}
    stranger.shop.by_natural_key[Kind.CUSTOMER, PAT] = "77"
    return stranger


def test_a_customer_is_joined_with_the_account_of_its_email_by_that_email(accounts: World) -> None:
    assert accounts.serve(customer_back(), record_key="C7").status is RunStatus.SUCCEEDED
    (link,) = accounts.house.links[Kind.CUSTOMER]
    assert (link.storefront_id, link.erp_id, link.storefront_key) == (PAT, "C7", PAT)
    assert accounts.shop.written[0].external_id == PAT


def test_an_account_that_belongs_to_another_customer_is_left_to_it(accounts: World) -> None:
    accounts.house.links[Kind.CUSTOMER] = [Link("77", "C1", PAT, "C1")]
    outcome = accounts.serve(customer_back(), record_key="C7")
    assert (outcome.status, outcome.reason_code) == (RunStatus.SKIPPED, "counterpart_taken")
    assert outcome.reason == f"{PAT} in Shop belongs to customer C1 already."
    assert accounts.shop.written == []


@pytest.mark.parametrize("email", ["", "else@example.com"])
def test_a_customer_without_an_account_is_skipped(accounts: World, email: str) -> None:
    accounts.erp.records[Kind.CUSTOMER, "C7"]["EMail"] = email
    outcome = accounts.serve(customer_back(), record_key="C7")
    assert (outcome.status, outcome.reason_code) == (RunStatus.SKIPPED, "no_counterpart")


def test_a_link_keeps_its_id_and_key_whatever_the_store_answers(accounts: World) -> None:
    accounts.house.links[Kind.CUSTOMER] = [Link(PAT, "C7", PAT, "C7")]
    accounts.shop.answer = WriteResult("77", "Pat@Example.com")
    outcome = accounts.serve(customer_back(), record_key="C7")
    assert outcome.link is not None
    assert (outcome.link.storefront_id, outcome.link.storefront_key) == (PAT, PAT)
    assert (outcome.target_id, outcome.target_key) == ("77", "Pat@Example.com")


def test_a_linked_account_that_is_not_there_is_skipped_only_where_the_step_says_so(accounts: World) -> None:
    accounts.house.links[Kind.CUSTOMER] = [Link(PAT, "C7", PAT, "C7")]
    for write, status in (({}, RunStatus.DEAD), ({"missing": "skip"}, RunStatus.SKIPPED)):
        accounts.shop.raises["write"] = [errors.NotFound("The shop has no such customer")]
        assert accounts.serve(customer_back(**write), record_key="C7").status is status
