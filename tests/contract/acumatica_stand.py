"""The Acumatica stand of tests that are functions: its fixtures, and what several of them ask of the simulator.

A test module takes the fixtures by assigning them.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.processes import SimulatorProcess, running
from tests.contract.test_acumatica import CLIENT_SECRET, PASSWORD, AcumaticaStand


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    options = ("--password", PASSWORD, "--client-secret", CLIENT_SECRET)
    with running("acumatica", tmp_path_factory.mktemp("acumatica"), *options) as started:
        yield started


@pytest.fixture
def stand(process: SimulatorProcess) -> Iterator[AcumaticaStand]:
    process.control("POST", "reset")
    made = AcumaticaStand(process)
    yield made
    made.close()


def setting(stand: AcumaticaStand, **settings: Any) -> None:
    stand.simulator.control("POST", "settings", settings)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
