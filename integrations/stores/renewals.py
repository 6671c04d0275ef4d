"""Secrets that a remote system replaces while we use them: kept sealed, renewed by one process at a time.

A refresh token that is good once must not be used by two workers, and its successor must outlive them all. The claim is
a lock of the database session: it falls with a process that dies, and no transaction is open during the remote call.
Threads without a connection of their own ask the draining thread (``operations.delivery.courier``).
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from integrations.models import ConnectionSecret, in_tenant
from integrations.stores import statements, vault

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('secret:' || %s::bigint || ':' || %s::text, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('secret:' || %s::bigint || ':' || %s::text, 0))"

# A session may take its own lock twice, and threads of a drain share one: here they are told apart. Since when each
# is claimed: who asked and did not wait for the answer gives nothing up, and would keep everybody off for good.
_claimed: dict[tuple[int, str], float] = {}
_guard = threading.Lock()
_LONGEST_CLAIM_SECONDS = 900.0


def claim(tenant_id: int, connection_id: int, name: str) -> str | None:
    """Return a secret's newest value and keep everybody else off it; None = it is claimed already.

    Raises RuntimeError inside a transaction: what comes instead must be committed before it is used.
    """
    if connection.in_atomic_block:
        raise RuntimeError("a secret is renewed outside of transactions")
    if not _remember(connection_id, name):
        return None
    value: str | None = None
    try:
        if statements.fetch(_LOCK, [connection_id, name])[0][0]:
            with in_tenant(tenant_id):
                row = ConnectionSecret.objects.get(connection_id=connection_id)
                held = vault.open_secrets(tenant_id, connection_id, bytes(row.sealed))
            value = str(held.get(name) or "")
    except BaseException:
        _unlock(connection_id, name)
        raise
    finally:
        if value is None:
            _forget(connection_id, name)
    return value


def store(tenant_id: int, connection_id: int, name: str, used: str, renewed: str) -> None:
    """Seal ``renewed`` where ``used`` still stands, and end the claim; committed when this returns."""
    try:
        with in_tenant(tenant_id):
            row = ConnectionSecret.objects.select_for_update(no_key=True).get(connection_id=connection_id)
            held = vault.open_secrets(tenant_id, connection_id, bytes(row.sealed))
            if held.get(name) == used != renewed:
                row.sealed = vault.seal_secrets(tenant_id, connection_id, {**held, name: renewed})
                row.save(update_fields=["sealed", "updated_at"])
    finally:
        give_up(tenant_id, connection_id, name)


def give_up(tenant_id: int, connection_id: int, name: str) -> None:
    """End a claim of this process; nothing happens where it has none."""
    with _guard:
        is_ours = (connection_id, name) in _claimed
    if is_ours:
        _unlock(connection_id, name)
        _forget(connection_id, name)


def _unlock(connection_id: int, name: str) -> None:
    try:
        statements.fetch(_UNLOCK, [connection_id, name])
    except (OperationalError, InterfaceError):
        # The lock went with the session that held it.
        connection.close()


def _remember(connection_id: int, name: str) -> bool:
    """Note a claim of this process; False where it has one already. One that was left behind is taken over."""
    now = time.monotonic()
    with _guard:
        since = _claimed.get((connection_id, name))
        if since is not None and now - since < _LONGEST_CLAIM_SECONDS:
            return False
        _claimed[connection_id, name] = now
    if since is not None:
        _unlock(connection_id, name)
    return True


def _forget(connection_id: int, name: str) -> None:
    with _guard:
        _claimed.pop((connection_id, name), None)


ACTS: Mapping[str, Callable[..., Any]] = {
    "secret_claim": claim,
    "secret_store": store,
    "secret_give_up": give_up,
}
Ask = Callable[[str, tuple[Any, ...]], Any]


def at_once(kind: str, arguments: tuple[Any, ...]) -> Any:
    """Answer on this thread's own database connection."""
    return ACTS[kind](*arguments)


@dataclass(frozen=True, slots=True)
class Keeper:
    """The keeper of one connection's secrets, as its connector sees it."""

    tenant_id: int
    connection_id: int
    ask: Ask = at_once

    @property
    def key(self) -> str:
        return f"connection:{self.connection_id}"

    def claim(self, name: str) -> str | None:
        found: str | None = self.ask("secret_claim", (self.tenant_id, self.connection_id, name))
        return found

    def store(self, name: str, used: str, renewed: str) -> None:
        self.ask("secret_store", (self.tenant_id, self.connection_id, name, used, renewed))

    def give_up(self, name: str) -> None:
        self.ask("secret_give_up", (self.tenant_id, self.connection_id, name))
