"""Demos under the launcher: processes come with a wish and go with it, ports stay, what fails says why."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from portal.launcher import demos as module
from portal.launcher.demos import Demos
from portal.launcher.state import State
from tests.processes.installation import wait_until

KEY = "1-x_cart-sage_500"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("CONNECT_STATE_DIR", str(tmp_path / "state"))
    return State.open()


@pytest.fixture
def demos(state: State) -> Iterator[Demos]:
    made = Demos(state, "token", slots=1)
    yield made
    made.stop()


def simulators() -> list[psutil.Process]:
    """Return the simulators under this process; a browser's driver of another test may be its child as well."""
    return [one for one in psutil.Process().children(recursive=True) if _is_simulator(one)]


def _is_simulator(process: psutil.Process) -> bool:
    try:
        return any("integrations.sandbox" in word for word in process.cmdline())
    except psutil.Error:
        return False  # it has ended


def answer_of(demos: Demos, key: str = KEY) -> dict[str, Any]:
    """Let the launcher work until it has answered a wish."""
    file = demos.directory / f"{key}.ready"

    def is_answered() -> bool:
        demos.look()
        return file.exists()

    wait_until(is_answered, 60, "an answer")
    told: dict[str, Any] = json.loads(file.read_text())
    return told


def test_a_wish_brings_two_simulators_and_its_end_stops_them(demos: Demos) -> None:
    demos.look()
    assert simulators() == []
    wish = demos.directory / f"{KEY}.wish"
    wish.touch()
    told = answer_of(demos)
    assert told["storefront"]["url"].removeprefix("http://") in demos.hosts
    assert f"127.0.0.1:{told['erp']['sql_port']}" in demos.hosts
    assert told["erp"]["certificate"].startswith("-----BEGIN CERTIFICATE")
    assert (demos.directory / f"{KEY}.ready").stat().st_mode & 0o077 == 0
    state_url = f"{told['storefront']['control_url']}/state"
    assert requests.get(state_url, timeout=5).status_code == 401
    headers = {"Authorization": f"Bearer {told['token']}"}
    assert requests.get(state_url, headers=headers, timeout=5).json()["system"] == "x_cart"
    wish.unlink()
    demos.look()
    assert simulators() == []
    assert not (demos.directory / f"{KEY}.ready").exists()


def test_a_simulator_that_dies_is_started_again_at_the_same_address(demos: Demos) -> None:
    (demos.directory / f"{KEY}.wish").touch()
    before = answer_of(demos)
    victim = simulators()[0]
    victim.kill()
    victim.wait(10)
    demos.look()
    (demos.directory / f"{KEY}.ready").unlink()
    after = answer_of(demos)
    assert (after["storefront"], after["secret"]) == (before["storefront"], before["secret"])


def test_the_next_start_has_the_same_ports_and_brings_the_demo_back(state: State) -> None:
    first = Demos(state, "token", slots=2)
    (first.directory / f"{KEY}.wish").touch()
    told = answer_of(first)
    hosts = first.hosts
    first.stop()
    second = Demos(state, "token", slots=2)
    try:
        assert second.hosts == hosts
        assert second.is_wanted
        assert answer_of(second)["storefront"] == told["storefront"]
    finally:
        second.stop()


def test_without_a_free_place_the_answer_says_so(demos: Demos) -> None:
    (demos.directory / f"{KEY}.wish").touch()
    answer_of(demos)
    (demos.directory / "2-x_cart-sage_500.wish").touch()
    assert "All places for demos are taken" in answer_of(demos, "2-x_cart-sage_500")["problem"]
    assert not (demos.directory / "2-x_cart-sage_500.wish").exists()


def test_a_simulator_that_does_not_start_ends_the_wish_with_the_reason(
    demos: Demos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "options_of", lambda system, secret, sql_port: ["--no-such-option"])
    (demos.directory / f"{KEY}.wish").touch()
    assert "did not start" in answer_of(demos)["problem"]
    assert not (demos.directory / f"{KEY}.wish").exists()
    demos.look()
    assert simulators() == []


@pytest.mark.parametrize(
    "name", ["1-x_cart-nothing", "x-x_cart-acumatica", "1-acumatica-x_cart", "..-x_cart-acumatica"]
)
def test_a_wish_for_something_else_is_not_heard(demos: Demos, name: str) -> None:
    (demos.directory / f"{name}.wish").touch()
    demos.look()
    assert simulators() == []
