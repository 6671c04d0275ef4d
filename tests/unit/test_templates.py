"""The ready flows of every pair: they compile, and make of a realistic record what the target takes.

The X-Cart order is the example of the vendor facts, in the shop's own JSON, through the connector's normaliser.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.systems.dynamics_sl import schema as sl
from integrations.connectors.systems.x_cart import schema as x_cart
from integrations.connectors.systems.x_cart.normalise import order_record
from integrations.flows.definition import CompiledFlow, compile_flow
from integrations.kinds import Kind, canonical_json
from integrations.mapping import EvaluationContext, ValueTable, check_money, validate_target
from integrations.mapping.document import Rule

SHOP_ORDER = """
{"id":5012,"order_number":"1043","total":134.47,"sub_total":119.98,"currency":"USD","email":"Pat@example.com",
 "customer_id":77,"order_profile_id":912,
 "create_date":"2026-03-02T03:04:05+00:00","update_date":"2026-03-02T15:09:40+00:00",
 "payment_status":{"id":4,"code":"P","name":"Paid"},"shipping_status":{"id":1,"code":"N","name":"New"},
 "shipping_id":90,"shipping_method_name":"Courier","stock_status":"reduced",
 "billing_address":{"id":3001,"is_billing":true,"is_shipping":false,"type":"R","title":"","firstname":"Pat",
   "lastname":"Lee","phone":"+15125550100","street":"1 Main St, Suite 9","zipcode":"78701","city":"Austin",
   "country_code":"US","state":143,"state_name":"Texas","custom_fields":[{"name":"company","value":"Lee Ltd"}]},
 "shipping_address":{"id":3002,"is_billing":false,"is_shipping":true,"type":"R","title":"","firstname":"Pat",
   "lastname":"Lee","phone":"+15125550100","street":"1 Main St, Suite 9","zipcode":"78701","city":"Austin",
   "country_code":"US","state":143,"state_name":"Texas","custom_fields":[]},
 "items":[{"id":8801,"product_id":40,"sku":"A50-HALO","name":"Headset","price":59.99,"item_net_price":59.99,
   "amount":2,"backordered_amount":0,"discounted_subtotal":119.98,"update_date":"2026-03-02T15:04:05+00:00",
   "variant":null,"surcharges":[]}],
 "surcharges":[{"id":1,"type":"shipping","code":"SHIPPING","include":false,"available":true,"value":5.00,
    "name":"Shipping cost"},
   {"id":2,"type":"tax","code":"CDEV.STAX.1","include":false,"available":true,"value":9.49,"name":"Sales tax"}],
 "tracking_numbers":[],"used_coupons":[],"notes":"","admin_notes":"","unknown_add_on":{"x":1}}
