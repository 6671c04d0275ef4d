"""Quirks of Sage 500 orders: what the sales order procedure writes, refuses and changes."""

from decimal import Decimal

import pytds
import pytest

from tests.sandbox.sage_site import LINE, ORDER, Site
from tests.sandbox.sql_clients import number_of

# -- the order -------------------------------------------------------------------------------------------


def test_an_order_reads_back_as_the_published_sample(site: Site) -> None:
    site.order(TranNo="X000000043")
    (row,) = site.ask(
        "SELECT SOKey, TranNo, TranID, TranType, Status, Hold, CrHold, CustPONo, SalesAmt, FreightAmt,"
        " STaxAmt, TranAmt, OpenAmt, UpdateCounter, AckDate FROM tsoSalesOrder"
        " WHERE CompanyID = 'ABC' AND UserFld1 = 'XC-1043'"
    )
    amounts = [Decimal(each) for each in ("119.980", "5.000", "9.490", "134.470", "134.470")]
    assert row == (7781, "X000000043", "X000000043-SO", 801, 1, 0, 0, "XC-1043", *amounts, 1, None)
    lines = site.ask(
        "SELECT l.SOLineKey, l.SOLineNo, i.ItemID, l.UnitPrice, d.SOLineDistKey, d.QtyOrd, d.QtyOpenToShip,"
        " d.ExtAmt FROM tsoSOLine l JOIN tsoSOLineDist d ON d.SOLineKey = l.SOLineKey"
        " JOIN timItem i ON i.ItemKey = l.ItemKey"
    )
    assert lines == [(9001, 1, "A50-HALO", Decimal("59.99"), 9501, Decimal(2), Decimal(2), Decimal("119.98"))]


def test_a_blank_number_is_drawn_with_ten_digits(site: Site) -> None:
    site.order(UserFld1="A")
    site.order(UserFld1="B", TranNo="")
    assert site.ask("SELECT TranNo, TranID FROM tsoSalesOrder ORDER BY SOKey") == [
        ("0000000043", "0000000043-SO"), ("0000000044", "0000000044-SO"),
    ]  # fmt: skip


def test_one_off_addresses_hold_and_discounts_are_kept(site: Site) -> None:
    site.order(
        {"TradeDiscAmt": Decimal("1.500")}, Hold="Yes", HoldReason="Review", CrHold="Yes",
        DfltShipToAddrName="Pat Lee", DfltShipToAddrLine1="2 Side St", DfltShipToCity="Waco", DfltShipToStateID="TX",
        DfltShipToCountryID="USA", DfltShipToPostalCode="76701",
    )  # fmt: skip
    assert site.ask("SELECT so.Hold, so.HoldReason, so.CrHold, so.TradeDiscAmt, so.TranAmt, a.AddrName, a.City"
                    " FROM tsoSalesOrder so JOIN tciAddress a ON a.AddrKey = so.DfltShipToAddrKey") == [
        (1, "Review", 1, Decimal("1.5"), Decimal("132.97"), "Pat Lee", "Waco")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "status", ["Unacknowledged", "Open", "Inactive", "Canceled", "Closed", "Incomplete", "Pending Approval"]
)
def test_every_status_of_an_order_exists(site: Site, status: str) -> None:
    site.order(Status=status)
    names = ["Unacknowledged", "Open", "Inactive", "Canceled", "Closed", "Incomplete", "Pending Approval"]
    assert site.ask("SELECT Status FROM tsoSalesOrder") == [(names.index(status),)]


# -- 5 to 8: refusals ------------------------------------------------------------------------------------

