"""Fault switches: what a person or a test asks a simulator to do wrong, and how often.

Everything is decided by numbers that the control call gave (``times``, ``skip``, ``every``, ``chance`` with
``seed``), so that the same calls meet the same faults. ``sandbox.Sandbox`` applies them around each call.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from integrations.sandbox.core.messages import Answer, Drop, Request, Response

BEFORE = frozenset({"status", "html", "drop_before_commit", "down"})
"""Kinds that answer without asking the simulator: nothing is applied."""

AFTER = frozenset(
    {
        "drop_after_commit",
        "slow_after_commit",
        "bad_gateway_after_commit",
        "html_after_commit",
        "truncate_after_commit",
    }
)
"""Kinds that let the simulator commit and then spoil its answer."""

PACING = frozenset({"slow", "latency", "rate_limit"})

SHARED_KINDS = BEFORE | AFTER | PACING


class BadFault(ValueError):
    """The control call asks for a fault that does not exist."""


@dataclass
class Fault:
    """One switch. ``times`` None = until cleared; ``skip`` calls pass, then every ``every``-th is hit."""

    kind: str
    times: int | None = None
    match: str = ""
    """Substring of ``METHOD path?query operation``; empty = every call."""
    skip: int = 0
    every: int = 1
    chance: float = 1.0
    seed: int = 1
    status: int = 503
    retry_after: int | None = None
    seconds: float = 0.0
    latency_ms: float = 0.0
    per_minute: int = 60
    seen: int = 0
    hits: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)
    _recent: deque[float] = field(default_factory=deque, repr=False)

    @classmethod
    def of_json(cls, given: Mapping[str, Any], extra_kinds: frozenset[str]) -> "Fault":
        """Return the switch a control call describes. Raises BadFault on unknown words."""
        known = {each.name for each in fields(cls) if not each.name.startswith("_")} - {"seen", "hits"}
        unknown = set(given) - known
        if unknown:
            raise BadFault(f"unknown fields: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        kind = given.get("kind")
        if kind not in SHARED_KINDS | extra_kinds:
            raise BadFault(f"unknown kind {kind!r}; known: {', '.join(sorted(SHARED_KINDS | extra_kinds))}")
        fault = cls(**given)
        fault._random.seed(fault.seed)
        return fault

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}

    def takes(self, subject: str) -> bool:
        """Count a call and say whether this switch hits it."""
        if self.match not in subject:
            return False
        self.seen += 1
        if self.times is not None and self.hits >= self.times:
            return False
        turn = self.seen - self.skip
        if turn <= 0 or (turn - 1) % self.every:
            return False
        if self.chance < 1.0 and self._random.random() >= self.chance:
            return False
        if self.kind == "rate_limit" and not self._is_over(time.monotonic()):
            return False
        self.hits += 1
        return True

    def _is_over(self, now: float) -> bool:
        while self._recent and self._recent[0] <= now - 60:
            self._recent.popleft()
        if len(self._recent) < self.per_minute:
            self._recent.append(now)
            return False
        self.retry_after = max(1, int(60 - (now - self._recent[0])) + 1)
        return True


class Faults:
    """The switches of one simulator; thread safe."""

    def __init__(self, extra_kinds: frozenset[str] = frozenset()) -> None:
        self.extra_kinds = extra_kinds
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._stopping = threading.Event()

    def add(self, given: Mapping[str, Any]) -> Fault:
        """Set one switch. Raises BadFault."""
        fault = Fault.of_json(given, self.extra_kinds)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self, kind: str = "") -> None:
        """Remove all switches, or those of one kind."""
        with self._lock:
            self._faults = [each for each in self._faults if kind and each.kind != kind]

    def listing(self) -> list[dict[str, Any]]:
        with self._lock:
            return [each.as_json() for each in self._faults]

    def take(self, kind: str, subject: str = "") -> Fault | None:
        """Return the first switch of a simulator's own kind that hits this subject, and count it."""
        with self._lock:
            return next((each for each in self._faults if each.kind == kind and each.takes(subject)), None)

    def _taken(self, subject: str) -> list[Fault]:
        with self._lock:
            if not self._faults:
                return []
            return [each for each in self._faults if each.kind in SHARED_KINDS and each.takes(subject)]

    def around(self, request: Request, operation: str, answer: Callable[[], Answer]) -> Answer:
        """Answer one call with whatever the switches say; ``answer`` commits when it is called."""
        subject = f"{request.method} {request.path}?{request.query_string} {operation}"
        taken = self._taken(subject)
        if not taken:
            return answer()
        for fault in taken:
            if fault.kind in ("slow", "latency"):
                self.wait(fault.seconds + fault.latency_ms / 1000)
        for fault in taken:
            early = _answer_before(fault)
            if early is not None:
                return early
        given = answer()
        for fault in taken:
            given = self._spoil(fault, given)
        return given

    def _spoil(self, fault: Fault, given: Answer) -> Answer:
        if fault.kind == "drop_after_commit":
            return Drop()
        if fault.kind == "slow_after_commit":
            self.wait(fault.seconds)
        elif fault.kind == "bad_gateway_after_commit":
            return Response.of_html(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>")
        elif fault.kind == "html_after_commit":
            return Response.of_html(200)
        elif fault.kind == "truncate_after_commit" and isinstance(given, Response):
            return Drop(part=given)
        return given

    def wait(self, seconds: float) -> None:
        """Keep a call waiting; ends early when the process ends."""
        self._stopping.wait(seconds)

    def stop(self) -> None:
        """Let every waiting call go on, because the process ends."""
        self._stopping.set()


def _answer_before(fault: Fault) -> Answer | None:
    if fault.kind == "rate_limit":
        return _status(429, fault.retry_after)
    if fault.kind == "status":
        return _status(fault.status, fault.retry_after)
    if fault.kind == "html":
        return Response.of_html(200)
    if fault.kind in ("drop_before_commit", "down"):
        # The control API shares the port, so "down" cannot close the listener: it resets each connection.
        return Drop()
    return None


def _status(status: int, retry_after: int | None) -> Response:
    response = Response.of_html(status, f"<html><body><h1>{status}</h1></body></html>".encode())
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
