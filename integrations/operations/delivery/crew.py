"""The threads that serve runs: many may wait on the network, one computes at a time.

A baton passes between them by hand, so that a thread is woken only when it can go on: with a pool, a lock and the
interpreter's own switching an order cost 19 context switches, on a virtual machine more than its arithmetic.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Seat:
    """Where one thread waits; ``bell`` is a lock that is always held and released to wake it."""

    __slots__ = ("bell", "has_baton")

    def __init__(self) -> None:
        self.bell = threading.Lock()
        self.bell.acquire()
        self.has_baton = True

    def wake(self, *, has_baton: bool) -> None:
        self.has_baton = has_baton
        self.bell.release()


class Crew:
    """Up to ``size`` threads, started when they are needed. Tasks are callables that never raise."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._ready: deque[Callable[[], None]] = deque()
        self._returning: deque[_Seat] = deque()
        self._idle: list[_Seat] = []
        self._threads: list[threading.Thread] = []
        self._is_taken = False
        self._is_closing = False
        self._here = threading.local()

    def submit(self, task: Callable[[], None]) -> None:
        """Have a task done as soon as the baton comes round."""
        with self._lock:
            self._ready.append(task)
            if not self._is_taken:
                self._is_taken = True
                self._pass_on()

    def close(self) -> None:
        """Drop what has not begun; what has goes on. Returns at once."""
        with self._lock:
            self._is_closing = True
            self._ready.clear()
            idle, self._idle = self._idle, []
        for seat in idle:
            seat.wake(has_baton=False)

    def has_ended(self, wait_seconds: float) -> bool:
        """Return whether every thread is gone after waiting for one of them; asked again after ``close``."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if self._threads:
            self._threads[0].join(wait_seconds)
        return not self._threads

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Give the baton away while this thread waits; called from within a task."""
        self.give()
        try:
            yield
        finally:
            self.take()

    def give(self) -> None:
        """Let another thread compute: this one is about to wait."""
        with self._lock:
            self._pass_on()

    def take(self) -> None:
        """Wait until this thread may compute again."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            seat: _Seat = self._here.seat
            self._returning.append(seat)
        seat.bell.acquire()

    def _pass_on(self) -> None:
        """Hand the baton to a thread that can use it, a new task first; the lock is held."""
        if self._ready and self._idle:
            self._idle.pop().wake(has_baton=True)
        elif self._ready and len(self._threads) < self._size:
            thread = threading.Thread(target=self._work, name=f"run-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        elif self._returning:
            self._returning.popleft().wake(has_baton=True)
        else:
            self._is_taken = False

    def _work(self) -> None:
        """Do tasks for as long as there are some; begins, and goes on after each wait, with the baton."""
        seat = self._here.seat = _Seat()
        while True:
            with self._lock:
                task = self._ready.popleft() if self._ready else None
                if task is None:
                    if self._is_closing:
                        self._pass_on()
                        return
                    self._idle.append(seat)
                    self._pass_on()
            if task is None:
                seat.bell.acquire()
                if not seat.has_baton:
                    return
            else:
                task()