REFUSALS = {
    "unknown item": ({}, {"ItemID": "A50-HALX"}, ("ItemID", "A50-HALX", 1, 0, "Item A50-HALX is not valid.")),
    "unknown customer": ({"CustID": "NOBODY"}, {}, ("CustID", "NOBODY", 1, 0, "Customer NOBODY is not valid.")),
    "closed customer": ({"CustID": "CLOSED"}, {}, ("CustID", "CLOSED", 1, 0, "Customer CLOSED is not active.")),
    "unknown warehouse": ({}, {"WarehouseID": "MOON"}, ("WarehouseID", "MOON", 1, 0, "Warehouse MOON is not valid.")),
    "negative quantity": ({}, {"QtyOrd": -1}, ("QtyOrd", "-1.00000000", 1, 0, "240074")),
    "negative price": ({}, {"UnitPrice": -1}, ("UnitPrice", "-1.00000", 1, 0, "240074")),
    "line without header": ({}, {"TranNo": "other"}, ("TranNo", "other", 1, 0, "211078")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_returns_success_and_says_why_in_the_log(site: Site, name: str) -> None:
    header, line, expected = REFUSALS[name]
    outputs = site.order(line, TranNo="X1", **header)
    assert outputs["_oRetVal"] == 1
    assert outputs["oFailedRecs"] >= 1
    assert expected in site.log(outputs["key"])
    assert site.ask("SELECT ProcessStatus FROM StgSOLine WHERE SessionKey = %s", outputs["key"]) == [(2,)]
    assert site.ask("SELECT COUNT(*) FROM tsoSalesOrder") == [(0,)]


def test_each_wrong_code_has_its_own_log_row(site: Site) -> None:
    outputs = site.order({"ItemID": "NOPE", "WarehouseID": "MOON"}, CustID="NOBODY")
    assert outputs["oFailedRecs"] == 1
    assert sorted(row[0] for row in site.log(outputs["key"])) == ["CustID", "ItemID", "WarehouseID"]


def test_a_number_or_a_reference_twice_is_a_duplicate(site: Site) -> None:
    site.order(TranNo="X1")
    again = site.order(TranNo="X1", UserFld1="other")
    assert site.log(again["key"]) == [("TranNo", "X1", 1, 1, "110067")]
    same = site.order(TranNo="X2")
    assert site.log(same["key"]) == [("UserFld1", "XC-1043", 1, 1, "110067")]
    assert site.ask("SELECT COUNT(*) FROM tsoSalesOrder") == [(1,)]


def test_a_wrong_company_and_a_module_that_is_off(site: Site) -> None:
    key = site.session()
    site.stage("StgSalesOrder", key, ORDER)
    site.stage("StgSOLine", key, LINE)
    assert site.finish(key, iCompanyID="XYZ")["oFailedRecs"] == 1
    assert site.log(key) == [("CompanyID", "XYZ", 1, 0, "160228")]
    site.control("POST", "settings", {"inactive_modules": ["SO"]})
    assert [row[4] for row in site.log(site.order()["key"])] == ["100463"]


@pytest.mark.parametrize("column", ["UserFld1", "CustPONo"])
def test_sixteen_characters_do_not_fit_into_fifteen(site: Site, column: str) -> None:
    key = site.session()
    site.stage("StgSalesOrder", key, {**ORDER, column: "x" * 15})
    with pytest.raises(pytds.Error) as raised:
        site.stage("StgSalesOrder", key, {**ORDER, column: "x" * 16})
    assert number_of(raised.value) == 8152


@pytest.mark.parametrize(("option", "statuses"), [(0, [1]), (1, []), (2, []), (3, [1])])
def test_the_report_option_decides_which_rows_are_logged(
    site: Site, option: int, statuses: list[int]
) -> None:
    key = site.session()
    site.stage("StgSalesOrder", key, {**ORDER, "CustID": "NOBODY"})
    site.stage("StgSOLine", key, LINE)
    site.finish(key, iRptOption=option)
    assert [row[2] for row in site.log(key)] == statuses


# -- changes ---------------------------------------------------------------------------------------------


def test_an_update_adds_lines_and_changes_quantities_and_totals(site: Site) -> None:
    site.order(TranNo="X1")
    key = site.session()
    site.stage("StgSalesOrder", key, {"TranNo": "X1", "Action": 2, "CustPONo": "NEW"})
    changed = {"TranNo": "X1", "SOLineNo": 1, "QtyOrd": 3, "Action": 2}
    added = {**LINE, "TranNo": "X1", "SOLineNo": 2, "ItemID": "BLB-E27-4W", "QtyOrd": 1}
    site.stage("StgSOLine", key, changed, {**added, "UnitPrice": Decimal("6.49")})
    assert site.finish(key)["oRecsProcessed"] == 1, site.log(key)
    assert site.ask("SELECT CustPONo, UserFld1, SalesAmt, TranAmt, UpdateCounter FROM tsoSalesOrder") == [
        ("NEW", "XC-1043", Decimal("186.46"), Decimal("200.95"), 2)
    ]


def test_a_closed_order_refuses_changes_and_a_shipped_one_refuses_to_be_cancelled(site: Site) -> None:
    site.order(TranNo="X1")
    site.order(TranNo="X2", UserFld1="other")
    site.control("POST", "orders/X1/ship")
    problems = []
    for number, action in (("X1", 3), ("X2", 3)):
        key = site.session()
        site.stage("StgSalesOrder", key, {"TranNo": number, "Action": action})
        site.finish(key)
        problems.append([row[4] for row in site.log(key)])
    assert problems == [["250972"], []]
    assert site.ask("SELECT TranNo, Status FROM tsoSalesOrder ORDER BY TranNo") == [("X1", 1), ("X2", 3)]
    site.control("POST", "orders/X1/close")
    key = site.session()
    site.stage("StgSalesOrder", key, {"TranNo": "X1", "Action": 2, "CustPONo": "late"})
    site.finish(key)
    assert [row[4] for row in site.log(key)] == ["250970"]
