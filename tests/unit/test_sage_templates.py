"""The ready flows of X-Cart and Sage 500: proved whole, promised correspondences kept, saved cases stay true."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import integrations.connectors.systems.sage_500 as sage_500
from integrations.connectors import registry
from integrations.connectors.systems.sage_500 import schema as sage
from integrations.connectors.systems.sage_500.aliases import resolve_order
from integrations.connectors.systems.x_cart import schema as x_cart
from integrations.flows.definition import compile_flow
from integrations.flows.proof import check_flow
from integrations.kinds import Kind, Side
from integrations.mapping import (
    EvaluationContext,
    ValueTable,
    check_money,
    compile_mapping,
    parse_document,
    validate_target,
)
from integrations.mapping.suite import SavedCase, load_cases, run_suite

PACK = registry.template_pack("x_cart", "sage_500")
FOLDER = Path(sage_500.__file__).parent / "templates" / "x_cart"
ON_REQUEST = [json.loads(file.read_text()) for file in sorted((FOLDER / "on_request").glob("*.json"))]
SYSTEMS = {Side.STOREFRONT: "x_cart", Side.ERP: "sage_500"}
FILES = sorted((FOLDER / "cases").glob("*.json"))
SAGE_PLACES = {
    "total": "TranAmt", "tax": "STaxAmt", "freight": "FreightAmt", "discounts": "TradeDiscAmt",
    "lines": {"each": "Lines", "amount": "ExtAmt"},
}  # fmt: skip
PROMISED = {
    "order_id": "Sales Order Number", "customer_id": "Customer ID", "shipping_address": "Ship To Address",
    "billing_address": "Bill To Address", "registered_date": "Order Date", "items[]": "Line Items",
    "items[].sku": "Product ID", "items[].quantity": "Quantity", "items[].price": "Unit Price",
    "shipping_cost": "Freight Amount", "tax_amount": "Sales Tax Amount", "paymentmethodname": "Payment Method",
    "status": "Order Status",
}  # fmt: skip
"""What the product promises of this pair: X-Cart's word to Sage 500's word."""


def template_of(file: Path) -> dict[str, Any]:
    names = [one.name for one in sorted(FOLDER.glob("*.json"))]
    return PACK[names.index(f"{file.name.split('.')[0]}.json")]


def cases_of(file: Path) -> tuple[SavedCase, ...]:
    return load_cases(file.read_bytes())


@pytest.mark.parametrize("template", [*PACK, *ON_REQUEST], ids=[one["name"] for one in (*PACK, *ON_REQUEST)])
def test_every_ready_flow_is_proved_whole(template: dict[str, Any]) -> None:
    tables = {
        one["key"]: ValueTable(one["key"], 1, one["rows"], one["unknown"], one.get("default", ""))
        for one in template.get("value_maps", ())
    }
    proof = check_flow(
        compile_flow(template["definition"]),
        lambda side, kind: registry.schema(SYSTEMS[side], kind),
        tables,
        follows=bool(template.get("follows")),
    )
    assert proof.reports.keys() == template["definition"]["mappings"].keys()
    for report in proof.reports.values():
        assert report.is_proved, "\n".join(report.lines())
    assert list(proof.reasons()) == []


def test_every_mapping_has_cases() -> None:
    wanted = {
        f"{file.stem}.{name}.json"
        for file, template in zip(sorted(FOLDER.glob("*.json")), PACK, strict=True)
        for name in template["definition"]["mappings"]
    }
    assert {file.name for file in FILES} == wanted


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_saved_cases_stay_true(file: Path) -> None:
    document = template_of(file)["definition"]["mappings"][file.stem.split(".")[1]]
    results = run_suite(compile_mapping(parse_document(document)), cases_of(file))
    assert [(one.name, one.differences) for one in results if not one.passed] == []


def test_the_example_order_becomes_this_sales_order() -> None:
    example = cases_of(FOLDER / "cases" / "10_order.order.json")[0].expected
    assert example is not None
    assert validate_target(example, sage.ORDER) == []
    assert (example["CustID"], example["UserFld1"], example["CustPONo"]) == ("ACME", "XC-1043", "XC-1043")
    assert example["TranDate"] == "2026-03-01", "the shop's evening in Chicago"
    assert (example["PmtTermsID"], example["DfltShipMethID"], example["Status"]) == ("CC", "GROUND", "Open")
    assert (example["DfltShipToAddrLine1"], example["DfltShipToCountryID"]) == ("1 Main St, Suite 9", "USA")
    assert (example["FreightAmt"], example["STaxAmt"], example["TranAmt"]) == (
        Decimal("5.00"), Decimal("9.49"), Decimal("134.47"),
    )  # fmt: skip
    (line,) = example["Lines"]
    assert (line["ItemID"], line["QtyOrd"], line["UnitPrice"]) == ("A50-HALO", 2, Decimal("59.99"))


def test_an_orders_money_agrees_on_both_sides_and_passes_the_connectors_own_check() -> None:
    (places,) = (step["places"] for step in PACK[0]["definition"]["steps"] if step["type"] == "money")
    checked = 0
    for case in cases_of(FOLDER / "cases" / "10_order.order.json"):
        if case.expected is None:
            continue
        source, target = check_money(case.record, places), check_money(case.expected, SAGE_PLACES)
        assert source.agrees and target.agrees, (case.name, source.difference, target.difference)
        assert validate_target(case.expected, sage.ORDER) == []
        assert resolve_order(case.expected).total == case.expected["TranAmt"]
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_what_the_cases_expect_fits_the_target(file: Path) -> None:
    definition = template_of(file)["definition"]
    target = definition["mappings"][file.stem.split(".")[1]]["target"]
    schema = registry.schema(target["system"], Kind(target["kind"]))
    assert schema is not None
    # An ``ensure`` step of a flow without ``write`` creates, too.
    creates = compile_flow(definition).creates or not any(
        one["type"] == "write" for one in definition["steps"]
    )
    for case in cases_of(file):
        if case.expected is not None:
            assert validate_target(case.expected, schema.for_writing, creating=creates) == []


@pytest.mark.parametrize(("source", "word"), PROMISED.items())
def test_every_promised_correspondence_is_in_the_order_mapping(source: str, word: str) -> None:
    rules = PACK[0]["definition"]["mappings"]["order"]["rules"]
    labels = {info.name: info.label for info in (*sage.ORDER_LINE, *sage.ORDER.fields)}
    named = {"Sales Order Number": "UserFld1"}  # Sage 500 numbers its orders; ours is kept beside it
    wire = {"order_id": "order_number", "customer_id": "email", "registered_date": "create_date",
            "paymentmethodname": "payment_method", "items[].quantity": "amount", "items[].price": "net_amount",
            "items[].sku": "sku", "items[]": "items"}.get(source, source)  # fmt: skip
    pairs = [
        (path, rule["to"])
        for one in rules
        for rule in (one, *one.get("rules", ()))
        for given in (rule.get("from"), rule.get("each"))
        for path in ([given] if isinstance(given, str) else given or [])
    ]
    found = [to for path, to in pairs if path.split(".")[0] == wire]
    assert [to for to in found if labels[to].startswith(word) or named.get(word) == to], (source, found)


def mapping_on_request(kind: str) -> Any:
    found = next(one for one in ON_REQUEST if one["definition"]["kind"] == kind)
    return compile_flow(found["definition"]).mappings[kind]


def test_a_product_becomes_an_item_that_fits() -> None:
    context = EvaluationContext(now=datetime(2026, 3, 2, tzinfo=UTC), value_tables={}, links={})
    item = mapping_on_request("product").evaluate(
        {"sku": " NEW-1 ", "name": "Lamp", "price": Decimal("12.5"), "enabled": False}, context
    )
    assert validate_target(item, sage.PRODUCT) == []
    assert (item["ItemID"], item["Status"]) == ("NEW-1", "Inactive")


@pytest.mark.parametrize(
    ("action", "column"), [("credit", "QtyRtrnCredit"), ("replacement", "QtyRtrnReplacement")]
)
def test_a_return_is_credited_or_replaced_as_the_shopper_wants(action: str, column: str) -> None:
    links = {("order", "5012"): "7781", ("product", "A50-HALO"): "A50-HALO"}
    context = EvaluationContext(now=datetime(2026, 3, 2, tzinfo=UTC), value_tables={}, links=links)
    given = {
        "id": "3", "order_id": "5012", "order_number": "1043", "reason": "Damaged item", "action": action,
        "date": "2026-03-05T10:00:00+00:00", "items": [{"sku": "A50-HALO", "amount": 1}],
    }  # fmt: skip
    made = mapping_on_request("return").evaluate(given, context)
    assert validate_target(made, sage.RETURN) == []
    assert (made["order_key"], made["UserFld1"], made["CustPONo"]) == ("7781", "XC-3", "XC-1043")
    assert made["Lines"] == [{"ItemID": "A50-HALO", column: 1}]


def test_an_account_gets_the_customer_number_that_its_first_order_would_give() -> None:
    account = cases_of(FOLDER / "cases" / "55_customer_in.customer.json")[0].expected
    shopper = cases_of(FOLDER / "cases" / "10_order.customer.json")[0].expected
    assert account is not None and shopper is not None
    assert account["CustID"] == shopper["CustID"]


def test_the_default_maps_name_only_what_the_shop_has() -> None:
    (table,) = (
        one
        for template in PACK
        for one in template.get("value_maps", ())
        if one["key"] == "order_status_back"
    )
    assert set(table["rows"].values()) <= {"P", "WND"}
    assert set(table["rows"]) <= set(sage.PORTAL_STATUSES)
    assert x_cart.ORDER.for_writing.fields
