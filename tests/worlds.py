"""Small worlds for tests: a tenant with a bench store and a bench ERP, and signed webhooks for it."""

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

from integrations.kinds import Environment
from integrations.models import Connection, Pair, Run, Tenant, in_tenant
from integrations.operations import connections, pairs, tenants
from integrations.operations.audit import Actor
from integrations.operations.inbox import Received, receive_hook
from tests.bench.systems.bench_store.connector import sign

SECRET = "bench-secret-bench-secret-bench-secret"
ACTOR = Actor("test@example.com")


@dataclass
class BenchWorld:
    tenant: Tenant
    pair: Pair
    store: Connection
    erp: Connection
    token: str

    def order(
        self, number: int, *, sku: str = "a50", price: str = "10.00", quantity: int = 2
    ) -> dict[str, Any]:
        total = f"{float(price) * quantity + 3:.2f}"
        return {
            "number": str(number), "email": f"Pat{number}@Example.com", "currency": "USD", "total": float(total),
            "tax": 1.0, "shipping": 2.0, "discount": 0.0,
            "lines": [{"sku": sku, "quantity": quantity, "price": float(price)}],
        }  # fmt: skip

    def headers(
        self, body: bytes, *, delivery: str = "", age: int = 0, secret: str = SECRET
    ) -> dict[str, str]:
        timestamp = str(int(time.time()) - age)
        return {
            "x-bench-timestamp": timestamp,
            "x-bench-signature": sign(secret, timestamp, body),
            "x-bench-delivery": delivery or str(uuid.uuid4()),
        }

    def send(self, order: dict[str, Any], *, delivery: str = "") -> Received:
        """Deliver an order through the inbox as the web role does."""
        body = json.dumps(order).encode()
        return receive_hook(self.token, self.headers(body, delivery=delivery), body, address="127.0.0.1")

    def runs(self) -> list[Run]:
        with in_tenant(self.tenant.pk):
            return list(Run.objects.order_by("id"))


def make_bench_world(erp_url: str, name: str = "Northline Lighting") -> BenchWorld:
    """Create a tenant with a paired bench store and bench ERP."""
    tenant = tenants.create_tenant(name)
    with in_tenant(tenant.pk):
        store = connections.create_connection("bench_store", "Store", {"webhook_secret": SECRET}, actor=ACTOR)
        erp = connections.create_connection("bench_erp", "ERP", {"base_url": erp_url}, actor=ACTOR)
        pair = pairs.create_pair("Main", Environment.SANDBOX, store.pk, erp.pk, actor=ACTOR)
        token = connections.hook_token(store)
    return BenchWorld(tenant, pair, store, erp, token)
