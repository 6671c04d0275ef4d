"""Dynamics SL with a read-only SQL login: look-ups and rowversion polling beside the web services."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import AuthFailed, Misconfigured, OutcomeUnknown, Transient
from integrations.kinds import Kind
from tests.contract.dynamics_sl_erp import SITE_KEY, Erp, request_of
from tests.contract.processes import SimulatorProcess, running

PASSWORD = "reader-of-the-sandbox"


class SqlErp(Erp):
    """The simulator with its second door open."""

    def connect(self, now: Any = None, **values: Any) -> Any:
        door = self.control("GET", "state")["sql"]
        given = {
            "sql_host": self.url.removeprefix("http://").partition(":")[0],
            "sql_port": door["port"],
            "sql_database": door["database"],
            "sql_user": door["user"],
            "sql_password": PASSWORD,
            "sql_encrypt": "login_only",
            "sql_certificate": door["certificate"],
            "view_ardoc": "",
            "order_search": "off",
        }
        return super().connect(now, **(given | values))


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    options = ("--site-key", SITE_KEY, "--sql-password", PASSWORD)
    with running("dynamics_sl", tmp_path_factory.mktemp("sl"), *options) as process:
        yield process


@pytest.fixture
def erp(process: SimulatorProcess) -> SqlErp:
    process.control("POST", "reset")
    return SqlErp(process.url)


def read(connector: Any, kind: Kind, cursor: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the records by id and the last cursor."""
    found: dict[str, Any] = {}
    for page in connector.read_changes(kind, cursor):
        found |= {record.external_id: record for record in page.records}
        cursor = page.cursor
    return found, cursor


def test_an_order_in_doubt_is_found_by_sql_where_the_services_cannot_search(erp: SqlErp) -> None:
    connector = erp.connect()
    assert connector.find(Kind.ORDER, reference="XC-1043", hint={}) is None
    erp.fault("drop_after_commit", "placeOrder")
    with pytest.raises(OutcomeUnknown):
        connector.write(request_of())
    assert connector.find(Kind.ORDER, reference="XC-1043", hint={}).external_id == "O0000124"


def test_stock_is_read_once_and_then_only_what_changed(erp: SqlErp) -> None:
    connector = erp.connect(default_site="MAIN")
    first, cursor = read(connector, Kind.INVENTORY, {})
    assert first["A50-HALO"].fields["QtyAvail"] == Decimal(37) and len(first) == 12
    assert read(connector, Kind.INVENTORY, cursor) == ({}, cursor)
    erp.control("POST", "items/A50-HALO/stock", {"qty": 11})
    changed, after = read(connector, Kind.INVENTORY, cursor)
    assert {name: record.fields["QtyAvail"] for name, record in changed.items()} == {"A50-HALO": Decimal(11)}
    assert after["rowversion"] > cursor["rowversion"]
    by_service = erp.connect(sql_host="", default_site="MAIN").fetch(Kind.INVENTORY, "A50-HALO")
    assert changed["A50-HALO"].hash == by_service.hash


def test_items_and_customers_follow_their_rowversion_and_cards_stay_in_the_database(erp: SqlErp) -> None:
    connector = erp.connect()
    items, item_cursor = read(connector, Kind.PRODUCT, {})
    customers, cursor = read(connector, Kind.CUSTOMER, {})
    assert items["A50-HALO"].fields["StkBasePrc"] == Decimal("59.99")
    assert customers["C300"].fields["Name"] == "Acme Ltd" and "CardNbr" not in customers["C300"].fields
    assert "4111111111111111" not in str(erp.exchanges)
    connector.write(WriteRequest(Kind.CUSTOMER, {"Name": "Acme Limited"}, external_id="C300"))
    changed, _ = read(connector, Kind.CUSTOMER, cursor)
    assert {name: record.fields["Name"] for name, record in changed.items()} == {"C300": "Acme Limited"}
    assert read(connector, Kind.PRODUCT, item_cursor)[0] == {}


