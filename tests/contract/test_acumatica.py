"""The contract suite on Acumatica and its simulator."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import WriteRequest
from integrations.kinds import Kind, Record
from tests.contract.suite import ContractSuite, Stand

PASSWORD = "acumatica-sandbox-password"
CLIENT_ID = "4B6A1F0E-0000-4000-8000-5A7D00C0FFEE@MyStore"
CLIENT_SECRET = "acumatica-sandbox-client-secret"
PUSH_SECRET = "acumatica-sandbox-push-header-0123456789"
ENDPOINT = "/AcumaticaERP/entity/Default/24.200.001"


class AcumaticaStand(Stand):
    system = "acumatica"
    options = ("--password", PASSWORD, "--client-secret", CLIENT_SECRET)
    read_kind = Kind.ORDER
    page_size = 100
    write_match = f"PUT {ENDPOINT}/SalesOrder?"
    fetch_match = f"GET {ENDPOINT}/SalesOrder/"
    list_match = f"GET {ENDPOINT}/SalesOrder?"
    _written = 0

    def values(self) -> dict[str, Any]:
        return {
            "base_url": f"{self.simulator.url}/AcumaticaERP",
            "tenant": "MyStore",
            "auth_mode": "oauth_password",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "username": "connect",
            "password": PASSWORD,
            "push_header_name": "X-Connect-Key",
            "push_header_value": PUSH_SECRET,
            "operation_timeout_s": 2,
        }

    def bad_values(self) -> dict[str, Any]:
        return {**self.values(), "password": "wrong-password"}

    def revoke(self) -> None:
        self.simulator.control("POST", "settings", {"password": "another-sandbox-password"})

    def appear(self, count: int = 1) -> list[str]:
        return list(self.simulator.control("POST", "orders", {"count": count})["orders"])

    def appear_with_text(self, text: str) -> tuple[str, str]:
        kept = text.strip()
        placed = self.simulator.control("POST", "orders", {"Description": kept})
        return placed["orders"][0], kept

    def text_of(self, record: Record) -> str:
        return str(record.fields["Description"])

    def appear_with_amounts(self) -> tuple[str, Mapping[str, Decimal]]:
        lines = [
            {"InventoryID": "BLB-E27-4W", "OrderQty": 3, "UnitPrice": "0.1", "ManualPrice": True},
            {"InventoryID": "CBL-TXT-3M", "OrderQty": 1, "UnitPrice": "19.99", "ManualPrice": True},
        ]
        placed = self.simulator.control("POST", "orders", {"lines": lines, "freight": "0.10"})
        return placed["orders"][0], {
            "OrderTotal": Decimal("20.39"),
            "Totals.LineTotalAmount": Decimal("20.29"),
            "ShippingSettings.FreightPrice": Decimal("0.10"),
            "Details.0.UnitPrice": Decimal("0.1"),
            "Details.0.Amount": Decimal("0.30"),
        }

    def freeze(self, moment: datetime | None) -> None:
        self.simulator.control("POST", "settings", {"frozen_at": moment.timestamp() if moment else None})

    def add_unknown_fields(self) -> None:
        self.simulator.control("POST", "settings", {"has_unknown_fields": True})

    def write_request(self) -> WriteRequest:
        self._written += 1
        fields = {
            "CustomerID": "GOODFOOD",
            "ExternalRef": f"xcart:{5000 + self._written}",
            "OrderTotal": Decimal("69.99"),
            "ShippingSettings": {"FreightPrice": Decimal("10.00")},
            "Details": [{"InventoryID": "A50-HALO", "OrderQty": 1, "UnitPrice": Decimal("59.99")}],
        }
        return WriteRequest(Kind.ORDER, fields, reference=f"XC-{1000 + self._written}")

    def effects(self, request: WriteRequest) -> int:
        return len(self.simulator.control("GET", f"orders?reference={request.reference}"))

    def find_arguments(self, request: WriteRequest) -> dict[str, Any]:
        return {"reference": request.reference, "hint": request.fields}


class CookieStand(AcumaticaStand):
    """The same by session cookie."""

    def values(self) -> dict[str, Any]:
        values = {**super().values(), "auth_mode": "cookie"}
        del values["client_id"], values["client_secret"]
        return values


class TestAcumaticaContract(ContractSuite):
    stand_class = AcumaticaStand


class TestAcumaticaContractByCookie(ContractSuite):
    stand_class = CookieStand
