"""Measures the way of an order with the bench connector: full-body signed webhook, one JSON POST, 20 pairs.

Everything runs on this machine: the load generator and the ERP share its cores with the product.
"""

import os
import tempfile
import time
from typing import Any

from portal.launcher.state import State
from tests.bench import soap
from tests.bench.load import Sender, flood, percentile
from tests.bench.stage import Stage

OPTIONS = (
    ("orders", 10_000, "orders of each part"),
    ("rate", 20, "orders a second of the calm part"),
    ("soap-orders", 300, "orders of the X-Cart and Dynamics SL part"),
    ("old-runs", 1_000_000, "finished runs put into the tables before the last part; 0 leaves it out"),
)
_SENDERS = 8
_LATENCY_SECONDS = 0.05


def run(*, orders: int, rate: int, old_runs: int, soap_orders: int) -> dict[str, Any]:
    """Return intake and end-to-end rates, latencies, CPU milliseconds per order and peak memory.

    ``orders`` are sent three times: at once, against an ERP that takes 50 ms, and with ``old_runs`` finished ones in
    the tables (0 leaves that part out). ``rate`` is that of the calm part, per second. Last comes an installation with
    X-Cart and Dynamics SL, ``soap_orders`` through it.
    """
    with tempfile.TemporaryDirectory(prefix="connect-bench-") as folder:
        os.environ["CONNECT_STATE_DIR"] = folder
        stage = Stage(State.open())
        try:
            stage.start()
            figures = Measure(stage).all(orders, rate, old_runs)
        finally:
            stage.stop()
    return {**figures, **soap.run(orders=soap_orders)}


class Measure:
    """One course of measurements over a running stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.sent = 0

    def all(self, orders: int, rate: int, old_runs: int) -> dict[str, Any]:
        figures: dict[str, Any] = {"orders": orders, **self.intake(min(orders, 4000))}
        self.stage.start_workers()
        self.stage.wait_for(self.sent)
        figures |= self.calm(rate=rate, seconds=10)
        figures |= self.flooded(orders)
        figures |= self.fair(orders)
        self.stage.ask_erp("/control", {"latency": _LATENCY_SECONDS})
        figures["orders_per_s_50ms"] = self.flooded(orders)["orders_per_s"]
        self.stage.ask_erp("/control", {"latency": 0})
        if old_runs:
            self.stage.as_owner("-m", "tests.bench.history", str(old_runs))
            again = self.flooded(orders)
            figures["orders_per_s_1m_rows"] = again["orders_per_s"]
            figures["cpu_ms_per_order_1m_rows"] = again["cpu_ms_per_order"]
        figures["peak_pss_mb"] = round(self.stage.peak["pss_mb"], 1)
        figures["peak_rss_mb"] = round(self.stage.peak["rss_mb"], 1)
        return figures

    def intake(self, orders: int) -> dict[str, float]:
        """Send while no worker runs."""
        flood(self.stage.url, self.stage.tokens, self._numbers(200), senders=_SENDERS)
        before = sum(self.stage.cpu().values())
        seconds, _ = flood(self.stage.url, self.stage.tokens, self._numbers(orders), senders=_SENDERS)
        cpu = sum(self.stage.cpu().values()) - before
        return {
            "intake_per_s": round(orders / seconds, 1),
            "intake_cpu_ms": round(cpu * 1000 / orders, 2),
        }

    def flooded(self, orders: int) -> dict[str, Any]:
        """Send as fast as acknowledged; the clock stops when the ERP has the last one."""
        numbers = self._numbers(orders)
        before = self.stage.cpu()
        started = time.monotonic()
        _, latencies = flood(self.stage.url, self.stage.tokens, numbers, senders=_SENDERS)
        self.stage.wait_for(self.sent)
        elapsed = time.monotonic() - started
        after = self.stage.cpu()
        cpu = {name: (after[name] - before[name]) * 1000 / orders for name in after}
        return {
            "orders_per_s": round(orders / elapsed, 1),
            "cpu_ms_per_order": round(sum(cpu.values()), 2),
            **{f"cpu_ms_{name.replace(' ', '_')}": round(cost, 2) for name, cost in cpu.items()},
            "ack_p50_ms_flooded": round(percentile(latencies, 50), 2),
            "ack_p99_ms_flooded": round(percentile(latencies, 99), 2),
        }

    def fair(self, orders: int) -> dict[str, float]:
        """Let one tenant's flood wait, then send one order of another; return how long that one took."""
        big, small = self.stage.tokens[:1], self.stage.tokens[1:2]
        flood(self.stage.url, big, self._numbers(orders), senders=_SENDERS)
        waiting = self.sent - self.stage.ask_erp("/count")
        sender, number = Sender(self.stage.url, small), self._numbers(1)[0]
        sent_at = time.time()
        sender.send(sender.request(number))
        self.stage.wait_for(self.sent)
        arrived = self.stage.ask_erp("/stats")["arrived"][f"orders:BS-{number}"]
        return {
            "neighbours_waiting": waiting,
            "single_order_ms_beside_them": round((arrived - sent_at) * 1000, 1),
        }

    def calm(self, *, rate: int, seconds: int) -> dict[str, float]:
        """Send at a steady rate; return acknowledgement and webhook-to-ERP latencies."""
        client = Sender(self.stage.url, self.stage.tokens)
        numbers = self._numbers(rate * seconds)
        sent: dict[str, float] = {}
        acks: list[float] = []
        started = time.monotonic()
        for position, number in enumerate(numbers):
            request = client.request(number)
            time.sleep(max(0.0, started + position / rate - time.monotonic()))
            sent[f"BS-{number}"] = time.time()
            acks.append(client.send(request))
        self.stage.wait_for(self.sent)
        arrived = self.stage.ask_erp("/stats")["arrived"]
        waits = [(arrived[f"orders:{reference}"] - at) * 1000 for reference, at in sent.items()]
        return {
            f"ack_p50_ms_{rate}": round(percentile(acks, 50), 2),
            f"ack_p99_ms_{rate}": round(percentile(acks, 99), 2),
            f"e2e_p50_ms_{rate}": round(percentile(waits, 50), 2),
            f"e2e_p99_ms_{rate}": round(percentile(waits, 99), 2),
        }

    def _numbers(self, count: int) -> range:
        first = 1_000_000 + self.sent
        self.sent += count
        return range(first, first + count)
