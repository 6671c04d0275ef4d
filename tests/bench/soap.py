"""What an order of the first pair costs all in: X-Cart's webhook and API, Dynamics SL's SOAP, status back to the shop.

A whole installation as ``./connect up`` starts it; the simulators' own CPU is not counted.
"""

import tempfile
import time
from pathlib import Path

import psutil

from tests.processes.installation import Installation, running, wait_until

OPTIONS = (("orders", 300, "orders of one known shopper"),)
_WARM_UP = 40
_PATIENCE_SECONDS = 300.0
_OURS = ("granian", "portal.celery", "portal.beat", "postgres", "redis-server")


def run(*, orders: int) -> dict[str, float]:
    """Return CPU milliseconds of web, workers, beat, broker and database for each order delivered and acknowledged."""
    with (
        tempfile.TemporaryDirectory(prefix="connect-bench-") as folder,
        running(Path(folder) / "state") as stage,
    ):
        _deliver(stage, _WARM_UP)
        before = _cpu(stage)
        started = time.monotonic()
        _deliver(stage, orders)
        seconds = time.monotonic() - started
        cpu = {name: (spent - before[name]) * 1000 / orders for name, spent in _cpu(stage).items()}
        return {
            "sl_cpu_ms_per_order": round(sum(cpu.values()), 2),
            **{f"sl_cpu_ms_{name.replace('.', '_')}": round(cost, 2) for name, cost in cpu.items()},
            "sl_orders_per_s": round(orders / seconds, 1),
        }


def _deliver(stage: Installation, count: int) -> None:
    """Place orders and wait until each stands in the ERP and the shop shows it as taken."""
    numbers = set(stage.place_orders(count, email="bench@example.com"))

    def is_done() -> bool:
        arrived = stage.arrived()
        return all(arrived.get(f"XC-{number}") == 1 for number in numbers)

    wait_until(is_done, _PATIENCE_SECONDS, f"{count} orders in the ERP")

    def is_acknowledged() -> bool:
        listed = stage.control("x_cart", "GET", "orders?limit=100000")
        shown = {one["order_number"]: one["shipping_status"] for one in listed}
        return all(shown[number] != "N" for number in numbers)

    wait_until(is_acknowledged, _PATIENCE_SECONDS, f"{count} orders acknowledged")


def _cpu(stage: Installation) -> dict[str, float]:
    """Return CPU seconds so far by kind of process."""
    spent = dict.fromkeys(_OURS, 0.0)
    for name in _OURS:
        for process in stage.children(name):
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            spent[name] += times.user + times.system
    return spent
