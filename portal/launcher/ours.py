"""Our own processes: web, beat and the two workers, with the commands that also systemd units and images use."""

import time
import urllib.error
import urllib.request
from collections.abc import Mapping

from portal.launcher import environment
from portal.launcher.processes import Child, tail
from portal.launcher.state import State

_READY_SECONDS = 60.0


def processes_of(state: State, env: Mapping[str, str], host: str, port: int) -> list[Child]:
    """Return workers, beat and web in starting order, each under the database role it needs; not started yet."""
    worker = environment.python("-m", "celery", "-A", "portal.celery", "worker", "--loglevel", "WARNING")
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    drains, threads = env.get("CONNECT_DELIVERY_DRAINS", "2"), env.get("CONNECT_REST_THREADS", "8")
    plans = (
        ("worker delivery", [*worker, "-Q", "delivery", "-n", "delivery@%h", "-c", drains, *quiet], "engine", 40.0),
        # Polls and sweeps wait more than they work: threads of one process, so that a few systems that hang until their
        # timeout hold nobody up, at a third of the memory of as many processes.
        ("worker rest", [*worker, "-P", "threads", "-Q", "rest", "-n", "rest@%h", "-c", threads, *quiet], "engine", 20.0),
        (
            "beat",
            environment.python("-m", "portal.beat"),
            "engine",
            10.0,
        ),
        (
            "web",
            environment.python(
                "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
                "--workers", env.get("CONNECT_WEB_WORKERS", "2"), "--blocking-threads", "8",
                # The others go on while a dead worker is replaced; what lay in its queue waits for the successor.
                "--respawn-failed-workers", "--respawn-interval", "0.5",
                "--no-ws", "--log-level", "error", "portal.wsgi:application",
            ),
            "web",
            10.0,
        ),
    )  # fmt: skip
    return [
        Child(
            name, command, {**env, "CONNECT_DB_ROLE": role},
            state.logs / f"{name.replace(' ', '-')}.log", grace_seconds=grace,
        )
        for name, command, role, grace in plans
    ]  # fmt: skip


def wait_for_web(url: str, web: Child) -> None:
    """Wait until the portal answers and reaches its database. Raises RuntimeError with the end of its log."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/api/ready", timeout=2):  # noqa: S310  our own loopback address
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            if not web.is_alive or time.monotonic() > deadline:
                raise RuntimeError(f"the portal did not start:\n{tail(web.log)}") from error
            time.sleep(0.05)
