"""The bench compares like with like: every engine makes the same record of the same order, whatever it looks like."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from integrations.mapping import compile_mapping, parse_document
from tests.bench.mapping import spelled
from tests.bench.mapping_order import CONTEXT, DOCUMENT, ORDER
from tests.bench.mapping_peers import by_glom, by_hand, by_jsonata

CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "a purchase order": {"payment_method": "Purchase order", "po_number": "4711"},
    "a small paid one": {"total": Decimal("10.00"), "payment_status": {"code": "P"}},
    "one that waits for review": {"total": Decimal("10.00"), "payment_status": {"code": "Q"}},
    "an unknown way to pay": {"payment_method": "Barter"},
    "cents that round": {"tax_amount": Decimal("0.005"), "discount_amount": Decimal("-1.995")},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_all_engines_make_the_same_record(change: dict[str, Any]) -> None:
    order = {**deepcopy(ORDER), **change}
    mapping = compile_mapping(parse_document(DOCUMENT))
    wanted = spelled(by_hand(order))
    assert spelled(mapping.evaluate(order, CONTEXT)) == wanted
    assert spelled(mapping.interpret(order, CONTEXT)) == wanted
    assert spelled(by_glom(order)) == wanted
    assert spelled(by_jsonata()(order)) == wanted


def test_the_order_has_four_lines_and_its_mapping_forty_fields() -> None:
    lines = DOCUMENT["rules"][-1]["rules"]
    assert len(ORDER["items"]) == 4
    assert len(DOCUMENT["rules"]) - 1 + len(lines) == 40
