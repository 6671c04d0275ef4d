"""Purchase orders, documents of vendors and changes of items of Dynamics SL over real HTTP."""

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
)
from integrations.kinds import Kind
from tests.contract.dynamics_sl_erp import SITE_KEY, Erp, request_of
from tests.contract.processes import SimulatorProcess, running

LINE = {"InvtID": "A50-HALO", "QtyOrd": 10, "CuryUnitCost": Decimal("20.50")}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("dynamics_sl", tmp_path_factory.mktemp("sl"), "--site-key", SITE_KEY) as process:
        yield process


@pytest.fixture
def erp(process: SimulatorProcess) -> Erp:
    process.control("POST", "reset")
    return Erp(process.url)


def purchase(reference: str = "CE-P-1", **changes: Any) -> WriteRequest:
    fields = {"VendId": "V100", "ProjectID": "LIGHT-26", "LineItems": [LINE]} | changes
    return WriteRequest(Kind.PURCHASE_ORDER, fields, reference=reference)


def change(**fields: Any) -> WriteRequest:
    return WriteRequest(Kind.PRODUCT, {"InvtID": "A50-HALO", **fields}, external_id="A50-HALO")


# -- purchase orders -------------------------------------------------------------------------------------------


def test_a_purchase_order_is_entered_once_and_found_by_its_reference(erp: Erp) -> None:
    connector = erp.connect(default_site="MAIN")
    result = connector.write(purchase())
    assert (result.total, result.fields["VendName"]) == (Decimal("205.00"), "Filament Works")
    record = connector.fetch(Kind.PURCHASE_ORDER, result.external_id)
    (line,) = record.fields["LineItems"]
    assert (line["QtyOrd"], line["SiteID"], record.fields["ProjectID"]) == (10, "MAIN", "LIGHT-26")
    found = connector.find(Kind.PURCHASE_ORDER, reference="CE-P-1", hint={})
    assert found is not None and found.external_id == result.external_id
    with pytest.raises(Duplicate) as known:
        connector.write(purchase())
    assert known.value.existing_id == result.external_id


def test_a_lost_answer_to_a_purchase_order_is_in_doubt_and_found(erp: Erp) -> None:
    connector = erp.connect()
    erp.fault("drop_after_commit", "saveNewPurchaseOrder")
    with pytest.raises(OutcomeUnknown):
        connector.write(purchase())
    assert connector.find(Kind.PURCHASE_ORDER, reference="CE-P-1", hint={}) is not None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"VendId": "V999"}, "Vendor V999 not found"),
        ({"VendId": None}, "VendId is required"),
        ({"LineItems": []}, "has no line"),
        ({"LineItems": [{**LINE, "QtyOrd": 0}]}, "must be above zero"),
        ({"Terms": "NET30"}, "Terms is too long"),
    ],
)
def test_what_a_purchase_order_lacks_is_rejected(erp: Erp, changes: dict[str, Any], words: str) -> None:
    connector = erp.connect()
    with pytest.raises(Rejected, match=words):
        connector.write(purchase(**changes))
    assert connector.find(Kind.PURCHASE_ORDER, reference="CE-P-1", hint={}) is None


def test_a_purchase_order_of_an_unknown_item_waits_for_it(erp: Erp) -> None:
    with pytest.raises(MissingReference):
        erp.connect().write(purchase(LineItems=[{**LINE, "InvtID": "GONE"}]))


# -- documents of vendors --------------------------------------------------------------------------------------


def read(connector: Any, cursor: Any) -> tuple[list[str], Any]:
    found: list[str] = []
    for page in connector.read_changes(Kind.INVOICE, cursor):
        found += [record.external_id for record in page.records]
        cursor = page.cursor
    return found, cursor


