"""Quirks of Sage 500 around orders: shipments, stock, receipts, journals, customers, items, returns."""

# ruff: noqa: DTZ001 - SQL Server's datetime knows no zone

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.processes import ControlError
from tests.sandbox.sage_site import Site
from tests.sandbox.sql_clients import dialled, do

AVAILABLE = """SELECT w.WhseID, SUM(bi.QtyOnHand - bi.PendQtyDecrease) AS Available
    FROM timWhseBinInvt bi {hint} JOIN timItem i ON i.ItemKey = bi.ItemKey
    JOIN timWhseBin b ON b.WhseBinKey = bi.WhseBinKey JOIN timWarehouse w ON w.WhseKey = b.WhseKey
    WHERE i.CompanyID = 'ABC' AND i.ItemID = 'A50-HALO' {more} GROUP BY w.WhseID ORDER BY w.WhseID"""


# -- 2, 10, 11: shipments --------------------------------------------------------------------------------


def test_reads_have_their_types_when_empty_and_pad_nothing_but_char(site: Site) -> None:
    cursor = site.link.cursor()
    cursor.execute("SELECT TranNo, TranAmt, UpdateDate, Hold FROM tsoSalesOrder")
    assert cursor.fetchall() == []
    assert [(each[1], each[4], each[5]) for each in cursor.description] == [
        (167, None, None), (106, 15, 3), (61, None, None), (52, None, None),
    ]  # fmt: skip
    assert site.ask("SELECT CustID, CreditLimit FROM tarCustomer WHERE CustID = 'ACME'") == [("ACME", None)]


def test_a_shipment_goes_from_pending_to_posted_in_two_parts_and_may_be_voided(site: Site) -> None:
    site.order(TranNo="X1")
    status = "SELECT ShipKey, TranStatus FROM tsoShipmentLog ORDER BY ShipKey"
    shipped = "SELECT QtyShip, QtyOpenToShip FROM tsoSOLineDist"
    site.control("POST", "tick")
    assert site.ask(status) == [(412, 2)]
    assert site.ask("SELECT PostDate FROM tsoPendShipment") == [(None,)]
    site.control("POST", "tick")
    assert site.ask(status) == [(412, 3), (413, 2)]
    assert site.ask(shipped) == [(Decimal(1), Decimal(1))]
    site.control("POST", "shipments/413/post", {"late_days": 3})
    ((shipped_at, posted_at),) = site.ask("SELECT TranDate, PostDate FROM tsoShipment WHERE ShipKey = 413")
    assert (posted_at - shipped_at).days == 3 or (posted_at - shipped_at).days == 2
    assert site.ask(shipped) == [(Decimal(2), Decimal(0))]
    site.control("POST", "shipments/413/void")
    assert site.ask(status) == [(412, 3), (413, 5)]
    assert site.ask(shipped) == [(Decimal(1), Decimal(1))]
    assert site.ask("SELECT SUM(QtyShipped) FROM vdvShipmentLine") == [(Decimal(2),)]


@pytest.mark.parametrize("obstacle", ["hold", "credit-hold"])
def test_a_held_order_does_not_ship(site: Site, obstacle: str) -> None:
    site.order(TranNo="X1")
    site.control("POST", f"orders/X1/{obstacle}")
    assert site.control("POST", "tick")["created"] == []
    with pytest.raises(ControlError, match="may ship"):
        site.control("POST", "orders/X1/ship")
    site.control("POST", f"orders/X1/{obstacle.replace('hold', 'release')}")
    assert site.control("POST", "tick")["created"] == [412]


def test_shipping_leaves_the_headers_update_date_and_closing_changes_it(site: Site) -> None:
    site.order(TranNo="X1")
    before = site.ask("SELECT UpdateDate, UpdateCounter FROM tsoSalesOrder")
    site.control("POST", "orders/X1/ship", {"tracking": ["1Z999"]})
    assert site.ask("SELECT UpdateDate, UpdateCounter FROM tsoSalesOrder") == before
    assert site.ask("SELECT ShipTrackNo, ShipMethID FROM vdvShipmentTracking WHERE SOKey = 7781") == [
        ("1Z999", "GROUND")
    ]
    site.control("POST", "orders/X1/close")
    assert site.ask("SELECT Status, UpdateCounter FROM tsoSalesOrder") == [(4, 2)]


