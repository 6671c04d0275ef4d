"""Receipts, journals, returns, invoices and purchase orders of Dynamics SL over real HTTP, with refusals and doubt."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import (
    Duplicate,
    Misconfigured,
    MissingReference,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Transient,
)
from integrations.connectors.systems.dynamics_sl.periods import period_of
from integrations.connectors.systems.dynamics_sl.references import fit_document
from integrations.kinds import Kind
from tests.contract.dynamics_sl_erp import SITE_KEY, Erp, request_of
from tests.contract.processes import SimulatorProcess, running

RECEIPT = {
    "CustID": "C300",
    "Amount": Decimal("134.47"),
    "BankAcct": "1020",
    "BankSub": "000",
    "DocDate": "2026-03-02",
}
LINES = [
    {"Acct": "1020", "Sub": "000", "CuryDrAmt": Decimal("10.00")},
    {"Acct": "6100", "Sub": "000", "CuryDrAmt": Decimal("0.30")},
    {"Acct": "1030", "Sub": "000", "CuryCrAmt": Decimal("10.30")},
]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("dynamics_sl", tmp_path_factory.mktemp("sl"), "--site-key", SITE_KEY) as process:
        yield process


@pytest.fixture
def erp(process: SimulatorProcess) -> Erp:
    process.control("POST", "reset")
    return Erp(process.url)


def receipt(reference: str = "CE-7001", **changes: Any) -> WriteRequest:
    return WriteRequest(Kind.PAYMENT, RECEIPT | changes, reference=reference)


def journal(reference: str = "CE-J-1", **changes: Any) -> WriteRequest:
    return WriteRequest(
        Kind.JOURNAL, {"Lines": LINES, "TranDate": "2026-03-02"} | changes, reference=reference
    )


def documents(erp: Erp, query: str = "") -> list[dict[str, Any]]:
    return erp.control("GET", f"documents?{query}")


# -- cash receipts ---------------------------------------------------------------------------------------------


def test_a_receipt_pays_its_order_in_advance_and_takes_the_customer_from_it(erp: Erp) -> None:
    connector = erp.connect()
    number = connector.write(request_of()).external_id
    written = connector.write(receipt(CustID=None, OrderNbr=number))
    assert (written.external_id, written.total) == ("C300/PP/CE-7001", Decimal("134.47"))
    (stored,) = documents(erp)
    assert (stored["OrdNbr"].strip(), stored["BankAcct"].strip(), stored["PerPost"]) == (
        number,
        "1020",
        "202603",
    )
    assert (stored["Rlsed"], stored["User1"].strip()) == (0, "CE-7001")


def test_a_receipt_without_an_order_is_a_payment(erp: Erp) -> None:
    assert erp.connect().write(receipt()).external_id == "C300/PA/CE-7001"


def test_a_receipt_is_released_where_the_connection_says_so(erp: Erp) -> None:
    assert erp.connect(release_batches=True).write(receipt()).fields["Rlsed"] == 1
    lines = erp.control("GET", "journals?Module=AR")
    assert [(line["Acct"].strip(), line["DrAmt"], line["CrAmt"]) for line in lines] == [
        ("1020", 134.47, 0),
        ("1200", 0, 134.47),
    ]


def test_a_receipt_that_is_there_is_found_and_not_entered_again(erp: Erp) -> None:
    connector = erp.connect()
    assert connector.find(Kind.PAYMENT, reference="CE-7001", hint={}) is None
    first = connector.write(receipt())
    assert connector.find(Kind.PAYMENT, reference="CE-7001", hint={}).external_id == first.external_id
    with pytest.raises(Duplicate) as caught:
        connector.write(receipt())
    assert caught.value.existing_id == first.external_id
    assert len(documents(erp)) == 1


def test_a_long_reference_becomes_a_number_of_ten_and_is_kept_beside_it(erp: Erp) -> None:
    reference = "CE-ORDER-1043-payment-2"
    connector = erp.connect()
    written = connector.write(receipt(reference))
    assert written.business_key == fit_document(reference) and len(written.business_key) == 10
    assert documents(erp)[0]["User1"].strip() == reference
    assert connector.find(Kind.PAYMENT, reference=reference, hint={}).external_id == written.external_id
    assert connector.find(Kind.PAYMENT, reference="CE-ORDER-1043-payment-3", hint={}) is None


@pytest.mark.parametrize("release", [False, True])
def test_a_lost_answer_to_a_receipt_is_in_doubt_and_found(erp: Erp, release: bool) -> None:
    connector = erp.connect(release_batches=release)
    # The first call only validates, the second enters, the third releases.
    erp.fault("drop_after_commit", "editScreen", skip=1 + release)
    with pytest.raises(OutcomeUnknown):
        connector.write(receipt())
    assert connector.find(Kind.PAYMENT, reference="CE-7001", hint={}).external_id == "C300/PA/CE-7001"
    assert len(documents(erp)) == 1


def test_a_lost_answer_to_the_check_before_is_no_doubt(erp: Erp) -> None:
    erp.fault("drop_after_commit", "editScreen")
    with pytest.raises(Transient):
        erp.connect().write(receipt())
    assert documents(erp) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"DocDate": "2026-02-27"}, "PerPost"),
        ({"BankAcct": "9999"}, "Acct"),
        ({"BankSub": "999"}, "Sub"),
        ({"Amount": Decimal(0)}, "CuryOrigDocAmt"),
        ({"BankSub": None}, "BankSub"),
        ({"DocDesc": "x" * 31}, "DocDesc"),
    ],
)
def test_what_the_ledger_refuses_is_rejected_by_field_and_nothing_is_entered(
    erp: Erp, changes: dict[str, Any], field: str
) -> None:
    erp.control("POST", "settings", {"closed_through": "202602"})
    with pytest.raises(Rejected) as caught:
        erp.connect().write(receipt(**changes))
    assert caught.value.problems[0].field == field
    assert documents(erp) == []


def test_a_receipt_of_an_unknown_customer_waits_for_it(erp: Erp) -> None:
    with pytest.raises(MissingReference) as caught:
        erp.connect().write(receipt(CustID="C404"))
    assert (caught.value.kind, caught.value.key) == ("customer", "C404")


def test_a_release_refused_after_the_receipt_was_entered_is_in_doubt(erp: Erp) -> None:
    erp.fault("soap_fault", "editScreen", skip=2)
    with pytest.raises(OutcomeUnknown, match="000231"):
        erp.connect(release_batches=True).write(receipt())
    assert documents(erp)[0]["Rlsed"] == 0


def test_a_view_that_is_absent_or_ignores_the_condition_is_never_taken_for_not_there(erp: Erp) -> None:
    connector = erp.connect()
    connector.write(receipt())
    for strange in (erp.connect(view_ardoc="QQ_nothing"), connector):
        erp.control("POST", "faults", {"kind": "ignore_search"})
        with pytest.raises(Misconfigured) as caught:
            strange.find(Kind.PAYMENT, reference="CE-9", hint={})
        assert caught.value.missing in ("QQ_nothing", "view_ardoc")


def test_receipts_are_read_by_their_time_of_change_and_by_id(erp: Erp) -> None:
    connector = erp.connect()
    written = connector.write(receipt())
    connector.write(request_of())
    erp.control("POST", "orders/O0000124/invoice")
    records = [record for page in connector.read_changes(Kind.PAYMENT, {}) for record in page.records]
    assert [record.external_id for record in records] == [written.external_id]
    record = connector.fetch(Kind.PAYMENT, written.external_id)
    assert record.hash == records[0].hash
    assert (record.fields["CuryOrigDocAmt"], record.fields["DocDate"]) == (Decimal("134.47"), "2026-03-02")
    assert connector.locate(Kind.PAYMENT, "CE-7001") == written.external_id


@pytest.mark.parametrize(
    ("settings", "day", "period"),
    [
        ({}, "2026-03-02", "202603"),
        ({"fiscal_start_month": 7}, "2026-06-30", "202612"),
        ({"fiscal_start_month": 7}, "2026-07-01", "202701"),
        ({"period_count": "13"}, "2026-03-02", ""),
        ({"time_zone": "America/Chicago"}, datetime(2026, 4, 1, 3, tzinfo=UTC), "202603"),
    ],
)
def test_the_period_follows_from_day_and_fiscal_year(
    erp: Erp, settings: dict[str, Any], day: object, period: str
) -> None:
    assert period_of(erp.connect(**settings)._api, day) == period


# -- journals --------------------------------------------------------------------------------------------------


def test_a_balanced_journal_is_entered_once_and_found_by_its_reference(erp: Erp) -> None:
    connector = erp.connect(release_batches=True)
    written = connector.write(journal())
    assert (written.external_id, written.total, written.fields["Rlsed"]) == ("000231", Decimal("10.30"), 1)
    lines = erp.control("GET", "journals?ExtRefNbr=CE-J-1")
    assert sum(line["DrAmt"] for line in lines) == pytest.approx(10.3) and len(lines) == 3
    assert connector.find(Kind.JOURNAL, reference="CE-J-1", hint={}).external_id == "000231"
    with pytest.raises(Duplicate):
        connector.write(journal())


def test_a_journal_out_of_balance_is_refused_before_anything_is_sent(erp: Erp) -> None:
    with pytest.raises(Rejected, match="out of balance") as caught:
        erp.connect().write(journal(Lines=LINES[:2]))
    assert caught.value.problems[0].rule == "debits 10.30 and credits 0 must be equal and not zero"
    assert erp.control("GET", "calls?match=editScreen") == []


def test_a_journal_into_a_closed_period_or_an_unknown_account_is_refused_by_field(erp: Erp) -> None:
    erp.control("POST", "settings", {"closed_through": "202603"})
    with pytest.raises(Rejected, match="closed") as caught:
        erp.connect().write(journal())
    assert caught.value.problems[0].field == "PerPost"
    strange = [LINES[0] | {"Acct": "7777"}, *LINES[1:]]
    with pytest.raises(Rejected) as refused:
        erp.connect().write(journal(Lines=strange, PerPost="202604"))
    assert refused.value.problems[0].field == "Acct"


def test_a_lost_answer_to_a_journal_is_in_doubt_and_found(erp: Erp) -> None:
    connector = erp.connect()
    erp.fault("drop_after_commit", "editScreen", skip=1)
    with pytest.raises(OutcomeUnknown):
        connector.write(journal())
    assert connector.find(Kind.JOURNAL, reference="CE-J-1", hint={}).external_id == "000231"


# -- returns ---------------------------------------------------------------------------------------------------


def returned(original: str, reference: str = "CE-R-501", **line: Any) -> WriteRequest:
    lines = [{"InvtID": "A50-HALO", "QtyOrd": Decimal(1)} | line]
    return WriteRequest(Kind.RETURN, {"OrigOrdNbr": original, "orderItems": lines}, reference=reference)


def test_a_return_points_at_its_order_and_credits_its_price(erp: Erp) -> None:
    connector = erp.connect()
    original = connector.write(request_of()).external_id
    written = connector.write(returned(original))
    assert (written.fields["SOTypeID"], written.fields["CustID"], written.total) == (
        "RMA",
        "C300",
        Decimal("59.99"),
    )
    record = connector.fetch(Kind.RETURN, written.external_id)
    assert (record.fields["OrigOrdNbr"], record.fields["CustOrdNbr"]) == (original, "CE-R-501")
    listed = [each.external_id for page in connector.read_changes(Kind.RETURN, {}) for each in page.records]
    assert listed == [written.external_id]
    with pytest.raises(NotFound):
        connector.fetch(Kind.RETURN, original)


def test_a_return_and_an_order_of_the_same_reference_are_told_apart(erp: Erp) -> None:
    connector = erp.connect()
    original = connector.write(request_of("CE-1043")).external_id
    back = connector.write(returned(original, "CE-1043")).external_id
    assert connector.find(Kind.ORDER, reference="CE-1043", hint={}).external_id == original
    assert connector.find(Kind.RETURN, reference="CE-1043", hint={}).external_id == back
    connector.write(returned(original, "CE-2000"))
    assert connector.find(Kind.ORDER, reference="CE-2000", hint={}) is None


@pytest.mark.parametrize("line", [{"QtyOrd": Decimal(3)}, {"InvtID": "LMP-DSK-BLK"}])
def test_what_was_not_sold_on_the_order_cannot_be_returned(erp: Erp, line: dict[str, Any]) -> None:
    connector = erp.connect()
    original = connector.write(request_of()).external_id
    with pytest.raises(Rejected, match="cannot be returned"):
        connector.write(returned(original, **line))
    with pytest.raises(Rejected):
        connector.write(returned("O9999999"))


def test_a_return_is_not_shipped_and_takes_nothing_from_stock(erp: Erp) -> None:
    connector = erp.connect()
    original = connector.write(request_of()).external_id
    erp.control("POST", f"orders/{original}/ship", {"tracking": ["1Z1"]})
    before = connector.fetch(Kind.INVENTORY, "A50-HALO").fields["QtyAvail"]
    connector.write(returned(original))
    assert erp.control("POST", "process")["created"] == []
    assert connector.fetch(Kind.INVENTORY, "A50-HALO").fields["QtyAvail"] == before


# -- documents -------------------------------------------------------------------------------------------------


def test_invoices_and_credit_memos_are_read_with_their_orders(erp: Erp) -> None:
    connector = erp.connect()
    number = connector.write(request_of()).external_id
    invoice = erp.control("POST", f"orders/{number}/invoice")["InvcNbr"]
    records = [record for page in connector.read_changes(Kind.INVOICE, {}) for record in page.records]
    assert [record.external_id for record in records] == [f"IN/{invoice}"]
    fields = connector.fetch(Kind.INVOICE, f"IN/{invoice}").fields
    assert (fields["OrdNbr"], fields["CuryOrigDocAmt"], fields["CustOrdNbr"]) == (
        number,
        Decimal("134.47"),
        "XC-1043",
    )
    assert connector.locate(Kind.INVOICE, invoice) == f"IN/{invoice}"


def test_what_is_older_than_the_cursor_is_left_out_and_history_brings_it(erp: Erp) -> None:
    connector = erp.connect()
    long_ago = datetime.now(UTC) - timedelta(days=40)
    erp.control("POST", "settings", {"frozen_at": long_ago.timestamp()})
    number = erp.control("POST", "purchase-orders", {})["PONbr"]
    erp.control("POST", "settings", {"frozen_at": None})

    def listed(cursor: dict[str, Any]) -> list[str]:
        pages = connector.read_changes(Kind.PURCHASE_ORDER, cursor)
        return [record.external_id for page in pages for record in page.records]

    assert listed({}) == []
    assert listed(connector.history(Kind.PURCHASE_ORDER, None)) == [number]


def test_a_purchase_order_is_read_with_its_lines(erp: Erp) -> None:
    connector = erp.connect()
    number = erp.control("POST", "purchase-orders", {"ProjectID": "LIGHT-26"})["PONbr"]
    record = connector.fetch(Kind.PURCHASE_ORDER, number)
    assert (record.fields["CuryPOAmt"], record.fields["ProjectID"]) == (Decimal(200), "LIGHT-26")
    assert [line["QtyOrd"] for line in record.fields["LineItems"]] == [Decimal(10)]


def test_documents_that_are_not_there_are_not_found(erp: Erp) -> None:
    connector = erp.connect()
    for kind in (Kind.PAYMENT, Kind.INVOICE, Kind.PURCHASE_ORDER, Kind.RETURN):
        with pytest.raises(NotFound):
            connector.fetch(kind, "NOPE")
