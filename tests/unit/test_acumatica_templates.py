"""The ready flows of X-Cart and Acumatica: proved against both schemas, and what they make of realistic records."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.systems.acumatica import schema as acumatica
from integrations.connectors.systems.acumatica.aliases import merchandise, resolve_order
from integrations.connectors.systems.x_cart import schema as x_cart
from integrations.flows.definition import compile_flow
from integrations.flows.proof import check_flow
from integrations.kinds import Side
from integrations.mapping import EvaluationContext, ValueTable, check_money, validate_target
from tests.unit.test_templates import shop_order

PACK = registry.template_pack("x_cart", "acumatica")
_FOLDER = resources.files("integrations.connectors.systems.acumatica") / "templates" / "x_cart" / "on_request"
ON_REQUEST = [json.loads(file.read_text()) for file in sorted(_FOLDER.iterdir(), key=lambda file: file.name)]
FLOWS = {one["definition"]["key"]: compile_flow(one["definition"]) for one in (*PACK, *ON_REQUEST)}
TABLES = {
    table["key"]: ValueTable(table["key"], 1, table["rows"], table["unknown"], table.get("default", ""))
    for template in (*PACK, *ON_REQUEST)
    for table in template.get("value_maps", ())
}
LINKS = {
    ("customer", "pat@example.com"): "C1165", ("product", "A50-HALO"): "A50-HALO", ("order", "SO/000073"): "5012",
    ("product", "CASE"): "CASE", ("order", "5012"): "SO/000073",
}  # fmt: skip
CONTEXT = EvaluationContext(now=datetime(2026, 3, 2, tzinfo=UTC), value_tables=TABLES, links=LINKS)


def mapped(flow: str, mapping: str, record: dict[str, Any]) -> dict[str, Any]:
    return FLOWS[flow].mappings[mapping].evaluate(record, CONTEXT)


@pytest.mark.parametrize(
    "template", [*PACK, *ON_REQUEST], ids=[one["definition"]["key"] for one in (*PACK, *ON_REQUEST)]
)
def test_every_mapping_of_the_pack_is_proved_against_both_schemas(template: dict[str, Any]) -> None:
    proof = check_flow(
        compile_flow(template["definition"]),
        lambda side, kind: registry.schema("x_cart" if side is Side.STOREFRONT else "acumatica", kind),
        TABLES,
        follows=bool(template.get("follows")),
    )
    assert list(proof.reasons()) == []
    assert proof.reports


def test_the_example_order_becomes_this_sales_order() -> None:
    target = mapped("order_out", "order", shop_order())
    assert validate_target(target, acumatica.ORDER) == []
    assert (target["CustomerID"], target["CustomerOrder"], target["ExternalRef"]) == (
        "C1165",
        "XC-1043",
        "xcart:5012",
    )
    assert target["Date"] == "2026-03-01", "the shop's evening in Chicago"
    assert target["ShipToAddress"] == {
        "AddressLine1": "1 Main St", "AddressLine2": "Suite 9", "City": "Austin", "State": "TX", "PostalCode": "78701",
        "Country": "US",
    }  # fmt: skip
    assert target["ShipVia"] == "GROUND"
    assert target["ShippingSettings"] == {"OverrideFreightPrice": True, "FreightPrice": Decimal("5.00")}
    assert (target["TaxTotal"], target["OrderTotal"]) == (Decimal("9.49"), Decimal("134.47"))
    (line,) = target["Details"]
    assert (line["InventoryID"], line["OrderQty"], line["UnitPrice"]) == ("A50-HALO", 2, Decimal("59.99"))
    (payment,) = target["Payments"]
    assert (payment["PaymentMethod"], payment["CashAccount"]) == ("CREDITCARD", "10250")
    assert (payment["PaymentAmount"], payment["ExternalRef"]) == (Decimal("134.47"), "xcart:pay:701")


def coupon_order() -> dict[str, Any]:
    """Return an order whose coupon X-Cart has shared out over two lines that do not divide evenly, with a fee."""
    plain = shop_order()
    halo = {**plain["items"][0], "net_amount": Decimal("109.98"), "discounted_subtotal": Decimal("109.98")}
    case = {**halo, "id": "8802", "sku": "CASE", "amount": 3, "net_amount": Decimal("10.00")}
    return {
        **plain, "items": [halo, case], "discount_amount": Decimal("-10.02"), "handling_cost": Decimal("1.50"),
        "total": Decimal("135.97"), "used_coupons": [{"code": "SPRING10", "type": "P"}],
    }  # fmt: skip


def test_a_coupon_is_in_the_prices_and_the_total_is_the_shops_to_the_cent() -> None:
    record = coupon_order()
    (money,) = (step for step in FLOWS["order_out"].steps if step.type == "money")
    assert check_money(record, money.options["places"]).agrees
    target = mapped("order_out", "order", record)
    assert validate_target(target, acumatica.ORDER) == []
    assert target["note"] == "Coupons: SPRING10"
    wire = resolve_order(target, "WEBTAX").fields  # raises where Acumatica would book another total
    assert merchandise(wire["Details"]) == Decimal("119.98")
    assert wire["ShippingSettings"]["FreightPrice"] == Decimal("6.50")
    assert wire["TaxDetails"] == [
        {"TaxID": "WEBTAX", "TaxableAmount": Decimal("119.98"), "TaxAmount": Decimal("9.49")}
    ]


def test_an_unpaid_order_brings_no_payment() -> None:
    waiting = [{**one, "status": "W"} for one in shop_order()["payment_transactions"]]
    assert mapped("order_out", "order", {**shop_order(), "payment_transactions": waiting})["Payments"] == []


def test_a_new_shopper_becomes_a_customer_that_fits() -> None:
    target = mapped("order_out", "customer", shop_order())
    assert validate_target(target, acumatica.CUSTOMER) == []
    assert (target["CustomerName"], target["Email"]) == ("Lee Ltd", "pat@example.com")
    assert target["MainContact"]["Address"]["State"] == "TX"


SHIPMENT = {
    "order_key": "SO/000073", "ExternalRef": "xcart:5012", "is_confirmed": True, "is_complete": True,
    "tracking_numbers": [{"value": "1Z999AA10123456784", "carrier": "GROUND"}],
}  # fmt: skip


def test_a_shipment_becomes_tracking_numbers_and_a_partial_one_leaves_the_status() -> None:
    target = mapped("shipment_back", "shipment", SHIPMENT)
    assert validate_target(target, x_cart.SHIPMENT) == []
    assert (target["order_id"], target["shipping_status"]) == ("5012", "S")
    assert "shipping_status" not in mapped("shipment_back", "shipment", {**SHIPMENT, "is_complete": False})


@pytest.mark.parametrize(("status", "code"), [("Open", "P"), ("On Hold", "P"), ("Canceled", "WND")])
def test_a_status_label_becomes_a_code_of_the_shop(status: str, code: str) -> None:
    target = mapped("order_status_back", "status", {"order_key": "SO/000073", "Status": status})
    assert (target["order_id"], target["shipping_status"]) == ("5012", code)


def test_stock_is_whole_and_never_below_nothing() -> None:
    for quantity, amount in (("37", 37), ("2.75", 2), ("-4", 0)):
        record = {"InventoryID": "A50-HALO", "QtyAvailable": Decimal(quantity)}
        assert mapped("inventory_out", "inventory", record) == {"sku": "A50-HALO", "amount": amount}


def test_a_disabled_product_is_not_for_sale() -> None:
    product = {
        "sku": " A50-HALO ",
        "name": "Headset",
        "price": Decimal("59.99"),
        "weight": Decimal(1),
        "enabled": False,
    }
    target = mapped("product_in", "product", product)
    assert validate_target(target, acumatica.PRODUCT) == []
    assert (target["InventoryID"], target["ItemStatus"]) == ("A50-HALO", "No Sales")


def test_a_profile_becomes_a_customer_that_fits() -> None:
    address = {
        "street1": "1 Main St",
        "city": "Austin",
        "state_code": "TX",
        "zipcode": "78701",
        "country_code": "US",
    }
    profile = {"login": "Pat@example.com", "customer_name": "Pat Lee", "addresses": [address]}
    target = mapped("customer_in", "customer", profile)
    assert validate_target(target, acumatica.CUSTOMER) == []
    assert target["MainContact"]["Email"] == "pat@example.com"
    assert target["CustomerName"] == "Pat Lee"


def lets_through(flow: str, record: dict[str, Any]) -> bool:
    step = next(step for step in FLOWS[flow].steps if step.type == "filter")
    assert step.condition is not None
    return step.condition((record,))


def payment(**changes: Any) -> dict[str, Any]:
    known = {
        "id": "5012/701", "reference": "1043-QX7A", "order_id": "5012", "order_number": "1043", "transaction_id": "701",
        "payment_method": "Credit card", "movement": "captured", "type": "sale", "status": "S", "is_successful": True,
        "public_txn_id": "QX7A", "date": datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC), "currency": "USD",
        "amount": Decimal("134.47"),
    }  # fmt: skip
    return known | changes


def test_a_captured_payment_becomes_a_prepayment_of_its_order() -> None:
    target = mapped("payment_out", "payment", payment())
    assert validate_target(target, acumatica.PAYMENT) == []
    assert target == {
        "order_key": "SO/000073", "ExternalRef": "xcart:pay:701", "Type": "Prepayment", "PaymentMethod": "CREDITCARD",
        "CashAccount": "10250", "PaymentRef": "QX7A", "PaymentAmount": Decimal("134.47"), "CurrencyID": "USD",
        "ApplicationDate": "2026-03-01", "Description": "Credit card 1043-QX7A", "Hold": False,
    }  # fmt: skip


def test_a_payment_has_the_reference_under_which_it_came_along_with_its_order() -> None:
    (along,) = mapped("order_out", "order", shop_order())["Payments"]
    transaction = shop_order()["payment_transactions"][0]
    alone = mapped("payment_out", "payment", payment(id=f"5012/{transaction['id']}"))
    assert alone["ExternalRef"] == along["ExternalRef"]
    later = mapped("payment_out", "payment", payment(id=f"5012/{transaction['id']}/9001", type="capture"))
    assert later["ExternalRef"] == f"{along['ExternalRef']}/9001"


@pytest.mark.parametrize(
    ("changes", "goes"),
    [
        ({}, True),
        ({"movement": "refunded"}, False),
        ({"movement": "authorised"}, False),
        ({"is_successful": False}, False),
        ({"amount": Decimal(0)}, False),
    ],
)
def test_only_money_that_came_in_is_entered(changes: dict[str, Any], goes: bool) -> None:
    assert lets_through("payment_out", payment(**changes)) is goes


def test_an_item_brings_its_price_and_leaves_the_shop_when_it_may_not_be_sold() -> None:
    item = {"InventoryID": "A50-HALO", "DefaultPrice": Decimal("59.99"), "ItemStatus": "Active"}
    assert mapped("product_out", "product", item) == {"sku": "A50-HALO", "price": Decimal("59.9900")}
    gone = mapped(
        "product_out", "product", item | {"ItemStatus": "No Sales", "DimensionWeight": Decimal("1.4")}
    )
    assert (gone["enabled"], gone["weight"]) == (False, Decimal("1.4"))
    assert validate_target(gone, x_cart.PRODUCT) == []
    assert not lets_through("product_out", item | {"DefaultPrice": Decimal(0)})


def test_a_customer_brings_number_status_phone_and_whole_address_back() -> None:
    place = {
        "AddressLine1": "1 New Rd",
        "City": "Austin",
        "State": "TX",
        "PostalCode": "78701",
        "Country": "US",
    }
    customer = {
        "CustomerID": "C1165", "Status": "Active", "MainContact": {"Phone1": "+15125550199", "Address": place},
    }  # fmt: skip
    target = mapped("customer_back", "customer", customer)
    assert target == {
        "status_comment": "Acumatica C1165", "phone": "+15125550199",
        "billing_address": {
            "street1": "1 New Rd", "street2": None, "city": "Austin", "zipcode": "78701", "state_code": "TX",
            "country_code": "US",
        },
    }  # fmt: skip
    held = mapped(
        "customer_back",
        "customer",
        {**customer, "Status": "On Hold", "MainContact": {"Address": {"City": "X"}}},
    )
    assert held == {"status_comment": "Acumatica C1165, On Hold"}


def test_a_completed_return_names_its_order_and_what_comes_back() -> None:
    record = {
        "id": "3", "order_id": "5012", "status": "C", "date": datetime(2026, 3, 5, 12, tzinfo=UTC),
        "reason": "Damaged item", "action": "credit", "items": [{"item_id": "8801", "sku": "A50-HALO", "amount": 1}],
    }  # fmt: skip
    target = mapped("return_out", "return", record)
    assert validate_target(target, acumatica.RETURN) == []
    assert (target["returned_order"], target["ExternalRef"]) == ("SO/000073", "xcart:return:3")
    assert target["Details"] == [{"InventoryID": "A50-HALO", "OrderQty": 1}]
    assert not lets_through("return_out", record | {"status": "D"})


def test_the_end_of_a_return_is_a_status_of_the_shop() -> None:
    ended = {"ExternalRef": "xcart:return:3", "order_key": "RC/000074", "Status": "Completed"}
    assert mapped("return_back", "status", ended) == {"status": "C"}
    assert mapped("return_back", "status", ended | {"Status": "Canceled"}) == {"status": "D"}
