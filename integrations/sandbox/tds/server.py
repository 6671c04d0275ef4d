"""The listener: a thread per client, each served by ``connection.Connection``. Loopback or a trusted network only."""

import itertools
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress

from integrations.sandbox.core.messages import Answer
from integrations.sandbox.tds.calls import SqlRequest
from integrations.sandbox.tds.connection import ClientSpoke, Connection
from integrations.sandbox.tds.database import Database
from integrations.sandbox.tds.encryption import Encryption, Identity, make_identity
from integrations.sandbox.tds.logins import Login

IDLE_SECONDS = 600.0


class TdsServer:
    """Listens on a port. ``answer`` runs each message; a simulator puts fault switches around it."""

    def __init__(
        self,
        address: tuple[str, int],
        database: Database,
        logins: dict[str, Login],
        *,
        encryption: Encryption = Encryption.LOGIN_ONLY,
        answer: Callable[[SqlRequest], Answer],
    ) -> None:
        self.database, self.logins, self.encryption, self.answer = database, logins, encryption, answer
        self.identity: Identity = make_identity(address[0])
        self._listener = socket.create_server(address, backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._spids = itertools.count(51)
        self._lock = threading.Lock()
        self._open: dict[int, tuple[Connection, socket.socket]] = {}
        self._threads: list[threading.Thread] = []
        self._is_stopping = False
        self._current = threading.local()

    def start(self) -> None:
        thread = threading.Thread(target=self._accept, name="tds-listener", daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """Close the port and every connection, and wait until their sessions are undone."""
        self._is_stopping = True
        # Shutting down wakes the thread that sits in accept(); closing alone would not.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.disconnect_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def disconnect_all(self) -> int:
        """Cut every client off, as a restart of the service does; return how many there were."""
        with self._lock:
            clients = list(self._open.values())
        for connection, client in clients:
            with suppress(OSError):  # the client may have left by itself
                connection.channel.abort()
                client.shutdown(socket.SHUT_RDWR)
        return len(clients)

    @property
    def sessions(self) -> int:
        """Return how many clients are connected."""
        with self._lock:
            return len(self._open)

    def watch(self, seconds: float) -> None:
        """Keep the call of this thread waiting. Raises ClientSpoke when its client cancels or leaves."""
        connection: Connection | None = getattr(self._current, "connection", None)
        if connection is not None and connection.channel.wait_for_word(seconds):
            raise ClientSpoke

    def _accept(self) -> None:
        while not self._is_stopping:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # the listener was closed
            thread = threading.Thread(target=self._serve, args=(client,), name="tds-client", daemon=True)
            with self._lock:
                self._threads = [each for each in self._threads if each.is_alive()]
                self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        spid = next(self._spids)
        client.settimeout(IDLE_SECONDS)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self, client, spid)
        self._current.connection = connection
        with self._lock:
            self._open[spid] = (connection, client)
        try:
            connection.serve()
        except (ConnectionError, TimeoutError, OSError):
            return  # the peer went away: nobody is left to answer
        except Exception:  # noqa: BLE001 - a fault of the simulator ends one connection and says so
            traceback.print_exc(file=sys.stderr)
        finally:
            with self._lock:
                del self._open[spid]
            client.close()
