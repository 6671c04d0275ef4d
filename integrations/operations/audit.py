"""Writes the audit log: who did what to what. Append-only; the database refuses anything else."""

from dataclasses import dataclass

from integrations.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person's e-mail or a program's name, and from where."""

    name: str
    address: str | None = None


SYSTEM = Actor("Clarity Connect")


def record(actor: Actor, action: str, subject: str, summary: str) -> None:
    """Append one entry to the current tenant's log. Never put a secret or a payload into it."""
    AuditEntry.objects.create(
        actor=actor.name, action=action, subject=subject[:120], summary=summary[:300], address=actor.address
    )
