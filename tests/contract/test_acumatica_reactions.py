"""How the Acumatica connector reacts to what is odd about Acumatica, over real HTTP against the simulator."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import (
    AuthFailed,
    BadSignature,
    Duplicate,
    Misconfigured,
    MissingReference,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    UnexpectedResponse,
)
from integrations.connectors.systems.acumatica.envelope import unwrap, wrap
from integrations.connectors.systems.acumatica.references import fit_reference
from integrations.kinds import Kind
from tests.contract.processes import SimulatorProcess, running
from tests.contract.test_acumatica import (
    CLIENT_SECRET,
    ENDPOINT,
    PASSWORD,
    PUSH_SECRET,
    AcumaticaStand,
    CookieStand,
)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    options = ("--password", PASSWORD, "--client-secret", CLIENT_SECRET)
    with running("acumatica", tmp_path_factory.mktemp("acumatica"), *options) as started:
        yield started


@pytest.fixture
def stand(process: SimulatorProcess) -> Iterator[AcumaticaStand]:
    process.control("POST", "reset")
    made = AcumaticaStand(process)
    yield made
    made.close()


def setting(stand: AcumaticaStand, **settings: Any) -> None:
    stand.simulator.control("POST", "settings", settings)


def sessions(stand: AcumaticaStand) -> dict[str, int]:
    found: dict[str, int] = stand.simulator.control("GET", "state")["sessions"]
    return found


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- sign-in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stand_class", [AcumaticaStand, CookieStand])
def test_a_closed_connector_has_signed_out(stand: AcumaticaStand, stand_class: type[AcumaticaStand]) -> None:
    other = stand_class(stand.simulator)
    connector = other.connector()
    connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
    assert sessions(stand)["open"] == 1
    connector.close()
    assert sessions(stand) == {"open": 0, "logins": 1, "logouts": 1}


def test_an_idle_sign_in_is_given_back_and_taken_again_when_needed(stand: AcumaticaStand) -> None:
    connector = stand.connector({**stand.values(), "session_idle_s": 0})
    connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
    until(lambda: sessions(stand)["open"] == 0)
    assert connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={}) is not None


def test_connectors_of_one_user_share_one_place_of_the_licence(stand: AcumaticaStand) -> None:
    setting(stand, max_users=1)
    first, second = stand.connector(), stand.connector()
    threads = [
        threading.Thread(
            target=one.find, args=(Kind.PRODUCT,), kwargs={"natural_key": "A50-HALO", "hint": {}}
        )
        for one in (first, second) * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sessions(stand)["logins"] == 1
    first.close()
    assert sessions(stand)["open"] == 1, "the second one still uses it"
    second.close()
    assert sessions(stand)["open"] == 0


@pytest.mark.parametrize("mode", ["429", "302", "html"])
def test_a_full_licence_means_wait_whatever_way_it_is_said(stand: AcumaticaStand, mode: str) -> None:
    cookie = CookieStand(stand.simulator)
    taken = stand.connector()
    taken.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
    setting(stand, max_users=1, login_limit_mode=mode)
    with pytest.raises(RateLimited):
        cookie.connector().find(Kind.PRODUCT, natural_key="A50-HALO", hint={})


def test_a_sign_in_that_ended_is_renewed_once(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
    stand.simulator.control("POST", "sessions/expire")
    assert connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={}) is not None
    assert sessions(stand)["logins"] == 2


def test_the_field_to_mend_is_named(stand: AcumaticaStand) -> None:
    for changes, field in (
        ({"password": "x" * 9}, "password"),
        ({"client_secret": "x" * 9}, "client_secret"),
    ):
        with pytest.raises(AuthFailed) as raised:
            stand.connector({**stand.values(), **changes}).identity()
        assert raised.value.field == field
    setting(stand, is_multi_tenant=True)
    with pytest.raises(Misconfigured) as wrong:
        cookie = CookieStand(stand.simulator)
        cookie.connector({**cookie.values(), "tenant": "Nonsense"}).identity()
    assert wrong.value.missing == "tenant"


def test_a_refresh_token_signs_in_and_its_successor_is_used(stand: AcumaticaStand) -> None:
    token = stand.simulator.control("POST", "refresh-token")["refresh_token"]
    connector = stand.connector({**stand.values(), "auth_mode": "oauth_code", "refresh_token": token})
    assert connector.identity().label.startswith("Tenant MyStore")
    stand.simulator.control("POST", "sessions/expire")
    connector.identity()
    assert token not in str(stand.exchanges)


def test_a_redirect_is_never_followed(stand: AcumaticaStand) -> None:
    external_id = stand.appear()[0]
    connector = stand.connector()
    stand.simulator.fault("login_page", times=1, match="/SalesOrder/")
    with pytest.raises(UnexpectedResponse):
        connector.fetch(Kind.ORDER, external_id)
    stand.simulator.fault("login_page", times=1, skip=1, match=f"{ENDPOINT}/SalesOrder")
    with pytest.raises(OutcomeUnknown):
        connector.write(WriteRequest(Kind.ORDER, {"Description": "New"}, external_id=external_id))


# -- refusals ------------------------------------------------------------------------------------------------


def test_a_500_that_means_not_found(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    for kind, external_id in ((Kind.ORDER, "SO/999999"), (Kind.ORDER, "nonsense"), (Kind.CUSTOMER, "NOSUCH")):
        with pytest.raises(NotFound):
            connector.fetch(kind, external_id)
    assert connector.locate(Kind.ORDER, "999999") is None
    number = stand.appear()[0].rpartition("/")[2]
    assert connector.locate(Kind.ORDER, number) == f"SO/{number}"


def test_field_errors_are_collected_from_header_and_rows(stand: AcumaticaStand) -> None:
    request = stand.write_request()
    fields = {**request.fields, "CustomerID": "NOSUCH", "OrderTotal": None}
    fields["Details"] = [*request.fields["Details"], {"InventoryID": "X", "OrderQty": 1}]
    with pytest.raises(Rejected) as raised:
        stand.connector().write(WriteRequest(Kind.ORDER, fields, reference="XC-1"))
    named = {problem.field: problem for problem in raised.value.problems}
    assert set(named) == {"CustomerID", "Details[1].InventoryID"}
    assert named["CustomerID"].value == "NOSUCH"


def test_an_order_waits_for_an_item_that_is_all_it_lacks(stand: AcumaticaStand) -> None:
    request = stand.write_request()
    fields = {**request.fields, "OrderTotal": None, "Details": [{"InventoryID": "LATER", "OrderQty": 1}]}
    with pytest.raises(MissingReference) as raised:
        stand.connector().write(WriteRequest(Kind.ORDER, fields, reference="XC-1"))
    assert (raised.value.kind, raised.value.key) == ("product", "LATER")


def test_missing_rights_endpoints_and_unservable_lists_are_set_up_faults(stand: AcumaticaStand) -> None:
    external_id = stand.appear()[0]
    setting(stand, denied=["SalesOrder"])
    with pytest.raises(Misconfigured) as raised:
        stand.connector().fetch(Kind.ORDER, external_id)
    assert "SalesOrder" in raised.value.missing
    setting(stand, denied=[])
    with pytest.raises(Misconfigured):
        stand.connector({**stand.values(), "endpoint_version": "20.200.001"}).fetch(Kind.ORDER, external_id)
    stand.simulator.fault("bql", times=1, match="/SalesOrder")
    with pytest.raises(Misconfigured):
        next(iter(stand.connector().read_changes(Kind.ORDER, {})))


def test_an_order_whose_amounts_contradict_its_total_is_not_sent(stand: AcumaticaStand) -> None:
    request = stand.write_request()
    with pytest.raises(Rejected) as raised:
        stand.connector().write(
            WriteRequest(Kind.ORDER, {**request.fields, "OrderTotal": Decimal("70.00")}, reference="XC-1")
        )
    assert raised.value.code == "total"
    assert stand.simulator.control("GET", "orders") == []


# -- orders --------------------------------------------------------------------------------------------------


def full_order(**changes: Any) -> dict[str, Any]:
    """Return an order in the names of our promises where they differ from the wire's."""
    return {
        "CustomerID": "GOODFOOD",
        "OrderDate": "2026-03-02",
        "ExternalRef": "xcart:7001",
        "OrderTotal": Decimal("134.47"),
        "FinancialSettings": {
            "TaxTotal": Decimal("9.49"),
            "FreightAmt": Decimal("5.00"),
            "CurrencyID": "USD",
        },
        "ShippingSettings": {
            "ShipToAddress": {"AddressLine1": "9 Elm St", "City": "Reno"},
            "ShipVia": "GROUND",
        },
        "Details": [
            {
                "InventoryID": "A50-HALO",
                "OrderQty": 2,
                "UnitPrice": Decimal("59.99"),
                "ExternalRef": "xcart:1",
            }
        ],
        **changes,
    }