# -- 12, 13: stock and time ------------------------------------------------------------------------------


def test_available_stock_counts_bins_once_and_two_warehouses(site: Site) -> None:
    assert site.ask(AVAILABLE.format(hint="", more="AND b.ExclFromAvail = 0")) == [
        ("MAIN", Decimal(37)),
        ("RETAIL", Decimal(6)),
    ]
    assert site.ask(AVAILABLE.format(hint="", more="")) == [("MAIN", Decimal(41)), ("RETAIL", Decimal(6))]
    site.order(TranNo="X1")
    assert site.ask("SELECT QtyOnSO FROM timInventory v JOIN timItem i ON i.ItemKey = v.ItemKey"
                    " WHERE i.ItemID = 'A50-HALO' AND v.WhseKey = 3") == [(Decimal(2),)]  # fmt: skip
    site.control("POST", "orders/X1/ship", {"is_pending": True})
    assert site.ask(AVAILABLE.format(hint="", more="AND b.ExclFromAvail = 0"))[0] == ("MAIN", Decimal(35))
    site.control("POST", "shipments/412/post")
    assert site.ask(AVAILABLE.format(hint="", more="AND b.ExclFromAvail = 0"))[0] == ("MAIN", Decimal(35))


def test_a_stock_change_leaves_no_update_date(site: Site) -> None:
    before = site.ask("SELECT UpdateDate, UpdateCounter FROM timItem WHERE ItemID = 'A50-HALO'")
    site.control("POST", "items/A50-HALO/stock", {"warehouse": "RETAIL", "qty": 11})
    assert site.ask(AVAILABLE.format(hint="", more=""))[1] == ("RETAIL", Decimal(11))
    assert site.ask("SELECT UpdateDate, UpdateCounter FROM timItem WHERE ItemID = 'A50-HALO'") == before
    site.control("POST", "items/A50-HALO/price", {"price": "61.5"})
    after = site.ask("SELECT StdPrice, UpdateCounter FROM timItem WHERE ItemID = 'A50-HALO'")
    assert after == [(Decimal("61.5"), 2)]


def test_a_nolock_read_sees_stock_that_is_not_committed(site: Site) -> None:
    with dialled(site.port, "sa", "sa-password", autocommit=False) as clerk:
        do(clerk, "UPDATE timWhseBinInvt SET QtyOnHand = 100 WHERE WhseBinKey = 12 AND ItemKey = 40")
        dirty = AVAILABLE.format(hint="WITH (NOLOCK)", more="AND b.ExclFromAvail = 0")
        assert site.ask(dirty)[0] == ("MAIN", Decimal(98))
        assert site.ask(AVAILABLE.format(hint="", more="AND b.ExclFromAvail = 0"))[0] == ("MAIN", Decimal(37))
        clerk.rollback()
        assert site.ask(dirty)[0] == ("MAIN", Decimal(37))


def test_update_dates_are_three_hundredths_and_repeat_across_a_page(site: Site) -> None:
    at = datetime(2026, 3, 2, 15, 10, 4, 336000, tzinfo=UTC)
    site.control("POST", "settings", {"frozen_at": at.timestamp()})
    site.control("POST", "orders", {"count": 5})
    moment = datetime(2026, 3, 2, 15, 10, 4, 337000)
    assert site.ask("SELECT DISTINCT UpdateDate FROM tsoSalesOrder") == [(moment,)]
    page = "SELECT TOP 2 SOKey FROM tsoSalesOrder WHERE UpdateDate > %s OR (UpdateDate = %s AND SOKey > %s)"
    page += " ORDER BY UpdateDate, SOKey"
    seen: list[int] = []
    while rows := site.ask(page, moment, moment, seen[-1] if seen else 0):
        seen += [row[0] for row in rows]
    assert seen == [7781, 7782, 7783, 7784, 7785]


