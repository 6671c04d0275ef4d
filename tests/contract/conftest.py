"""Fixtures of the contract tests: one simulator process per test class, reset before each test."""

from collections.abc import Iterator

import pytest

from tests.contract.processes import SimulatorProcess, running
from tests.contract.suite import Stand


@pytest.fixture(scope="class")
def simulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimulatorProcess]:
    stand: type[Stand] = request.cls.stand_class
    with running(stand.system, tmp_path_factory.mktemp(stand.system), *stand.options) as process:
        yield process


@pytest.fixture
def stand(request: pytest.FixtureRequest, simulator: SimulatorProcess) -> Iterator[Stand]:
    simulator.control("POST", "reset")
    built: Stand = request.cls.stand_class(simulator)
    try:
        yield built
    finally:
        built.close()