def test_receipts_are_looked_up_and_polled_without_a_view(erp: SqlErp) -> None:
    connector = erp.connect()
    fields = {"CustID": "C300", "Amount": Decimal("10.00"), "BankAcct": "1020", "BankSub": "000"}
    _, cursor = read(connector, Kind.PAYMENT, {})
    written = connector.write(WriteRequest(Kind.PAYMENT, fields, reference="CE-7001"))
    assert connector.find(Kind.PAYMENT, reference="CE-7001", hint={}).external_id == written.external_id
    found, _ = read(connector, Kind.PAYMENT, cursor)
    assert [record.fields["CuryOrigDocAmt"] for record in found.values()] == [Decimal("10.00")]


def test_a_receipt_of_another_company_is_none_of_ours(erp: SqlErp) -> None:
    connector = erp.connect()
    fields = {"CustID": "C300", "Amount": Decimal("10.00"), "BankAcct": "1020", "BankSub": "000"}
    connector.write(WriteRequest(Kind.PAYMENT, fields, reference="CE-7001"))
    assert erp.connect(cpny_id="0061").find(Kind.PAYMENT, reference="CE-7001", hint={}) is None


def test_purchase_orders_are_polled_from_the_connection_on_and_from_history(erp: SqlErp) -> None:
    connector = erp.connect()
    _, cursor = read(connector, Kind.PURCHASE_ORDER, {})
    number = erp.control("POST", "purchase-orders", {})["PONbr"]
    assert list(read(connector, Kind.PURCHASE_ORDER, cursor)[0]) == [number]
    assert list(read(connector, Kind.PURCHASE_ORDER, connector.history(Kind.PURCHASE_ORDER, None))[0]) == [
        number
    ]


def test_documents_of_vendors_are_polled_by_their_rowversion(erp: SqlErp) -> None:
    connector = erp.connect(read_payables=True)
    first = erp.control("POST", "vouchers", {})["RefNbr"]
    found, cursor = read(connector, Kind.INVOICE, {})
    assert list(found) == [f"AP/VO/{first}"]
    second = erp.control("POST", "vouchers", {"ProjectID": "LIGHT-26"})["RefNbr"]
    found, _ = read(connector, Kind.INVOICE, cursor)
    assert list(found) == [f"AP/VO/{second}"]
    assert found[f"AP/VO/{second}"].fields["ProjectID"] == "LIGHT-26"


def test_an_adjustment_is_looked_up_by_sql_and_made_once(erp: SqlErp) -> None:
    connector = erp.connect(default_site="MAIN", view_intran="-")
    before = connector.fetch(Kind.INVENTORY, "A50-HALO").fields["QtyOnHand"]
    request = WriteRequest(
        Kind.INVENTORY,
        {"InvtID": "A50-HALO", "AdjustQty": -2},
        idempotency_key="cc-1-9",
        external_id="A50-HALO",
    )
    for _ in range(2):
        assert connector.write(request).fields["QtyOnHand"] == before - 2


def test_the_check_tells_of_the_sql_login(erp: SqlErp) -> None:
    rows = {result.name: result for result in erp.connect(default_site="MAIN").check()}
    assert rows["SQL login"].ok and "reads orders" in rows["SQL login"].evidence
    refused = {result.name: result for result in erp.connect(sql_password="wrong").check()}
    assert not refused["SQL login"].ok and refused["SQL login"].fix


def test_a_refused_login_and_a_deadlock_have_their_classes_and_no_password_shows(erp: SqlErp) -> None:
    with pytest.raises(AuthFailed):
        erp.connect(sql_password="wrong-password-of-the-reader").find(Kind.ORDER, reference="XC-1", hint={})
    with pytest.raises(Misconfigured):
        erp.connect(sql_user="").find(Kind.ORDER, reference="XC-1", hint={})
    connector = erp.connect()
    erp.fault("deadlock", "SOHeader")
    with pytest.raises(Transient):
        connector.find(Kind.ORDER, reference="XC-1", hint={})
    shown = str(erp.exchanges)
    assert "wrong-password-of-the-reader" not in shown and PASSWORD not in shown
