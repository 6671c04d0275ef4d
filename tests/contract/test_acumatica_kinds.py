"""Kinds of Acumatica beside orders: returns, payments of orders, non-stock items, purchase orders; over real HTTP."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import Misconfigured, MissingReference, NotFound, Rejected
from integrations.connectors.systems.acumatica.connector import WEBHOOKS
from integrations.kinds import Kind
from tests.contract import acumatica_stand
from tests.contract.suite import changed_ids
from tests.contract.test_acumatica import AcumaticaStand

process, stand = acumatica_stand.process, acumatica_stand.stand


def ordered(stand: AcumaticaStand, *lines: tuple[str, int], price: str = "10.00") -> str:
    """Let a clerk enter an order and return its number."""
    sent = [
        {"InventoryID": sku, "OrderQty": quantity, "UnitPrice": price, "ManualPrice": True}
        for sku, quantity in lines
    ]
    (key,) = stand.simulator.control("POST", "orders", {"lines": sent})["orders"]
    return str(key).partition("/")[2]


def shipped_and_invoiced(stand: AcumaticaStand, number: str, **quantities: int) -> str:
    lines = {name.replace("_", "-"): quantity for name, quantity in quantities.items()}
    stand.simulator.control("POST", f"orders/{number}/ship", {"lines": lines} if lines else {})
    (invoice,) = stand.simulator.control("POST", f"orders/{number}/invoice")["invoices"]
    return str(invoice)


# -- returns -------------------------------------------------------------------------------------------------


def returned(number: str, *quantities: int) -> WriteRequest:
    lines = [{"InventoryID": "A50-HALO", "OrderQty": quantity} for quantity in quantities]
    fields = {"returned_order": f"SO/{number}", "ExternalRef": "xcart:return:3", "Details": lines}
    return WriteRequest(Kind.RETURN, fields, reference="XC-3")


def test_a_return_takes_customer_invoices_and_prices_of_its_order_oldest_first(stand: AcumaticaStand) -> None:
    number = ordered(stand, ("A50-HALO", 5), price="12.50")
    first = shipped_and_invoiced(stand, number, A50_HALO=2)
    second = shipped_and_invoiced(stand, number)
    connector = stand.connector()
    made = connector.write(returned(number, 2, 1, 1))
    lines = [(row["InvoiceNbr"], row["OrderQty"], row["UnitPrice"]) for row in made.fields["Details"]]
    price = Decimal("12.5")
    assert lines == [(first, 2, price), (second, 1, price), (second, 1, price)]
    assert (made.fields["CustomerID"], made.total) == ("GOODFOOD", Decimal(50))
    assert connector.fetch(Kind.RETURN, made.external_id).fields["CustomerOrder"] == "XC-3"


def test_a_return_waits_for_the_invoice_and_more_than_was_invoiced_is_refused(stand: AcumaticaStand) -> None:
    number = ordered(stand, ("A50-HALO", 2))
    connector = stand.connector()
    with pytest.raises(MissingReference) as waits:
        connector.write(returned(number, 1))
    assert (waits.value.kind, waits.value.key) == ("invoice", f"SO/{number}")
    shipped_and_invoiced(stand, number)
    with pytest.raises(Rejected) as refused:
        connector.write(returned(number, 3))
    assert refused.value.problems[0].field == "Details[0].InventoryID"
    with pytest.raises(Rejected):
        connector.write(returned("999999", 1))
    with pytest.raises(Rejected) as bare:
        connector.write(WriteRequest(Kind.RETURN, {"Details": [{"InventoryID": "A50-HALO", "OrderQty": 1}]}))
    assert [each.field for each in bare.value.problems] == [
        "CustomerID", "Details[0].InvoiceType", "Details[0].InvoiceNbr"
    ]  # fmt: skip


def test_returns_and_orders_are_read_apart(stand: AcumaticaStand) -> None:
    number = ordered(stand, ("A50-HALO", 2))
    shipped_and_invoiced(stand, number)
    connector = stand.connector()
    back = connector.write(returned(number, 1)).external_id
    assert changed_ids(connector, Kind.RETURN, {}) == [back]
    assert changed_ids(connector, Kind.ORDER, {}) == [f"SO/{number}"]
    assert connector.locate(Kind.RETURN, back.partition("/")[2]) == back
    with pytest.raises(NotFound):
        connector.fetch(Kind.RETURN, f"SO/{number}")


def test_the_receipt_of_a_return_brings_stock_back_and_is_no_shipment(stand: AcumaticaStand) -> None:
    number = ordered(stand, ("A50-HALO", 2))
    shipped_and_invoiced(stand, number)
    connector = stand.connector()
    back = connector.write(returned(number, 2)).external_id
    before = connector.fetch(Kind.INVENTORY, "A50-HALO").fields["QtyOnHand"]
    stand.simulator.control("POST", f"orders/{back.replace('/', '|')}/ship")
    assert connector.fetch(Kind.INVENTORY, "A50-HALO").fields["QtyOnHand"] == before + 2
    assert connector.fetch(Kind.RETURN, back).fields["Status"] == "Completed"
    assert {key.partition("/")[2] for key in changed_ids(connector, Kind.SHIPMENT, {})} == {f"SO/{number}"}


def test_a_push_of_a_return_is_no_order_and_its_receipt_is_nothing() -> None:
    rows = [
        {"OrderType": "RC", "OrderNbr": "000004"},
        {"OrderType": "RC", "OrderNbr": "000004", "ShipmentNbr": "000412"},
        {"OrderType": "SO", "OrderNbr": "000073"},
    ]
    told = WEBHOOKS.parse({}, json.dumps({"Inserted": rows, "Query": "Orders", "Id": "1"}).encode())
    assert [(one.kind, one.external_id) for one in told] == [
        (Kind.RETURN, "RC/000004"),
        (Kind.ORDER, "SO/000073"),
    ]


# -- payments ------------------------------------------------------------------------------------------------


def paid(number: str, amount: str, reference: str = "xcart:pay:1") -> WriteRequest:
    fields = {
        "order_key": f"SO/{number}", "PaymentMethod": "CREDITCARD", "CashAccount": "10250",
        "PaymentAmount": Decimal(amount), "ExternalRef": reference,
    }  # fmt: skip
    return WriteRequest(Kind.PAYMENT, fields, reference="XC-ignored")


def test_a_payment_of_an_order_is_its_customers_and_applied_to_what_is_unpaid(stand: AcumaticaStand) -> None:
    number = ordered(stand, ("A50-HALO", 3))
    connector = stand.connector()
    first = connector.write(paid(number, "20.00")).fields
    assert (first["Type"], first["CustomerID"]) == ("Prepayment", "GOODFOOD")
    assert [row["AppliedToOrder"] for row in first["OrdersToApply"]] == [20]
    second = connector.write(paid(number, "25.00", "xcart:pay:2"))
    assert (second.fields["AppliedToOrders"], second.fields["AvailableBalance"]) == (10, 15)
    third = connector.write(paid(number, "5.00", "xcart:pay:3"))
    assert third.fields["AvailableBalance"] == 5, "the order is paid: this stands on account"
    assert connector.fetch(Kind.PAYMENT, second.external_id).fields["order_key"] == f"SO/{number}"


def test_a_payment_of_a_completed_order_stands_on_account(stand: AcumaticaStand) -> None:
    number = ordered(stand, ("A50-HALO", 1))
    stand.simulator.control("POST", f"orders/{number}/ship")
    made = stand.connector().write(paid(number, "10.00"))
    assert made.fields["AvailableBalance"] == 10


def test_a_payment_of_nobody_is_refused_by_name(stand: AcumaticaStand) -> None:
    fields = {"PaymentMethod": "CHECK", "CashAccount": "10200", "PaymentAmount": Decimal(1)}
    with pytest.raises(Rejected) as refused:
        stand.connector().write(WriteRequest(Kind.PAYMENT, fields))
    assert refused.value.problems[0].field == "CustomerID"
    with pytest.raises(NotFound):
        stand.connector().write(paid("999999", "1.00"))


# -- items ---------------------------------------------------------------------------------------------------


def service(stand: AcumaticaStand, number: str = "GIFTWRAP", **fields: Any) -> None:
    sent = {"InventoryID": number, "Description": "Gift wrapping", "DefaultPrice": "4.5", **fields}
    stand.simulator.control("POST", "non-stock-items", sent)


def test_a_non_stock_item_is_found_and_read_in_the_names_of_stock_items(stand: AcumaticaStand) -> None:
    service(stand, Weight="0.2")
    connector = stand.connector()
    found = connector.find(Kind.PRODUCT, natural_key="giftwrap", hint={})
    assert found is not None and found.external_id == "GIFTWRAP"
    item = connector.fetch(Kind.PRODUCT, "GIFTWRAP")
    assert (item.fields["is_stock_item"], item.fields["BaseUOM"]) == (False, "EA")
    assert (item.fields["DimensionWeight"], item.updated_at) == (Decimal("0.2"), item.fields["LastModified"])
    assert connector.fetch(Kind.PRODUCT, "A50-HALO").fields["is_stock_item"] is True
    with pytest.raises(NotFound):
        connector.fetch(Kind.PRODUCT, "NOSUCH")


def test_changed_items_of_both_sorts_come_each_from_its_own_place(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    seen = list(connector.read_changes(Kind.PRODUCT, {}))
    assert [page.is_last for page in seen] == [False, True]
    service(stand)
    assert "GIFTWRAP" in changed_ids(connector, Kind.PRODUCT, seen[-1].cursor)
    assert "GIFTWRAP" in changed_ids(connector, Kind.PRODUCT, {"at": seen[-1].cursor["at"]}), (
        "of an older version"
    )


def test_a_reading_that_ends_after_the_first_page_leaves_no_item_of_the_other_sort_out(
    stand: AcumaticaStand,
) -> None:
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    stand.freeze(start)
    service(stand)
    stand.freeze(start + timedelta(hours=1))
    stand.simulator.control("POST", "items/A50-HALO", {"DefaultPrice": "61"})
    connector = stand.connector()
    first = next(iter(connector.read_changes(Kind.PRODUCT, connector.history(Kind.PRODUCT, start))))
    assert "GIFTWRAP" in changed_ids(connector, Kind.PRODUCT, first.cursor)


def test_an_order_takes_a_service_and_ships_it_without_stock(stand: AcumaticaStand) -> None:
    service(stand)
    number = ordered(stand, ("A50-HALO", 1), ("GIFTWRAP", 1))
    stand.simulator.control("POST", f"orders/{number}/ship")
    assert stand.connector().fetch(Kind.ORDER, f"SO/{number}").fields["Status"] == "Completed"


def test_who_may_not_open_the_form_is_told_which(stand: AcumaticaStand) -> None:
    stand.simulator.control("POST", "settings", {"denied": ["NonStockItem"]})
    with pytest.raises(Misconfigured) as told:
        stand.connector().find(Kind.PRODUCT, natural_key="NOSUCH", hint={})
    assert "NonStockItem" in told.value.missing
    failed = [check for check in stand.connector().check() if not check.ok]
    assert [check.name for check in failed] == ["Items can be read"]
    assert "NonStockItem" in failed[0].evidence


# -- purchase orders -----------------------------------------------------------------------------------------


def test_purchase_orders_are_read_with_their_lines(stand: AcumaticaStand) -> None:
    line = {"InventoryID": "A50-HALO", "OrderQty": 12, "UnitCost": "31.25"}
    made = stand.simulator.control("POST", "purchase-orders", {"VendorID": "LUMEN", "lines": [line]})
    key = f"Normal/{made['OrderNbr']}"
    connector = stand.connector()
    (order,) = [one for page in connector.read_changes(Kind.PURCHASE_ORDER, {}) for one in page.records]
    assert (order.external_id, order.fields["OrderTotal"]) == (key, Decimal(375))
    fetched = connector.fetch(Kind.PURCHASE_ORDER, key)
    assert [(row["InventoryID"], row["OrderQty"]) for row in fetched.fields["Details"]] == [("A50-HALO", 12)]
    assert connector.locate(Kind.PURCHASE_ORDER, made["OrderNbr"]) == key
    described = {info.name for info in connector.discover(Kind.PURCHASE_ORDER).fields}
    assert described >= {"VendorID", "ControlTotal"}, "ours, and what only the tenant's description has"
