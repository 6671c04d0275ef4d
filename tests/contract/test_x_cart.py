"""The contract suite on X-Cart and its simulator."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import WriteRequest
from integrations.kinds import Kind, Record
from tests.contract.suite import ContractSuite, Stand

KEY_RW = "xcart-sandbox-read-write-key"
KEY_RO = "xcart-sandbox-read-only-key"
SECRET = "xcart-sandbox-webhook-secret-0123456789"


class XCartStand(Stand):
    system = "x_cart"
    options = ("--addon",)
    read_kind = Kind.ORDER
    page_size = 100
    write_match = "PUT /api/orders"
    fetch_match = "GET /api/orders/"
    list_match = "GET /api/orders?"

    def values(self) -> dict[str, Any]:
        return {
            "base_url": self.simulator.url,
            "dialect": "auto",
            "api_key_rw": KEY_RW,
            "api_key_ro": KEY_RO,
            "store_timezone": "America/Chicago",
            "addon_enabled": True,
            "webhook_secret": SECRET,
            "read_timeout_s": 1,
        }

    def bad_values(self) -> dict[str, Any]:
        return {**self.values(), "api_key_rw": "wrong-key", "api_key_ro": "wrong-key"}

    def revoke(self) -> None:
        changed = {"api_key_rw": "another-key-rw", "api_key_ro": "another-key-ro"}
        self.simulator.control("POST", "settings", changed)

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
            {"sku": "BLB-E27-4W", "quantity": 3, "price": 0.1},
            {"sku": "CBL-TXT-3M", "quantity": 1, "price": 19.99},
        ]
        options = {"lines": lines, "country": "US", "state": "TX", "shipping_method": "Courier"}
        placed = self.simulator.control("POST", "orders", {**options, "coupon": "SPRING10"})
        # 0.30 + 19.99 = 20.29; 10 % off is 2.03; 8.25 % of 18.26 is 1.51
        return str(placed["id"]), {
            "sub_total": Decimal("20.29"),
            "discount_amount": Decimal("-2.03"),
            "tax_amount": Decimal("1.51"),
            "shipping_cost": Decimal("5.00"),
            "total": Decimal("24.77"),
            "items.0.price": Decimal("0.10"),
        }

    def freeze(self, moment: datetime | None) -> None:
        at = int(moment.timestamp()) if moment else None
        self.simulator.control("POST", "settings", {"frozen_at": at})

    def add_unknown_fields(self) -> None:
        self.simulator.control("POST", "settings", {"has_unknown_keys": True})

    def write_request(self) -> WriteRequest:
        order_id = self.appear()[0]
        fields = {
            "order_id": order_id,
            "tracking_numbers": [{"value": f"1Z{order_id}", "carrier": "UPS"}],
            "shipping_status": "S",
        }
        return WriteRequest(Kind.SHIPMENT, fields, idempotency_key=f"key-{order_id}")

    def effects(self, request: WriteRequest) -> int:
        """The customer's e-mails; a doubled tracking number counts as one effect too many."""
        order_id = int(request.fields["order_id"])
        mails = [mail for mail in self.simulator.control("GET", "outbox") if mail["order_id"] == order_id]
        order = self.simulator.control("GET", f"orders/{order_id}")
        return len(mails) + len(order["tracking_numbers"]) - len(request.fields["tracking_numbers"])

    def find_arguments(self, request: WriteRequest) -> dict[str, Any]:
        return {"hint": request.fields}


class TestXCartContract(ContractSuite):
    stand_class = XCartStand
