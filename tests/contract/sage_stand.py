"""The Sage 500 stand of tests that are functions: its fixtures, and what several of them ask of the simulator.

A test module takes the fixtures by assigning them.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from tests.contract.processes import SimulatorProcess, running
from tests.contract.test_sage_500 import PASSWORD, SageStand

CLERK = "sage-sandbox-clerk"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    options = ("--password", PASSWORD, "--administrator-password", CLERK)
    with running("sage_500", tmp_path_factory.mktemp("sage_500"), *options) as started:
        yield started


@pytest.fixture
def stand(process: SimulatorProcess) -> Iterator[SageStand]:
    process.control("POST", "reset")
    made = SageStand(process)
    yield made
    made.close()


def setting(stand: SageStand, **settings: Any) -> None:
    stand.simulator.control("POST", "settings", settings)


def rows(stand: SageStand, table: str) -> list[dict[str, Any]]:
    return list(stand.simulator.control("GET", f"tables/{table}"))


def changed(request: WriteRequest, **fields: Any) -> WriteRequest:
    return replace(request, fields={**request.fields, **fields})


def ship(stand: SageStand, key: str, **body: Any) -> str:
    return str(stand.simulator.control("POST", f"orders/{key}/ship", body)["ShipKey"])
