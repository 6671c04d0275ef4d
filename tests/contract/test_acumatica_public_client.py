"""A public client of Acumatica that we did not write works with the simulator as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from easy_acumatica import AcumaticaClient

from tests.contract.processes import SimulatorProcess, running
from tests.contract.test_acumatica import CLIENT_SECRET, PASSWORD


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    folder = tmp_path_factory.mktemp("acumatica")
    with running("acumatica", folder, "--password", PASSWORD, "--client-secret", CLIENT_SECRET) as started:
        yield started


@pytest.fixture(scope="module")
def client(simulator: SimulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = AcumaticaClient(
        base_url=f"{simulator.url}/AcumaticaERP", username="connect", password=PASSWORD, tenant="MyStore",
        endpoint_name="Default", endpoint_version="24.200.001", auto_load_env=False,
        cache_dir=Path(tmp_path_factory.mktemp("cache")), rate_limit_calls_per_second=1000,
    )  # fmt: skip
    yield made
    made.logout()


def test_it_signs_in_and_makes_its_models_of_our_description(
    simulator: SimulatorProcess, client: Any
) -> None:
    assert simulator.control("GET", "state")["sessions"]["open"] >= 1
    assert hasattr(client, "sales_order") and hasattr(client, "customer")
    assert client.models.SalesOrder is not None


def test_it_writes_an_order_that_the_simulator_numbers_and_adds_up(
    simulator: SimulatorProcess, client: Any
) -> None:
    order = client.models.SalesOrder(
        OrderType="SO", CustomerID="GOODFOOD", ExternalRef="public-client-1",
        Details=[client.models.SalesOrderDetail(InventoryID="A50-HALO", OrderQty=2, UnitPrice=10, ManualPrice=True)],
    )  # fmt: skip
    written = client.sales_order.put_entity(order)
    number = written["OrderNbr"]["value"]
    (held,) = simulator.control("GET", "orders?reference=public-client-1")
    assert held["OrderNbr"] == number
    assert float(written["OrderTotal"]["value"]) == 20


def test_it_lists_and_reads_what_the_simulator_holds(client: Any) -> None:
    listed = client.sales_order.get_list()
    numbers = {each["OrderNbr"]["value"] for each in listed}
    assert numbers
    customers = client.customer.get_list()
    assert "GOODFOOD" in {each["CustomerID"]["value"].strip() for each in customers}
