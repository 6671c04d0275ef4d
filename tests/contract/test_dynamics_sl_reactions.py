"""How the Dynamics SL connector reacts to each quirk of its simulator (section 9) over real HTTP."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import (
    AuthFailed,
    Misconfigured,
    MissingReference,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Transient,
    UnexpectedResponse,
)
from integrations.connectors.systems.dynamics_sl.references import fit_reference
from integrations.kinds import Kind
from tests.contract.dynamics_sl_erp import ORDER, SITE_KEY, Erp, request_of
from tests.contract.processes import SimulatorProcess, running


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("dynamics_sl", tmp_path_factory.mktemp("sl"), "--site-key", SITE_KEY) as process:
        yield process


@pytest.fixture
def erp(process: SimulatorProcess) -> Erp:
    process.control("POST", "reset")
    return Erp(process.url)


def test_promise_names_place_an_order_whose_total_is_read_back(erp: Erp) -> None:
    written = erp.connect().write(request_of())
    assert (written.external_id, written.total) == ("O0000124", Decimal("134.47"))
    assert written.fields["portal_status"] == "open"
    stored = erp.orders("XC-1043")[0]
    assert (stored["CuryTotFrt"], stored["CuryTotTax"], stored["OrdDate"][:10]) == (5.0, 9.49, "2026-03-02")


def test_a_discount_amount_becomes_a_percentage_of_the_line(erp: Erp) -> None:
    line = ORDER["LineItems"][0] | {"DiscAmt": Decimal("11.998")}
    written = erp.connect().write(request_of(LineItems=[line], OrderTot=Decimal("122.47")))
    assert written.fields["orderItems"][0]["DiscPct"] == Decimal(10)


def test_9_1_and_9_2_calls_use_the_spelling_of_each_service(erp: Erp) -> None:
    connector = erp.connect(default_site="MAIN")
    assert all(result.ok for result in connector.check()), list(connector.check())
    actions = "".join(exchange.request for exchange in erp.exchanges)
    assert "catalinaTechnology.com/services/ctDynamicsSL/getOrderTypes" in actions
    assert "catalinatechnology.com/services/ctDynamicsSL/getWarehouseBinLocations" in actions


def test_9_3_an_operation_the_server_lacks_is_misconfigured(erp: Erp) -> None:
    with pytest.raises(Misconfigured) as caught:
        erp.connect()._api.call("orders", "finishOrder", ordNbr="O1")
    assert caught.value.missing == "orders.finishOrder"


def test_9_4_an_element_the_server_lacks_is_named(erp: Erp) -> None:
    with pytest.raises(Misconfigured) as caught:
        erp.connect().write(request_of(ShoeSize="44"))
    assert caught.value.missing == "inOrder.ShoeSize"


def test_9_5_prices_come_from_the_storefront_or_from_the_erp(erp: Erp) -> None:
    line = ORDER["LineItems"][0] | {"UnitPrice": Decimal("50.00")}
    changes = {"LineItems": [line], "OrderTot": None}
    assert erp.connect().write(request_of(**changes)).fields["CuryTotMerch"] == Decimal("100.00")
    by_erp = erp.connect(price_mode="erp").write(request_of("XC-2", **changes))
    assert by_erp.fields["CuryTotMerch"] == Decimal("119.98")


def test_9_6_an_unknown_item_is_a_missing_reference_and_nothing_is_stored(erp: Erp) -> None:
    line = ORDER["LineItems"][0] | {"InvtID": "A50-HALX"}
    with pytest.raises(MissingReference) as caught:
        erp.connect().write(request_of(LineItems=[line]))
    assert (caught.value.kind, caught.value.key) == ("product", "A50-HALX")
    assert erp.control("GET", "calls?match=placeOrder") == []


def test_9_6_other_business_errors_are_rejected_with_the_sentence(erp: Erp) -> None:
    with pytest.raises(Rejected, match="Order type ZZ not found"):
        erp.connect().write(request_of(SOTypeID="ZZ"))


def test_9_6_a_total_that_would_differ_is_refused_before_anything_is_placed(erp: Erp) -> None:
    with pytest.raises(Rejected) as caught:
        erp.connect().write(request_of(OrderTot=Decimal("134.48")))
    assert caught.value.problems[0].field == "CuryTotOrd"
    assert erp.orders("XC-1043") == []


def test_text_longer_than_its_column_is_refused_by_name_and_never_cut(erp: Erp) -> None:
    line = ORDER["LineItems"][0] | {"Descr": "x" * 61}
    with pytest.raises(Rejected) as caught:
        erp.connect().write(request_of(ShipName="y" * 61, LineItems=[line]))
    assert {problem.field for problem in caught.value.problems} == {"ShipName", "orderItems[0].Descr"}


@pytest.mark.parametrize("value", ["two", "1\x00"])
def test_a_value_that_cannot_be_sent_is_rejected_with_its_path(erp: Erp, value: str) -> None:
    line = ORDER["LineItems"][0] | {"Qty": value, "DiscAmt": None}
    with pytest.raises(Rejected) as caught:
        erp.connect().write(request_of(LineItems=[line]))
    assert caught.value.problems[0].field == "inOrder.orderItems[0].QtyOrd"


def test_9_7_a_wrong_site_key_names_the_setting_and_stops_the_check(erp: Erp) -> None:
    connector = erp.connect(site_key="wrong-key")
    results = list(connector.check())
    assert [result.ok for result in results] == [True, False]
    assert results[-1].field == "site_key" and results[-1].fix
    with pytest.raises(AuthFailed) as caught:
        connector.write(request_of())
    assert caught.value.field == "site_key"


def test_9_7_an_unknown_company_is_misconfigured(erp: Erp) -> None:
    with pytest.raises(Misconfigured) as caught:
        erp.connect(cpny_id="9999").identity()
    assert caught.value.missing == "cpny_id"


def test_9_8_records_are_trimmed_typed_and_without_residue(erp: Erp) -> None:
    lines = [
        {"InvtID": "A50-HALO", "QtyOrd": 1, "CurySlsPrice": Decimal(price)} for price in ("0.10", "0.20")
    ]
    connector = erp.connect()
    number = connector.write(WriteRequest(Kind.ORDER, {"CustID": "C300", "orderItems": lines})).external_id
    fields = connector.fetch(Kind.ORDER, number).fields
    assert str(fields["CuryTotMerch"]) == "0.30" and fields["CustID"] == "C300"
    assert fields["orderItems"][0]["ReqDate"] is None and "User9" not in fields
    assert fields["LUpd_DateTime"].tzinfo is UTC


def test_9_11_holds_and_cancellation_are_written_and_read_as_one_word(erp: Erp) -> None:
    connector = erp.connect()
    number = connector.write(request_of()).external_id

    def update(**fields: Any) -> Any:
        return connector.write(WriteRequest(Kind.ORDER, fields, external_id=number))

    assert update(AdminHold=True).fields["portal_status"] == "on_hold"
    assert update(AdminHold=True).is_unchanged
    assert update(AdminHold=False).fields["portal_status"] == "open"
    more = update(orderItems=[{"InvtID": "A50-HALO", "QtyOrd": Decimal(3)}])
    assert more.fields["CuryTotMerch"] == Decimal("179.97")
    assert update(Cancelled=True).fields["portal_status"] == "cancelled"
    assert len(erp.orders("XC-1043")) == 1


def test_9_12_card_columns_and_keys_appear_nowhere(erp: Erp) -> None:
    connector = erp.connect()
    record = connector.fetch(Kind.CUSTOMER, "C300")
    connector.find(Kind.CUSTOMER, natural_key="pat@example.com", hint={})
    seen = json.dumps([[each.request, each.response] for each in erp.exchanges])
    assert "C300" in seen and "CardNbr" not in record.fields
    for secret in ("4111111111111111", "PAT ACME", SITE_KEY, SITE_KEY.replace("&", "&amp;")):
        assert secret not in seen


def test_9_15_an_order_is_found_by_its_reference_and_a_server_that_ignores_the_search_is_noticed(
    erp: Erp,
) -> None:
    connector = erp.connect()
    assert connector.find(Kind.ORDER, reference="XC-1043", hint={}) is None
    number = connector.write(request_of()).external_id
    assert connector.find(Kind.ORDER, reference="XC-1043", hint={}).external_id == number
    erp.control("POST", "faults", {"kind": "ignore_search"})
    with pytest.raises(Misconfigured, match="ignored the search"):
        connector.find(Kind.ORDER, reference="XC-1044", hint={})
    with pytest.raises(Misconfigured):
        erp.connect(order_search="off").find(Kind.ORDER, reference="XC-1043", hint={})


def test_a_long_reference_is_shortened_the_same_way_on_writing_and_on_finding(erp: Erp) -> None:
    reference = "CE-2026-00000000000000000000001043"
    connector = erp.connect()
    number = connector.write(request_of(reference)).external_id
    assert connector.find(Kind.ORDER, reference=reference, hint={}).external_id == number
    assert connector.fetch(Kind.ORDER, number).fields["CustOrdNbr"] == fit_reference(reference)
    assert connector.find(Kind.ORDER, reference=reference[:25] + "-of-another", hint={}) is None


def test_a_reference_of_26_keeps_16_characters_and_gains_a_hash_and_its_full_text_stays_in_user1(
    erp: Erp,
) -> None:
    written = erp.connect().write(request_of("XC-" + "1" * 23))
    assert (
        written.fields["CustOrdNbr"]
        == "XC-1111111111111-" + hashlib.sha256(b"XC-" + b"1" * 23).hexdigest()[:8]
    )
    assert written.fields["User1"] == "XC-" + "1" * 23


@pytest.mark.parametrize(
    "kind", ["drop_after_commit", "bad_gateway_after_commit", "html_after_commit", "truncate_after_commit"]
)
def test_9_16_a_lost_answer_is_in_doubt_and_the_look_up_finds_the_order(erp: Erp, kind: str) -> None:
    erp.fault(kind, "placeOrder")
    connector = erp.connect()
    with pytest.raises(OutcomeUnknown):
        connector.write(request_of())
    assert connector.find(Kind.ORDER, reference="XC-1043", hint={}).external_id == "O0000124"
    assert len(erp.orders("XC-1043")) == 1


def test_9_16_a_slow_answer_is_in_doubt_after_the_time_limit(erp: Erp) -> None:
    erp.fault("slow_after_commit", "placeOrder", seconds=3)
    with pytest.raises(OutcomeUnknown):
        erp.connect(operation_timeout_s=1).write(request_of())


@pytest.mark.parametrize("kind", ["deadlock", "soap_fault"])
def test_9_16_an_unexplained_fault_is_in_doubt_for_writes_and_transient_for_reads(
    erp: Erp, kind: str
) -> None:
    connector = erp.connect()
    erp.fault(kind, "placeOrder")
    with pytest.raises(OutcomeUnknown):
        connector.write(request_of())
    erp.fault(kind, "getOrder")
    with pytest.raises(Transient):
        connector.fetch(Kind.ORDER, "O0000124")


def test_a_failed_check_call_before_placing_is_not_in_doubt(erp: Erp) -> None:
    erp.fault("drop_after_commit", "validateOrder")
    with pytest.raises(Transient):
        erp.connect().write(request_of())


def test_a_web_page_instead_of_an_answer_is_unexpected_for_reads(erp: Erp) -> None:
    connector = erp.connect()
    erp.fault("html", "getOrder")
    with pytest.raises(UnexpectedResponse):
        connector.fetch(Kind.ORDER, "O0000124")


def test_an_address_without_the_services_is_misconfigured(erp: Erp) -> None:
    with pytest.raises(Misconfigured):
        erp.connect(base_url=f"{erp.url}/elsewhere").identity()


def test_what_is_not_there_is_not_found(erp: Erp) -> None:
    connector = erp.connect()
    for kind in (Kind.ORDER, Kind.CUSTOMER, Kind.PRODUCT, Kind.INVENTORY, Kind.SHIPMENT):
        with pytest.raises(NotFound):
            connector.fetch(kind, "NOPE")
    assert connector.find(Kind.PRODUCT, natural_key="NOPE", hint={}) is None


def test_the_lines_of_an_order_are_rounded_by_the_currency_of_the_order(erp: Erp) -> None:
    lines = [{"InvtID": "A50-HALO", "Qty": 1, "UnitPrice": Decimal("1.234")}]
    request = WriteRequest(
        Kind.ORDER, {"CustID": "C310", "CuryID": "KWD", "LineItems": lines}, reference="XC-KWD"
    )
    fields = erp.connect().write(request).fields
    assert (str(fields["CuryTotMerch"]), str(fields["orderItems"][0]["CuryTotOrd"])) == ("1.234", "1.234")
