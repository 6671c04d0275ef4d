"""What a bulk retry would mean: causes with counts, remote calls by the flows' steps, and how long that takes.

A plan is a reckoning, not a promise: what a step asks depends on the record. Feeds the plan page and the API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from integrations.connectors import registry
from integrations.connectors.spec import ConnectorSpec
from integrations.kinds import Direction, Kind, RunStatus, Side
from integrations.models import Connection, Flow, FlowVersion
from integrations.queries import selections
from integrations.queries.causes import Money, plural
from integrations.queries.selections import Selection, Share

_USUAL_CALL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class PlannedCause:
    """One cause of the plan."""

    count: int
    nouns: str
    status: RunStatus
    flow_name: str
    sample: str
    waits_for: str
    """What a held record still waits for; "" = nothing that is known."""


@dataclass(frozen=True, slots=True)
class PlannedCalls:
    """Calls to one connection, and how long they take at its rate."""

    connection_id: int
    name: str
    spec: ConnectorSpec
    calls: int
    per_minute: int | None
    """What the system allows; None = no stated limit."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known before anything is done."""

    count: int
    last_run_id: int
    causes: tuple[PlannedCause, ...]
    money: tuple[Money, ...]
    calls: tuple[PlannedCalls, ...]
    flow_names: tuple[str, ...]

    @property
    def call_count(self) -> int:
        return sum(one.calls for one in self.calls)

    @property
    def seconds(self) -> float:
        """How long it takes at least: the slowest connection says."""
        return max((one.seconds for one in self.calls), default=0.0)

    @property
    def would_wait(self) -> int:
        """How many would be held again, for what they wait for is not there."""
        return sum(one.count for one in self.causes if one.waits_for)


def plan_of(selection: Selection, *, reads_source: bool = True) -> Plan:
    """Return the plan of a selection, in a handful of statements.

    Without ``reads_source`` for runs that go with a record that is here already, such as an edited one.
    """
    many, last = selections.span(selection)
    found = selections.shares(selection)
    if not reads_source:
        found = [replace(one, thin=0) for one in found]
    flows = {
        flow.pk: flow
        for flow in Flow.objects.filter(pk__in={one.flow_id for one in found}).select_related(
            "pair__storefront", "pair__erp", "current"
        )
    }
    sums: dict[str, Decimal] = {}
    for one in found:
        for currency, amount in one.money.items():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return Plan(
        count=many,
        last_run_id=last,
        causes=tuple(_cause(one, flows[one.flow_id]) for one in found),
        money=tuple(
            Money(amount, currency) for currency, amount in sorted(sums.items(), key=lambda one: -one[1])
        ),
        calls=tuple(_calls(found, flows)),
        flow_names=tuple(dict.fromkeys(flows[one.flow_id].name for one in found)),
    )


def _cause(share: Share, flow: Flow) -> PlannedCause:
    waits_for = ""
    if share.status is RunStatus.HELD and share.hold_kind not in ("", "review"):
        table, _, value = share.hold_key.partition(":")
        waits_for = f"{value} in map {table}" if share.hold_kind == "value_map" else share.hold_key
    return PlannedCause(
        count=share.count,
        nouns=f"{share.count:,d} {plural(Kind(flow.kind).label, share.count)}",
        status=share.status,
        flow_name=flow.name,
        sample=share.sample,
        waits_for=waits_for,
    )


def _calls(found: Sequence[Share], flows: Mapping[int, Flow]) -> list[PlannedCalls]:
    counted: dict[int, int] = {}
    connections: dict[int, Connection] = {}
    for share in found:
        flow = flows[share.flow_id]
        sides = {Side.STOREFRONT: flow.pair.storefront, Side.ERP: flow.pair.erp}
        for side, calls in calls_of_share(share, flow).items():
            connections[sides[side].pk] = sides[side]
            counted[sides[side].pk] = counted.get(sides[side].pk, 0) + calls
    return [_at_rate(connections[connection_id], calls) for connection_id, calls in counted.items() if calls]


def calls_of_share(share: Share, flow: Flow) -> dict[Side, int]:
    """Return how many calls each side gets: read where the event was thin, look where in doubt, make, write."""
    direction = Direction(flow.direction)
    types = _step_types(flow.current)
    target = share.count * types.count("write") + share.count * types.count("ensure") + share.doubtful
    source = share.thin if "fetch" in types and not flow.follows else 0
    return {direction.source: source, direction.target: target}


def _step_types(version: FlowVersion | None) -> list[str]:
    steps: list[dict[str, Any]] = [] if version is None else version.definition.get("steps", [])
    return [str(step.get("type")) for step in steps]


def _at_rate(connection: Connection, calls: int) -> PlannedCalls:
    by_limit = calls * 60.0 / connection.calls_per_minute if connection.calls_per_minute else 0.0
    by_slots = calls * (connection.last_call_seconds or _USUAL_CALL_SECONDS) / max(1, connection.max_parallel)
    return PlannedCalls(
        connection_id=connection.pk,
        name=connection.name,
        spec=registry.get_spec(connection.system),
        calls=calls,
        per_minute=connection.calls_per_minute,
        seconds=max(by_limit, by_slots),
    )
