"""RabbitMQ as the broker of a chaos run: Debian's server in a directory of its own, on loopback, ended by process id.

Debian's own service is not used: ``rabbitmq-server`` is started from its libraries' folder with every path, port
and name given, its port mapper (epmd) included.
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from kombu import Connection
from kombu.exceptions import OperationalError

from portal.launcher.processes import Child, tail
from portal.launcher.up import free_port
from tests.chaos.faults import Broker, Faults, Heal, send_signal

_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_START_SECONDS = 60.0
_QUEUES = ("delivery", "rest")
# The server's processes are told from others by this variable in their environment.
_MARK = "CONNECT_CHAOS_RABBIT"

MISSING = "RabbitMQ is not installed here: apt-get install -y --no-install-recommends rabbitmq-server"


class RabbitMQ(Broker):
    """One node; nothing in it needs to survive."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = free_port()
        self._child = Child(
            "rabbitmq", [str(_SERVER)], self._environment(), home / "rabbitmq.log", grace_seconds=20.0
        )

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def _environment(self) -> dict[str, str]:
        folder = self._home / "rabbit"
        folder.mkdir()
        (folder / "plugins").write_text("[].\n")
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"chaos{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none.conf"),
            _MARK: str(self._home),
        }

    def start(self) -> None:
        """Start and wait until it takes connections. Raises RuntimeError with the end of its log."""
        self._child.start()
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                with Connection(self.url, connect_timeout=2) as connection:
                    connection.connect()
                return
            except (OSError, OperationalError) as error:
                if not self._child.is_alive or time.monotonic() > deadline:
                    raise RuntimeError(f"RabbitMQ did not start:\n{tail(self._child.log)}") from error
                time.sleep(0.2)

    def stop(self) -> None:
        """End the node, then its port mapper, which is nobody's child."""
        self._child.stop()
        for process in self._everyone():
            process.kill()
            process.wait(10)

    def _everyone(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if (
                    process.environ().get(_MARK) == str(self._home)
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def processes(self) -> list[psutil.Process]:
        return [one for one in self._everyone() if one.name() == "beam.smp"]

    def kill(self, faults: Faults) -> tuple[str, Heal | None]:
        victims = self.processes()
        words = f"killed rabbitmq {send_signal(victims, signal.SIGKILL)}"

        def again() -> None:
            self._child.stop()
            self.start()

        return words, again

    def flush(self) -> str:
        try:
            with Connection(self.url, connect_timeout=2) as connection:
                channel = connection.channel()
                purged = [channel.queue_purge(queue) for queue in _QUEUES]
        except (OSError, OperationalError, *Connection(self.url).channel_errors) as error:
            return f"broker could not be flushed: {type(error).__name__}"
        return f"broker flushed: {sum(count or 0 for count in purged)} messages"


def is_installed() -> bool:
    return _SERVER.exists() and shutil.which("erl") is not None


@contextmanager
def serving(home: Path) -> Iterator[RabbitMQ]:
    """Yield a node that runs in ``home``. Raises RuntimeError where RabbitMQ is not installed or does not start."""
    if not is_installed():
        raise RuntimeError(MISSING)
    server = RabbitMQ(home)
    try:
        server.start()
        yield server
    finally:
        server.stop()
