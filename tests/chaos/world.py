"""The installation under chaos: ``./connect up`` with both sandboxes behind proxies, and its processes by number.

Everything lies in one directory of its own; ``running`` ends all it started and tells what was left behind.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests

from portal.launcher.postgres import Postgres
from portal.launcher.processes import Child, tail
from portal.launcher.state import ROOT, State
from portal.launcher.up import free_port
from tests.chaos.plan import LEASE_SECONDS
from tests.chaos.proxy import Proxy, proxied

_START_SECONDS = 120.0
_STOP_SECONDS = 100.0
_CONTROL_SECONDS = 120.0
SYSTEMS = ("x_cart", "dynamics_sl")
# Words in the command lines of our processes.
_WORDS = {
    "delivery": "-Q delivery",
    "rest": "-Q rest",
    "web": "granian",
    "beat": "portal.beat",
    "broker": "redis-server",
}


class World:
    """One running installation, its sandboxes and the proxies before them."""

    def __init__(self, directory: Path, launcher: Child, proxies: dict[str, Proxy]) -> None:
        self.directory = directory
        self.launcher = launcher
        self.proxies = proxies
        self.ready: dict[str, Any] = json.loads((directory / "ready.json").read_text())
        self.database_url = Postgres(State(directory)).url("super")

    def control(self, system: str, method: str, path: str, body: Any = None) -> Any:
        """Call a sandbox's control API, past the proxies. Raises requests.HTTPError; RuntimeError when it is gone."""
        sandbox = self.ready["sandboxes"][system]
        try:
            answer = requests.request(
                method, f"{sandbox['control_url']}/{path}", json=body, timeout=_CONTROL_SECONDS,
                headers={"Authorization": f"Bearer {sandbox['token']}"},
            )  # fmt: skip
        except requests.ConnectionError as error:
            # No fault ends a sandbox: the launcher did, because something else kept dying.
            raise RuntimeError(f"the installation is gone:\n{tail(self.launcher.log)}") from error
        answer.raise_for_status()
        return answer.json()

    def database(self) -> "psycopg.Connection[Any]":
        """Return a connection that row security does not bind; the harness only reads."""
        return psycopg.connect(self.database_url, autocommit=True, connect_timeout=5)

    def processes(self, who: str) -> list[psutil.Process]:
        """Return the launcher's own children of a name, such as ``delivery``."""
        return [one for one in _children(self.launcher_process) if _is(one, who)]

    def members(self, who: str) -> list[psutil.Process]:
        """Return the processes that those children forked: pool workers, web workers."""
        return [child for parent in self.processes(who) for child in _children(parent)]

    @property
    def launcher_process(self) -> psutil.Process:
        process = self.launcher.process
        if process is None:
            raise RuntimeError("the installation was not started")
        return psutil.Process(process.pid)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.Error:
        return []


def _is(process: psutil.Process, who: str) -> bool:
    try:
        if who == "postgres":
            return process.name() == "postgres"
        return _WORDS[who] in " ".join(process.cmdline())
    except psutil.Error:
        return False


@contextmanager
def running(
    directory: Path, left_behind: list[str], *, broker_url: str = "", host: str = "127.0.0.1"
) -> Iterator[World]:
    """Start an installation in ``directory``, yield it, stop it; processes that outlived it are ended and named.

    The proxies before the sandboxes listen on ``host``.

    Raises RuntimeError with the end of its log when it does not start.
    """
    directory.mkdir(parents=True)
    ports = {system: free_port() for system in SYSTEMS}
    with ExitStack() as stack:
        proxies = {
            system: stack.enter_context(proxied(("127.0.0.1", port), host=host))
            for system, port in ports.items()
        }
        launcher = Child(
            "up", [sys.executable, "-m", "portal.launcher", "up"],
            _environment(directory, ports, proxies, broker_url), directory / "up.log",
            stop_signal=signal.SIGINT, grace_seconds=_STOP_SECONDS,
        )  # fmt: skip
        launcher.start()
        try:
            _wait_until_ready(directory, launcher)
            yield World(directory, launcher, proxies)
        finally:
            launcher.stop()
            left_behind += _end_the_rest(directory)


def _environment(
    directory: Path, ports: dict[str, int], proxies: dict[str, Proxy], broker_url: str
) -> dict[str, str]:
    """Return the launcher's environment: sandboxes at known ports, and the product told the proxies' addresses."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_URL", "BROKER_URL", "CONNECT_"))
    }
    addresses = {system: "{}:{}".format(*proxy.address) for system, proxy in proxies.items()}
    settings = {
        "CONNECT_PORT": str(free_port()),
        "CONNECT_STATE_DIR": str(directory),
        "CONNECT_LEASE_SECONDS": str(LEASE_SECONDS),
        "CONNECT_SANDBOXES": json.dumps(
            {system: {"url": f"http://{at}"} for system, at in addresses.items()}
        ),
        "CONNECT_ALLOWED_HOSTS_OUT": ",".join(addresses.values()),
        **{f"CONNECT_SANDBOX_PORT_{system.upper()}": str(port) for system, port in ports.items()},
        "PYTHONPATH": str(ROOT),
    }
    if broker_url:
        settings["BROKER_URL"] = broker_url
    return kept | settings


def _wait_until_ready(directory: Path, launcher: Child) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not (directory / "ready.json").exists():
        if not launcher.is_alive or time.monotonic() > deadline:
            raise RuntimeError(f"the installation did not start:\n{tail(launcher.log)}")
        time.sleep(0.1)


def processes_of(directory: Path) -> list[psutil.Process]:
    """Return every process whose environment names this state directory, whoever its parent is now."""
    found = []
    for process in psutil.process_iter():
        try:
            belongs = process.environ().get("CONNECT_STATE_DIR") == str(directory)
        except psutil.Error:
            continue
        if belongs and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def _end_the_rest(directory: Path) -> list[str]:
    left = []
    for process in processes_of(directory):
        try:
            left.append(f"{process.pid} {' '.join(process.cmdline())[-120:]}")
            process.kill()
            process.wait(10)
        except psutil.Error:
            continue
    return left
