"""Kinds of Sage 500 beside orders on their way in: customers, receipts, journals, returns, items; over TDS."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import Duplicate, Misconfigured, OutcomeUnknown, Rejected
from integrations.kinds import Kind
from tests.contract import sage_stand
from tests.contract.sage_stand import rows, setting, ship
from tests.contract.test_sage_500 import SageStand

process, stand = sage_stand.process, sage_stand.stand


def shopper(**fields: Any) -> WriteRequest:
    given = {"CustID": "XC0123456789", "CustName": "Lee Ltd", "ContactName": "Pat Lee", "EMailAddr": "lee@example.com",
             "AddrLine1": "1 Main St", "City": "Austin", "StateID": "TX", "CountryID": "USA", **fields}  # fmt: skip
    return WriteRequest(Kind.CUSTOMER, given, reference="XC-lee@example.com")


def test_a_customer_is_added_once_found_by_reference_and_mail_and_changed_by_value(stand: SageStand) -> None:
    connector = stand.connector()
    made = connector.write(shopper())
    assert (made.external_id, made.fields["City"]) == ("XC0123456789", "Austin")
    for sought in ({"reference": "XC-lee@example.com"}, {"natural_key": "LEE@example.com"}):
        found = connector.find(Kind.CUSTOMER, hint={}, **sought)
        assert found is not None and found.external_id == made.external_id
    with pytest.raises(Duplicate) as raised:
        connector.write(shopper())
    assert raised.value.existing_id == made.external_id
    update = replace(shopper(City="Dallas"), external_id=made.external_id)
    assert connector.write(update).fields["City"] == "Dallas"
    assert connector.write(update).is_unchanged
    assert len(stand.simulator.control("GET", "customers?email=lee@example.com")) == 1


def test_a_customer_number_that_is_taken_is_told_by_sage_and_linked(stand: SageStand) -> None:
    with pytest.raises(Duplicate) as raised:
        stand.connector().write(shopper(CustID="ACME"))
    assert (raised.value.existing_id, raised.value.code) == ("ACME", "110067")


def test_a_kind_whose_procedure_is_not_named_is_refused_with_the_setting(stand: SageStand) -> None:
    connector = stand.connector({**stand.values(), "proc_customer": ""})
    with pytest.raises(Misconfigured) as raised:
        connector.write(shopper())
    assert raised.value.missing == "proc_customer"


def receipt(**fields: Any) -> WriteRequest:
    given = {"CustID": "ACME", "TranAmt": Decimal("134.47"), "TranDate": "2026-03-02", "CurrID": "USD",
             "GLAcctNo": "1010-00-00", **fields}  # fmt: skip
    return WriteRequest(Kind.PAYMENT, given, reference="XC-P701")


@pytest.mark.parametrize("at_once", [True, False])
def test_a_cash_receipt_is_entered_once_posted_or_not(stand: SageStand, at_once: bool) -> None:
    setting(stand, is_posting_at_once=at_once)
    connector = stand.connector()
    made = connector.write(receipt())
    assert made.total == Decimal("134.47")
    with pytest.raises(Duplicate) as raised:
        connector.write(receipt())
    assert raised.value.existing_id == made.external_id
    kept = rows(stand, "tarCustPmt") + rows(stand, "tarPendCustPmt")
    assert [row["UserFld1"] for row in kept] == ["XC-P701"]


def test_a_receipt_lost_after_the_commit_is_found(stand: SageStand) -> None:
    connector = stand.connector()
    stand.simulator.fault("drop_after_commit", times=1, match="EXEC spARapiCashReceiptIns? slice 2")
    with pytest.raises(OutcomeUnknown):
        connector.write(receipt())
    assert connector.find(Kind.PAYMENT, reference="XC-P701", hint={}) is not None


def journal(**fields: Any) -> WriteRequest:
    lines = [
        {"GLAcctNo": "1010-00-00", "DebitAmt": Decimal("134.47")},
        {"GLAcctNo": "4000-00-00", "CreditAmt": Decimal("134.47")},
    ]
    return WriteRequest(Kind.JOURNAL, {"TranDate": "2026-03-02", "Lines": lines, **fields}, reference="XC-J1")


def test_a_journal_is_entered_once(stand: SageStand) -> None:
    connector = stand.connector()
    made = connector.write(journal())
    with pytest.raises(Duplicate) as raised:
        connector.write(journal())
    assert raised.value.existing_id == made.external_id
    assert len(rows(stand, "tglTransaction")) == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"TranDate": "2024-03-02"}, "TranDate"),
        ({"Lines": [{"GLAcctNo": "1010-00-00", "DebitAmt": Decimal(1)}]}, "Lines"),
        (
            {
                "Lines": [
                    {"GLAcctNo": "8888", "DebitAmt": Decimal(1)},
                    {"GLAcctNo": "1010-00-00", "CreditAmt": Decimal(1)},
                ]
            },
            "GLAcctNo",
        ),
    ],
)
def test_a_journal_that_cannot_be_posted_names_the_field(
    stand: SageStand, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Rejected) as raised:
        stand.connector().write(journal(**fields))
    assert raised.value.problems[0].field == field


def test_a_return_is_entered_against_its_order(stand: SageStand) -> None:
    connector = stand.connector()
    order = connector.write(stand.write_request())
    ship(stand, order.external_id)
    line = {"ItemID": "A50-HALO", "QtyRtrnCredit": 1, "UnitPrice": Decimal("59.99")}
    fields = {"CustID": "ACME", "SOTranNo": order.business_key, "Lines": [line]}
    request = WriteRequest(Kind.RETURN, fields, reference="XC-R1")
    made = connector.write(request)
    found = connector.find(Kind.RETURN, reference="XC-R1", hint={})
    assert found is not None and found.external_id == made.external_id
    with pytest.raises(Duplicate):
        connector.write(request)
    assert connector.find(Kind.ORDER, reference="XC-R1", hint={}) is None, "a return is no order"
    with pytest.raises(Rejected):
        connector.write(replace(request, reference="XC-R2"))


def test_an_item_is_added_once_and_changed_by_value(stand: SageStand) -> None:
    connector = stand.connector()
    request = WriteRequest(
        Kind.PRODUCT, {"ItemID": "NEW-1", "ShortDesc": "New lamp", "StdPrice": Decimal("12.50")}
    )
    made = connector.write(request)
    assert (made.external_id, made.fields["StdPrice"]) == ("NEW-1", Decimal("12.5"))
    with pytest.raises(Duplicate):
        connector.write(request)
    update = replace(request, fields={**request.fields, "StdPrice": Decimal("13")}, external_id="NEW-1")
    assert connector.write(update).fields["StdPrice"] == 13
    assert connector.write(update).is_unchanged
