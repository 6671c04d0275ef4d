"""Receipts, returns, invoices and purchase orders of Sage 500 as the connector enters and reads them, over TDS."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest, WriteResult
from integrations.connectors.errors import Misconfigured, NotFound, Rejected
from integrations.connectors.systems.sage_500.customers import written_postal_code
from integrations.kinds import Kind
from integrations.mapping import validate_target
from tests.contract import sage_stand
from tests.contract.sage_stand import rows
from tests.contract.suite import changed_ids, cursor_at_end
from tests.contract.test_sage_500 import SageStand

process, stand = sage_stand.process, sage_stand.stand


def entered(stand: SageStand, connector: Any) -> WriteResult:
    made: WriteResult = connector.write(stand.write_request())
    return made


def shipped(stand: SageStand, connector: Any) -> WriteResult:
    order = entered(stand, connector)
    stand.simulator.control("POST", f"orders/{order.external_id}/ship", {})
    return order


def receipt(order_key: str, reference: str = "XC-P701") -> WriteRequest:
    today = datetime.now(UTC).date().isoformat()
    given = {"order_key": order_key, "TranAmt": Decimal("69.99"), "TranDate": today}
    return WriteRequest(Kind.PAYMENT, given, reference=reference)


# -- receipts ----------------------------------------------------------------------------------------------


def test_a_receipt_takes_customer_and_order_number_from_the_order_that_it_names(stand: SageStand) -> None:
    connector = stand.connector()
    order = entered(stand, connector)
    connector.write(receipt(order.external_id))
    (staged,) = rows(stand, "StgCashReceipt")
    assert (staged["CustID"], staged["ApplyToTranID"]) == ("ACME", f"{order.business_key}-SO")


def test_a_receipt_of_an_order_that_is_not_there_is_not_entered(stand: SageStand) -> None:
    with pytest.raises(NotFound):
        stand.connector().write(receipt("4711"))
    assert rows(stand, "StgCashReceipt") == []


def test_a_receipt_that_names_neither_order_nor_customer_is_refused_by_name(stand: SageStand) -> None:
    with pytest.raises(Rejected) as raised:
        stand.connector().write(receipt(""))
    assert raised.value.problems[0].field == "CustID"
    assert rows(stand, "StgCashReceipt") == []


def test_the_first_look_at_receipts_leaves_out_what_is_older_than_a_month(stand: SageStand) -> None:
    connector = stand.connector()
    request = receipt(entered(stand, connector).external_id)
    made = connector.write(replace(request, fields={**request.fields, "TranDate": "2026-03-02"}))
    assert changed_ids(connector, Kind.PAYMENT, {}) == []
    assert changed_ids(connector, Kind.PAYMENT, connector.history(Kind.PAYMENT, None)) == [made.external_id]


def test_a_posted_receipt_is_read_once_its_batch_is_posted(stand: SageStand) -> None:
    connector = stand.connector()
    order = entered(stand, connector)
    cursor = cursor_at_end(connector, Kind.PAYMENT)
    stand.simulator.control("POST", "settings", {"is_posting_at_once": False})
    made = connector.write(receipt(order.external_id))
    assert changed_ids(connector, Kind.PAYMENT, cursor) == []
    with pytest.raises(NotFound):
        connector.fetch(Kind.PAYMENT, made.external_id)
    for _ in range(2):
        stand.simulator.control("POST", "tick")
    assert changed_ids(connector, Kind.PAYMENT, cursor) == [made.external_id]
    read = connector.fetch(Kind.PAYMENT, made.external_id)
    assert (read.fields["CustID"], read.fields["TranAmt"]) == ("ACME", Decimal("69.99"))
    assert connector.locate(Kind.PAYMENT, made.business_key.lstrip("0")) == made.external_id
    assert connector.locate(Kind.PAYMENT, "4711") is None


def test_a_receipt_that_is_posted_after_a_later_one_is_read_as_well(stand: SageStand) -> None:
    connector = stand.connector()
    order = entered(stand, connector)
    stand.simulator.control("POST", "settings", {"is_posting_at_once": False})
    late = connector.write(receipt(order.external_id, "XC-P1"))
    stand.simulator.control("POST", "settings", {"is_posting_at_once": True})
    early = connector.write(receipt(order.external_id, "XC-P2"))
    cursor = cursor_at_end(connector, Kind.PAYMENT)
    assert int(cursor["after"]) == int(early.external_id)
    for _ in range(2):
        stand.simulator.control("POST", "tick")
    assert changed_ids(connector, Kind.PAYMENT, cursor) == [late.external_id, early.external_id]


# -- journals ----------------------------------------------------------------------------------------------


def booking(**fields: Any) -> WriteRequest:
    given = {"TranDate": "2026-03-02", "DebitAcctNo": "1020-00-00", "CreditAcctNo": "1100-00-00", **fields}
    return WriteRequest(Kind.JOURNAL, given, reference="XC-J1")


def test_two_accounts_and_an_amount_are_a_debit_and_a_credit(stand: SageStand) -> None:
    connector = stand.connector()
    made = connector.write(booking(Amount=Decimal("69.99")))
    assert made.total == Decimal("69.99")
    assert sorted(Decimal(row["PostAmt"]) for row in rows(stand, "tglTransaction")) == [
        Decimal("-69.99"), Decimal("69.99"),
    ]  # fmt: skip


def test_a_journal_with_neither_lines_nor_an_amount_is_refused_by_name(stand: SageStand) -> None:
    with pytest.raises(Rejected) as raised:
        stand.connector().write(booking())
    assert raised.value.problems[0].field == "Lines"
    assert "Amount" in raised.value.problems[0].rule
    assert rows(stand, "StgGLJournal") == []


# -- returns -----------------------------------------------------------------------------------------------


def returned(order_key: str, **line: Any) -> WriteRequest:
    fields = {"order_key": order_key, "Lines": [{"ItemID": "A50-HALO", **line}]}
    return WriteRequest(Kind.RETURN, fields, reference="XC-R1")


def test_a_return_has_customer_number_and_prices_of_its_order(stand: SageStand) -> None:
    connector = stand.connector()
    request = stand.write_request()
    line = {"ItemID": "A50-HALO", "QtyOrd": 1, "UnitPrice": Decimal("50.00")}
    fields = {**request.fields, "TranAmt": Decimal("60.00"), "Lines": [line]}
    order = connector.write(replace(request, fields=fields))
    stand.simulator.control("POST", f"orders/{order.external_id}/ship", {})
    made = connector.write(returned(order.external_id, QtyRtrnCredit=1))
    (staged,) = rows(stand, "StgRMA")
    assert (staged["CustID"], staged["SOTranNo"]) == ("ACME", order.business_key)
    assert made.total == Decimal("50.00"), "not the price of the list"


def test_a_return_is_read_as_a_return_and_never_as_an_order(stand: SageStand) -> None:
    connector = stand.connector()
    order = shipped(stand, connector)
    orders, returns = (cursor_at_end(connector, kind) for kind in (Kind.ORDER, Kind.RETURN))
    made = connector.write(returned(order.external_id, QtyRtrnReplacement=1))
    assert changed_ids(connector, Kind.RETURN, returns) == [made.external_id]
    assert made.external_id not in changed_ids(connector, Kind.ORDER, orders)
    read = connector.fetch(Kind.RETURN, made.external_id).fields
    assert (read["CustID"], read["Status"], read["UserFld1"]) == ("ACME", "Open", "XC-R1")
    (line,) = read["Lines"]
    assert (line["ItemID"], line["QtyRtrnReplacement"], line["QtyRtrnCredit"]) == ("A50-HALO", 1, 0)
    assert connector.locate(Kind.RETURN, made.business_key.lstrip("0")) == made.external_id
    with pytest.raises(NotFound):
        connector.fetch(Kind.RETURN, order.external_id)


# -- invoices ----------------------------------------------------------------------------------------------


def test_an_invoice_is_read_with_what_is_still_open(stand: SageStand) -> None:
    connector = stand.connector()
    cursor = cursor_at_end(connector, Kind.INVOICE)
    order = shipped(stand, connector)
    stand.simulator.control("POST", f"orders/{order.external_id}/close")
    (key,) = changed_ids(connector, Kind.INVOICE, cursor)
    invoice = connector.fetch(Kind.INVOICE, key)
    assert (invoice.fields["CustID"], invoice.fields["TranAmt"]) == ("ACME", Decimal("69.99"))
    assert invoice.fields["is_paid"] is False
    assert connector.locate(Kind.INVOICE, invoice.business_key) == key
    assert changed_ids(connector, Kind.INVOICE, connector.history(Kind.INVOICE, None)) == [key]
    with pytest.raises(NotFound):
        connector.fetch(Kind.INVOICE, "4711")


# -- purchase orders ---------------------------------------------------------------------------------------


def bought(stand: SageStand, *skus: str) -> str:
    lines = [{"ItemID": sku, "QtyOrd": 10 + place} for place, sku in enumerate(skus)]
    return str(stand.simulator.control("POST", "purchase-orders", {"lines": lines})["TranNo"])


def test_purchase_orders_come_with_their_lines_and_what_was_received(stand: SageStand) -> None:
    connector = stand.connector()
    first, second = bought(stand, "A50-HALO", "CBL-TXT-3M"), bought(stand, "A50-HALO")
    stand.simulator.control("POST", f"purchase-orders/{second}/receive")
    assert changed_ids(connector, Kind.PURCHASE_ORDER, {}) == [first, second]
    lines = connector.fetch(Kind.PURCHASE_ORDER, first).fields["Lines"]
    assert [(line["ItemID"], line["QtyOrdered"], line["QtyReceived"]) for line in lines] == [
        ("A50-HALO", 10, 0), ("CBL-TXT-3M", 11, 0),
    ]  # fmt: skip
    received = connector.fetch(Kind.PURCHASE_ORDER, second).fields
    assert (received["Status"], received["Lines"][0]["QtyReceived"]) == ("Closed", 10)
    with pytest.raises(NotFound):
        connector.fetch(Kind.PURCHASE_ORDER, "4711")


def test_without_a_view_purchase_orders_are_refused_with_the_setting(stand: SageStand) -> None:
    connector = stand.connector({**stand.values(), "purchase_order_view": ""})
    with pytest.raises(Misconfigured) as raised:
        changed_ids(connector, Kind.PURCHASE_ORDER, {})
    assert raised.value.missing == "purchase_order_view"
    assert all(result.ok for result in connector.check())


def test_the_connection_test_names_a_view_that_lacks_a_column(stand: SageStand) -> None:
    connector = stand.connector({**stand.values(), "purchase_order_view": "vdvShipmentLine"})
    assert "Purchase orders" in {result.name for result in connector.check() if not result.ok}


# -- customers as the shop reads them ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "country", "written"),
    [
        ("787011234", "USA", "78701-1234"), ("78701", "USA", "78701"), ("69005050", "BRA", "69005-050"),
        ("00950", "POL", "00-950"), ("1000205", "PRT", "1000-205"), ("1000001", "JPN", "100-0001"),
        ("M5V 2T6", "CAN", "M5V 2T6"), ("80331", "DEU", "80331"), ("", "", ""),
    ],
)  # fmt: skip
def test_a_postal_code_gets_the_dash_back_where_its_country_has_one(
    code: str, country: str, written: str
) -> None:
    assert written_postal_code(code, country) == written


def test_a_customer_is_read_with_its_street_as_one_line_and_its_class(stand: SageStand) -> None:
    address = {"AddrLine1": "Rua Doutor José Clemente de", "AddrLine2": "Figueira 500", "City": "Manaus"}
    code = {"PostalCode": "69005050", "CountryID": "BRA", "CustClassKey": 3}
    stand.simulator.control("POST", "customers", {"CustID": "ANA", "CustName": "Ana", **address, **code})
    fields = stand.connector().fetch(Kind.CUSTOMER, "ANA").fields
    assert (fields["street"], fields["postal_code"], fields["CustClassID"]) == (
        "Rua Doutor José Clemente de Figueira 500", "69005-050", "WEB",
    )  # fmt: skip


def test_every_record_that_is_read_fits_its_schema(stand: SageStand) -> None:
    connector = stand.connector()
    order = shipped(stand, connector)
    connector.write(receipt(order.external_id))
    connector.write(returned(order.external_id, QtyRtrnCredit=1))
    stand.simulator.control("POST", f"orders/{order.external_id}/close")
    bought(stand, "A50-HALO")
    kinds = (Kind.PAYMENT, Kind.RETURN, Kind.INVOICE, Kind.PURCHASE_ORDER, Kind.CUSTOMER)
    for kind in kinds:
        (found, *_) = changed_ids(connector, kind, connector.history(kind, None))
        fields = connector.fetch(kind, found).fields
        schema = connector.discover(kind)
        known = {info.name for info in schema.fields}
        shown = {name: value for name, value in fields.items() if name in known and name != "Lines"}
        assert [one for one in validate_target(shown, schema, creating=False) if one.path in shown] == []
        assert fields.keys() >= {info.name for info in schema.fields if info.read_only and not info.nullable}
