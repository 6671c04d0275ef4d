"""What an order of the first pair costs all in: X-Cart's webhook and API, mapping, Dynamics SL's SOAP, what is kept.

A whole installation as ``./connect up`` starts it; the simulators' own CPU is not counted, nor what the installation
does while nothing happens. Once with the order flow alone, once with everything the ready pack does about an order:
acknowledgement, echo, payment and its receipt. Sandbox pairs are polled every three seconds because somebody watches;
here each kind is polled once, when the orders have arrived.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from portal.launcher.postgres import Postgres
from portal.launcher.state import State
from tests.processes.installation import Installation, running, wait_until

OPTIONS = (("orders", 300, "orders of one known shopper"),)
_WARM_UP = 150
_PATIENCE_SECONDS = 300.0
_OURS = ("granian", "portal.celery", "portal.beat", "postgres", "redis-server")
_PAUSE = "UPDATE flow SET paused_at = now(), pause_reason = 'bench' WHERE key <> 'order_out'"
_POLL_LATER = "UPDATE poll_cursor SET interval_seconds = 86400, due_at = now() + interval '1 day'"
_POLL_NOW = """
UPDATE poll_cursor c SET due_at = now()
WHERE EXISTS (SELECT 1 FROM flow f WHERE f.tenant_id = c.tenant_id AND f.kind = c.kind AND f.paused_at IS NULL)
"""
_LEFT = """
SELECT (SELECT count(*) FROM run r JOIN flow f ON f.id = r.flow_id AND f.paused_at IS NULL
        WHERE r.status IN ('queued', 'running', 'retrying', 'in_doubt'))
     + (SELECT count(*) FROM poll_cursor WHERE due_at <= now() OR leased_until > now())
"""
_CALM_SECONDS = 1.0
_IDLE_SECONDS = 10.0


def run(*, orders: int) -> dict[str, float]:
    """Return CPU milliseconds of web, workers, beat, broker and database for each order; ``_pack`` with all flows."""
    with (
        tempfile.TemporaryDirectory(prefix="connect-bench-") as folder,
        running(Path(folder) / "state") as stage,
        _database(stage) as database,
    ):
        # Both worker processes have served every flow before a clock starts.
        _delivered(stage, database, _WARM_UP)
        database.execute(_POLL_LATER)
        idle = _idle(stage)
        pack = _measured(stage, database, orders, "_pack", idle)
        database.execute(_PAUSE)
        _delivered(stage, database, _WARM_UP)
        alone = _measured(stage, database, orders, "", _idle(stage))
        return alone | pack | {"sl_idle_cpu_ms_per_s": round(sum(idle.values()), 1)}


def _idle(stage: Installation) -> dict[str, float]:
    """Return CPU milliseconds a second of an installation in which nothing happens but polls."""
    before, started = _cpu(stage), time.monotonic()
    time.sleep(_IDLE_SECONDS)
    seconds = time.monotonic() - started
    return {name: (spent - before[name]) * 1000 / seconds for name, spent in _cpu(stage).items()}


def _measured(
    stage: Installation,
    database: "psycopg.Connection[tuple[int]]",
    orders: int,
    suffix: str,
    idle: dict[str, float],
) -> dict[str, float]:
    """Deliver and count what the orders cost beyond what the idle installation does meanwhile."""
    before, started = _cpu(stage), time.monotonic()
    seconds = _delivered(stage, database, orders)
    spent = _cpu(stage)
    elapsed = time.monotonic() - started
    cpu = {name: ((spent[name] - before[name]) * 1000 - idle[name] * elapsed) / orders for name in spent}
    return {
        f"sl_cpu_ms_per_order{suffix}": round(sum(cpu.values()), 2),
        **{f"sl_cpu_ms_{name.replace('.', '_')}{suffix}": round(cost, 2) for name, cost in cpu.items()},
        f"sl_orders_per_s{suffix}": round(orders / seconds, 1),
    }


def _delivered(stage: Installation, database: "psycopg.Connection[tuple[int]]", count: int) -> float:
    """Place orders, wait until each stands in the ERP and nothing follows any more; returns the seconds it took."""
    started = time.monotonic()
    numbers = set(stage.place_orders(count, email="bench@example.com"))

    def has_arrived() -> bool:
        arrived = stage.arrived()
        return all(arrived.get(f"XC-{number}") == 1 for number in numbers)

    wait_until(has_arrived, _PATIENCE_SECONDS, f"{count} orders in the ERP")
    _wait_for_calm(database)
    database.execute(_POLL_NOW)
    return _wait_for_calm(database) - started


def _wait_for_calm(database: "psycopg.Connection[tuple[int]]") -> float:
    """Wait until no poll and no run is due or under way; returns when the last one was seen."""
    busy_at = time.monotonic()

    def is_calm() -> bool:
        nonlocal busy_at
        row = database.execute(_LEFT).fetchone()
        if row is None or row[0]:
            busy_at = time.monotonic()
        return time.monotonic() - busy_at > _CALM_SECONDS

    wait_until(is_calm, _PATIENCE_SECONDS, "the end of all that follows the orders")
    return busy_at


@contextmanager
def _database(stage: Installation) -> "Iterator[psycopg.Connection[tuple[int]]]":
    """Yield a connection that row security does not bind, as nothing of the product has."""
    url = Postgres(State(stage.directory)).url("super")
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as database:
        yield database


def _cpu(stage: Installation) -> dict[str, float]:
    """Return CPU seconds so far by kind of process, of its ended children too."""
    spent = dict.fromkeys(_OURS, 0.0)
    for name in _OURS:
        for process in stage.children(name):
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            spent[name] += times.user + times.system + times.children_user + times.children_system
    return spent
