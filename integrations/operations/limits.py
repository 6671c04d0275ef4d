"""One limiter per remote credential for all workers: rate tokens in a row of the database, leased in small blocks.

Spent by the transport at each call: deliveries through a :class:`Purse` per process, polls and tests one by one.
A 429 blocks the credential for as long as the system says and lowers its rate; the rate recovers by a tenth of the
stated limit a minute.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from integrations.connectors.errors import RateLimited
from integrations.models import Connection, in_tenant
from integrations.stores import statements

_BURST_SECONDS = 5.0
_LOWEST_PER_MINUTE = 6.0
_BLOCK_SECONDS = 5.0
_LONGEST_BLOCK_SECONDS = 300.0

_TAKE = """
WITH now_there AS (
    SELECT l.id, c.calls_per_minute AS stated, l.blocked_until,
           least(c.calls_per_minute, l.per_minute
               + c.calls_per_minute * 0.1 * extract(epoch FROM now() - l.refilled_at) / 60.0) AS rate,
           l.tokens + extract(epoch FROM now() - l.refilled_at) * l.per_minute / 60.0 AS refilled
    FROM connection_limit l JOIN connection c ON c.tenant_id = l.tenant_id AND c.id = l.connection_id
    WHERE l.connection_id = %s::bigint FOR UPDATE OF l
), measured AS (
    SELECT *, least(refilled, greatest(1.0, rate * %s::double precision / 60.0)) AS there FROM now_there
), granted AS (
    SELECT *, CASE WHEN blocked_until > now() THEN 0
                   ELSE floor(least(greatest(there, 0), %s::double precision)) END AS given FROM measured
)
UPDATE connection_limit l SET tokens = g.there - g.given, refilled_at = now(), per_minute = g.rate,
    refusals = CASE WHEN g.given > 0 THEN 0 ELSE l.refusals END
FROM granted g WHERE l.id = g.id AND g.stated IS NOT NULL
RETURNING g.given, greatest(coalesce(extract(epoch FROM g.blocked_until - now()), 0),
                            CASE WHEN g.there >= 1 THEN 0 ELSE (1 - g.there) * 60.0 / g.rate END)
"""
_RETURN = (
    "UPDATE connection_limit SET tokens = tokens + %s::double precision WHERE connection_id = %s::bigint"
)
_REFUSED = """
UPDATE connection_limit SET refusals = refusals + 1, tokens = least(tokens, 0),
    per_minute = CASE WHEN per_minute IS NOT NULL THEN greatest(per_minute * 0.7, %s::double precision) END,
    blocked_until = greatest(blocked_until, now() + make_interval(secs => coalesce(
        %s::double precision, least(%s::double precision, %s::double precision * 2 ^ least(refusals, 10)))))
WHERE connection_id = %s::bigint AND (blocked_until IS NULL OR blocked_until < now() + interval '1 second')
RETURNING extract(epoch FROM blocked_until - now())
"""
_STATE = """
INSERT INTO connection_limit AS l (tenant_id, connection_id, per_minute, tokens)
SELECT c.tenant_id, c.id, c.calls_per_minute, coalesce(c.calls_per_minute, 0) / 12.0
FROM connection c WHERE c.id = %s::bigint
ON CONFLICT (connection_id) DO UPDATE SET per_minute = excluded.per_minute,
    tokens = CASE WHEN l.per_minute IS NULL THEN excluded.tokens ELSE l.tokens END,
    refilled_at = CASE WHEN l.per_minute IS NULL THEN now() ELSE l.refilled_at END
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens that may be spent, and how long until there are more."""

    tokens: int
    wait_seconds: float


def state_limit(connection_id: int) -> None:
    """Bring the limiter's row to what the connection's settings state now."""
    statements.change(_STATE, [connection_id])


def take(connection_id: int, wanted: int) -> Grant:
    """Take up to ``wanted`` tokens; committed when this returns. A connection without a limit grants all."""
    rows = statements.fetch(_TAKE, [connection_id, _BURST_SECONDS, wanted])
    return Grant(int(rows[0][0]), float(rows[0][1])) if rows else Grant(wanted, 0.0)


def give_back(connection_id: int, tokens: int) -> None:
    """Return tokens that were not spent."""
    statements.change(_RETURN, [tokens, connection_id])


def refused(connection_id: int, retry_after_seconds: float | None) -> float:
    """Learn from a 429: block for as long as told, else longer with each refusal; returns the seconds.

    Several calls in flight are refused together: they count once.
    """
    rows = statements.fetch(
        _REFUSED,
        [_LOWEST_PER_MINUTE, retry_after_seconds, _LONGEST_BLOCK_SECONDS, _BLOCK_SECONDS, connection_id],
    )
    return float(rows[0][0]) if rows else (retry_after_seconds or 0.0)


class Purse:
    """The tokens one process holds; ``borrow(connection_id, wanted)`` asks the database for more."""

    def __init__(self, borrow: Callable[[int, int], Grant], *, patience_seconds: float) -> None:
        self._borrow = borrow
        self._patience = patience_seconds
        self._tokens: dict[int, int] = {}
        self._lock = threading.Lock()

    def spend(self, connection_id: int, per_minute: int | None, sleep: Callable[[float], None]) -> None:
        """Spend one token, waiting a little for it. Raises RateLimited, which burns no attempt.

        ``per_minute`` None is a connection without a stated limit: nothing is spent.
        """
        if per_minute is None:
            return
        until = time.monotonic() + self._patience
        while not self._take_one(connection_id):
            grant = self._borrow(connection_id, max(1, per_minute // 60))
            if grant.tokens:
                with self._lock:
                    self._tokens[connection_id] = self._tokens.get(connection_id, 0) + grant.tokens
                continue
            if time.monotonic() + grant.wait_seconds > until:
                raise RateLimited(
                    f"Waits for its turn: {per_minute} calls a minute are allowed here",
                    retry_after_seconds=max(grant.wait_seconds, 0.5),
                    is_remote=False,
                )
            sleep(min(max(grant.wait_seconds, 0.01), self._patience))

    def _take_one(self, connection_id: int) -> bool:
        with self._lock:
            held = self._tokens.get(connection_id, 0)
            if held:
                self._tokens[connection_id] = held - 1
            return held > 0

    def empty(self) -> dict[int, int]:
        """Hand out what is left, to be returned."""
        with self._lock:
            left = {connection_id: tokens for connection_id, tokens in self._tokens.items() if tokens}
            self._tokens.clear()
        return left


class MeteredGate:
    """The gate of polls and connection tests: tokens straight from the database, in short transactions.

    Never used inside a transaction: the token's row would stay locked during the call.
    """

    def __init__(self, connection: Connection, *, patience_seconds: float) -> None:
        self._tenant_id, self._connection_id = connection.tenant_id, connection.pk
        self._per_minute = connection.calls_per_minute
        self._purse = Purse(self._borrow, patience_seconds=patience_seconds)

    def _borrow(self, connection_id: int, wanted: int) -> Grant:
        with in_tenant(self._tenant_id):
            return take(connection_id, wanted)

    def before_call(self, *, is_write: bool) -> None:
        self._purse.spend(self._connection_id, self._per_minute, time.sleep)

    def after_call(self, *, seconds: float, status: str) -> None:
        if status == "rate_limited":
            with in_tenant(self._tenant_id):
                refused(self._connection_id, None)

    def close(self) -> None:
        """Return what was not spent."""
        for connection_id, tokens in self._purse.empty().items():
            with in_tenant(self._tenant_id):
                give_back(connection_id, tokens)
