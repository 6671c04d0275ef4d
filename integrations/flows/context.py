"""What the steps of one run share while they work."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Connector
from integrations.flows.definition import external_reference
from integrations.flows.outcome import Hop, Outcome
from integrations.flows.ports import Link, LinkQuery, Ports, RunTask
from integrations.kinds import Record, Side
from integrations.mapping import EvaluationContext, MoneyCheck


@dataclass(slots=True)
class RunState:
    """Mutable, owned by one thread for one attempt."""

    task: RunTask
    ports: Ports
    outcome: Outcome = field(init=False)
    record: Record | None = None
    mapped: dict[str, Any] | None = None
    links: dict[tuple[str, str], str] = field(default_factory=dict)
    foreseen: dict[LinkQuery, Link] = field(default_factory=dict)
    """Links that a later step will want, found along with an earlier one's: only what is there, absence is asked anew."""
    money: MoneyCheck | None = None
    """What the source record adds up to; the mapped one and the one read back are held against it."""
    written_hash: str = ""
    """Hash of the full mapped record: what a link remembers of the last write, whatever part of it was sent."""
    is_creating: bool = True
    """Whether the write will make the record, so that ``on_create`` and ``if_empty`` rules apply."""
    side: Side = field(init=False)
    """The side being spoken to: an error belongs to its connection."""
    sides_called: set[Side] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Doubt about an earlier attempt ends when the run ends, not when this try stops on its way to look.
        self.outcome = Outcome(business_key=self.task.business_key, must_find=self.task.must_find)
        self.side = self.source_side

    @property
    def source_side(self) -> Side:
        return self.task.flow.direction.source

    @property
    def target_side(self) -> Side:
        return self.task.flow.direction.target

    def source(self) -> Connector:
        """Return the connector that is read; errors from now on are its."""
        self.side = self.source_side
        self.sides_called.add(self.side)
        return self.ports.connector(self.side)

    def target(self) -> Connector:
        """Return the connector that is written; errors from now on are its."""
        self.side = self.target_side
        self.sides_called.add(self.side)
        return self.ports.connector(self.side)

    @property
    def reference(self) -> str:
        """The external reference of this record: ``XC-1043``."""
        return external_reference(
            self.ports.spec(Side.STOREFRONT), self.outcome.business_key or self.task.record_key
        )

    def need_record(self) -> Record:
        if self.record is None:
            raise RuntimeError("the flow has no fetch step before this one")
        return self.record

    def own_link(self) -> Link | None:
        """Return the link of the record itself; ports answer this one without a query."""
        return self.ports.find_links(
            [LinkQuery(self.task.flow.kind, self.source_side, self.task.record_key)]
        )[0]

    def evaluation(self) -> EvaluationContext:
        """Return what the mapping may know: the claim's clock, so that a repeat gives the same bytes."""
        return EvaluationContext(now=self.task.now, value_tables=self.task.value_tables, links=self.links)

    def hop(self, where: Side | None, title: str, text: str = "", amount: Decimal | None = None) -> None:
        """Note what happened, on the rail of a side or on ours (None)."""
        rail = "connect" if where is None else where.value
        self.outcome.hops.append(Hop(self.ports.utc_now(), rail, title, text, amount))
