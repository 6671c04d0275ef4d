"""References, numbers and columns of Sage 500 orders, and changes of an order that is there, over TDS."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import Duplicate, Misconfigured, Rejected
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.kinds import Kind
from tests.contract import sage_stand
from tests.contract.sage_stand import changed, rows
from tests.contract.test_sage_500 import SageStand

process, stand = sage_stand.process, sage_stand.stand


# -- references and numbers --------------------------------------------------------------------------------


def test_a_long_reference_is_shortened_the_same_way_each_time_and_found(stand: SageStand) -> None:
    connector, request = stand.connector(), replace(stand.write_request(), reference="XC-123456789012345")
    made = connector.write(request)
    assert made.fields["UserFld1"] == fit_reference(request.reference)
    assert len(made.fields["UserFld1"]) == 15 and made.fields["UserFld1"].startswith("XC-123~")
    found = connector.find(Kind.ORDER, reference=request.reference, hint={})
    assert found is not None and found.external_id == made.external_id


def test_a_number_of_ours_makes_sage_itself_refuse_a_second_copy(stand: SageStand) -> None:
    connector = stand.connector({**stand.values(), "tranno_mode": "prefix"})
    request = replace(stand.write_request(), reference="XC-88043")
    stand.simulator.control("POST", "orders", {"TranNo": "X000088043"})
    with pytest.raises(Duplicate) as raised:
        connector.write(request)
    assert raised.value.code == "110067"
    made = connector.write(replace(request, reference="XC-88044"))
    assert (made.business_key, made.fields["TranID"]) == ("X000088044", "X000088044-SO")


def test_our_reference_may_live_in_another_column(stand: SageStand) -> None:
    connector = stand.connector({**stand.values(), "external_id_column": "UserFld4"})
    request = stand.write_request()
    made = connector.write(request)
    assert (made.fields["UserFld4"], made.fields["UserFld1"]) == (request.reference, None)
    with pytest.raises(Duplicate) as raised:
        connector.write(request)
    assert raised.value.existing_id == made.external_id


def test_a_column_that_discovery_offers_is_written(stand: SageStand) -> None:
    connector = stand.connector()
    assert "DfltShipPriority" in {info.name for info in connector.discover(Kind.ORDER).fields}
    connector.write(changed(stand.write_request(), DfltShipPriority=3))
    assert rows(stand, "StgSalesOrder")[0]["DfltShipPriority"] == 3
    with pytest.raises(Misconfigured):
        connector.write(changed(stand.write_request(), NoSuchColumn="x"))


def test_a_name_that_is_no_column_never_reaches_a_statement(stand: SageStand) -> None:
    connector, request = stand.connector(), stand.write_request()
    connector.write(changed(request, **{"x) VALUES (1); DELETE FROM StgSOLine --": "1", "SessionKey": 7}))
    assert stand.effects(request) == 1
    assert rows(stand, "StgSalesOrder")[0]["SessionKey"] != 7


def test_the_names_of_the_promise_are_taken(stand: SageStand) -> None:
    request = WriteRequest(
        Kind.ORDER,
        {
            "Customer ID": "ACME", "Order Date": "2026-03-02", "Freight Amount": Decimal("5"),
            "Sales Tax Amount": Decimal("9.49"), "Order Status": "Open", "Payment Method": "CC",
            "Ship To Address": {"AddrLine1": "9 Elm St", "City": "Dallas", "StateID": "TX", "CountryID": "USA"},
            "Line Items": [{"Product ID": "A50-HALO", "Quantity": 2, "Unit Price": Decimal("59.99")}],
        },
        reference="XC-1043",
    )  # fmt: skip
    made = stand.connector().write(request)
    assert made.total == Decimal("134.47")
    assert (made.fields["DfltShipToCity"], made.fields["PmtTermsID"]) == ("Dallas", "CC")


def test_letters_that_the_code_page_lacks_lose_their_marks_and_other_signs_go_from_comments(
    stand: SageStand,
) -> None:
    made = stand.connector().write(
        changed(stand.write_request(), ContactName="Żółć Ünïcödé", TranCmnt="Gift 🎁 please")
    )
    assert made.fields["ContactName"] == "Zólc Ünïcödé"
    assert made.fields["TranCmnt"] == "Gift  please"


# -- changes of an order -----------------------------------------------------------------------------------


def entered(stand: SageStand, connector: Any) -> WriteRequest:
    request = stand.write_request()
    made = connector.write(request)
    return replace(request, external_id=made.external_id)


def test_equal_values_are_not_sent(stand: SageStand) -> None:
    connector = stand.connector()
    request = entered(stand, connector)
    staged = len(rows(stand, "StgSalesOrder"))
    assert connector.write(request).is_unchanged
    assert len(rows(stand, "StgSalesOrder")) == staged


def test_lines_are_changed_added_and_taken_away(stand: SageStand) -> None:
    connector = stand.connector()
    request = entered(stand, connector)
    lines = [
        {"ItemID": "A50-HALO", "QtyOrd": 3, "UnitPrice": Decimal("59.99")},
        {"ItemID": "CBL-TXT-3M", "QtyOrd": 1, "UnitPrice": Decimal("4.00")},
    ]
    after = connector.write(changed(request, Lines=lines, TranAmt=None))
    assert [(line["ItemID"], line["QtyOrd"]) for line in after.fields["Lines"]] == [
        ("A50-HALO", 3),
        ("CBL-TXT-3M", 1),
    ]
    assert after.total == Decimal("193.97")
    after = connector.write(changed(request, Lines=lines[1:], TranAmt=None))
    assert [line["QtyOrd"] for line in after.fields["Lines"]] == [0, 1]
    assert after.total == Decimal("14.00")


def test_an_address_that_changes_in_part_stays_whole(stand: SageStand) -> None:
    connector = stand.connector()
    address = {"DfltShipToAddrLine1": "9 Elm St", "DfltShipToCity": "Austin", "DfltShipToStateID": "TX"}
    request = changed(stand.write_request(), **address)
    made = connector.write(request)
    after = connector.write(replace(changed(request, DfltShipToCity="Dallas"), external_id=made.external_id))
    assert [after.fields[name] for name in address] == ["9 Elm St", "Dallas", "TX"]


def test_a_cancelled_order_is_cancelled_once(stand: SageStand) -> None:
    connector = stand.connector()
    request = changed(entered(stand, connector), Cancelled=True)
    assert connector.write(request).fields["portal_status"] == "cancelled"
    assert connector.write(request).is_unchanged


def test_activity_and_an_end_forbid_changes_by_their_numbers(stand: SageStand) -> None:
    connector = stand.connector()
    request = entered(stand, connector)
    stand.simulator.control("POST", f"orders/{request.external_id}/ship", {})
    with pytest.raises(Rejected) as raised:
        connector.write(changed(request, Cancelled=True))
    assert raised.value.code == "250972"
    stand.simulator.control("POST", f"orders/{request.external_id}/close")
    with pytest.raises(Rejected) as raised:
        connector.write(changed(request, CustPONo="PO-2"))
    assert raised.value.code == "250970"
