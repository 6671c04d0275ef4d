"""The product and the bench ERP as real processes, with what they cost: CPU by part, memory at its peak."""

import http.client
import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import psutil

from portal.launcher import environment
from portal.launcher.ours import processes_of, wait_for_web
from portal.launcher.postgres import Postgres
from portal.launcher.processes import Child
from portal.launcher.redis import Redis
from portal.launcher.state import ROOT, State
from portal.launcher.up import free_port

PAIRS = 20
PATIENCE_SECONDS = 300.0


class Stage:
    """Web starts at once, workers and beat with ``start_workers``: intake can be measured alone."""

    def __init__(self, state: State, *, also_allowed: Sequence[str] = ()) -> None:
        """``also_allowed`` are further ``host:port`` that connections may reach."""
        self.state = state
        self._also_allowed = also_allowed
        self.postgres, self.redis = Postgres(state), Redis(state)
        self.children: list[Child] = []
        self.erp: Child | None = None
        self.is_over = threading.Event()
        self.peak = {"pss_mb": 0.0, "rss_mb": 0.0}
        self.watcher = threading.Thread(target=self._watch_memory, daemon=True)

    def start(self) -> None:
        ready = self.state.directory / "erp.json"
        self.erp = Child(
            "bench erp", environment.python("-m", "tests.bench.erp_server", str(ready)),
            {**os.environ, "PYTHONPATH": str(ROOT)}, self.state.logs / "erp.log",
        )  # fmt: skip
        self.erp.start()
        self.postgres.start()
        self.redis.start()
        while not (ready.exists() and ready.read_text().endswith("}")):
            time.sleep(0.02)
        self.erp_url = json.loads(ready.read_text())["url"]
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.env = environment.build(
            self.state, self.postgres, self.redis, CONNECT_EXTRA_CONNECTORS="tests.bench.systems",
            CONNECT_ALLOWED_HOSTS_OUT=",".join([self.erp_url.split("//")[1], *self._also_allowed]),
            CONNECT_PUBLIC_URL=self.url,
        )  # fmt: skip
        self.as_owner(str(ROOT / "manage.py"), "migrate", "--verbosity", "0")
        self.tokens: list[str] = json.loads(
            self.as_owner("-m", "tests.bench.seed", self.erp_url, str(PAIRS)).splitlines()[-1]
        )
        *self.workers, web = processes_of(self.state, self.env, "127.0.0.1", port)
        self._launch(web)
        wait_for_web(self.url, web)
        self.watcher.start()

    def start_workers(self) -> None:
        for child in self.workers:
            self._launch(child)

    def as_owner(self, *arguments: str) -> str:
        """Run a Python command under the owner's role; returns what it printed."""
        env = {**self.env, "CONNECT_DB_ROLE": "owner"}
        return subprocess.run(
            environment.python(*arguments), env=env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def stop(self) -> None:
        self.is_over.set()
        for child in reversed(self.children):
            child.stop()
        self.redis.stop()
        self.postgres.stop()
        if self.erp is not None:
            self.erp.stop()

    def _launch(self, child: Child) -> None:
        child.start()
        self.children.append(child)

    def ask_erp(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the bench ERP's answer; with a body it is told something."""
        connection = http.client.HTTPConnection(urlsplit(self.erp_url).netloc, timeout=10)
        try:
            connection.request("GET" if body is None else "POST", path, body and json.dumps(body))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def wait_for(self, count: int) -> None:
        """Wait until the ERP holds this many orders in all. Raises RuntimeError after five minutes."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (arrived := self.ask_erp("/count")) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{arrived} of {count} orders arrived in {PATIENCE_SECONDS:.0f} s")
            time.sleep(0.02)

    def cpu(self) -> dict[str, float]:
        """Return CPU seconds so far of web, workers, beat, broker and database."""
        roots = {child.name: child.process for child in self.children}
        roots |= {"postgres": self.postgres.child.process, "redis": self.redis.child.process}
        return {name: _cpu_of(process.pid) for name, process in roots.items() if process is not None}

    def _watch_memory(self) -> None:
        while not self.is_over.wait(1.0):
            pss = rss = 0.0
            for process in self._processes():
                try:
                    memory = process.memory_full_info()
                except psutil.Error:
                    continue
                pss, rss = pss + memory.pss, rss + memory.rss
            self.peak["pss_mb"] = max(self.peak["pss_mb"], pss / 1e6)
            self.peak["rss_mb"] = max(self.peak["rss_mb"], rss / 1e6)

    def _processes(self) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for child in list(self.children):
            try:
                if child.process is not None:
                    root = psutil.Process(child.process.pid)
                    found += [root, *root.children(recursive=True)]
            except psutil.Error:
                continue
        return found


def _cpu_of(pid: int) -> float:
    """Return CPU seconds of a process, its ended children and its living ones."""
    root = psutil.Process(pid)
    times = root.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in root.children(recursive=True):
        try:
            own = child.cpu_times()
        except psutil.Error:
            continue
        total += own.user + own.system
    return float(total)