def test_promised_names_overrides_and_imposed_tax_arrive(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    written = connector.write(WriteRequest(Kind.ORDER, full_order(), reference="XC-7001"))
    assert (written.external_id, written.business_key) == ("SO/000073", "000073")
    assert written.total == Decimal("134.47")
    fields = connector.fetch(Kind.ORDER, "SO/000073").fields
    assert (fields["TaxTotal"], fields["Status"], fields["CustomerOrder"]) == (
        Decimal("9.49"),
        "Open",
        "XC-7001",
    )
    assert (fields["ShipToAddress"]["City"], fields["Date"]) == ("Reno", "2026-03-02")
    assert fields["Details"][0]["LineAmt"] == Decimal("119.98")
    assert fields["CustomerOrderNbr"] == "XC-7001"


def test_a_create_finds_what_is_there_by_either_reference(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    connector.write(WriteRequest(Kind.ORDER, full_order(), reference="XC-7001"))
    for changes, reference in (({}, "XC-OTHER"), ({"ExternalRef": "xcart:other"}, "XC-7001")):
        with pytest.raises(Duplicate) as raised:
            connector.write(WriteRequest(Kind.ORDER, full_order(**changes), reference=reference))
        assert raised.value.existing_id == "SO/000073"
    assert len(stand.simulator.control("GET", "orders")) == 1


def test_a_changed_order_keeps_its_lines_by_id(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    connector.write(WriteRequest(Kind.ORDER, full_order(), reference="XC-7001"))
    same = connector.write(WriteRequest(Kind.ORDER, full_order(), external_id="SO/000073"))
    assert same.is_unchanged
    lines = [
        {"InventoryID": "A50-HALO", "OrderQty": 3, "UnitPrice": Decimal("59.99"), "ExternalRef": "xcart:1"},
        {"InventoryID": "CBL-TXT-3M", "OrderQty": 1, "UnitPrice": Decimal("14.90"), "ExternalRef": "xcart:2"},
    ]
    changes = full_order(Details=lines, OrderTotal=Decimal("209.36"))
    changed = connector.write(WriteRequest(Kind.ORDER, changes, external_id="SO/000073"))
    assert [(row["InventoryID"], row["OrderQty"]) for row in changed.fields["Details"]] == [
        ("A50-HALO", 3),
        ("CBL-TXT-3M", 1),
    ]
    fewer = full_order(Details=lines[1:], OrderTotal=Decimal("29.39"))
    left = connector.write(WriteRequest(Kind.ORDER, fewer, external_id="SO/000073"))
    assert [row["InventoryID"] for row in left.fields["Details"]] == ["CBL-TXT-3M"]


@pytest.mark.parametrize(
    "options", [{"action_polls": 1}, {"is_terse_action": True}, {"location": "absolute"}]
)
def test_a_cancellation_runs_the_action_and_waits_for_its_end(
    stand: AcumaticaStand, options: dict[str, Any]
) -> None:
    setting(stand, **options)
    connector = stand.connector()
    connector.write(WriteRequest(Kind.ORDER, full_order(), reference="XC-7001"))
    if "is_terse_action" in options:
        connector.write(WriteRequest(Kind.ORDER, {"Cancelled": True}, external_id="SO/000073"))
        paths = [each["path"] for each in stand.simulator.control("GET", "calls?match=status")]
        assert paths == [], "a Location beside 204 is not followed"
        return
    done = connector.write(WriteRequest(Kind.ORDER, {"Cancelled": True}, external_id="SO/000073"))
    assert done.fields["Status"] == "Canceled"
    assert connector.write(
        WriteRequest(Kind.ORDER, {"Cancelled": True}, external_id="SO/000073")
    ).is_unchanged


def test_a_refused_cancellation_says_why_on_the_poll(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    connector.write(WriteRequest(Kind.ORDER, full_order(), reference="XC-7001"))
    stand.simulator.control("POST", "orders/000073/ship")
    with pytest.raises(Rejected) as raised:
        connector.write(WriteRequest(Kind.ORDER, {"Cancelled": True}, external_id="SO/000073"))
    assert "Completed" in raised.value.message


def test_other_calls_wait_while_an_operation_keeps_the_form(stand: AcumaticaStand) -> None:
    setting(stand, action_polls=1)
    first, second = stand.connector(), stand.connector()
    first.write(WriteRequest(Kind.ORDER, full_order(), reference="XC-7001"))
    cancelling = threading.Thread(
        target=first.write, args=(WriteRequest(Kind.ORDER, {"Cancelled": True}, external_id="SO/000073"),)
    )
    cancelling.start()
    until(lambda: bool(stand.simulator.control("GET", "calls?match=CancelSalesOrder")))
    assert second.fetch(Kind.ORDER, "SO/000073").fields["Status"] == "Canceled"
    cancelling.join()


def test_a_partial_shipment_is_not_complete_and_the_last_one_is(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    connector.write(WriteRequest(Kind.ORDER, full_order(), reference="XC-7001"))
    stand.simulator.control(
        "POST", "orders/000073/ship", {"lines": {"A50-HALO": 1}, "tracking": ["1Z1", "1Z1"]}
    )
    stand.simulator.control("POST", "orders/000073/ship", {"lines": {"A50-HALO": 1}, "tracking": ["1Z2"]})
    ids = [one.external_id for page in connector.read_changes(Kind.SHIPMENT, {}) for one in page.records]
    assert ids == ["000412/SO/000073", "000413/SO/000073"]
    last = connector.fetch(Kind.SHIPMENT, "000413").fields
    assert (last["order_key"], last["ExternalRef"], last["is_complete"]) == ("SO/000073", "xcart:7001", True)
    first = connector.fetch(Kind.SHIPMENT, ids[0]).fields
    assert first["tracking_numbers"] == [{"value": "1Z1", "carrier": "GROUND"}]
    with pytest.raises(NotFound):
        connector.fetch(Kind.SHIPMENT, "000412/SO/000099")


# -- the other kinds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["inquiry", "gi"])
@pytest.mark.parametrize("route", ["auto", "legacy", "t_api"])
def test_stock_is_the_same_by_inquiry_and_by_odata_of_both_generations(
    stand: AcumaticaStand, source: str, route: str
) -> None:
    stand.simulator.control("POST", "items/A50-HALO/stock", {"qty": 5, "warehouse": "RETAIL"})
    connector = stand.connector({**stand.values(), "stock_source": source, "odata_mode": route})
    (page,) = connector.read_changes(Kind.INVENTORY, {})
    halo = next(one for one in page.records if one.external_id == "A50-HALO")
    assert halo.fields["QtyAvailable"] == Decimal(42)
    assert [row["WarehouseID"] for row in halo.fields["warehouses"]] == ["MAIN", "RETAIL"]
    one = connector.fetch(Kind.INVENTORY, "A50-HALO")
    assert one.hash == halo.hash
    with pytest.raises(NotFound):
        connector.fetch(Kind.INVENTORY, "NOSUCH")


def test_a_customer_is_created_once_and_changed_by_value(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    fields = {
        "CustomerName": "New Ltd",
        "Email": "New@Example.com",
        "MainContact": {"Phone1": "+15125550100"},
    }
    made = connector.write(WriteRequest(Kind.CUSTOMER, fields, reference="XC-new@example.com"))
    assert made.external_id == "C1165"
    found = connector.find(Kind.CUSTOMER, natural_key="new@example.com", hint={})
    assert found is not None and found.external_id == "C1165"
    with pytest.raises(Duplicate):
        connector.write(WriteRequest(Kind.CUSTOMER, fields))
    assert connector.write(WriteRequest(Kind.CUSTOMER, fields, external_id="C1165")).is_unchanged
    changed = {**fields, "CustomerName": "Newer Ltd"}
    after = connector.write(WriteRequest(Kind.CUSTOMER, changed, external_id="C1165"))
    assert after.fields["CustomerName"] == "Newer Ltd"
    assert connector.find(Kind.CUSTOMER, natural_key="closed@example.com", hint={}) is None, "inactive"


def test_an_item_is_refused_a_second_time_by_acumatica_itself(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    item = {"InventoryID": "NEW-1", "Description": "New lamp", "DefaultPrice": Decimal("9.99")}
    assert connector.write(WriteRequest(Kind.PRODUCT, item)).external_id == "NEW-1"
    with pytest.raises(Duplicate):
        connector.write(WriteRequest(Kind.PRODUCT, item))
    assert connector.write(WriteRequest(Kind.PRODUCT, item, external_id="NEW-1")).is_unchanged
    ids = [one.external_id for page in connector.read_changes(Kind.PRODUCT, {}) for one in page.records]
    assert "NEW-1" in ids


def test_payments_batches_and_returns_are_entered_once(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    connector.write(WriteRequest(Kind.ORDER, full_order(), reference="XC-7001"))
    payment = {
        "CustomerID": "GOODFOOD", "PaymentMethod": "CREDITCARD", "CashAccount": "10250",
        "PaymentAmount": Decimal("134.47"), "ExternalRef": "xcart:pay:701",
        "OrdersToApply": [{"OrderType": "SO", "OrderNbr": "000073", "AppliedToOrder": Decimal("134.47")}],
    }  # fmt: skip
    made = connector.write(WriteRequest(Kind.PAYMENT, payment))
    assert made.external_id == "Prepayment/000231"
    with pytest.raises(Duplicate):
        connector.write(WriteRequest(Kind.PAYMENT, payment))
    assert connector.fetch(Kind.PAYMENT, made.external_id).fields["AvailableBalance"] == 0
    batch = {"Description": "Fees", "Details": [
        {"Account": "10250", "DebitAmount": Decimal(10)}, {"Account": "40000", "CreditAmount": Decimal(10)}
    ]}  # fmt: skip
    written = connector.write(WriteRequest(Kind.JOURNAL, batch, reference="XC-701"))
    found = connector.find(Kind.JOURNAL, reference="XC-701", hint={})
    assert found is not None and found.external_id == written.external_id
    assert connector.find(Kind.JOURNAL, reference="XC-70", hint={}) is None
    with pytest.raises(Rejected):
        connector.write(
            WriteRequest(Kind.JOURNAL, {"Details": [{"Account": "10250", "DebitAmount": Decimal(1)}]})
        )
    stand.simulator.control("POST", "orders/000073/ship")
    (invoice,) = stand.simulator.control("POST", "orders/000073/invoice")["invoices"]
    assert connector.fetch(Kind.INVOICE, f"Invoice/{invoice}").fields["Amount"] == Decimal("134.47")
    line = {"InventoryID": "A50-HALO", "OrderQty": 1, "InvoiceType": "Invoice", "InvoiceNbr": invoice}
    credit = {"CustomerID": "GOODFOOD", "Details": [line]}
    back = connector.write(WriteRequest(Kind.RETURN, credit, reference="XC-R1"))
    assert back.external_id.startswith("RC/")
    with pytest.raises(Duplicate):
        connector.write(WriteRequest(Kind.RETURN, credit, reference="XC-R1"))


def test_the_tenants_own_description_adds_fields_and_custom_ones(stand: AcumaticaStand) -> None:
    connector = stand.connector({**stand.values(), "custom_fields": "SalesOrder.Document.UsrChannel"})
    schema = dict(connector.discover(Kind.ORDER).walk())
    assert "custom.Document.UsrGiftWrap" in schema
    assert "MaxRiskScore" in schema, "only the description has it"
    assert schema["CustomerOrder"].max_length == 40, "ours is kept"
    custom = {"Document": {"UsrChannel": "web"}}
    connector.write(WriteRequest(Kind.ORDER, full_order(custom=custom), reference="XC-7001"))
    assert connector.fetch(Kind.ORDER, "SO/000073").fields["custom"] == custom


# -- push ----------------------------------------------------------------------------------------------------

PUSH = registry.webhook_receiver("acumatica")
VALUES = {"push_header_name": "X-Connect-Key", "push_header_value": PUSH_SECRET}
MESSAGE = {
    "Inserted": [{"Warehouse": "MAIN ", "InventoryID": "A50-HALO", "QtyOnHand": 39, "QtyAvailable": 37}],
    "Deleted": [{"Warehouse": "MAIN", "InventoryID": "A50-HALO ", "QtyOnHand": 39, "QtyAvailable": 39}],
    "Query": "Item Availability Data", "CompanyId": "MyStore", "Id": "06284bdf-2952-4a9a-bf60-2ad0cd33924e",
    "TimeStamp": 639080617440000000, "AdditionalInfo": {},
}  # fmt: skip


def verify(headers: dict[str, str], message: dict[str, Any]) -> Any:
    assert PUSH is not None
    return PUSH.verify(headers, json.dumps(message).encode(), VALUES, datetime.now(UTC))


def test_a_push_is_proved_by_its_header_and_told_apart_by_id_and_query() -> None:
    good = {"x-connect-key": PUSH_SECRET}
    first = verify(good, MESSAGE)
    assert first.delivery_id == verify(good, MESSAGE).delivery_id
    assert first.delivery_id != verify(good, {**MESSAGE, "Query": "Sales Orders"}).delivery_id
    assert first.sent_at is not None and first.sent_at.year == 2026
    for headers in ({}, {"x-connect-key": "wrong"}):
        with pytest.raises(BadSignature):
            verify(headers, MESSAGE)


def test_a_push_becomes_one_notice_per_record_padding_trimmed() -> None:
    assert PUSH is not None

    def subjects(inserted: list[dict[str, Any]]) -> list[tuple[Kind, str]]:
        body = json.dumps({**MESSAGE, "Inserted": inserted}).encode()
        return [(one.kind, one.external_id) for one in PUSH.parse({}, body)]

    assert subjects([*MESSAGE["Inserted"], {"InventoryID": "A50-HALO  ", "QtyOnHand": 1}]) == [
        (Kind.INVENTORY, "A50-HALO")
    ]
    assert subjects([{"OrderType": "SO", "OrderNbr": "000073 "}]) == [(Kind.ORDER, "SO/000073")]
    assert subjects([{"ShipmentNbr": "000412", "OrderNbr": "000073"}]) == [
        (Kind.SHIPMENT, "000412/SO/000073")
    ]
    assert subjects([{"CustomerID": "C1165"}]) == [(Kind.CUSTOMER, "C1165")]
    assert subjects([{"Type": "Credit Memo", "ReferenceNbr": "1"}, {"Colour": "red"}]) == []
    assert subjects([]) == [], "a row in Deleted alone is a removal"
    with pytest.raises(UnexpectedResponse):
        PUSH.parse({}, b"<html>")


# -- the envelope --------------------------------------------------------------------------------------------


def test_the_envelope_comes_off_and_goes_on_again() -> None:
    wire = {
        "id": "1", "rowNumber": 1, "Description": {}, "OrderTotal": {"value": Decimal("7000.0000")},
        "OrderQty": {"value": 2}, "Date": {"value": "2026-03-02T00:00:00+00:00"}, "note": None, "_links": {"self": "x"},
        "Details": [{"InventoryID": {"value": "A", "error": "no"}}], "ShipToAddress": {"City": {"value": "Austin"}},
    }  # fmt: skip
    plain = unwrap(wire)
    assert plain == {
        "id": "1", "Description": None, "OrderTotal": Decimal(7000), "OrderQty": Decimal(2), "Date": "2026-03-02",
        "note": None, "Details": [{"InventoryID": "A"}], "ShipToAddress": {"City": "Austin"},
    }  # fmt: skip
    assert isinstance(plain["OrderQty"], Decimal)
    body = wrap({"id": "1", "A": None, "B": Decimal("1.50"), "Rows": [{"id": "2", "delete": True}]})
    assert body == {"id": "1", "B": {"value": Decimal("1.50")}, "Rows": [{"id": "2", "delete": True}]}


def test_a_long_reference_is_shortened_the_same_way_each_time() -> None:
    assert fit_reference("XC-1043") == "XC-1043"
    long = "XC-" + "9" * 60
    assert len(fit_reference(long)) == 40
    assert fit_reference(long) == fit_reference(long) != fit_reference(long + "1")
