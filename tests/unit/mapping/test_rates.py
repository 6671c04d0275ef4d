"""Exchange rates: told by the caller, or rows of a value map that is versioned like any other."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.mapping import (
    EvaluationContext,
    MappingFailure,
    ValueTable,
    compile_mapping,
    parse_document,
)
from integrations.mapping.context import EXCHANGE_RATES

DOCUMENT = {
    "name": "rates",
    "rules": [
        {"to": "total", "from": ["amount", "currency"], "do": [{"fn": "convert_currency", "to": "USD"}]}
    ],
}


def total(rows: dict[str, str], rates: dict[tuple[str, str], Decimal] | None = None) -> Any:
    context = EvaluationContext(
        now=datetime(2026, 3, 2, tzinfo=UTC),
        value_tables={EXCHANGE_RATES: ValueTable(EXCHANGE_RATES, 1, rows)},
        rates=rates or {},
    )
    mapping = compile_mapping(parse_document(DOCUMENT))
    return mapping.evaluate({"amount": Decimal("100.00"), "currency": "EUR"}, context)["total"]


def test_a_row_of_the_value_map_is_a_rate() -> None:
    assert total({"EUR/USD": " 1.0832 "}) == Decimal("108.320000")


def test_the_other_direction_is_divided_by() -> None:
    assert total({"USD/EUR": "0.8"}) == Decimal(125)


def test_a_rate_that_is_told_goes_before_the_table() -> None:
    assert total({"EUR/USD": "1"}, {("EUR", "USD"): Decimal("1.5")}) == Decimal("150.000")


@pytest.mark.parametrize("row", ["", "about 1", "0", "-1", "NaN", "Infinity"])
def test_a_row_that_is_no_positive_number_is_no_rate_and_the_failure_names_the_currencies(row: str) -> None:
    with pytest.raises(MappingFailure, match="no rate from 'EUR' to USD"):
        total({"EUR/USD": row})
