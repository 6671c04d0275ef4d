"""Dynamics SL: what is read and how (feed, stock, customers, service descriptions, threads), over real HTTP."""

import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import zeep
from lxml import etree

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import (
    ConnectorError,
    OutcomeUnknown,
    Rejected,
)
from integrations.connectors.systems.dynamics_sl.feed import start_of_search
from integrations.connectors.transports.soap import compile_contract
from integrations.connectors.transports.soap_shapes import write_members
from integrations.kinds import Kind
from tests.contract.dynamics_sl_erp import SITE_KEY, Erp, request_of
from tests.contract.processes import SimulatorProcess, running


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("dynamics_sl", tmp_path_factory.mktemp("sl"), "--site-key", SITE_KEY) as process:
        yield process


@pytest.fixture
def erp(process: SimulatorProcess) -> Erp:
    process.control("POST", "reset")
    return Erp(process.url)


def test_our_message_is_the_one_zeep_writes(erp: Erp) -> None:
    """Compare with the reference library: same elements, same order, same namespace."""
    address = f"{erp.url}/ctDynamicsSL/orders.asmx?WSDL"
    with urllib.request.urlopen(address, timeout=10) as answer:
        wsdl = answer.read()
    operation = compile_contract(address, wsdl).operations["placeOrder"]
    given = {"CustID": "C300", "SOTypeID": "SO", "CuryTotTax": Decimal("9.49")}
    members = write_members(operation.parameters, {"inOrder": given})
    ours = etree.fromstring(f'<placeOrder xmlns="{operation.namespace}">{members}</placeOrder>')
    client = zeep.Client(address)
    zeros = {"boolean": False, "dateTime": datetime(1900, 1, 1)}  # noqa: DTZ001 - the vendor's "no date" has no zone
    required = {
        name: zeros.get(element.type.qname.localname, 0)
        for name, element in client.get_type("{" + operation.namespace + "}order").elements
        if element.min_occurs
    }
    envelope = client.create_message(client.service, "placeOrder", inOrder=required | given)
    theirs = envelope.find(f".//{{{operation.namespace}}}placeOrder")

    def flat(element: etree._Element) -> list[tuple[str, str]]:
        return [(each.tag, each.text or "") for each in element.iter()]

    assert flat(ours) == flat(theirs)


def test_9_10_shippers_are_found_by_their_events_and_carry_every_tracking_number(erp: Erp) -> None:
    connector = erp.connect()
    number = connector.write(request_of()).external_id
    erp.control("POST", f"orders/{number}/ship", {"lines": {"A50-HALO": 1}, "tracking": ["1Z1", "1Z2"]})
    pages = list(connector.read_changes(Kind.SHIPMENT, {}))
    assert [record.external_id for page in pages for record in page.records] == ["S0000412"]
    fields = connector.fetch(Kind.SHIPMENT, "S0000412").fields
    assert [each["value"] for each in fields["tracking_numbers"]] == ["1Z1", "1Z2"]
    assert (fields["CustOrdNbr"], fields["is_confirmed"], fields["is_complete"]) == ("XC-1043", True, False)
    assert connector.fetch(Kind.ORDER, number).fields["portal_status"] == "partially_shipped"
    erp.control("POST", f"orders/{number}/ship", {"tracking": ["1Z3"]})
    later = list(connector.read_changes(Kind.SHIPMENT, pages[-1].cursor))
    assert [record.external_id for page in later for record in page.records] == ["S0000413"]
    assert connector.fetch(Kind.SHIPMENT, "S0000413").fields["is_complete"] is True
    assert connector.fetch(Kind.ORDER, number).fields["portal_status"] == "shipped"


def test_9_12_of_two_customers_with_one_email_the_active_one_with_the_lowest_number_is_taken(
    erp: Erp,
) -> None:
    for number in ("C20", "C3", "C1"):
        status = "I" if number == "C1" else "A"
        asked = {"CustId": number, "Name": number, "EMailAddr": "two@example.com", "Status": status}
        erp.control("POST", "customers", asked)
    found = erp.connect().find(Kind.CUSTOMER, natural_key="Two@Example.com", hint={})
    assert found is not None and found.external_id == "C3"


def test_a_customer_is_created_with_our_reference_and_a_ship_to_address(erp: Erp) -> None:
    connector = erp.connect()
    fields = {"Name": "Zoë Ström", "EMailAddr": "zoe@example.com", "Addr1": "Kungsgatan 1", "City": "Malmö"}
    created = connector.write(WriteRequest(Kind.CUSTOMER, fields, reference="XC-C77"))
    found = connector.find(Kind.CUSTOMER, reference="XC-C77", hint={})
    assert found is not None and found.external_id == created.external_id
    rows = connector._api.call(
        "customerMaintenance", "getSOAddressesByID", custID=created.external_id, shipToID="DEFAULT"
    )
    assert (rows[0]["Name"], rows[0]["City"]) == ("Zoë Ström", "Malmö")
    again = connector.write(WriteRequest(Kind.CUSTOMER, fields, external_id=created.external_id))
    assert again.is_unchanged


def test_stock_is_a_snapshot_in_pages_that_can_be_resumed(erp: Erp) -> None:
    for number in range(400):
        erp.control("POST", "items", {"InvtID": f"T{number:04d}", "stock": number})
    connector = erp.connect(default_site="MAIN")
    pages = list(connector.read_changes(Kind.INVENTORY, {}))
    assert [len(page.records) for page in pages] == [200, 200, 12]
    assert [page.is_last for page in pages] == [False, False, True]
    rest = list(connector.read_changes(Kind.INVENTORY, pages[0].cursor))
    assert [page.records for page in rest] == [page.records for page in pages[1:]]
    halo = connector.fetch(Kind.INVENTORY, "A50-HALO").fields
    assert (halo["QtyAvail"], halo["sites"][0]["SiteID"]) == (Decimal(37), "MAIN")


