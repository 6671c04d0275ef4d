"""The contract suite on Dynamics SL and its simulator."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import WriteRequest
from integrations.kinds import Kind, Record
from tests.contract.suite import ContractSuite, Stand

SITE_KEY = "sl-sandbox-site-key"


class DynamicsSlStand(Stand):
    system = "dynamics_sl"
    options = ("--site-key", SITE_KEY)
    read_kind = Kind.ORDER
    page_size = 0  # events come in one answer; the connector cuts it into pages
    write_match = "placeOrder"
    fetch_match = "getOrder"
    list_match = "searchSOEvent"
    _written = 0

    def values(self) -> dict[str, Any]:
        return {
            "base_url": f"{self.simulator.url}/ctDynamicsSL",
            "cpny_id": "0060",
            "site_key": SITE_KEY,
            "default_site": "MAIN",
            "operation_timeout_s": 1,
        }

    def bad_values(self) -> dict[str, Any]:
        return {**self.values(), "site_key": "wrong-key"}

    def revoke(self) -> None:
        self.simulator.control("POST", "settings", {"site_key": "another-site-key"})

    def appear(self, count: int = 1) -> list[str]:
        return list(self.simulator.control("POST", "orders", {"count": count})["orders"])

    def appear_with_text(self, text: str) -> tuple[str, str]:
        placed = self.simulator.control("POST", "orders", {"notes": text})
        return placed["orders"][0], text.rstrip()  # trailing blanks mean nothing in this database

    def text_of(self, record: Record) -> str:
        return str(record.fields["notes"])

    def appear_with_amounts(self) -> tuple[str, Mapping[str, Decimal]]:
        lines = [
            {"InvtID": "BLB-E27-4W", "QtyOrd": 3.0, "CurySlsPrice": 0.1},
            {"InvtID": "CBL-TXT-3M", "QtyOrd": 1.0, "CurySlsPrice": 19.99},
        ]
        asked = {"lines": lines, "CuryTotFrt": 0.1, "CuryTotTax": 0.2}
        # In binary 3 * 0.1 is 0.30000000000000004, and the residue travels into every total.
        return self.simulator.control("POST", "orders", asked)["orders"][0], {
            "CuryTotMerch": Decimal("20.29"),
            "CuryTotFrt": Decimal("0.10"),
            "CuryTotOrd": Decimal("20.59"),
            "orderItems.0.CurySlsPrice": Decimal("0.1"),
            "orderItems.0.CuryTotOrd": Decimal("0.30"),
        }

    def freeze(self, moment: datetime | None) -> None:
        self.simulator.control("POST", "settings", {"frozen_at": moment.timestamp() if moment else None})

    def add_unknown_fields(self) -> None:
        self.simulator.control("POST", "settings", {"has_newer_members": True})

    def write_request(self) -> WriteRequest:
        self._written += 1
        fields = {
            "CustID": "C300",
            "OrderTot": Decimal("69.99"),
            "FreightAmt": Decimal("10.00"),
            "LineItems": [{"InvtID": "A50-HALO", "Qty": 1, "UnitPrice": Decimal("59.99")}],
        }
        return WriteRequest(Kind.ORDER, fields, reference=f"XC-{1000 + self._written}")

    def effects(self, request: WriteRequest) -> int:
        return len(self.simulator.control("GET", f"orders?reference={request.reference}"))

    def find_arguments(self, request: WriteRequest) -> dict[str, Any]:
        return {"reference": request.reference, "hint": request.fields}


class TestDynamicsSlContract(ContractSuite):
    stand_class = DynamicsSlStand
