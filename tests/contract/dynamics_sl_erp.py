"""Dynamics SL for the tests that need more than the contract suite: its control API, connectors, an order."""

import json
import urllib.request
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig, Exchange, WriteRequest
from integrations.kinds import Kind

SITE_KEY = "sandbox & site-key"


class Erp:
    """The simulator as its own process, and connectors to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.exchanges: list[Exchange] = []

    def control(self, method: str, path: str, asked: object = None) -> Any:
        body = None if asked is None else json.dumps(asked).encode()
        request = urllib.request.Request(f"{self.url}/control/{path}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def connect(self, now: datetime | None = None, **values: Any) -> Any:
        given = {"base_url": f"{self.url}/ctDynamicsSL", "cpny_id": "0060", "site_key": SITE_KEY}
        host = self.url.removeprefix("http://")
        config = ConnectionConfig(
            values=given | values,
            allowed_hosts=frozenset({host, host.partition(":")[0]}),  # with its SQL port as well
            observe=self.exchanges.append,
            now=(lambda: now) if now else None,
        )
        return registry.build("dynamics_sl", config)

    def fault(self, kind: str, match: str, **more: Any) -> None:
        self.control("POST", "faults", {"kind": kind, "match": match, "times": 1, **more})

    def orders(self, reference: str) -> list[dict[str, Any]]:
        return self.control("GET", f"orders?reference={reference}")


ORDER = {
    "CustID": "C300",
    "OrderDate": "2026-03-02",
    "CuryID": "USD",
    "FreightAmt": Decimal("5.00"),
    "TaxAmt": Decimal("9.49"),
    "OrderTot": Decimal("134.47"),
    "LineItems": [{"InvtID": "A50-HALO", "Qty": 2, "UnitPrice": Decimal("59.99"), "DiscAmt": 0}],
}


def request_of(reference: str = "XC-1043", **changes: Any) -> WriteRequest:
    return WriteRequest(Kind.ORDER, ORDER | changes, reference=reference)
