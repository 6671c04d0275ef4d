"""What support staff may do for a tenant: each act runs as the web role inside the tenant and leaves its reason there.

Called by the support console. The tenant reads who acted and why in its own audit log.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from integrations.models import in_tenant
from integrations.operations import audit, connections, pairs, runs
from integrations.operations.audit import Actor


@contextmanager
def _explained(tenant_id: int, subject: str, reason: str, actor: Actor) -> Iterator[None]:
    """Enter the tenant for one act; the reason commits together with it."""
    with in_tenant(tenant_id):
        yield
        audit.record(actor, "support.acted", subject, reason)


def pause_connection(tenant_id: int, connection_id: int, reason: str, *, actor: Actor) -> None:
    """Stop polls and deliveries of a tenant's connection."""
    with _explained(tenant_id, f"connection {connection_id}", reason, actor):
        connections.pause(connection_id, reason, actor=actor)


def resume_connection(tenant_id: int, connection_id: int, reason: str, *, actor: Actor) -> None:
    """Let a tenant's connection go on."""
    with _explained(tenant_id, f"connection {connection_id}", reason, actor):
        connections.resume(connection_id, actor=actor)


def pause_pair(tenant_id: int, pair_id: int, reason: str, *, actor: Actor) -> None:
    """Stop delivering the runs of a tenant's pair."""
    with _explained(tenant_id, f"pair {pair_id}", reason, actor):
        pairs.pause_pair(pair_id, reason, actor=actor)


def resume_pair(tenant_id: int, pair_id: int, reason: str, *, actor: Actor) -> None:
    """Let a tenant's pair go on."""
    with _explained(tenant_id, f"pair {pair_id}", reason, actor):
        pairs.resume_pair(pair_id, actor=actor)


def requeue_run(tenant_id: int, run_id: int, reason: str, *, actor: Actor) -> None:
    """Send a tenant's held or failed run back to the queue; one that moved on meanwhile is left alone."""
    with _explained(tenant_id, f"run {run_id}", reason, actor):
        runs.retry([run_id], actor=actor)
