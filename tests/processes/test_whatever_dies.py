"""The real processes: orders arrive, once each, whatever dies; one shopper is one customer; backups come back."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests
from redis import Redis

from portal.launcher.postgres import Postgres
from portal.launcher.state import State
from tests.processes.installation import ROOT, Installation, running, wait_until

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running(tmp_path_factory.mktemp("up") / "state") as one:
        yield one


def references(numbers: list[str]) -> set[str]:
    return {f"XC-{number}" for number in numbers}


def wait_for_arrival(installation: Installation, numbers: list[str], seconds: float) -> dict[str, int]:
    wanted = references(numbers)
    wait_until(
        lambda: wanted <= installation.arrived().keys(), seconds, f"{len(wanted)} orders in Dynamics SL"
    )
    return {reference: count for reference, count in installation.arrived().items() if reference in wanted}


def test_twenty_orders_of_one_new_shopper_create_one_customer(installation: Installation) -> None:
    numbers = installation.place_orders(20, email="new.shopper@example.com")
    arrived = wait_for_arrival(installation, numbers, 60)
    assert set(arrived.values()) == {1}
    customers = installation.control("dynamics_sl", "GET", "counts/customers")
    assert customers["new.shopper@example.com"] == 1


def test_killed_workers_and_a_flushed_broker_lose_and_double_nothing(installation: Installation) -> None:
    installation.control("dynamics_sl", "POST", "faults", {"kind": "latency", "latency_ms": 150})
    numbers = installation.place_orders(200)
    wanted = references(numbers)
    wait_until(lambda: len(wanted & installation.arrived().keys()) >= 20, 60, "the first 20 orders")
    for process in installation.children("delivery"):
        process.send_signal(signal.SIGKILL)
    _flush_broker(installation)
    assert len(wanted - installation.arrived().keys()) > 0, "everything had arrived before the kill"
    installation.control("dynamics_sl", "DELETE", "faults")
    arrived = wait_for_arrival(installation, numbers, 120)
    assert len(arrived) == 200
    assert set(arrived.values()) == {1}


def _flush_broker(installation: Installation) -> None:
    secrets = json.loads((installation.directory / "secrets.json").read_text())
    config = (installation.directory / "redis.conf").read_text()
    path = next(line.split('"')[1] for line in config.splitlines() if line.startswith("unixsocket "))
    Redis(unix_socket_path=path, password=secrets["redis_password"]).flushall()


def test_with_a_stalled_broker_webhooks_are_acknowledged_at_once_and_delivered(
    installation: Installation,
) -> None:
    redis = installation.children("redis-server")
    for process in redis:
        process.suspend()
    try:
        started = time.monotonic()
        numbers = installation.place_orders(5)
        wait_until(
            lambda: installation.control("x_cart", "GET", "state")["webhooks"].get("waiting", 0) == 0,
            10,
            "acknowledgements",
        )
        assert time.monotonic() - started < 5
        arrived = wait_for_arrival(installation, numbers, 20)
        assert set(arrived.values()) == {1}
    finally:
        for process in redis:
            process.resume()


def test_while_a_dead_web_worker_is_replaced_no_call_fails(installation: Installation) -> None:
    main, *workers = installation.children("granian")
    assert len(workers) == 2
    workers[0].send_signal(signal.SIGKILL)
    workers[0].wait(10)

    def is_replaced() -> bool:
        # Half of the calls lie in the queue of the dead one: they wait for its successor.
        answer = requests.get(f"{installation.ready['portal_url']}/api/ready", timeout=60)
        assert answer.status_code == 200
        return len(installation.children("granian")) == 3

    wait_until(is_replaced, 60, "a new web worker")
    assert main.is_running()


def test_tasks_keep_their_database_connections_and_replace_those_that_were_cut(
    installation: Installation,
) -> None:
    with psycopg.connect(Postgres(State(installation.directory)).url("super"), autocommit=True) as database:

        def sessions() -> set[int]:
            rows = database.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'connect_engine'")
            return {pid for (pid,) in rows.fetchall()}

        def polls() -> int:
            rows = database.execute(
                "SELECT last_finished_at FROM poll_cursor WHERE last_finished_at IS NOT NULL"
            )
            return sum(round(at.timestamp()) for (at,) in rows.fetchall())

        def wait_for_polls() -> None:
            before = polls()
            wait_until(lambda: polls() > before, 20, "a poll")

        wait_for_polls()
        before = sessions()
        wait_for_polls()
        # A login for each task would leave none of them; a thread that had nothing to do yet may come along.
        assert before <= sessions()
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'connect_engine'"
        )
        wait_until(lambda: not before & sessions(), 10, "the end of the cut sessions")
        wait_for_polls()
        numbers = installation.place_orders(2)
        assert set(wait_for_arrival(installation, numbers, 60).values()) == {1}


def test_an_unsigned_webhook_gets_401_and_an_oversized_one_413(installation: Installation) -> None:
    url = installation.ready["webhook_urls"]["x_cart"]
    assert requests.post(url, data=b"{}", timeout=10).status_code == 401
    assert requests.post(url, data=b"x" * (3 * 1024 * 1024), timeout=10).status_code == 413
    assert requests.get(url, timeout=10).status_code == 405
    assert requests.post(url + "x", data=b"{}", timeout=10).status_code == 404


def test_a_backup_restores_everything_into_an_empty_directory(
    installation: Installation, tmp_path: Path
) -> None:
    archive, fresh = tmp_path / "all.backup", tmp_path / "fresh"
    before = installation.arrived()
    _word(installation.directory, "backup", str(archive))
    assert archive.stat().st_mode & 0o077 == 0
    _word(fresh, "restore", str(archive))
    with running(fresh) as restored:
        assert restored.arrived() == before
        # The key ring came along: a new order needs the sealed credentials of both connections.
        numbers = restored.place_orders(1)
        assert set(wait_for_arrival(restored, numbers, 60).values()) == {1}


def _word(directory: Path, *words: str) -> None:
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_URL", "BROKER_URL"))
    }
    subprocess.run(
        [sys.executable, "-m", "portal.launcher", *words],
        cwd=ROOT, env=env | {"CONNECT_STATE_DIR": str(directory)}, check=True, capture_output=True,
    )  # fmt: skip
