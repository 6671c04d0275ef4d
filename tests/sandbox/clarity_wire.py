"""The Clarity eCommerce simulator with raw calls to it, for the tests of its quirks.

A test module takes the fixtures by assigning them.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.contract.processes import SimulatorProcess, running

CLIENT = {"client_id": "clarity-sandbox-client", "client_secret": "clarity-sandbox-client-secret-0123"}


class Wire:
    """Raw calls to the simulator, with a token of its own."""

    def __init__(self, process: SimulatorProcess) -> None:
        self.process = process
        self.control = process.control
        self.token = ""

    def ask_token(self, **changes: str) -> requests.Response:
        form = {"grant_type": "client_credentials", **CLIENT, **changes}
        return requests.post(f"{self.process.url}/oauth/token", data=form, timeout=5)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        if not self.token:
            self.token = self.ask_token().json()["access_token"]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Authorization", f"Bearer {self.token}")
        return requests.request(
            method, f"{self.process.url}/api/v1/{path}", json=body, headers=named, timeout=10
        )

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def place(self, **options: Any) -> int:
        return int(self.control("POST", "orders", options)["id"])

    def settings(self, **changes: Any) -> None:
        self.control("POST", "settings", changes)

    def problem(self, answer: requests.Response) -> tuple[int, str]:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["X-Trace-Id"] == answer.json()["traceId"]
        return answer.status_code, answer.json()["type"].rpartition("/")[2]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("clarity_ecommerce", tmp_path_factory.mktemp("clarity")) as started:
        yield started


@pytest.fixture
def site(process: SimulatorProcess) -> Wire:
    process.control("POST", "reset")
    return Wire(process)
