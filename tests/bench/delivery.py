"""Measures the way of an order with the bench connector: full-body signed webhook, one JSON POST, 20 pairs.

Everything runs on this machine: the load generator and the ERP share its cores with the product.
"""

import http.client
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
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
from tests.bench.systems.bench_store.connector import sign

PAIRS = 20
SECRET = "bench-secret-bench-secret-bench-secret"
_PATIENCE_SECONDS = 300.0


def run(*, orders: int, latency_ms: float, rate: int) -> dict[str, Any]:
    """Return intake rate, end-to-end rate, latencies, CPU milliseconds per order and peak memory."""
    with tempfile.TemporaryDirectory(prefix="connect-bench-") as folder:
        os.environ["CONNECT_STATE_DIR"] = folder
        stage = Stage(State.open(), latency_ms)
        try:
            stage.start()
            return stage.measure(orders, rate)
        finally:
            stage.stop()


class Stage:
    """The product and the bench ERP, running."""

    def __init__(self, state: State, latency_ms: float) -> None:
        self.state = state
        self.latency_ms = latency_ms
        self.postgres, self.redis = Postgres(state), Redis(state)
        self.children: list[Child] = []
        self.erp: Child | None = None
        self.is_over = threading.Event()
        self.peak = {"pss_mb": 0.0, "rss_mb": 0.0}

    def start(self) -> None:
        ready = self.state.directory / "erp.json"
        self.erp = Child(
            "bench erp", environment.python("-m", "tests.bench.erp_server", str(ready), str(self.latency_ms)),
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
        env = environment.build(
            self.state, self.postgres, self.redis, CONNECT_EXTRA_CONNECTORS="tests.bench.systems",
            CONNECT_ALLOWED_HOSTS_OUT=self.erp_url.split("//")[1], CONNECT_PUBLIC_URL=self.url,
        )  # fmt: skip
        as_owner = {**env, "CONNECT_DB_ROLE": "owner"}
        subprocess.run(
            environment.python(str(ROOT / "manage.py"), "migrate", "--verbosity", "0"),
            env=as_owner,
            cwd=ROOT,
            check=True,
        )
        seeded = subprocess.run(
            environment.python("-m", "tests.bench.seed", self.erp_url, str(PAIRS)),
            env=as_owner, cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        self.tokens: list[str] = json.loads(seeded.stdout.splitlines()[-1])
        for child in processes_of(self.state, env, "127.0.0.1", port):
            child.start()
            self.children.append(child)
        wait_for_web(self.url, self.children[-1])
        self._wait_for_drain()

    def stop(self) -> None:
        for child in reversed(self.children):
            child.stop()
        self.redis.stop()
        self.postgres.stop()
        if self.erp is not None:
            self.erp.stop()

    def measure(self, orders: int, rate: int) -> dict[str, Any]:
        watcher = threading.Thread(target=self._watch_memory, daemon=True)
        watcher.start()
        try:
            return self._measure(orders, rate)
        finally:
            self.is_over.set()
            watcher.join()

    def _measure(self, orders: int, rate: int) -> dict[str, Any]:
        calm = self._calm(rate=rate, seconds=10)
        before = self._cpu()
        started = time.monotonic()
        latencies = self._send(range(1_000_000, 1_000_000 + orders), threads=8)
        intake = orders / (time.monotonic() - started)
        self._wait_for(orders, "BS-1")
        elapsed = time.monotonic() - started
        cpu = self._cpu() - before
        return {
            "orders": orders,
            "erp_latency_ms": self.latency_ms,
            "intake_per_s": round(intake, 1),
            "end_to_end_per_s": round(orders / elapsed, 1),
            "ack_p50_ms_flooded": round(_percentile(latencies, 50), 2),
            "ack_p99_ms_flooded": round(_percentile(latencies, 99), 2),
            **calm,
            "cpu_ms_per_order": round(cpu * 1000 / orders, 2),
            "peak_pss_mb": round(self.peak["pss_mb"], 1),
            "peak_rss_mb": round(self.peak["rss_mb"], 1),
        }

    def _calm(self, *, rate: int, seconds: int) -> dict[str, float]:
        """Send at a steady rate; return acknowledgement and webhook-to-ERP latencies."""
        numbers = list(range(2_000_000, 2_000_000 + rate * seconds))
        sent: dict[str, float] = {}
        acks: list[float] = []
        client = Client(self.url, self.tokens)
        for position, number in enumerate(numbers):
            time.sleep(max(0.0, (position / rate) - (time.monotonic() - self._clock(position))))
            sent[f"BS-{number}"] = time.time()
            acks.append(client.send(number))
        self._wait_for(len(numbers), "BS-2")
        arrived = self._stats()["arrived"]
        waits = [(arrived[f"orders:{reference}"] - at) * 1000 for reference, at in sent.items()]
        return {
            "calm_rate_per_s": rate,
            "ack_p50_ms": round(_percentile(acks, 50), 2),
            "ack_p99_ms": round(_percentile(acks, 99), 2),
            "webhook_to_erp_p50_ms": round(_percentile(waits, 50), 2),
            "webhook_to_erp_p99_ms": round(_percentile(waits, 99), 2),
        }

    def _clock(self, position: int) -> float:
        if position == 0:
            self._calm_started = time.monotonic()
        return self._calm_started

    def _send(self, numbers: Sequence[int], *, threads: int) -> list[float]:
        latencies: list[float] = []
        lock = threading.Lock()

        def work(part: Sequence[int]) -> None:
            client = Client(self.url, self.tokens)
            mine = [client.send(number) for number in part]
            with lock:
                latencies.extend(mine)

        workers = [threading.Thread(target=work, args=(numbers[start::threads],)) for start in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return latencies

    def _wait_for(self, count: int, prefix: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            effects = self._stats()["effects"]
            if sum(key.startswith(f"orders:{prefix}") for key in effects) >= count:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"{count} orders did not arrive in {_PATIENCE_SECONDS:.0f} s")
            time.sleep(0.1)

    def _wait_for_drain(self) -> None:
        """Let one order through, so that the first drain is up before anything is measured."""
        Client(self.url, self.tokens).send(3_000_000)
        self._wait_for(1, "BS-3")

    def _stats(self) -> dict[str, Any]:
        parts = urlsplit(self.erp_url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("GET", "/stats")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return found

    def _processes(self) -> list[psutil.Process]:
        roots = [child.process.pid for child in self.children if child.process is not None]
        found = [psutil.Process(pid) for pid in roots]
        return found + [child for one in found for child in one.children(recursive=True)]

    def _cpu(self) -> float:
        """Return CPU seconds of web, workers, beat, broker and database together."""
        servers = [server.child.process.pid for server in (self.postgres, self.redis) if server.child.process]
        everyone = self._processes() + [psutil.Process(pid) for pid in servers]
        everyone += [child for pid in servers for child in psutil.Process(pid).children(recursive=True)]
        total = 0.0
        for process in everyone:
            times = process.cpu_times()
            total += times.user + times.system
        return total

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


class Client:
    """One keep-alive connection that sends signed orders."""

    def __init__(self, url: str, tokens: Sequence[str]) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self.tokens = tokens

    def send(self, number: int) -> float:
        """Send one order; returns milliseconds until it was acknowledged."""
        body = json.dumps(order(number)).encode()
        timestamp = str(int(time.time()))
        started = time.monotonic()
        self.connection.request(
            "POST", f"/hooks/{self.tokens[number % len(self.tokens)]}", body,
            {"X-Bench-Timestamp": timestamp, "X-Bench-Signature": sign(SECRET, timestamp, body),
             "X-Bench-Delivery": str(uuid.uuid4()), "Content-Type": "application/json"},
        )  # fmt: skip
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 202:
            raise RuntimeError(f"order {number} was answered {answer.status}")
        return (time.monotonic() - started) * 1000


def order(number: int) -> dict[str, Any]:
    lines = [{"sku": f"sku-{number % 50}-{line}", "quantity": line + 1, "price": 12.5} for line in range(4)]
    return {
        "number": str(number), "email": f"pat{number}@example.com", "currency": "USD", "total": 128.0, "tax": 1.0,
        "shipping": 2.0, "discount": 0.0, "lines": lines, "note": "leave at the door " * 40,
    }  # fmt: skip


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
