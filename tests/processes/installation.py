"""Starts ``./connect up`` in a directory of its own, as a stranger would, and speaks to it from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent.parent
_START_SECONDS = 180.0


class Installation:
    """A running installation: its ready file, its control APIs and its processes."""

    def __init__(self, process: "subprocess.Popen[bytes]", directory: Path) -> None:
        self.process = process
        self.directory = directory
        self.ready: dict[str, Any] = json.loads((directory / "ready.json").read_text())

    def control(self, system: str, method: str, path: str, body: Any = None) -> Any:
        sandbox = self.ready["sandboxes"][system]
        answer = requests.request(
            method, f"{sandbox['control_url']}/{path}", json=body, timeout=30,
            headers={"Authorization": f"Bearer {sandbox['token']}"},
        )  # fmt: skip
        answer.raise_for_status()
        return answer.json()

    def place_orders(self, count: int, **options: Any) -> list[str]:
        """Place orders in X-Cart; returns their numbers."""
        placed = self.control("x_cart", "POST", "orders", {"count": count, **options})["orders"]
        return [order["order_number"] for order in placed]

    def arrived(self) -> dict[str, int]:
        """Return how many sales orders Dynamics SL holds by reference."""
        counted: dict[str, int] = self.control("dynamics_sl", "GET", "counts/orders")
        return counted

    def children(self, word: str) -> list[psutil.Process]:
        """Return our processes whose command line holds a word, parents first."""
        return [
            child
            for child in psutil.Process(self.process.pid).children(recursive=True)
            if word in " ".join(_command_of(child))
        ]


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def running(directory: Path, *options: str, **settings: str) -> Iterator[Installation]:
    """Start an installation, yield it, stop it with Ctrl-C's signal and see that nothing is left."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_URL", "BROKER_URL", "CONNECT_"))
    }
    env |= {
        "CONNECT_PORT": "0", "CONNECT_STATE_DIR": str(directory), "CONNECT_LEASE_SECONDS": "6", **settings,
    }  # fmt: skip
    directory.mkdir(exist_ok=True)
    with (directory / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.launcher", "up", *options],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(
                lambda: (directory / "ready.json").exists() or process.poll() is not None,
                _START_SECONDS,
                "ready.json",
            )
            assert process.poll() is None, (directory / "up.log").read_text()
            installation = Installation(process, directory)
            everyone = psutil.Process(process.pid).children(recursive=True)
            yield installation
            everyone += psutil.Process(process.pid).children(recursive=True)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(90)
    left = [one for one in everyone if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert not left, f"left behind: {left}"


def wait_until(is_true: Callable[[], Any], seconds: float, what: str) -> None:
    """Ask again until it is true; fails saying what was awaited."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)
