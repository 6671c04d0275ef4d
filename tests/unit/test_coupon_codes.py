"""A shop's coupons in each ERP: no ERP has any, so their codes stand in the order and their amount in its lines."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.flows.definition import compile_flow
from integrations.kinds import Kind
from integrations.mapping import EvaluationContext, ValueTable, validate_target
from tests.unit.test_templates import shop_order

PLACES = {"dynamics_sl": "User4", "acumatica": "note", "sage_500": "TranCmnt"}
LINKS = {("customer", "pat@example.com"): "C300", ("product", "A50-HALO"): "A50-HALO"}


def mapped(erp: str, **changes: Any) -> dict[str, Any]:
    (template,) = (
        one for one in registry.template_pack("x_cart", erp) if one["definition"]["key"] == "order_out"
    )
    tables = {
        one["key"]: ValueTable(one["key"], 1, one["rows"], one["unknown"], one.get("default", ""))
        for one in template["value_maps"]
    }
    context = EvaluationContext(now=datetime(2026, 3, 2, tzinfo=UTC), value_tables=tables, links=LINKS)
    made: dict[str, Any] = (
        compile_flow(template["definition"]).mappings["order"].evaluate({**shop_order(), **changes}, context)
    )
    schema = registry.schema(erp, Kind.ORDER)
    assert schema is not None and validate_target(made, schema.for_writing) == []
    return made


@pytest.mark.parametrize("erp", PLACES)
def test_the_codes_of_an_orders_coupons_stand_in_the_order(erp: str) -> None:
    coupons = [{"code": "SPRING10", "type": "%"}, {"code": "WELCOME5", "type": "$"}]
    with_codes, without = mapped(erp, used_coupons=coupons), mapped(erp)
    assert all(code in with_codes[PLACES[erp]] for code in ("SPRING10", "WELCOME5"))
    assert not without.get(PLACES[erp])
    rest = {name: value for name, value in with_codes.items() if name != PLACES[erp]}
    assert rest == {name: value for name, value in without.items() if name != PLACES[erp]}


@pytest.mark.parametrize("erp", PLACES)
def test_long_lists_of_codes_fit(erp: str) -> None:
    codes = [{"code": f"SUMMERSALE-{place:05d}", "type": "%"} for place in range(6)]
    assert (
        mapped(erp, used_coupons=codes)[PLACES[erp]].replace("Coupons: ", "").startswith("SUMMERSALE-00000")
    )


def test_the_order_of_sage_500_is_charged_what_the_shop_charged() -> None:
    assert mapped("sage_500", used_coupons=[{"code": "SPRING10", "type": "%"}])["TranAmt"] == Decimal(
        "134.47"
    )
