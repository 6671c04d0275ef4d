"""Puts a simulator behind the server: routes control calls, applies faults, lists calls, serves."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from integrations.sandbox.core.control import CallLog, Control
from integrations.sandbox.core.messages import Answer, Request
from integrations.sandbox.core.server import HttpServer
from integrations.sandbox.core.simulator import Simulator

CONTROL_PREFIX = "/control/"


class Sandbox:
    """One simulator, answering; also usable in a test process without sockets."""

    def __init__(self, simulator: Simulator, control_token: str = "") -> None:
        self.simulator = simulator
        self.calls = CallLog()
        self.control = Control(simulator, self.calls, control_token)

    def answer(self, request: Request) -> Answer:
        if request.path.startswith(CONTROL_PREFIX):
            return self.control.answer(request)
        started = time.perf_counter()
        operation = self.simulator.operation(request)
        answer = self.simulator.faults.around(request, operation, lambda: self.simulator.answer(request))
        self.calls.add(request, operation, answer, time.perf_counter() - started)
        return answer


def serve(
    simulator: Simulator,
    *,
    host: str,
    port: int,
    ready_path: str | Path | None = None,
    control_token: str = "",
) -> None:
    """Serve until SIGTERM or SIGINT; once listening, tell {url, control_url, pid} on stdout and in a file."""
    sandbox = Sandbox(simulator, control_token)
    server = HttpServer((host, port), sandbox.answer)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    thread = threading.Thread(target=server.serve_forever, name="server", daemon=True)
    thread.start()
    further = simulator.listen(host, sandbox.answer)
    simulator.start()
    _tell_ready(server, host, ready_path, further)
    stopping.wait()
    simulator.faults.stop()
    server.shutdown()
    server.server_close()
    simulator.stop()
    simulator.state.close()


def _tell_ready(
    server: HttpServer, host: str, ready_path: str | Path | None, further: Mapping[str, Any]
) -> None:
    url = f"http://{host}:{server.server_address[1]}"
    text = json.dumps({"url": url, "control_url": f"{url}{CONTROL_PREFIX}", "pid": os.getpid(), **further})
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    if ready_path is not None:
        # Written beside and renamed, so that a reader never sees half of it.
        path = Path(ready_path)
        beside = path.with_name(path.name + ".part")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