def test_events_of_a_burst_come_in_pages_and_none_is_left_out_after_an_interruption(erp: Erp) -> None:
    connector = erp.connect()
    numbers = [connector.write(request_of(f"XC-{count}")).external_id for count in range(210)]
    first = next(iter(connector.read_changes(Kind.ORDER, {})))
    assert len(first.records) == 200 and not first.is_last
    rest = [record for page in connector.read_changes(Kind.ORDER, first.cursor) for record in page.records]
    assert {record.external_id for record in (*first.records, *rest)} == set(numbers)
    assert len(rest) == 10


def test_the_search_starts_earlier_when_the_clocks_were_set_back(erp: Erp) -> None:
    api = erp.connect(time_zone="America/New_York")._api
    since = datetime(2026, 11, 1, 5, 55, tzinfo=UTC)  # 01:55 daylight time, five minutes before the change
    now = datetime(2026, 11, 1, 6, 7, tzinfo=UTC)  # 01:07 standard time
    assert start_of_search(since, now, api) <= now.astimezone(api.zone).replace(tzinfo=None)
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    assert start_of_search(summer, summer, api) == datetime(2026, 7, 1, 7, 50)  # noqa: DTZ001 - wall clock


def test_creating_a_second_connector_fetches_no_wsdl_again(erp: Erp) -> None:
    erp.connect().identity()
    erp.control("DELETE", "calls")
    erp.connect().identity()
    assert [call["method"] for call in erp.control("GET", "calls")] == ["POST"]


def test_a_wsdl_with_a_dtd_or_an_import_is_refused(erp: Erp) -> None:
    with urllib.request.urlopen(f"{erp.url}/ctDynamicsSL/shippers.asmx?WSDL", timeout=10) as answer:
        good = answer.read()
    assert compile_contract("http://sl.test/shippers.asmx?WSDL", good).operations
    bomb = good.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>', 1)
    outside = (
        b'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="t">'
        b'<import namespace="u" location="file:///etc/passwd"/></definitions>'
    )
    for wsdl in (bomb, outside, b"<html/>", b""):
        with pytest.raises(ConnectorError):
            compile_contract("http://sl.test/orders.asmx?WSDL", wsdl)


def test_events_ahead_of_our_clock_do_not_push_the_cursor(erp: Erp) -> None:
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    connector = erp.connect(now=now)
    cursor = next(iter(connector.read_changes(Kind.ORDER, {}))).cursor
    erp.control("POST", "settings", {"frozen_at": (now + timedelta(minutes=5)).timestamp()})
    connector.write(request_of())
    later = next(iter(connector.read_changes(Kind.ORDER, cursor)))
    assert len(later.records) == 1 and later.cursor["since"] == now.isoformat()


def test_the_cursor_moves_to_the_time_of_day_of_the_last_event(erp: Erp) -> None:
    happened = datetime(2026, 3, 2, 12, 3, 7, tzinfo=UTC)
    cursor = {"since": "2026-03-02T12:00:00+00:00"}
    erp.control("POST", "settings", {"frozen_at": happened.timestamp()})
    connector = erp.connect(now=happened + timedelta(minutes=9), time_zone="UTC")
    connector.write(request_of())
    page = next(iter(connector.read_changes(Kind.ORDER, cursor)))
    assert page.cursor == {"since": happened.isoformat(), "seen": ["O0000124/1"]}


def test_a_customer_created_without_its_address_is_in_doubt_and_then_adopted(erp: Erp) -> None:
    connector = erp.connect()
    erp.fault("drop_before_commit", "getSOAddressesByID")
    with pytest.raises(OutcomeUnknown):
        connector.write(WriteRequest(Kind.CUSTOMER, {"Name": "Ann"}, reference="XC-C9"))
    assert connector.find(Kind.CUSTOMER, reference="XC-C9", hint={}).external_id == "C001001"


def test_an_unknown_customer_class_is_no_missing_customer(erp: Erp) -> None:
    with pytest.raises(Rejected, match="class VIP not found"):
        erp.connect().write(WriteRequest(Kind.CUSTOMER, {"Name": "Ann", "ClassId": "VIP"}))


def test_one_connector_serves_many_threads_and_every_order_once(erp: Erp) -> None:
    connector = erp.connect(max_parallel=8)
    with ThreadPoolExecutor(8) as pool:
        requests = [request_of(f"XC-{count}") for count in range(80)]
        numbers = list(pool.map(lambda each: connector.write(each).external_id, requests))
    assert len(set(numbers)) == 80
    assert set(erp.control("GET", "counts/orders").values()) == {1}


def test_lists_of_customers_and_items_hold_everyone(erp: Erp) -> None:
    connector = erp.connect()
    customers = [record for page in connector.read_changes(Kind.CUSTOMER, {}) for record in page.records]
    assert [record.external_id for record in customers] == ["C300", "C310", "C900", "WEB"]
    assert "CardNbr" not in customers[0].fields
    items = [record for page in connector.read_changes(Kind.PRODUCT, {}) for record in page.records]
    assert len(items) == 12 and items[0].fields["StkBasePrc"] == Decimal("59.99")