"""
PAYMENTS = [{"id": 701, "status": "S", "type": "sale", "value": Decimal("134.47"), "name": "Credit card"}]
PACK = registry.template_pack("x_cart", "dynamics_sl")
FLOWS: dict[str, CompiledFlow] = {one["definition"]["key"]: compile_flow(one["definition"]) for one in PACK}
TABLES = {
    table["key"]: ValueTable(table["key"], 1, table["rows"], table["unknown"], table.get("default", ""))
    for template in PACK
    for table in template.get("value_maps", ())
}
LINKS = {
    ("customer", "pat@example.com"): "C300", ("product", "A50-HALO"): "A50-HALO", ("product", "CASE"): "CASE",
    ("order", "O0000124"): "5012",
}  # fmt: skip
CONTEXT = EvaluationContext(now=datetime(2026, 3, 2, tzinfo=UTC), value_tables=TABLES, links=LINKS)
SL_PLACES = {
    "total": "OrderTot", "tax": "CuryTotTax", "freight": "CuryTotFrt", "fees": "CuryTotMisc",
    "discounts": "CuryWholeOrdDisc", "lines": {"each": "orderItems", "quantity": "QtyOrd", "price": "CurySlsPrice"},
}  # fmt: skip


def shop_order(**changes: Any) -> dict[str, Any]:
    raw = {**json.loads(SHOP_ORDER, parse_float=Decimal), **changes}
    return dict(order_record(raw, PAYMENTS, "USD").fields)


def rich_order() -> dict[str, Any]:
    """Return an order with a discount, a fee, two lines that do not divide evenly, and long words."""
    raw = json.loads(SHOP_ORDER, parse_float=Decimal)
    case = {**raw["items"][0], "id": 8802, "sku": "CASE", "name": "Hard case 🎧 " + "é" * 80, "amount": 3}
    case |= {
        "price": Decimal("3.34"),
        "item_net_price": Decimal("3.34"),
        "discounted_subtotal": Decimal("10.00"),
    }
    more = [
        {
            "id": 3,
            "type": "discount",
            "code": "DC",
            "include": False,
            "available": True,
            "value": Decimal("-13.00"),
        },
        {
            "id": 4,
            "type": "handling",
            "code": "H",
            "include": False,
            "available": True,
            "value": Decimal("1.50"),
        },
        {
            "id": 5,
            "type": "tax",
            "code": "off",
            "include": False,
            "available": False,
            "value": Decimal("99.00"),
        },
    ]
    return shop_order(
        items=[*raw["items"], case], surcharges=[*raw["surcharges"], *more],
        sub_total=Decimal("129.98"), total=Decimal("132.97"), shipping_method_name="Express air",
    )  # fmt: skip


def mapped(flow: str, mapping: str, record: dict[str, Any]) -> dict[str, Any]:
    return FLOWS[flow].mappings[mapping].evaluate(record, CONTEXT)


def packs() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (shop.key, erp.key, template)
        for shop in registry.all_specs()
        for erp in registry.all_specs()
        for template in registry.template_pack(shop.key, erp.key)
    ]


ALL = packs()


@pytest.mark.parametrize(
    ("shop", "erp", "template"), ALL, ids=[f"{a}-{b}-{t['definition']['key']}" for a, b, t in ALL]
)
def test_a_template_compiles_and_brings_every_value_map_it_asks_for(
    shop: str, erp: str, template: dict[str, Any]
) -> None:
    flow = compile_flow(template["definition"])
    brought = {
        table["key"] for other in registry.template_pack(shop, erp) for table in other.get("value_maps", ())
    }
    assert flow.value_maps <= brought
    assert flow.steps[0].type == "fetch"
    assert template["name"]
    for table in template.get("value_maps", ()):
        assert table["unknown"] in ("fail", "hold", "default", "pass")
        assert all(isinstance(value, str) for value in table["rows"].values())


def top_level_sources(rules: tuple[Rule, ...]) -> set[str]:
    return {
        path.split(".")[0].removesuffix("[]") for rule in rules for path in (*rule.sources, rule.each) if path
    }


@pytest.mark.parametrize(
    ("flow", "mapping", "schemas", "kind"),
    [
        ("order_out", "order", x_cart.SCHEMAS, Kind.ORDER),
        ("order_out", "customer", x_cart.SCHEMAS, Kind.ORDER),
        ("shipment_back", "shipment", sl.SCHEMAS, Kind.SHIPMENT),
        ("order_status_back", "status", sl.SCHEMAS, Kind.ORDER),
        ("inventory_out", "inventory", sl.SCHEMAS, Kind.INVENTORY),
    ],
)
def test_every_source_field_of_a_template_exists_in_its_system(
    flow: str, mapping: str, schemas: dict[Kind, Any], kind: Kind
) -> None:
    known = {field.name for field in schemas[kind].fields}
    assert top_level_sources(FLOWS[flow].mappings[mapping].document.rules) <= known


@pytest.mark.parametrize("record", [shop_order(), rich_order()], ids=["the example", "a rich one"])
def test_an_order_fits_dynamics_sl_and_its_money_agrees_on_both_sides(record: dict[str, Any]) -> None:
    target = mapped("order_out", "order", record)
    assert validate_target(target, sl.ORDER) == []
    (money,) = (step for step in FLOWS["order_out"].steps if step.type == "money")
    source = check_money(record, money.options["places"])
    assert source.agrees, source.difference
    assert check_money(target, SL_PLACES).agrees, check_money(target, SL_PLACES).difference
    assert target["OrderTot"] == source.total
    assert canonical_json(target) == canonical_json(mapped("order_out", "order", record))


def test_the_example_order_becomes_this_sales_order() -> None:
    target = mapped("order_out", "order", shop_order())
    assert target["CustID"] == "C300"
    assert target["CustOrdNbr"] == "XC-1043"
    assert target["OrdDate"] == "2026-03-01", "the shop's evening in Chicago"
    assert (target["ShipName"], target["ShipAddr1"], target["ShipAddr2"]) == (
        "Pat Lee",
        "1 Main St",
        "Suite 9",
    )
    assert (target["ShipState"], target["ShipCountry"]) == ("TX", "USA")
    assert (target["ShipViaID"], target["TermsID"], target["User2"]) == ("UPSGRND", "CC", "Credit card")
    assert (target["CuryTotFrt"], target["CuryTotTax"]) == (Decimal("5.00"), Decimal("9.49"))
    assert str(target["CuryWholeOrdDisc"]) == "0.00"
    assert "Cancelled" not in target and "notes" not in target
    assert target["orderItems"] == [
        {"InvtID": "A50-HALO", "QtyOrd": 2, "CurySlsPrice": Decimal("59.9900"), "Descr": "Headset"}
    ]


def test_a_rich_order_keeps_its_discount_fee_and_cut_description() -> None:
    target = mapped("order_out", "order", rich_order())
    assert (target["CuryWholeOrdDisc"], target["CuryTotMisc"]) == (Decimal("13.00"), Decimal("1.50"))
    assert target["CuryTotTax"] == Decimal("9.49"), "a surcharge that is switched off is none"
    assert target["orderItems"][1]["CurySlsPrice"] == Decimal("3.3333")
    assert len(target["orderItems"][1]["Descr"]) == 60


def test_a_coupon_that_the_lines_hold_already_is_not_deducted_again() -> None:
    raw = json.loads(SHOP_ORDER, parse_float=Decimal)
    line = {**raw["items"][0], "discounted_subtotal": Decimal("107.98")}
    coupon = {
        "id": 9,
        "type": "discount",
        "code": "DCOUPON",
        "include": False,
        "available": True,
        "value": Decimal("-12.00"),
    }
    record = shop_order(
        items=[line], surcharges=[*raw["surcharges"], coupon], total=raw["total"] - Decimal("12.00")
    )  # fmt: skip
    target = mapped("order_out", "order", record)
    assert (target["CuryWholeOrdDisc"], target["orderItems"][0]["CurySlsPrice"]) == (0, Decimal("53.9900"))
    places = next(step for step in FLOWS["order_out"].steps if step.type == "money").options["places"]
    assert check_money(record, places).agrees


def test_a_cancelled_order_is_cancelled_there() -> None:
    record = shop_order(payment_status={"id": 9, "code": "C", "name": "Cancelled"})
    assert mapped("order_out", "order", record)["Cancelled"] is True


def test_an_order_without_a_shipping_address_goes_to_the_billing_address() -> None:
    target = mapped("order_out", "order", shop_order(shipping_address=None, shipping_method_name=None))
    assert (target["ShipCity"], target["ShipState"], target["ShipViaID"]) == ("Austin", "TX", "BEST")
    assert validate_target(target, sl.ORDER) == []


@pytest.mark.parametrize(
    ("payment", "shipping", "is_sent"),
    [("P", "N", True), ("Q", "N", True), ("D", "N", False), ("C", "N", False), ("P", "NF", False)],
)
def test_only_orders_that_are_placed_for_good_are_sent(payment: str, shipping: str, is_sent: bool) -> None:
    (step,) = (step for step in FLOWS["order_out"].steps if step.type == "filter")
    record = shop_order(payment_status={"code": payment}, shipping_status={"code": shipping})
    assert step.condition is not None
    assert step.condition((record,)) is is_sent


def test_a_new_shopper_becomes_a_customer_that_fits() -> None:
    target = mapped("order_out", "customer", shop_order())
    assert validate_target(target, sl.CUSTOMER) == []
    assert (target["Name"], target["EMailAddr"], target["State"]) == ("Lee Ltd", "pat@example.com", "TX")


def test_a_guest_without_company_or_billing_address_is_named_after_the_parcel() -> None:
    target = mapped("order_out", "customer", shop_order(billing_address=None))
    assert validate_target(target, sl.CUSTOMER) == []
    assert target["Name"] == "Pat Lee"


SHIPPER = {
    "ShipperID": "S0000412", "OrdNbr": "O0000124", "CustOrdNbr": "XC-1043", "is_confirmed": True, "is_complete": True,
    "tracking_numbers": [{"value": "1Z999AA10123456784 ", "carrier": "UPSGRND"}],
}  # fmt: skip


def test_a_shipper_becomes_tracking_numbers_and_then_the_status() -> None:
    target = mapped("shipment_back", "shipment", SHIPPER)
    assert validate_target(target, x_cart.SHIPMENT) == []
    assert target == {
        "order_id": "5012",
        "tracking_numbers": [{"value": "1Z999AA10123456784", "carrier": "UPSGRND"}],
        "shipping_status": "S",
    }
    assert "shipping_status" not in mapped("shipment_back", "shipment", {**SHIPPER, "is_complete": False})


def test_stock_is_whole_and_never_below_nothing() -> None:
    for quantity, amount in (("37", 37), ("2.75", 2), ("-4", 0), ("0", 0)):
        target = mapped("inventory_out", "inventory", {"InvtID": "A50-HALO", "QtyAvail": Decimal(quantity)})
        assert target == {"sku": "A50-HALO", "amount": amount}
        assert validate_target(target, x_cart.INVENTORY) == []


@pytest.mark.parametrize("status", ["cancelled", "open", "on_hold", "partially_shipped"])
def test_a_status_becomes_a_code_of_the_shop(status: str) -> None:
    target = mapped("order_status_back", "status", {"OrdNbr": "O0000124", "portal_status": status})
    assert target["order_id"] == "5012"
    assert target["shipping_status"] in ("WND", "P")


def test_the_acknowledgement_only_moves_a_new_order() -> None:
    target = mapped("order_acknowledge", "acknowledge", {"target_id": "5012", "source_id": "O0000124"})
    assert target == {"order_id": "5012", "shipping_status": "P", "only_from_shipping_status": ["N"]}


def test_no_template_writes_a_field_that_dynamics_sl_only_shows() -> None:
    read_only = {path.replace("[]", "") for path, field in sl.ORDER.walk() if field.read_only}
    rules = FLOWS["order_out"].mappings["order"].document.rules
    written = {rule.to for rule in rules} | {
        f"{rule.to}.{inner.to}" for rule in rules for inner in rule.rules
    }
    assert not written & read_only
