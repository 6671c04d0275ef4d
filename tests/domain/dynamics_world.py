"""A merchant with X-Cart and Dynamics SL: two simulators as real processes. Used by the tests of the pair."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig
from integrations.kinds import Kind
from integrations.models import Alert, RecordLink, Run, in_tenant
from tests.contract.processes import SimulatorProcess
from tests.domain.pair_world import PairWorld


class World(PairWorld):
    """The pair, and a shop whose accounts are read as the connector reads them."""

    def __init__(self, store: SimulatorProcess, erp: SimulatorProcess, **values: Any) -> None:
        super().__init__(store, erp, "dynamics_sl", "NLCO", {
            "base_url": f"{erp.url}/ctDynamicsSL", "cpny_id": "0060", "site_key": "sandbox-site-key",
            "default_site": "MAIN", "operation_timeout_s": 10, "lookup_wait_s": 1, **values,
        })  # fmt: skip
        shop_values = {"base_url": store.url, "api_key_rw": "xcart-sandbox-read-write-key"}
        config = ConnectionConfig(values=shop_values, allowed_hosts=frozenset({store.host}))
        self.shop: Any = registry.build("x_cart", config)

    def account(self, email: str) -> dict[str, Any]:
        return dict(self.shop.fetch(Kind.CUSTOMER, email).fields)

    def customer(self, email: str) -> dict[str, Any]:
        (found,) = self.erp.control("GET", f"customers?email={email}")
        return {name: value.strip() if isinstance(value, str) else value for name, value in found.items()}

    def change(self, cust_id: str, **columns: Any) -> None:
        self.erp.control("POST", f"customers/{cust_id}", columns)

    def sales_orders(self, reference: str) -> list[dict[str, Any]]:
        return list(self.erp.control("GET", f"orders?reference={reference}"))

    def links(self, email: str) -> list[str]:
        with in_tenant(self.tenant.pk):
            found = RecordLink.objects.filter(kind="customer", storefront_key=email)
            return list(found.values_list("erp_id", flat=True))

    def alerts(self) -> list[str]:
        with in_tenant(self.tenant.pk):
            return list(Alert.objects.filter(rule="link_conflict").values_list("title", flat=True))

    def run_of(self, flow: str, record_key: str) -> Run:
        with in_tenant(self.tenant.pk):
            return Run.objects.filter(flow__key=flow, record_key=record_key).order_by("-id")[0]


@contextmanager
def dynamics_world(
    folder: Path, settings: Any, pack: Sequence[dict[str, Any]] | None = None, **values: Any
) -> Iterator[World]:
    """Run both simulators and give the pair, settled; ``pack`` = other flows than the ready ones."""
    store = SimulatorProcess("x_cart", folder / "x.sqlite", "--addon")
    erp = SimulatorProcess("dynamics_sl", folder / "sl.sqlite")
    settings.ALLOWED_PRIVATE_HOSTS = frozenset({store.host, erp.host})
    try:
        with pytest.MonkeyPatch.context() as patch:
            if pack is not None:
                patch.setattr(registry, "template_pack", lambda storefront, erp: list(pack))
            made = World(store, erp, **values)
        made.settle()
        yield made
        made.shop.close()
    finally:
        store.stop()
        erp.stop()
