"""How the Acumatica connector reacts to what is odd about Acumatica, over real HTTP against the simulator."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import Duplicate, Misconfigured, MissingReference, NotFound, Rejected
from integrations.kinds import Kind
from tests.contract import acumatica_stand
from tests.contract.acumatica_stand import setting, until
from tests.contract.test_acumatica import AcumaticaStand

process, stand = acumatica_stand.process, acumatica_stand.stand


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
