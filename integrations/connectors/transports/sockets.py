"""The connection classes under ``transports.http``: connect to checked addresses, note when sending begins.

``has_begun_sending`` is what separates "nothing was sent" from "the outcome is unknown", so it is set here,
right before the first byte, and not guessed from the class of an exception.
"""

import socket
import time
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from integrations.connectors.transports.addresses import AddressPolicy
from integrations.connectors.transports.deadlines import Call

_SURELY_ALIVE_SECONDS = 1.0

current_call: ContextVar[Call] = ContextVar("current_call")
"""The call this thread is making; set by HttpTransport."""


class _Checked:
    """Mixin over urllib3's connections; ``policy`` is bound by :class:`CheckedAdapter`."""

    policy: AddressPolicy
    host: str
    port: int
    timeout: Any
    socket_options: Any
    sock: Any
    held: bytes = b""
    """The head of a request, kept for its body."""
    is_holding: bool = False
    sent_at: float = 0.0

    def _new_conn(self) -> socket.socket:
        """Connect to the first reachable checked address. Raises Misconfigured, NewConnectionError."""
        connection: Any = self
        try:
            addresses = self.policy.checked(self.host, self.port)
        except (socket.gaierror, UnicodeError) as error:
            reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(self.host, connection, reason) from error
        failure: OSError | None = None
        for family, address in addresses:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(self.timeout)
                sock.connect(address)
                return sock
            except OSError as error:
                failure = error
                sock.close()
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(connection, f"connect to {self.host} timed out") from failure
        raise NewConnectionError(connection, f"cannot connect: {failure}") from failure

    @property
    def is_connected(self) -> bool:
        """Return whether the server has not hung up; not asked of a connection used a moment ago, each costs a poll."""
        if self.sock is None:
            return False
        return time.monotonic() - self.sent_at < _SURELY_ALIVE_SECONDS or super().is_connected  # type: ignore[misc]

    def endheaders(self, *args: Any, **options: Any) -> None:
        """Keep the head until the body comes: one packet instead of two, and the server wakes once."""
        self.held, self.is_holding = b"", True
        super().endheaders(*args, **options)  # type: ignore[misc]
        self.is_holding = False

    def request(self, *args: Any, **options: Any) -> None:
        """Send a request; one without a body leaves here, while the connect timeout is in force."""
        super().request(*args, **options)  # type: ignore[misc]
        if self.held:
            self.send(b"")

    def send(self, data: Any) -> None:
        if self.is_holding and isinstance(data, bytes):
            self.held += data
            return
        if self.held and isinstance(data, bytes):
            data, self.held = self.held + data, b""
        elif self.held:
            head, self.held = self.held, b""
            self.send(head)
        self.sent_at = time.monotonic()
        call = current_call.get()
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        call.sock = self.sock
        call.has_begun_sending = True
        super().send(data)  # type: ignore[misc]


class CheckedAdapter(HTTPAdapter):
    """A requests adapter whose pools connect through an address policy; never retries by itself."""

    def __init__(self, policy: AddressPolicy, *, pool_size: int) -> None:
        plain = type("CheckedHTTPConnection", (_Checked, HTTPConnection), {"policy": policy})
        secure = type("CheckedHTTPSConnection", (_Checked, HTTPSConnection), {"policy": policy})
        self._pools: dict[str, type[HTTPConnectionPool]] = {
            "http": type("CheckedHTTPPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("CheckedHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        super().__init__(pool_connections=2, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools
