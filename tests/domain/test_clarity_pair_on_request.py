"""The flows of Clarity eCommerce and Dynamics SL that are on request: invoice number and project on the store's order."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import integrations.connectors.systems.dynamics_sl as dynamics_sl
from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig, WriteRequest
from integrations.kinds import Kind
from tests.contract.processes import SimulatorProcess
from tests.domain.test_clarity_pair import World

TEMPLATES = Path(dynamics_sl.__file__).parent / "templates" / "clarity_ecommerce"


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    store = SimulatorProcess("clarity_ecommerce", tmp_path / "ce.sqlite", "--rate-per-minute", "0")
    erp = SimulatorProcess("dynamics_sl", tmp_path / "sl.sqlite")
    settings.ALLOWED_PRIVATE_HOSTS = frozenset({store.host, erp.host})
    asked = json.loads((TEMPLATES / "on_request" / "80_invoice.json").read_text(encoding="utf-8"))
    pack = [*registry.template_pack("clarity_ecommerce", "dynamics_sl"), asked]
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(registry, "template_pack", lambda storefront, erp: pack)
            made = World(store, erp)
        made.settle()
        yield made
    finally:
        store.stop()
        erp.stop()


def test_an_invoice_is_named_on_the_stores_order_and_its_status_stays(world: World) -> None:
    placed = world.place()
    world.settle()
    (order,) = world.sales_orders(placed["order_number"])
    number = order["OrdNbr"].strip()
    assert "erpInvoiceNumber" not in world.shop_order(placed["id"])["attributes"]
    invoice = world.erp.control("POST", f"orders/{number}/invoice")["InvcNbr"]
    world.settle()
    run = world.last("invoice_back")
    assert run.status == "succeeded", run.reason
    shop = world.shop_order(placed["id"])
    assert (shop["status"], shop["attributes"]["erpInvoiceNumber"]) == ("Processing", invoice)
    assert len(shop["attributes"]["erpInvoiceDate"]) == len("2026-03-02")
    world.settle()
    world.settle()
    assert world.shop_order(placed["id"])["attributes"] == shop["attributes"]


def test_a_project_without_an_invoice_is_told_as_well_and_nothing_else_is(world: World) -> None:
    placed = world.place()
    world.settle()
    world.settle()
    assert world.last("invoice_back").reason_code == "filtered"
    (order,) = world.sales_orders(placed["order_number"])
    values = {"base_url": f"{world.erp.url}/ctDynamicsSL", "cpny_id": "0060", "site_key": "sandbox-site-key"}
    config = ConnectionConfig(values=values, allowed_hosts=frozenset({world.erp.host}))
    erp: Any = registry.build("dynamics_sl", config)
    erp.write(WriteRequest(Kind.ORDER, {"ProjectID": "LIGHT-26"}, external_id=order["OrdNbr"].strip()))
    erp.close()
    world.settle()
    assert world.last("invoice_back").status == "succeeded", world.last("invoice_back").reason
    attributes = world.shop_order(placed["id"])["attributes"]
    assert attributes == {"erpOrderNumber": order["OrdNbr"].strip(), "erpProject": "LIGHT-26"}
