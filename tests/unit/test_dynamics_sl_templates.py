"""The flows of Dynamics SL beside orders: proved whole, and what they make of records of X-Cart and back."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import integrations.connectors.systems.dynamics_sl as dynamics_sl
from integrations.connectors import registry
from integrations.connectors.systems.dynamics_sl import schema as sl
from integrations.connectors.systems.x_cart import schema as x_cart
from integrations.flows.definition import CompiledFlow, compile_flow
from integrations.flows.proof import check_flow
from integrations.kinds import Kind, Side
from integrations.mapping import EvaluationContext, ValueTable, validate_target

FOLDER = Path(dynamics_sl.__file__).parent / "templates" / "x_cart"
NEW = ("50_product", "55_customer_in", "57_customer_back", "60_payment", "on_request/70_return")
TEMPLATES: dict[str, dict[str, Any]] = {
    name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in NEW
}
SYSTEMS = {Side.STOREFRONT: "x_cart", Side.ERP: "dynamics_sl"}
LINKS = {("order", "5012"): "O0000124", ("product", "A50-HALO"): "A50-HALO"}


def tables(template: dict[str, Any]) -> dict[str, ValueTable]:
    return {
        one["key"]: ValueTable(one["key"], 1, one["rows"], one["unknown"], one.get("default", ""))
        for one in template.get("value_maps", ())
    }


def flow(name: str) -> CompiledFlow:
    return compile_flow(TEMPLATES[name]["definition"])


def mapped(name: str, record: dict[str, Any]) -> dict[str, Any]:
    (mapping,) = flow(name).mappings.values()
    context = EvaluationContext(
        now=datetime(2026, 3, 2, tzinfo=UTC), value_tables=tables(TEMPLATES[name]), links=LINKS
    )
    return dict(mapping.evaluate(record, context))


def lets_through(name: str, record: dict[str, Any]) -> bool:
    step = next(step for step in flow(name).steps if step.type == "filter")
    assert step.condition is not None
    return step.condition((record,))


@pytest.mark.parametrize("name", NEW)
def test_every_flow_is_proved_whole(name: str) -> None:
    proof = check_flow(
        flow(name), lambda side, kind: registry.schema(SYSTEMS[side], kind), tables(TEMPLATES[name])
    )
    for report in proof.reports.values():
        assert report.is_proved, "\n".join(report.lines())


def payment(**changes: Any) -> dict[str, Any]:
    known = {
        "id": "5012/701", "reference": "1043-QX7A", "order_id": "5012", "order_number": "1043",
        "payment_method": "Credit card", "movement": "captured", "type": "sale", "status": "S", "is_successful": True,
        "date": datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC), "currency": "USD", "amount": Decimal("134.47"),
    }  # fmt: skip
    return known | changes


def test_a_captured_payment_becomes_a_prepayment_of_its_order() -> None:
    target = mapped("60_payment", payment())
    assert validate_target(target, sl.SCHEMAS[Kind.PAYMENT]) == []
    assert target == {
        "OrdNbr": "O0000124", "DocType": "PP", "CuryOrigDocAmt": Decimal("134.47"), "CuryId": "USD",
        "DocDate": "2026-03-01", "BankAcct": "1030", "BankSub": "000", "DocDesc": "Credit card 1043-QX7A",
    }  # fmt: skip


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
def test_only_money_that_came_in_is_received(changes: dict[str, Any], goes: bool) -> None:
    assert lets_through("60_payment", payment(**changes)) is goes


def test_an_item_brings_its_price_and_leaves_the_shop_when_it_is_inactive() -> None:
    item = {"InvtID": "A50-HALO", "StkBasePrc": Decimal("59.99"), "StkWt": Decimal(0), "TranStatusCode": "AC"}
    assert mapped("50_product", item) == {"sku": "A50-HALO", "price": Decimal("59.9900")}
    gone = mapped("50_product", item | {"TranStatusCode": "IN", "StkWt": Decimal("1.4")})
    assert (gone["enabled"], gone["weight"]) == (False, Decimal("1.4"))
    assert validate_target(gone, x_cart.SCHEMAS[Kind.PRODUCT]) == []
    assert not lets_through("50_product", item | {"StkBasePrc": Decimal(0)})


def test_an_account_with_an_address_becomes_a_customer() -> None:
    address = {
        "street1": "1 Main St",
        "city": "Austin",
        "state_code": "TX",
        "zipcode": "78701",
        "country_code": "US",
    }
    account = {
        "login": "Pat@Example.com", "status": "E", "customer_name": "Pat Lee", "company": "", "phone": "+15125550100",
        "addresses": [{**address, "street1": "Warehouse 3"}, address], "billing_address": address,
    }  # fmt: skip
    target = mapped("55_customer_in", account)
    assert validate_target(target, sl.CUSTOMER) == []
    assert (target["Name"], target["EMailAddr"], target["Country"]) == ("Pat Lee", "pat@example.com", "USA")
    assert target["Addr1"] == "1 Main St"
    assert lets_through("55_customer_in", account)
    assert not lets_through("55_customer_in", account | {"addresses": []})


def test_a_customer_brings_number_hold_and_a_whole_address_to_the_account() -> None:
    customer = {
        "CustId": "C300", "Status": "A", "EMailAddr": "pat@example.com", "Phone": "+15125550100", "PriceClassID": "",
        "Addr1": "1 Main St", "Addr2": "Suite 9", "City": "Austin", "State": "TX", "Zip": "78701", "Country": "USA",
    }  # fmt: skip
    target = mapped("57_customer_back", customer)
    assert validate_target(target, x_cart.SCHEMAS[Kind.CUSTOMER].for_writing, creating=False) == []
    assert (target["status_comment"], "login" in target) == ("Dynamics SL C300", False)
    assert (target["billing_address"]["street2"], target["billing_address"]["country_code"]) == (
        "Suite 9",
        "US",
    )
    held = mapped("57_customer_back", customer | {"Status": "H", "City": ""})
    assert held == {"status_comment": "Dynamics SL C300, on hold", "phone": "+15125550100"}


def test_a_completed_return_takes_back_what_it_names() -> None:
    record = {
        "id": "3", "order_id": "5012", "status": "C", "date": datetime(2026, 3, 5, 12, tzinfo=UTC),
        "reason": "Damaged item", "action": "credit", "items": [{"item_id": "8801", "sku": "A50-HALO", "amount": 1}],
    }  # fmt: skip
    target = mapped("on_request/70_return", record)
    assert validate_target(target, sl.SCHEMAS[Kind.RETURN]) == []
    assert (target["OrigOrdNbr"], target["CustOrdNbr"]) == ("O0000124", "XC-3")
    assert target["orderItems"] == [{"InvtID": "A50-HALO", "QtyOrd": 1}]
    assert not lets_through("on_request/70_return", record | {"status": "D"})
