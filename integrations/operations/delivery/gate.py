"""What stands before each call: the rate token, the lease check and the baton; and connectors kept warm per process."""

import threading
import time
from collections import defaultdict
from typing import Any

from integrations.connectors.base import Connector, Exchange
from integrations.flows.ports import LeaseLost
from integrations.operations.delivery.crew import Crew
from integrations.operations.limits import Purse
from integrations.stores.access import Access
from integrations.stores.renewals import Ask

_EXCHANGES_KEPT = 6


class Lease:
    """Until when this process may send for a run, on its own monotonic clock; renewed by the drain."""

    __slots__ = ("deadline", "started")

    def __init__(self, seconds: float) -> None:
        self.started = time.monotonic()
        self.deadline = self.started + seconds

    def check(self) -> None:
        """Raise LeaseLost when the time is up: fencing guards our database, only this guards the remote."""
        if time.monotonic() >= self.deadline:
            raise LeaseLost


class RunGate:
    """The gate of one run: gives the baton away around each remote call and keeps what was exchanged."""

    def __init__(self, lease: Lease, crew: Crew) -> None:
        self.lease = lease
        self.crew = crew
        self.calls = 0
        self.seconds = 0.0
        self.exchanges: list[Exchange] = []

    def before_call(self, *, is_write: bool) -> None:
        self.lease.check()
        self.calls += 1
        self.crew.give()

    def after_call(self, *, seconds: float, status: str) -> None:
        self.seconds += seconds
        self.crew.take()

    def observe(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        del self.exchanges[:-_EXCHANGES_KEPT]


class _Switch:
    """The gate a pooled connector is built with; it spends a token and forwards to the run being served."""

    current: RunGate

    def __init__(self, access: Access, purse: Purse) -> None:
        self._connection_id, self._per_minute = access.connection_id, access.calls_per_minute
        self._purse = purse

    def before_call(self, *, is_write: bool) -> None:
        # The token first: waiting for it takes time, and the lease is checked right before sending.
        self._purse.spend(self._connection_id, self._per_minute, self._sleep)
        self.current.before_call(is_write=is_write)

    def _sleep(self, seconds: float) -> None:
        with self.current.crew.paused():
            time.sleep(seconds)

    def after_call(self, *, seconds: float, status: str) -> None:
        self.current.after_call(seconds=seconds, status=status)

    def observe(self, exchange: Exchange) -> None:
        self.current.observe(exchange)


class ConnectorPool:
    """Warm connectors by (connection, revision); a thread borrows one for a run and brings it back."""

    def __init__(self, purse: Purse, ask: Ask) -> None:
        """``ask`` carries a thread's question to the one that holds the database connection."""
        self._purse, self._ask = purse, ask
        self._idle: dict[tuple[int, int], list[tuple[Connector, _Switch]]] = defaultdict(list)
        self._lock = threading.Lock()

    def borrow(self, access: Access, gate: RunGate) -> tuple[Connector, Any]:
        """Return a connector bound to this run's gate, and the token to bring it back with."""
        key = (access.connection_id, access.revision)
        with self._lock:
            idle = self._idle[key]
            entry = idle.pop() if idle else None
        if entry is None:
            switch = _Switch(access, self._purse)
            entry = (access.build(gate=switch, observe=switch.observe, ask=self._ask), switch)
        entry[1].current = gate
        return entry[0], (key, entry)

    def bring_back(self, token: Any) -> None:
        key, entry = token
        with self._lock:
            self._idle[key].append(entry)

    def close_stale(self, current: dict[int, int]) -> None:
        """Close connectors of revisions that are no longer current."""
        with self._lock:
            stale = [key for key in self._idle if key[0] in current and current[key[0]] != key[1]]
            entries = [entry for key in stale for entry in self._idle.pop(key)]
        for connector, _ in entries:
            connector.close()

    def close(self) -> None:
        with self._lock:
            entries = [entry for idle in self._idle.values() for entry in idle]
            self._idle.clear()
        for connector, _ in entries:
            connector.close()
