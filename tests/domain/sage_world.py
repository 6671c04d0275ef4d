"""A merchant with X-Cart and Sage 500: two simulators as real processes, TDS with TLS. Used by the tests of the pair."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig
from integrations.models import Run, in_tenant
from integrations.operations import runs
from tests.contract.processes import SimulatorProcess
from tests.contract.test_sage_500 import ORDER_STEP, PROCEDURES, STEPS
from tests.domain.pair_world import PairWorld
from tests.worlds import ACTOR

Pack = Sequence[dict[str, Any]]


class World(PairWorld):
    """X-Cart and Sage 500."""

    def __init__(self, store: SimulatorProcess, erp: SimulatorProcess) -> None:
        state = erp.control("GET", "state")
        company = {
            "sql_host": "127.0.0.1", "sql_port": state["tds_port"], "sql_database": "mas500_app", "sql_user": "connect",
            "sql_password": "sandbox-password", "sql_certificate": state["certificate"], "company_id": "ABC",
            "erp_user_id": "connect", "warehouse_ids": "MAIN", "setup_step_key": ORDER_STEP, "setup_steps": STEPS,
            "tracking_view": "tsoPackage", "tracking_column": "ShipTrackNo", "query_timeout_s": 10,
            "operation_timeout_s": 10, "lookup_wait_s": 1, **PROCEDURES,
        }  # fmt: skip
        super().__init__(store, erp, "sage_500", "ABC", company)
        values = {"base_url": store.url, "api_key_rw": "xcart-sandbox-read-write-key", "addon_enabled": True}
        config = ConnectionConfig(values=values, allowed_hosts=frozenset({store.host}))
        self.shop: Any = registry.build("x_cart", config)
        hosts = frozenset({f"127.0.0.1:{state['tds_port']}"})
        self.ledger: Any = registry.build("sage_500", ConnectionConfig(values=company, allowed_hosts=hosts))

    def sales_orders(self, number: str) -> list[dict[str, Any]]:
        """Return the sales orders of an order number; a return of it carries the number as well."""
        found = self.erp.control("GET", f"orders?reference=XC-{number}")
        return [order for order in found if order["TranType"] == 801]

    def arrived(self, placed: dict[str, Any]) -> dict[str, Any]:
        """Return the one sales order of a placed order."""
        (order,) = self.sales_orders(placed["order_number"])
        return order

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(self.erp.control("GET", f"tables/{table}"))

    def product(self, sku: str) -> dict[str, Any]:
        return next(each for each in self.store.control("GET", "products") if each["sku"] == sku)

    def approve(self, run: Run) -> None:
        """Do what a person does with a held run."""
        with in_tenant(self.tenant.pk):
            assert runs.retry([run.pk], actor=ACTOR, choice=runs.RetryChoice(approves=True)) == 1


@contextmanager
def sage_world(folder: Path, settings: Any, pack: Pack | None = None) -> Iterator[World]:
    """Run both simulators and give the pair, settled; ``pack`` = other flows than the ready ones."""
    store = SimulatorProcess("x_cart", folder / "x.sqlite", "--addon")
    erp = SimulatorProcess("sage_500", folder / "sage.sqlite")
    port = erp.control("GET", "state")["tds_port"]
    settings.ALLOWED_PRIVATE_HOSTS = frozenset({store.host, f"127.0.0.1:{port}"})
    try:
        with pytest.MonkeyPatch.context() as patch:
            if pack is not None:
                patch.setattr(registry, "template_pack", lambda storefront, erp: list(pack))
            made = World(store, erp)
        made.settle()
        yield made
        made.shop.close()
        made.ledger.close()
    finally:
        store.stop()
        erp.stop()
