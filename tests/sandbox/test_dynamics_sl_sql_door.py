"""The simulator's SQL login and its ledgers as clients that we did not write see them (quirks 8, 9, 14, 17)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pymssql
import pytest
import zeep

from tests.contract.processes import SimulatorProcess, running

PASSWORD = "reader-of-the-sandbox"
SITE_KEY = "sandbox-site-key"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("dynamics_sl", tmp_path_factory.mktemp("sl"), "--sql-password", PASSWORD) as process:
        yield process


@pytest.fixture
def cursor(process: SimulatorProcess) -> Iterator[Any]:
    process.control("POST", "reset")
    door = process.control("GET", "state")["sql"]
    connection = pymssql.connect(
        server="127.0.0.1", port=str(door["port"]), user=door["user"], password=PASSWORD,
        database=door["database"], tds_version="7.3", login_timeout=10, timeout=10, autocommit=True,
    )  # fmt: skip
    try:
        yield connection.cursor()
    finally:
        connection.close()


def ask(cursor: Any, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    cursor.execute(statement, values)
    return list(cursor.fetchall())


def test_text_is_padded_and_money_is_float(cursor: Any) -> None:
    ((name, price),) = ask(cursor, "SELECT InvtID, StkBasePrc FROM Inventory WHERE InvtID = 'A50-HALO'")
    assert name == "A50-HALO".ljust(30)
    assert isinstance(price, float) and price == 59.99


def test_a_changed_row_and_no_other_has_a_higher_rowversion(process: SimulatorProcess, cursor: Any) -> None:
    bound = ask(cursor, "SELECT MIN_ACTIVE_ROWVERSION()")[0][0]
    before = dict(ask(cursor, "SELECT InvtID, tstamp FROM ItemSite"))
    assert bound is not None and len(before) == 12
    process.control("POST", "items/A50-HALO/stock", {"qty": 11})
    after = dict(ask(cursor, "SELECT InvtID, tstamp FROM ItemSite"))
    moved = {name.strip() for name, version in after.items() if version != before[name]}
    assert moved == {"A50-HALO"}
    assert max(after.values()) == next(value for name, value in after.items() if name.strip() == "A50-HALO")


def test_the_login_may_only_select(cursor: Any) -> None:
    with pytest.raises(pymssql.Error) as refused:
        cursor.execute("INSERT INTO ItemSite (InvtID, SiteID) VALUES ('X', 'MAIN')")
    assert refused.value.args[0] == 229


def test_a_wrong_password_is_18456(process: SimulatorProcess) -> None:
    door = process.control("GET", "state")["sql"]
    with pytest.raises(pymssql.Error, match="18456"):
        pymssql.connect(
            server="127.0.0.1", port=str(door["port"]), user=door["user"], password="wrong",
            database=door["database"], tds_version="7.3", login_timeout=10,
        )  # fmt: skip


def ledger(process: SimulatorProcess, service: str) -> tuple[Any, Any]:
    """Return a zeep client of a service and the header that its calls need."""
    client = zeep.Client(f"{process.url}/ctDynamicsSL/{service}.asmx?WSDL")
    namespace = "http://www.catalinatechnology.com/services/ctDynamicsSL"
    header = client.get_element(f"{{{namespace}}}ctDynamicsSLHeader")(
        siteID="DEFAULT", siteKey=SITE_KEY, cpnyID="0060"
    )
    return client.service, [header]


def test_zeep_reads_the_payment_service_and_an_unknown_batch_is_told_in_band(
    process: SimulatorProcess,
) -> None:
    service, header = ledger(process, "paymentEntry")
    screen = service.getScreenByBatNbr(batNbr="999999", _soapheaders=header)
    assert screen.errorMessage == "Batch 999999 not found."


def test_zeep_reads_a_purchase_order_and_its_lines(process: SimulatorProcess) -> None:
    number = process.control("POST", "purchase-orders", {})["PONbr"]
    service, header = ledger(process, "purchaseOrders")
    order = service.getPurchaseOrder(PONbr=number, _soapheaders=header)
    assert (order.PONbr.strip(), order.CuryPOAmt) == (number, Decimal(200))
    assert [line.QtyOrd for line in order.LineItems.poLineItem] == [10]
    assert service.getPurchaseOrder(PONbr="NOPE", _soapheaders=header).returnVal.success is False
