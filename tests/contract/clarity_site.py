"""What contract tests of Clarity eCommerce ask of the simulated site behind the connector's back."""

from typing import Any
from urllib.parse import quote

from tests.contract.suite import Stand


def calls(stand: Stand, match: str) -> int:
    return len(stand.simulator.control("GET", f"calls?limit=500&match={quote(match)}"))


def shown(stand: Stand, order_id: str) -> dict[str, Any]:
    found: dict[str, Any] = stand.simulator.control("GET", f"orders/{order_id}")
    return found
