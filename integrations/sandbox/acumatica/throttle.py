"""The licence's limit of calls a minute: delays from half of it on, refusals only for long queues [documented].

Delay = (60 s - age of the oldest call in the window) / (quota - calls done); 50 a minute, 25 done, 20 s left: 0.8 s.
"""

import threading
import time
from collections import deque

LONGEST_QUEUE = 20


class Throttle:
    """Delays and declines. ``quota`` 0 = no limit."""

    def __init__(self) -> None:
        self.quota = 0
        self._lock = threading.Lock()
        self._done: deque[float] = deque()
        self._waiting = 0
        self._stopping = threading.Event()

    def delay(self, now: float) -> float:
        """Return how long a call that arrives now is held."""
        with self._lock:
            while self._done and self._done[0] <= now - 60:
                self._done.popleft()
            done = len(self._done)
            if not self.quota or done * 2 < self.quota:
                return 0.0
            left = 60 - (now - self._done[0])
            return left / max(self.quota - done, 1)

    def admit(self) -> bool:
        """Wait as long as the licence says; False = declined. Declined calls are not counted."""
        if not self.quota:
            return True
        seconds = self.delay(time.monotonic())
        with self._lock:
            if seconds and self._waiting >= LONGEST_QUEUE:
                return False
            self._waiting += 1
        try:
            self._stopping.wait(seconds)
        finally:
            with self._lock:
                self._waiting -= 1
                self._done.append(time.monotonic())
        return True

    def record(self, moment: float) -> None:
        """Count a call that was made at a moment; tests fill the window with it."""
        with self._lock:
            self._done.append(moment)

    def reset(self) -> None:
        with self._lock:
            self._done.clear()
            self.quota = 0

    def stop(self) -> None:
        self._stopping.set()
