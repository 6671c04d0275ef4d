"""Fixtures of the SQL tests: a TDS server of their own, and one Sage 500 process per module, reset before each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.processes import SimulatorProcess, running
from tests.sandbox.sage_site import Site
from tests.sandbox.sql_clients import dialled
from tests.sandbox.tds_bench import Bench


@pytest.fixture(scope="module")
def sage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running(
        "sage_500", tmp_path_factory.mktemp("sage"), "--administrator-password", "sa-password"
    ) as one:
        yield one


@pytest.fixture
def site(sage: SimulatorProcess) -> Iterator[Site]:
    sage.control("POST", "reset")
    built = Site(sage)
    yield built
    built.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    built = Bench(tmp_path / "state.sqlite")
    yield built
    built.stop()


@pytest.fixture
def link(bench: Bench) -> Iterator[Any]:
    with dialled(bench.port) as connection:
        yield connection
