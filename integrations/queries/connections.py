"""Connections as pages show them: how a system answers, its last test, and which pairs use it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.connectors import registry
from integrations.connectors.base import CheckResult
from integrations.connectors.spec import Capability, ConnectorSpec, Verb
from integrations.kinds import ConnectionHealth, Kind
from integrations.models import Connection, Pair, PollCursor

VERBS = (Verb.READ, Verb.WATCH, Verb.FIND, Verb.CREATE, Verb.UPDATE)


@dataclass(frozen=True, slots=True)
class PollState:
    kind: Kind
    interval_seconds: int
    due_at: datetime
    last_finished_at: datetime | None
    last_error: str


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """One connection; secrets are not in it, only the dates they were set."""

    id: int
    name: str
    spec: ConnectorSpec
    health: ConnectionHealth
    health_message: str
    health_at: datetime | None
    last_success_at: datetime | None
    last_call_seconds: float | None
    failures_in_row: int
    open_until: datetime | None
    paused_at: datetime | None
    pause_reason: str
    last_hook_at: datetime | None
    last_poll_at: datetime | None
    tested_at: datetime | None
    test_results: tuple[CheckResult, ...]
    settings: dict[str, Any]
    secrets_changed: dict[str, datetime]
    identity_label: str
    max_parallel: int
    has_hook: bool

    @property
    def passed(self) -> int:
        return sum(result.ok for result in self.test_results)

    @property
    def failing(self) -> CheckResult | None:
        return next((result for result in self.test_results if not result.ok), None)

    @property
    def address(self) -> str:
        return str(self.settings.get("base_url", ""))


@dataclass(frozen=True, slots=True)
class UsedBy:
    pair_id: int
    name: str
    environment: str


@dataclass(frozen=True, slots=True)
class CapabilityRow:
    """A kind with its cell per verb, in the order of VERBS, and the notes of those that hold in part."""

    kind: Kind
    cells: tuple[Capability | None, ...]
    notes: tuple[str, ...]


def state_of(connection: Connection) -> ConnectionState:
    """Return what pages may know of a connection."""
    return ConnectionState(
        id=connection.pk,
        name=connection.name,
        spec=registry.get_spec(connection.system),
        health=ConnectionHealth(connection.health),
        health_message=connection.health_message,
        health_at=connection.health_at,
        last_success_at=connection.last_success_at,
        last_call_seconds=connection.last_call_seconds,
        failures_in_row=connection.failures_in_row,
        open_until=connection.open_until,
        paused_at=connection.paused_at,
        pause_reason=connection.pause_reason,
        last_hook_at=connection.last_hook_at,
        last_poll_at=connection.last_poll_at,
        tested_at=connection.tested_at,
        test_results=tuple(CheckResult(**result) for result in connection.test_results),
        settings=dict(connection.settings),
        secrets_changed={
            name: datetime.fromisoformat(moment) for name, moment in connection.secrets_changed.items()
        },
        identity_label=connection.identity_label,
        max_parallel=connection.max_parallel,
        has_hook=connection.hook_token_hash is not None,
    )


def list_connections() -> list[ConnectionState]:
    """Return the tenant's connections by name, archived ones left out."""
    return [state_of(one) for one in Connection.objects.filter(archived_at=None).order_by("name", "id")]


def find_connection(connection_id: int) -> ConnectionState | None:
    found = Connection.objects.filter(pk=connection_id, archived_at=None).first()
    return None if found is None else state_of(found)


def used_by(connection_id: int) -> list[UsedBy]:
    """Return the pairs that use a connection."""
    pairs = Pair.objects.filter(storefront_id=connection_id) | Pair.objects.filter(erp_id=connection_id)
    return [UsedBy(pair.pk, pair.name, pair.environment) for pair in pairs.order_by("name")]


def polls_of(connection_id: int) -> list[PollState]:
    """Return what is polled on a connection."""
    return [
        PollState(
            Kind(one.kind), one.interval_seconds, one.due_at, one.last_finished_at or None, one.last_error
        )
        for one in PollCursor.objects.filter(connection_id=connection_id).order_by("kind")
    ]


def capability_rows(spec: ConnectorSpec) -> list[CapabilityRow]:
    """Return the capability matrix of a system, in the order of kinds; kinds it says nothing of are left out."""
    rows = []
    for kind in Kind:
        cells = tuple(spec.capabilities.get((kind, verb)) for verb in VERBS)
        if any(cells):
            notes = tuple(dict.fromkeys(cell.note for cell in cells if cell is not None and cell.note))
            rows.append(CapabilityRow(kind, cells, notes))
    return rows
