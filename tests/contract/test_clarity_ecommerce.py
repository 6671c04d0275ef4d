"""The contract suite on Clarity eCommerce and its simulator."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import WriteRequest
from integrations.kinds import Kind, Record
from tests.contract.suite import ContractSuite, Stand

CLIENT_ID = "clarity-sandbox-client"
CLIENT_SECRET = "clarity-sandbox-client-secret-0123"
WEBHOOK_SECRET = "clarity-sandbox-webhook-secret-0123456789"


class ClarityStand(Stand):
    system = "clarity_ecommerce"
    read_kind = Kind.ORDER
    page_size = 200
    write_match = "POST /api/v1/orders/"
    fetch_match = "GET /api/v1/orders/"
    list_match = "GET /api/v1/orders?"

    def values(self) -> dict[str, Any]:
        return {
            "base_url": self.simulator.url,
            "generation": "v1",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "webhook_secret": WEBHOOK_SECRET,
            "read_timeout_s": 1,
        }

    def bad_values(self) -> dict[str, Any]:
        return {**self.values(), "client_secret": "a-wrong-client-secret"}

    def revoke(self) -> None:
        self.simulator.control("POST", "settings", {"client_secret": "another-client-secret-0123"})
        self.simulator.control("DELETE", "tokens")

    def appear(self, count: int = 1) -> list[str]:
        placed = self.simulator.control("POST", "orders", {"count": count})
        return [str(each["id"]) for each in placed["orders"]]

    def appear_with_text(self, text: str) -> tuple[str, str]:
        placed = self.simulator.control("POST", "orders", {"notes": text})
        return str(placed["id"]), text

    def text_of(self, record: Record) -> str:
        return str(record.fields["notes"])

    def appear_with_amounts(self) -> tuple[str, Mapping[str, Decimal]]:
        lines = [
            {"sku": "BLB-E27-4W", "quantity": 3, "price": 0.1, "tax": 0.02},
            {"sku": "CBL-TXT-3M", "quantity": 1.5, "price": 19.9999, "discount": 0.3333, "tax": 1.1111},
        ]
        options = {"lines": lines, "shipping": 5, "handling": 0.1, "fees": 0.2, "discount": 2.03}
        placed = self.simulator.control("POST", "orders", options)
        # 0.30 + 29.99985 -> 30.2999 (half up to 4 places); the total is added up before it is rounded.
        return str(placed["id"]), {
            "totals.subTotal": Decimal("30.2999"),
            "totals.discounts": Decimal("2.3633"),
            "totals.tax": Decimal("1.1311"),
            "totals.shipping": Decimal("5"),
            "totalAmount": Decimal("34.3677"),
            "handlingAndFees": Decimal("0.3"),
            "lineItems.0.unitPrice": Decimal("0.1"),
            "lineItems.1.unitPrice": Decimal("19.9999"),
            "lineItems.1.quantity": Decimal("1.5"),
        }

    def freeze(self, moment: datetime | None) -> None:
        at = moment.timestamp() if moment else None
        self.simulator.control("POST", "settings", {"frozen_at": at})

    def add_unknown_fields(self) -> None:
        self.simulator.control("POST", "settings", {"has_unknown_members": True})

    def write_request(self) -> WriteRequest:
        order_id = self.appear()[0]
        order = self.simulator.control("GET", f"orders/{order_id}")
        fields = {
            "orderId": order_id,
            "externalRef": f"S{order_id}",
            "carrier": "UPS",
            "shipDate": "2026-03-03T12:00:00Z",
            "trackingNumbers": [{"value": f"1Z{order_id}"}],
            "lines": [
                {"sku": line["sku"], "quantity": Decimal(str(line["quantity"]))}
                for line in order["lineItems"]
            ],
        }
        return WriteRequest(Kind.SHIPMENT, fields, idempotency_key=f"key-{order_id}")

    def effects(self, request: WriteRequest) -> int:
        """Shipments of the order; each further e-mail to the shopper counts as one effect too many."""
        order_id = int(request.fields["orderId"])
        mails = [mail for mail in self.simulator.control("GET", "outbox") if mail["order_id"] == order_id]
        order = self.simulator.control("GET", f"orders/{order_id}")
        return len(order["shipments"]) + len(mails) - 1

    def find_arguments(self, request: WriteRequest) -> dict[str, Any]:
        return {"hint": request.fields}


class TestClarityContract(ContractSuite):
    stand_class = ClarityStand