# -- 14, 15: receipts, journals, and the other procedures ------------------------------------------------

RECEIPT = {
    "CustID": "ACME",
    "TranAmt": Decimal("134.47"),
    "TranDate": "2026-03-02",
    "UserFld1": "XC-1043",
    "GLAcctNo": "1010-00-00",
}


def run_import(site: Site, what: str, tables: dict[str, list[dict[str, Any]]]) -> int:
    procedure = {"CashReceipt": "spARapiCashReceiptIns", "Journal": "spGLapiJournalIns", "Customer": "spARapiCustomerIns",
                 "Item": "spIMapiItemIns", "RMA": "spSOapiRMAIns"}[what]  # fmt: skip
    key = site.session(what)
    for table, rows in tables.items():
        site.stage(table, key, *rows)
    site.finish(key, procedure)
    return key


def test_a_receipt_is_posted_in_a_batch_of_its_type(site: Site) -> None:
    key = run_import(site, "CashReceipt", {"StgCashReceipt": [RECEIPT]})
    assert site.log(key) == []
    assert site.ask("SELECT CustPmtKey, TranNo, TranAmt, UserFld1 FROM tarCustPmt") == [
        (701, "0000000701", Decimal("134.47"), "XC-1043")
    ]
    assert site.ask("SELECT BatchID, BatchType, Status, PostStatus FROM tciBatchLog") == [
        ("ARCR-0000231", 503, 6, 500)
    ]
    again = run_import(site, "CashReceipt", {"StgCashReceipt": [RECEIPT]})
    assert site.log(again) == [("UserFld1", "XC-1043", 1, 1, "110067")]


def test_a_batch_goes_from_balanced_to_posted_and_may_be_interrupted(site: Site) -> None:
    site.control("POST", "settings", {"is_posting_at_once": False, "is_posting_interrupted": True})
    run_import(site, "CashReceipt", {"StgCashReceipt": [RECEIPT]})
    status = "SELECT Status, PostStatus FROM tciBatchLog"
    path = [site.ask(status)[0]]
    for number in range(4):
        if number == 2:
            assert site.ask("SELECT COUNT(*) FROM tarCustPmt") == [(0,)]
            site.control("POST", "settings", {"is_posting_interrupted": False})
        site.control("POST", "tick")
        path.append(site.ask(status)[0])
    assert path == [(4, 0), (5, 250), (7, 250), (5, 250), (6, 500)]
    assert site.ask("SELECT COUNT(*) FROM tarCustPmt") == [(1,)]
    assert site.ask("SELECT COUNT(*) FROM tarPendCustPmt") == [(0,)]


def journal(
    date: str = "2026-03-02", credit: str = "10", account: str = "4000-00-00"
) -> list[dict[str, Any]]:
    head = {"TranDate": date, "UserFld1": "J1"}
    return [
        {**head, "GLAcctNo": "1010-00-00", "DebitAmt": Decimal(10)},
        {**head, "GLAcctNo": account, "CreditAmt": Decimal(credit)},
    ]


@pytest.mark.parametrize(
    ("rows", "number"),
    [(journal("2024-12-31"), "-5"), (journal(credit="9"), "-7"), (journal(account="none"), "2")],
)
def test_a_journal_is_refused_with_the_posting_error(
    site: Site, rows: list[dict[str, Any]], number: str
) -> None:
    key = run_import(site, "Journal", {"StgGLJournal": rows})
    assert [row[:2] for row in site.log(key)] == [("PostError", number)]
    assert site.ask("SELECT COUNT(*) FROM tglTransaction") == [(0,)]


