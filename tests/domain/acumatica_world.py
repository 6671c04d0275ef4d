"""A merchant with X-Cart and Acumatica, both simulators as real processes. Used by the tests of this pair."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.base import Reader
from integrations.kinds import Kind
from integrations.models import Connection, Run, in_tenant
from integrations.operations import runs
from integrations.stores import access
from tests.contract.processes import SimulatorProcess
from tests.domain.pair_world import PairWorld
from tests.worlds import ACTOR


class AcumaticaWorld(PairWorld):
    """X-Cart and Acumatica."""

    def __init__(self, store: SimulatorProcess, erp: SimulatorProcess, **changes: Any) -> None:
        values = {
            "base_url": f"{erp.url}/AcumaticaERP", "tenant": "MyStore", "username": "connect",
            "password": "sandbox-password", "client_id": "4B6A1F0E-0000-4000-8000-5A7D00C0FFEE@MyStore",
            "client_secret": "sandbox-client-secret", "operation_timeout_s": 10, "lookup_wait_s": 1,
            "max_requests_per_minute": 6000, "max_api_users": 3, **changes,
        }  # fmt: skip
        super().__init__(store, erp, "acumatica", "MyStore", values)

    def sales_orders(self, number: str) -> list[dict[str, Any]]:
        return list(self.erp.control("GET", f"orders?reference=XC-{number}"))

    def payments(self) -> list[dict[str, Any]]:
        return list(self.erp.control("GET", "payments"))

    def product(self, sku: str) -> dict[str, Any]:
        (found,) = [one for one in self.store.control("GET", "products") if one["sku"] == sku]
        return dict(found)

    def runs(self, **which: Any) -> list[Run]:
        with in_tenant(self.tenant.pk):
            return list(Run.objects.filter(**which).order_by("id"))

    def shown(self, kind: Kind, external_id: Any) -> Mapping[str, Any]:
        """Return a record as the shop's own interface shows it: what the control API leaves out."""
        with in_tenant(self.tenant.pk):
            shop = Connection.objects.get(system="x_cart")
            connector = access.load([shop])[shop.pk].build()
        assert isinstance(connector, Reader)
        return connector.fetch(kind, str(external_id)).fields

    def retry(self, run: Run, *, approves: bool = False) -> None:
        """Send a run back, as a person does."""
        with in_tenant(self.tenant.pk):
            assert runs.retry([run.pk], actor=ACTOR, choice=runs.RetryChoice(approves=approves)) == 1

    def approve(self, run: Run) -> None:
        """Let a change go that waits for a person."""
        self.retry(run, approves=True)


_FOLDER = resources.files("integrations.connectors.systems.acumatica") / "templates" / "x_cart" / "on_request"


def pack(*, on_change: str = "", also: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the ready flows, the order flow with another policy, and flows that come on request."""
    flows = registry.template_pack("x_cart", "acumatica")
    if on_change:
        (orders,) = [one for one in flows if one["definition"]["key"] == "order_out"]
        orders["definition"]["policies"]["on_change"] = on_change
    return [*flows, *(json.loads((_FOLDER / f"{name}.json").read_text()) for name in also)]


@contextmanager
def acumatica_world(
    tmp_path: Path,
    settings: Any,
    flows: list[dict[str, Any]] | None = None,
    prepare: Callable[[SimulatorProcess], dict[str, Any]] = lambda erp: {},
) -> Iterator[AcumaticaWorld]:
    """Start both simulators and yield a settled merchant.

    ``flows`` stand for the ready pack; ``prepare`` returns settings that only the started Acumatica can give.
    """
    store = SimulatorProcess("x_cart", tmp_path / "x.sqlite", "--addon")
    erp = SimulatorProcess("acumatica", tmp_path / "ac.sqlite")
    settings.ALLOWED_PRIVATE_HOSTS = frozenset({store.host, erp.host})
    try:
        with pytest.MonkeyPatch.context() as patch:
            if flows is not None:
                patch.setattr(registry, "template_pack", lambda storefront, erp: flows)
            made = AcumaticaWorld(store, erp, **prepare(erp))
        made.settle()
        yield made
    finally:
        store.stop()
        erp.stop()
