"""Ends overdue calls: one watchdog thread per process shuts the socket of a call at its total timeout.

Read timeouts alone do not bound a call: a server that sends one byte a second never trips them. Used by
``transports.http``.
"""

import heapq
import itertools
import os
import socket
import threading
import time


class Call:
    """One remote call under watch. Used by one thread; the watchdog only looks at ``sock``."""

    __slots__ = ("deadline", "has_begun_sending", "is_ended", "is_overdue", "sock")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.sock: socket.socket | None = None
        self.has_begun_sending = False
        self.is_ended = False
        self.is_overdue = False

    def cut(self) -> None:
        """Shut the socket, so that the reading thread wakes with an error."""
        self.is_overdue = True
        sock = self.sock
        if sock is None:
            return
        try:
            # Not SSLSocket.shutdown: that one tears the TLS object away under the reading thread.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
        except OSError:
            return  # already closed by either side: the reading thread has its error


class Watchdog:
    """Cuts watched calls at their deadline. Starts its thread at first use, again after a fork."""

    def __init__(self) -> None:
        self._pid = 0
        self._renew()

    def _renew(self) -> None:
        self._condition = threading.Condition()
        self._heap: list[tuple[float, int, Call]] = []
        self._numbers = itertools.count()
        self._wakes_at = float("inf")
        """When the thread looks next; only an earlier deadline wakes it, each waking costs as much as a call."""

    def watch(self, seconds: float) -> Call:
        """Return a call that is cut ``seconds`` from now unless its ``is_ended`` was set."""
        if self._pid != os.getpid():
            self._start()
        call = Call(time.monotonic() + seconds)
        with self._condition:
            # Calls end long before their deadline: without this the heap holds minutes of them.
            while self._heap and self._heap[0][2].is_ended:
                heapq.heappop(self._heap)
            heapq.heappush(self._heap, (call.deadline, next(self._numbers), call))
            if call.deadline < self._wakes_at:
                self._wakes_at = call.deadline
                self._condition.notify()
        return call

    def _start(self) -> None:
        with _starting:
            if self._pid == os.getpid():
                return
            self._renew()  # a lock inherited through fork may be held by a thread that does not exist here
            threading.Thread(target=self._run, name="call-deadlines", daemon=True).start()
            self._pid = os.getpid()

    def _run(self) -> None:
        while True:
            with self._condition:
                while self._heap and self._heap[0][2].is_ended:
                    heapq.heappop(self._heap)
                self._wakes_at = self._heap[0][0] if self._heap else float("inf")
                wait = self._wakes_at - time.monotonic() if self._heap else None
                if wait is None or wait > 0:
                    self._condition.wait(wait)
                    continue
                call = heapq.heappop(self._heap)[2]
            if not call.is_ended:
                call.cut()


_starting = threading.Lock()
os.register_at_fork(after_in_child=lambda: globals().update(_starting=threading.Lock()))

WATCHDOG = Watchdog()
