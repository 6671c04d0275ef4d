"""A merchant with X-Cart and an ERP, both simulators as real processes. Used by the end-to-end tests of the pairs."""

from typing import Any

import pytest
from django.utils import timezone

from integrations.kinds import Environment
from integrations.models import Flow, Pair, PollCursor, Run, Tenant, in_tenant
from integrations.operations import connections, pairs, polling, sweep, tenants
from integrations.operations.delivery.drain import Drain
from tests.conftest import database_role
from tests.contract.processes import SimulatorProcess
from tests.worlds import ACTOR


class PairWorld:
    """A merchant whose two systems are simulators; time moves when ``settle`` is called."""

    def __init__(
        self, store: SimulatorProcess, erp: SimulatorProcess, system: str, name: str, values: dict[str, Any]
    ) -> None:
        self.store, self.erp = store, erp
        self.tenant: Tenant = tenants.create_tenant("Northline Lighting", timezone="America/Chicago")
        with in_tenant(self.tenant.pk):
            shop = connections.create_connection("x_cart", "Store", {
                "base_url": store.url, "api_key_rw": "xcart-sandbox-read-write-key", "store_timezone": "America/Chicago",
                "addon_enabled": True, "webhook_secret": "x" * 40, "max_requests_per_minute": 6000,
            }, actor=ACTOR)  # fmt: skip
            ledger = connections.create_connection(system, name, values, actor=ACTOR)
            self.pair: Pair = pairs.create_pair("Main", Environment.SANDBOX, shop.pk, ledger.pk, actor=ACTOR)

    def settle(self) -> None:
        """Poll everything and serve until nothing is due."""
        with database_role("engine"), pytest.MonkeyPatch.context() as patch:
            patch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.02)
            PollCursor.across_tenants.update(due_at=timezone.now(), leased_until=None)
            for cursor_id in polling.due_polls():
                polling.poll_one(cursor_id)
            sweep.sweep()
            Drain(threads=4, lease_seconds=30).run()

    def place(self, **options: Any) -> dict[str, Any]:
        placed: dict[str, Any] = self.store.control("POST", "orders", {"email": "pat@example.com", **options})
        return placed

    def shop_order(self, order_id: Any) -> dict[str, Any]:
        order: dict[str, Any] = self.store.control("GET", f"orders/{order_id}")
        return order

    def last(self, flow: str) -> Run:
        with in_tenant(self.tenant.pk):
            return Run.objects.filter(flow__in=Flow.objects.filter(key=flow)).order_by("id").last()
