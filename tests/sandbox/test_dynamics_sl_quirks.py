"""One test per number, from 5 on, of the Dynamics SL simulator's checklist (systems/dynamics-sl.md, section 9)."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from integrations.sandbox.core.messages import Drop
from integrations.sandbox.core.state import State
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.simulator import DynamicsSl
from integrations.sandbox.dynamics_sl.store import SCHEMA, TABLES
from tests.sandbox import sl_company
from tests.sandbox.sl_company import LINE, SITE_KEY, Company, members_xml, order_xml, text

company = sl_company.company


def test_5_magic_prices_are_computed_and_others_are_kept_as_manual(company: Company) -> None:
    magic = LINE | {"CurySlsPrice": -999876}
    line = company.place(lines=[magic]).find("{*}orderItems")[0]
    assert (text(line, "CurySlsPrice"), text(line, "ManualPrice"), text(line, "Taxable")) == (
        "59.99",
        "0",
        "1",
    )
    line = company.place(lines=[LINE | {"CurySlsPrice": 12.5}]).find("{*}orderItems")[0]
    assert (text(line, "CurySlsPrice"), text(line, "ManualPrice"), text(line, "CuryCost")) == (
        "12.5",
        "1",
        "24.1",
    )


def test_5_freight_and_tax_are_stored_as_sent_so_that_the_total_can_be_proved(company: Company) -> None:
    order = company.place(CuryTotFrt=5, CuryTotTax=9.49)
    assert text(order, "CuryTotMerch") == "119.98" and text(order, "CuryTotFrt") == "5"
    assert round(float(text(order, "CuryTotOrd") or 0), 2) == 134.47


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"lines": [LINE | {"InvtID": "A50-HALX"}]}, "Inventory item A50-HALX not found."),
        ({"CustID": "C999"}, "Customer C999 not found."),
        ({"CustID": "C900"}, "Customer C900 is inactive."),
        ({"SOTypeID": "ZZ"}, "Order type ZZ not found."),
        ({"lines": []}, "An order needs at least one line."),
        ({"CustOrdNbr": "X" * 26}, "String or binary data would be truncated in SOHeader.CustOrdNbr."),
    ],
)
def test_6_business_errors_are_in_band_with_http_200(company: Company, fields: dict, error: str) -> None:
    order = company.place(**fields)
    assert text(order, "errorString") == error and (text(order, "OrdNbr") or "").strip() == ""
    assert company.control("GET", "orders") == []


def test_6_a_warning_is_not_fatal_and_the_order_is_on_credit_hold(company: Company) -> None:
    order = company.place(lines=[LINE | {"QtyOrd": 100}])
    violation = order.find("{*}businessRuleViolations")[0]
    assert text(violation, "fatal") == "false" and "credit limit" in (text(violation, "message") or "")
    assert text(order, "CreditHold") == "1" and (text(order, "OrdNbr") or "").strip()


def test_6_validating_saves_nothing(company: Company) -> None:
    checked = company.place("validateOrder")
    assert text(checked, "errorString") == "" and text(checked, "CuryTotOrd") == "119.98"
    customer = members_xml("CustomerV2", {"Name": "Nobody"}, "customerMaintenance")
    screen = f"<actionType>VALIDATEONLY</actionType><inScreen><myCustomer>{customer}</myCustomer></inScreen>"
    assert text(company.call("customerMaintenance", "editScreen", screen), "errorMessage") == ""
    rows = company.control("GET", "state")["rows"]
    assert (rows["SOHeader"], rows["Customer"]) == (0, 4)


def test_7_a_bad_site_key_is_a_server_fault_also_for_ping_but_about_needs_none(company: Company) -> None:
    assert "Invalid site key" in company.fault("orders", "getOrder", key="wrong")
    assert "Invalid site key" in company.fault(
        "orders", "ping", "<siteID>DEFAULT</siteID><siteKey>no</siteKey>"
    )
    ping = f"<siteID>DEFAULT</siteID><siteKey>{SITE_KEY}</siteKey>"
    assert company.call("orders", "ping", ping, header=False).text == "true"
    assert "sandbox" in (company.call("orders", "about", header=False).text or "")


def test_8_char_is_blank_padded_dates_are_1900_and_money_has_float_residue(company: Company) -> None:
    lines = [LINE | {"QtyOrd": 1, "CurySlsPrice": price} for price in (0.1, 0.2)]
    order = company.place(lines=lines)
    assert text(order, "CustOrdNbr") == "XC-1043".ljust(25)
    assert text(order, "User9") == "1900-01-01T00:00:00"
    assert text(order, "CuryTotMerch") == "0.30000000000000004"
    assert (text(order, "AdminHold"), text(order, "CreditHold")) == ("false", "0")


def test_9_last_update_is_cut_to_the_minute(company: Company) -> None:
    assert (text(company.place(), "LUpd_DateTime") or "").strip() == "2026-03-02T15:10:00"


def test_10_a_shipper_appears_on_one_tick_and_is_confirmed_with_two_boxes_on_a_later_one(
    company: Company,
) -> None:
    number = (text(company.place(), "OrdNbr") or "").strip()
    assert company.control("GET", "shippers") == []
    assert company.control("POST", "process") == {"created": ["S0000412"], "confirmed": []}
    assert company.control("GET", "shippers")[0]["ShippingConfirmed"] == 0
    assert company.control("POST", "process") == {"created": [], "confirmed": ["S0000412"]}
    packs = company.call("manifestEntry", "getSOShipPacks", "<shipperID>S0000412</shipperID>")
    tracking = {(text(pack, "TrackingNbr") or "").strip() for pack in packs}
    assert len(packs) == 2 and len(tracking) == 2
    events = company.call("orders", "searchSOEvent", events_xml(number))
    assert [(text(event, "EventType") or "").strip() for event in events] == ["PSHP", "CSHP"]


def events_xml(number: str, start: str = "1900-01-01T00:00:00") -> str:
    return (
        "<lastEventOnly>false</lastEventOnly><withShippersOnly>true</withShippersOnly>"
        f"<startDate>{start}</startDate><endDate>2079-06-06T00:00:00</endDate><ordNbr>{number}</ordNbr>"
    )


def test_10_events_are_searched_from_a_time_on(company: Company) -> None:
    number = (text(company.place(), "OrdNbr") or "").strip()
    company.control("POST", f"orders/{number}/ship", {})
    assert len(company.call("orders", "searchSOEvent", events_xml(number, "2026-03-02T15:10:42"))) == 2
    answer = company.send("orders", "searchSOEvent", events_xml(number, "2026-03-02T15:10:43"))
    assert b"<SOEvent>" not in answer.body


def test_10_a_partial_shipment_leaves_a_backorder_and_stock_moves(company: Company) -> None:
    company.control("POST", "items/A50-HALO/stock", {"qty": 1})
    company.place()
    company.control("POST", "process")
    company.control("POST", "process")
    order = company.control("GET", "orders?reference=XC-1043")[0]
    line = order["lines"][0]
    assert (line["QtyShip"], line["QtyOpenShip"]) == (1.0, 1.0)
    assert order["shippers"][0]["lines"][0]["QtyBO"] == 1.0
    halo = next(item for item in company.control("GET", "items") if item["InvtID"] == "A50-HALO")
    assert halo["bins"][0] | {"SiteID": ""} == {
        "SiteID": "",
        "WhseLoc": "A1",
        "QtyOnHand": 0.0,
        "QtyAlloc": 1.0,
        "QtyAvail": -1.0,
    }


def test_11_holds_and_cancellation_are_flags_while_the_status_stays_open(company: Company) -> None:
    number = (text(company.place(), "OrdNbr") or "").strip()
    company.call("orders", "adminHoldFlag", f"<ordNbr>{number}</ordNbr><adminHoldFlag>true</adminHoldFlag>")
    held = company.call("orders", "getOrder", f"<orderNumber>{number}</orderNumber>")
    assert (text(held, "AdminHold"), text(held, "Status")) == ("true", "O")
    assert company.control("POST", "process")["created"] == []
    cancelled = company.control("POST", f"orders/{number}/cancel")
    assert (cancelled["Cancelled"], cancelled["Status"]) == (1, "O")


def test_12_an_email_may_belong_to_two_customers(company: Company) -> None:
    customer = members_xml(
        "CustomerV2", {"Name": "Pat Two", "EMailAddr": "pat@example.com"}, "customerMaintenance"
    )
    screen = f"<actionType>ADD</actionType><inScreen><myCustomer>{customer}</myCustomer></inScreen>"
    added = company.call("customerMaintenance", "editScreen", screen)
    assert (text(added.find("{*}myCustomer"), "CustId") or "").strip() == "C001001"
    assert company.control("GET", "counts/customers")["pat@example.com"] == 2


def test_12_card_columns_are_served_so_that_readers_must_drop_them(company: Company) -> None:
    customer = company.call("customerMaintenance", "getCustomerByExactID", "<custID>C300</custID>")
    assert (text(customer, "CardNbr") or "").strip() == "4111111111111111"
    assert "CardNbr" not in json.dumps(company.control("GET", "customers"))


PAGE = "<actionType/><currentPageNumber>{}</currentPageNumber><pageSize>2</pageSize><ordersParams>{}</ordersParams>"


def test_15_order_lists_are_data_sets_with_string_page_numbers(company: Company) -> None:
    for number in range(3):
        company.place(CustOrdNbr=f"XC-{number}")
    answer = company.send("orders", "getOrders", PAGE.format(2, ""))
    assert b'<xs:schema id="NewDataSet"' in answer.body and b"diffgr:diffgram" in answer.body
    rows = [row for row in etree.fromstring(answer.body).iter() if row.tag == "CustOrdNbr"]
    assert [(row.text or "").strip() for row in rows] == ["XC-2"]
    assert "not in a correct format" in company.fault("orders", "getOrders", PAGE.format("two", ""))


def test_15_order_lists_filter_by_reference_and_ignore_what_they_do_not_know(company: Company) -> None:
    for number in range(2):
        company.place(CustOrdNbr=f"XC-{number}")
    found = company.send("orders", "getOrders", PAGE.format(1, "CustOrdNbr=XC-1;CustID=C300"))
    assert found.body.count(b"<OrdNbr>") == 1
    assert company.send("orders", "getOrders", PAGE.format(1, "Reference=XC-1")).body.count(b"<OrdNbr>") == 2


def test_16_an_order_can_be_committed_although_the_link_drops(company: Company) -> None:
    company.control("POST", "faults", {"kind": "drop_after_commit", "match": "placeOrder", "times": 1})
    assert isinstance(company.send("orders", "placeOrder", order_xml()), Drop)
    assert company.control("GET", "counts/orders") == {"XC-1043": 1}


def test_16_a_deadlock_saves_nothing_and_is_a_fault(company: Company) -> None:
    company.control("POST", "faults", {"kind": "deadlock", "match": "placeOrder", "times": 1})
    assert "deadlocked" in company.fault("orders", "placeOrder", order_xml())
    assert company.control("GET", "counts/orders") == {}


def test_a_restart_forgets_nothing_and_goes_on_numbering(company: Company, tmp_path: Path) -> None:
    first = (text(company.place(), "OrdNbr") or "").strip()
    company.installation.state.close()
    again = Company(company.path)
    again.clock.now += timedelta(minutes=1)
    second = (text(again.place(), "OrdNbr") or "").strip()
    assert (first, second) == ("O0000124", "O0000125")


def test_items_can_be_removed_added_and_left_out_of_the_seed(tmp_path: Path, company: Company) -> None:
    assert company.control("DELETE", "items/A50-HALO") == {"removed": True}
    assert text(company.place(), "errorString") == "Inventory item A50-HALO not found."
    company.control("POST", "items", {"InvtID": "A50-HALO", "price": 60, "stock": 5})
    assert text(company.place(), "errorString") == ""
    bare = DynamicsSl(Installation(State(tmp_path / "bare.sqlite", SCHEMA)), without=["A50-HALO"])
    assert len(bare.summary()["rows"]) == len(TABLES) and bare.summary()["rows"]["Inventory"] == 11


def test_orders_ship_by_themselves_when_the_process_ticks(tmp_path: Path) -> None:
    company = Company(tmp_path / "ticking.sqlite")
    ticking = DynamicsSl(company.installation, auto_ship_seconds=0.02)
    company.place()
    ticking.start()
    try:
        deadline = time.monotonic() + 10
        while not any(each["ShippingConfirmed"] for each in company.control("GET", "shippers")):
            assert time.monotonic() < deadline, "nothing was shipped"
            time.sleep(0.01)
    finally:
        ticking.stop()
