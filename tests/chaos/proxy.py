"""A TCP proxy between the product and a sandbox, which can break the network in five ways.

The product is given the proxy's address; the harness switches the mode. Also bridges to a unix socket, so that
a process in another network namespace reaches PostgreSQL through a cable that can be pulled.
"""

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

_CHUNK = 64 * 1024
_CONNECT_SECONDS = 5.0
_TICK_SECONDS = 0.2
# Lingering for zero seconds makes close() send a reset.
_RESET = struct.pack("ii", 1, 0)


class Mode(StrEnum):
    """What the network does to every connection, those that are open included."""

    PASS = "pass"
    REFUSE = "refuse"
    """New connections are reset at once, open ones too: nobody listens."""
    SILENT = "silent"
    """Bytes of both directions are kept back: a cable that was pulled."""
    DELAY = "delay"
    """Each piece waits."""
    RESET = "reset"
    """Open connections are reset once, when the mode begins; new ones pass."""
    SWALLOW = "swallow"
    """Requests arrive and are served, answers are thrown away and the connection is reset."""


class Proxy:
    """One listening address in front of one target; thread per connection; ``mode`` may change any time."""

    def __init__(self, target: "tuple[str, int] | Path", *, host: str = "127.0.0.1") -> None:
        self._target = target
        self._mode = Mode.PASS
        self._delay_seconds = 0.0
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._asking: dict[socket.socket, str] = {}
        self._is_over = False
        self._listener = socket.create_server((host, 0), backlog=256)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._thread = threading.Thread(target=self._accept, name=f"proxy-{self.address[1]}", daemon=True)
        self._thread.start()

    def set_mode(self, mode: Mode, *, delay_seconds: float = 0.0) -> None:
        """Switch; ``refuse``, ``reset`` and ``swallow`` also end what is open."""
        with self._changed:
            self._mode, self._delay_seconds = mode, delay_seconds
            if mode in (Mode.REFUSE, Mode.RESET):
                for one in self._open:
                    _cut(one)
            self._changed.notify_all()

    def waiting_for_answers(self, host: str) -> int:
        """Return how many connections from a host have sent something that was not answered yet."""
        with self._changed:
            return sum(peer == host for peer in self._asking.values())

    def close(self) -> None:
        """Stop listening and reset what is open."""
        with self._changed:
            self._is_over = True
            for one in self._open:
                _cut(one)
            self._changed.notify_all()
        # A thread blocked in accept() is woken by a shutdown, not by a close.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._is_over:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._mode is Mode.REFUSE:
                _cut(client)
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.closing(client):
            try:
                server = self._connect()
            except OSError:
                _cut(client)
                return
            with contextlib.closing(server):
                self._carry_until_over(client, server)

    def _carry_until_over(self, client: socket.socket, server: socket.socket) -> None:
        with self._changed:
            self._open |= {client, server}
        try:
            is_cut = not self._carry(client, server)
        except OSError:
            is_cut = True  # one of the two was reset: so is the other
        finally:
            # Taken out before they are closed: nobody may cut a number that the system gave to another socket.
            with self._changed:
                self._open -= {client, server}
                self._asking.pop(client, None)
        if is_cut:
            _cut(client)
            _cut(server)

    def _connect(self) -> socket.socket:
        if isinstance(self._target, Path):
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._target))
            return server
        server = socket.create_connection(self._target, timeout=_CONNECT_SECONDS)
        server.settimeout(None)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    def _carry(self, client: socket.socket, server: socket.socket) -> bool:
        """Carry until one side closes; False when the connection is to be reset."""
        with contextlib.suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while not self._is_over:
                for key, _ in selector.select(_TICK_SECONDS):
                    is_answer = key.fd == server.fileno()
                    source, sink = (server, client) if is_answer else (client, server)
                    piece = source.recv(_CHUNK)
                    if not piece:
                        return True
                    if not self._travels(is_answer=is_answer):
                        return False
                    self._note(client, is_answer=is_answer)
                    sink.sendall(piece)
        return False

    def _note(self, client: socket.socket, *, is_answer: bool) -> None:
        with self._changed:
            if is_answer:
                self._asking.pop(client, None)
            elif client.family == socket.AF_INET:
                self._asking[client] = client.getpeername()[0]

    def _travels(self, *, is_answer: bool) -> bool:
        """Let a piece pass through the network as it is now; False when it is thrown away."""
        with self._changed:
            while self._mode is Mode.SILENT and not self._is_over:
                self._changed.wait(_TICK_SECONDS)
            if self._mode is Mode.DELAY:
                # Ends early when the mode changes, so that a healed network is healed at once.
                self._changed.wait(self._delay_seconds)
            return not (self._mode is Mode.SWALLOW and is_answer)


def _cut(one: socket.socket) -> None:
    """End a connection so that its peer sees a reset; its own thread closes it."""
    with contextlib.suppress(OSError):
        if one.family != socket.AF_UNIX:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(target: "tuple[str, int] | Path", *, host: str = "127.0.0.1") -> Iterator[Proxy]:
    """Yield a proxy and close it afterwards."""
    proxy = Proxy(target, host=host)
    try:
        yield proxy
    finally:
        proxy.close()
