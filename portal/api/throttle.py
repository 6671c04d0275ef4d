"""How fast one key may ask. Counted in the memory of the web process, so that neither broker nor database is needed.

An installation with N web processes lets a key through up to N times as fast: this stops run-away loops, it
is not a quota. What the plan counts is metered elsewhere.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

CALLS_PER_SECOND = 20.0
BURST = 200.0
_KEYS_REMEMBERED = 10_000


class Buckets:
    """Token buckets by key id; ``clock`` counts seconds and never goes back."""

    def __init__(
        self, *, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._levels: dict[int, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key_id: int) -> float:
        """Take one token; returns 0, or the seconds until there is one."""
        with self._lock:
            now = self._clock()
            level, filled_at = self._levels.pop(key_id, (self._burst, now))
            level = min(self._burst, level + (now - filled_at) * self._per_second)
            wait_seconds = 0.0 if level >= 1 else (1 - level) / self._per_second
            self._levels[key_id] = (level if wait_seconds else level - 1, now)
            if len(self._levels) > _KEYS_REMEMBERED:
                # The one that asked longest ago; its bucket is full again.
                del self._levels[next(iter(self._levels))]
            return wait_seconds


buckets = Buckets(per_second=CALLS_PER_SECOND, burst=BURST)


class KeyThrottle(BaseThrottle):
    """Answers 429 with ``Retry-After`` when a key's bucket is empty."""

    def __init__(self) -> None:
        self._wait_seconds = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        user: Any = request.user
        self._wait_seconds = buckets.take(user.key_id)
        return self._wait_seconds == 0

    def wait(self) -> float:
        return self._wait_seconds