def test_a_locked_ledger_is_minus_six_and_later_takes_the_journal(site: Site) -> None:
    site.control("POST", "locks", {"id": "GLPost ABC"})
    assert [row[1] for row in site.log(run_import(site, "Journal", {"StgGLJournal": journal()}))] == ["-6"]
    site.control("DELETE", "locks")
    assert site.log(run_import(site, "Journal", {"StgGLJournal": journal("2026-03-31")})) == []
    assert site.ask("SELECT BatchType, Status, BatchCmnt FROM tciBatchLog") == [(301, 6, "J1")]
    assert site.ask("SELECT PostAmt FROM tglTransaction ORDER BY GLTranKey") == [
        (Decimal(10),),
        (Decimal(-10),),
    ]


def test_customers_are_added_once_changed_and_found(site: Site) -> None:
    new = {
        "CustID": "C1",
        "CustName": "Pat Lee",
        "AddrLine1": "2 Side St",
        "City": "Waco",
        "EMailAddr": "p@example.com",
    }
    assert site.log(run_import(site, "Customer", {"StgCustomer": [new]})) == []
    assert site.log(run_import(site, "Customer", {"StgCustomer": [new]})) == [
        ("CustID", "C1", 1, 1, "110067")
    ]
    run_import(site, "Customer", {"StgCustomer": [{"CustID": "C1", "City": "Austin", "Action": 2}]})
    found = site.ask(
        "SELECT c.CustName, a.City, n.EMailAddr, c.UpdateCounter FROM tarCustomer c"
        " JOIN tciAddress a ON a.AddrKey = c.PrimaryAddrKey"
        " JOIN tciContact n ON n.CntctKey = c.PrimaryCntctKey WHERE c.CompanyID = 'ABC' AND c.CustID = 'c1'"
    )
    assert found == [("Pat Lee", "Austin", "p@example.com", 2)]


def test_items_are_added_and_repriced(site: Site) -> None:
    run_import(
        site, "Item", {"StgItem": [{"ItemID": "NEW-1", "ShortDesc": "New lamp", "StdPrice": Decimal("12.5")}]}
    )
    key = run_import(site, "Item", {"StgItem": [{"ItemID": "NEW-1", "StdPrice": Decimal(-1), "Action": 2}]})
    assert [row[4] for row in site.log(key)] == ["240074"]
    run_import(site, "Item", {"StgItem": [{"ItemID": "NEW-1", "StdPrice": Decimal(13), "Action": 2}]})
    assert site.ask("SELECT i.StdPrice, d.ShortDesc FROM timItem i JOIN timItemDescription d ON d.ItemKey = i.ItemKey"
                    " WHERE i.ItemID = 'NEW-1'") == [(Decimal(13), "New lamp")]  # fmt: skip


def test_a_return_takes_back_no_more_than_was_shipped(site: Site) -> None:
    site.order(TranNo="X1")
    head = {"CustID": "ACME", "SOTranNo": "X1", "UserFld1": "R1"}
    line = {
        "SOLineNo": 1,
        "ItemID": "A50-HALO",
        "QtyRtrnCredit": 1,
        "UnitPrice": Decimal("59.99"),
        "WarehouseID": "MAIN",
    }
    tables = {"StgRMA": [head], "StgRMALine": [line]}
    assert [row[0] for row in site.log(run_import(site, "RMA", tables))] == ["QtyRtrnCredit"]
    site.control("POST", "orders/X1/ship")
    assert site.log(run_import(site, "RMA", tables)) == []
    assert site.ask("SELECT TranID, UserFld1, QtyRtrnCredit FROM vdvCustomerReturn") == [
        ("0000000001-RA", "R1", Decimal(1))
    ]
    assert site.ask("SELECT QtyRtrnCredit FROM tsoSOLineDist d JOIN tsoSOLine l ON l.SOLineKey = d.SOLineKey"
                    " WHERE l.SOKey = 7781") == [(Decimal(1),)]  # fmt: skip
    assert site.log(run_import(site, "RMA", tables)) == [("UserFld1", "R1", 1, 1, "110067")]
