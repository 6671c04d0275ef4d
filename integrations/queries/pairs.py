"""Pairs with their two connections and their flows."""

from dataclasses import dataclass
from datetime import datetime

from integrations.kinds import Environment, Family
from integrations.models import AuditEntry, Pair
from integrations.queries.connections import ConnectionState, PollState, polls_of, state_of
from integrations.queries.flows import FlowState, flow_states


@dataclass(frozen=True, slots=True)
class PairState:
    """A pair as lists and pages draw it."""

    id: int
    name: str
    environment: Environment
    storefront: ConnectionState
    erp: ConnectionState
    paused_at: datetime | None
    pause_reason: str
    flows: tuple[FlowState, ...]

    @property
    def needs_person(self) -> int:
        return sum(flow.needs_person for flow in self.flows)

    @property
    def flows_needing_person(self) -> int:
        return sum(bool(flow.needs_person or flow.paused_at) for flow in self.flows)

    @property
    def moving(self) -> int:
        return sum(flow.moving for flow in self.flows)

    @property
    def arrived(self) -> int:
        return sum(flow.arrived for flow in self.flows)

    @property
    def stopped_side(self) -> ConnectionState | None:
        """The connection that keeps everything from flowing, None when neither does.

        One that was paused together with the pair, for the same reason, is no trouble of its own.
        """
        return next(
            (
                side
                for side in (self.erp, self.storefront)
                if (side.paused_at is not None or side.open_until is not None)
                and not (self.paused_at is not None and side.pause_reason == self.pause_reason)
            ),
            None,
        )

    @property
    def family(self) -> Family:
        if self.stopped_side is not None or any(flow.paused_at for flow in self.flows):
            return Family.RED
        if self.paused_at is not None:
            return Family.GREY
        families = {flow.family for flow in self.flows}
        return next(
            (one for one in (Family.RED, Family.AMBER, Family.BLUE, Family.GREEN) if one in families),
            Family.GREY,
        )


@dataclass(frozen=True, slots=True)
class AuditRow:
    at: datetime
    actor: str
    action: str
    summary: str


def list_pairs(*, now: datetime) -> list[PairState]:
    """Return all pairs, those that need a person first."""
    by_pair: dict[int, list[FlowState]] = {}
    for flow in flow_states(now=now):
        by_pair.setdefault(flow.pair_id, []).append(flow)
    pairs = [
        _state(pair, by_pair.get(pair.pk, []))
        for pair in Pair.objects.select_related("storefront", "erp").order_by("name")
    ]
    worst = (Family.RED, Family.AMBER, Family.BLUE, Family.GREEN, Family.GREY)
    return sorted(pairs, key=lambda pair: (worst.index(pair.family), -pair.needs_person, pair.name))


def find_pair(pair_id: int, *, now: datetime) -> PairState | None:
    pair = Pair.objects.filter(pk=pair_id).select_related("storefront", "erp").first()
    return None if pair is None else _state(pair, flow_states(now=now, pair_id=pair_id))


def has_pair(storefront: str, erp: str) -> bool:
    """Return whether the tenant has a sandbox pair of these two systems already."""
    return Pair.objects.filter(
        environment=Environment.SANDBOX, storefront__system=storefront, erp__system=erp
    ).exists()


def _state(pair: Pair, flows: list[FlowState]) -> PairState:
    return PairState(
        id=pair.pk,
        name=pair.name,
        environment=Environment(pair.environment),
        storefront=state_of(pair.storefront),
        erp=state_of(pair.erp),
        paused_at=pair.paused_at,
        pause_reason=pair.pause_reason,
        flows=tuple(flows),
    )


def polls(pair: PairState) -> tuple[list[PollState], list[PollState]]:
    """Return what is polled on the (storefront, ERP) side of a pair."""
    return polls_of(pair.storefront.id), polls_of(pair.erp.id)


def changes_of(subject: str, *, limit: int = 5) -> list[AuditRow]:
    """Return the newest audit entries about one subject (``pair 3``, ``connection 7``, ``run 12``)."""
    return [
        AuditRow(one.at, one.actor, one.action, one.summary)
        for one in AuditEntry.objects.filter(subject=subject).order_by("-id")[:limit]
    ]