def test_documents_of_vendors_come_behind_those_of_customers_where_switched_on(erp: Erp) -> None:
    connector = erp.connect(read_payables=True)
    number = connector.write(request_of()).external_id
    invoice = erp.control("POST", f"orders/{number}/invoice")["InvcNbr"]
    voucher = erp.control("POST", "vouchers", {"PONbr": "P00501", "ProjectID": "LIGHT-26"})["RefNbr"]
    found, cursor = read(connector, {})
    assert found == [f"IN/{invoice}", f"AP/VO/{voucher}"]
    record = connector.fetch(Kind.INVOICE, f"AP/VO/{voucher}")
    assert {name: record.fields[name] for name in ("Module", "VendId", "PONbr", "CuryDocBal", "ProjectID")} == {
        "Module": "AP", "VendId": "V100", "PONbr": "P00501", "CuryDocBal": Decimal("240.00"), "ProjectID": "LIGHT-26",
    }  # fmt: skip
    assert connector.fetch(Kind.INVOICE, f"IN/{invoice}").fields["Module"] == "AR"
    assert read(erp.connect(), {})[0] == [f"IN/{invoice}"]
    later = erp.control("POST", "vouchers", {"DocType": "AC"})["RefNbr"]
    assert f"AP/AC/{later}" in read(connector, cursor)[0]


def test_history_brings_both_ledgers_and_a_page_in_between_can_be_resumed(erp: Erp) -> None:
    connector = erp.connect(read_payables=True)
    long_ago = datetime.now(UTC) - timedelta(days=40)
    erp.control("POST", "settings", {"frozen_at": long_ago.timestamp()})
    voucher = erp.control("POST", "vouchers", {})["RefNbr"]
    erp.control("POST", "settings", {"frozen_at": None})
    number = connector.write(request_of()).external_id
    invoice = erp.control("POST", f"orders/{number}/invoice")["InvcNbr"]
    pages = list(connector.read_changes(Kind.INVOICE, connector.history(Kind.INVOICE, None)))
    assert [page.is_last for page in pages] == [False, True]
    assert [page.records[0].external_id for page in pages] == [f"IN/{invoice}", f"AP/VO/{voucher}"]
    # The vendors' documents have a position of their own: the customers' newest one does not move it.
    assert f"AP/VO/{voucher}" in read(connector, pages[0].cursor)[0]


def test_a_view_of_vendors_that_is_absent_is_told_by_name(erp: Erp) -> None:
    connector = erp.connect(read_payables=True, view_apdoc="QQ_none")
    with pytest.raises(Misconfigured) as refused:
        read(connector, {})
    assert refused.value.missing == "QQ_none"
    for external_id in ("AP/VO/999999", "AP/XX/000100", "AP/000100"):
        with pytest.raises(NotFound):
            erp.connect().fetch(Kind.INVOICE, external_id)


def test_the_connection_test_says_which_views_there_are(erp: Erp) -> None:
    def told(**values: Any) -> Any:
        (step,) = [one for one in erp.connect(**values).check() if one.name == "Other views"]
        return step

    assert told().evidence == "There are views of journals, adjustments, purchase orders"
    lacking = told(view_gltran="-", view_intran="QQ_none")
    assert lacking.ok and lacking.evidence.endswith("purchase orders; none of journals, adjustments")
    assert told(read_payables=True).ok
    refused = told(read_payables=True, view_apdoc="QQ_none")
    assert (refused.ok, refused.field) == (False, "view_apdoc")


# -- items -----------------------------------------------------------------------------------------------------


def test_an_item_is_changed_and_what_is_not_named_stays(erp: Erp) -> None:
    connector = erp.connect()
    before = connector.fetch(Kind.PRODUCT, "A50-HALO").fields
    result = connector.write(change(StkBasePrc=Decimal("64.5"), Descr="Halo, 50 cm"))
    after = connector.fetch(Kind.PRODUCT, "A50-HALO").fields
    assert (result.fields["StkBasePrc"], after["Descr"]) == (Decimal("64.5"), "Halo, 50 cm")
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"StkBasePrc", "Descr", "LUpd_DateTime"}
    assert connector.write(change(StkBasePrc=Decimal("64.50"))).is_unchanged


def test_an_item_that_cannot_be_changed_so_is_refused(erp: Erp) -> None:
    connector = erp.connect()
    with pytest.raises(Rejected, match="Status XX is not valid"):
        connector.write(change(TranStatusCode="XX"))
    with pytest.raises(Rejected, match="Descr is too long"):
        connector.write(change(Descr="x" * 61))
    with pytest.raises(NotFound):
        connector.write(WriteRequest(Kind.PRODUCT, {"InvtID": "GONE", "Descr": "x"}))
    erp.fault("drop_after_commit", "editScreen")
    with pytest.raises(OutcomeUnknown):
        connector.write(change(Descr="Halo"))
    assert connector.write(change(Descr="Halo")).is_unchanged
