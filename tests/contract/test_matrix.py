"""The page of connectors is current, and no connector leaves a hazard open."""

from pathlib import Path

import pytest

from tests.contract import matrix

PAGE = Path(__file__).parents[2] / "docs" / "connectors.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == matrix.page(), "run: python -m tests.contract.matrix > docs/connectors.md"


@pytest.mark.parametrize("system", [spec.key for spec in matrix.our_specs()])
def test_every_hazard_is_proved_for_every_connector(system: str) -> None:
    suites = matrix.suites()[system]
    assert [hazard for hazard, test in matrix.HAZARDS.items() if not matrix.is_proved(suites, test)] == []
