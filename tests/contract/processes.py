"""Starts a simulator as the separate process it is in production, and speaks to its control API."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class ControlError(Exception):
    """The control API refused a call."""


class SimulatorProcess:
    """One running simulator: ``url`` for the connector, ``control`` for the test."""

    def __init__(self, system: str, state: Path, *options: str) -> None:
        self._command = [
            *(sys.executable, "-m", f"integrations.sandbox.{system}"),
            *("--port", "0", "--state", str(state), *options),
        ]
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()  # ends when it listens, or when it died
        if not line:
            raise RuntimeError(f"simulator ended with {self._process.wait()}: {' '.join(self._command)}")
        self.url: str = json.loads(line)["url"]

    @property
    def host(self) -> str:
        """Return ``host:port``, as ConnectionConfig.allowed_hosts takes it."""
        return self.url.removeprefix("http://")

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call ``/control/<path>`` and return its JSON. Raises ControlError."""
        request = urllib.request.Request(
            f"{self.url}/control/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise ControlError(f"{error.code} {error.read().decode()}") from error

    def fault(self, kind: str, **options: Any) -> None:
        """Set a fault switch."""
        self.control("POST", "faults", {"kind": kind, **options})

    def kill_and_restart(self) -> None:
        """Kill the process without warning and start it again on the same state file."""
        self._process.send_signal(signal.SIGKILL)
        self._close()
        self._start()

    def stop(self) -> None:
        self._process.terminate()
        self._close()

    def _close(self) -> None:
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def running(system: str, directory: Path, *options: str) -> Iterator[SimulatorProcess]:
    """Run a simulator with a fresh state file in ``directory``."""
    process = SimulatorProcess(system, directory / f"{system}.sqlite", *options)
    try:
        yield process
    finally:
        process.stop()
