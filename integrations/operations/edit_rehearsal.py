"""Walks a record through a flow version without asking any system: what would be sent, and what would not fit.

Called by ``run_edits`` before an edit is kept. The steps are the engine's own; what they would ask a remote
system for is supposed, and said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from integrations.connectors.base import Connector
from integrations.connectors.errors import ConnectorError, FieldProblem
from integrations.connectors.spec import ConnectorSpec
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.ports import IntentGrant, Link, LinkQuery, RunTask
from integrations.flows.runner import STEPS
from integrations.flows.stops import HeldFor, Invalid, Skipped
from integrations.kinds import EntitySchema, Kind, Side
from integrations.mapping import MappingFailure, MissingLink, UnknownValue
from integrations.models import in_tenant
from integrations.operations import links


class WouldAsk(Exception):
    """A step wanted a remote system; a rehearsal asks none."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What serving the record would come to. No problems and ``is_through``: it would be sent."""

    mapped: Mapping[str, Any] | None
    problems: tuple[FieldProblem, ...]
    notes: tuple[str, ...]
    """What is not sure before it goes: references that are looked for, a hold that waits for somebody."""
    is_through: bool


@dataclass(slots=True)
class LookingPorts:
    """The house without its doors: stored links and schemas, no connector."""

    task: RunTask
    specs: Mapping[Side, ConnectorSpec]
    schemas: Mapping[Side, EntitySchema]
    notes: list[str] = field(default_factory=list)
    supposed: set[str] = field(default_factory=set)
    """Values that stand for ids that only the target knows."""

    def connector(self, side: Side) -> Connector:
        raise WouldAsk

    def spec(self, side: Side) -> ConnectorSpec:
        return self.specs[side]

    def schema(self, side: Side, kind: Kind) -> EntitySchema:
        return self.schemas[side]

    def find_links(self, queries: Sequence[LinkQuery]) -> list[Link | None]:
        """Return the stored links; where a reference has none, one that supposes the same key on both sides."""
        own = LinkQuery(self.task.flow.kind, self.task.flow.direction.source, self.task.record_key)
        with in_tenant(self.task.tenant_id):
            found = links.find_links([(self.task.tenant_id, self.task.pair_id, query) for query in queries])
        return [
            link if link is not None or query == own else self._suppose(query)
            for query, link in zip(queries, found, strict=True)
        ]

    def _suppose(self, query: LinkQuery) -> Link:
        label = self.specs[query.side.other].label
        word = "SKU" if query.kind is Kind.PRODUCT else query.kind.label.capitalize()
        self.notes.append(f"{word} {query.value} has no link yet; {label} is asked when it goes.")
        self.supposed.add(query.value)
        return Link(query.value, query.value, query.value, query.value)

    def claim_intent(self, kind: Kind, natural_key: str) -> IntentGrant:
        raise WouldAsk

    def release_intent(self, kind: Kind, natural_key: str) -> None:
        raise WouldAsk

    def save_link(self, kind: Kind, link: Link, made_by: str) -> Link:
        raise WouldAsk

    def utc_now(self) -> datetime:
        return datetime.now(UTC)

    def call_count(self) -> int:
        return 0

    def exchanges(self) -> list[Any]:
        return []


def rehearse(task: RunTask, ports: LookingPorts) -> Rehearsal:
    """Walk the steps up to the write. Never raises for what the record holds: that is what it tells."""
    state = RunState(task, ports)
    problems: tuple[FieldProblem, ...] = ()
    is_through = False
    try:
        for step in task.flow.steps:
            if step.type == "write":
                break
            if task.kept_mapped is None or step.type not in ("references", "ensure"):
                _walk(state, step)
        is_through = True
    except Invalid as stop:
        problems = tuple(one for one in stop.problems if one.value not in ports.supposed)
        is_through = not problems
    except MappingFailure as failure:
        problems = (FieldProblem(failure.target, str(failure.value)[:120], failure.reason),)
    except ConnectorError as error:
        problems = tuple(getattr(error, "problems", ())) or (FieldProblem("record", "", error.message),)
    except UnknownValue as unknown:
        ports.notes.append(f"It will wait for a row for {unknown.value!r} in value map {unknown.table}.")
    except MissingLink as missing:
        ports.notes.append(f"It will wait for {missing.kind.replace('_', ' ')} {missing.key}.")
    except (Skipped, HeldFor) as stop:
        ports.notes.append(stop.reason)
    notes = tuple(dict.fromkeys(ports.notes))
    return Rehearsal(state.mapped, problems, notes, is_through)


def _walk(state: RunState, step: FlowStep) -> None:
    try:
        STEPS[step.type](state, step)
    except WouldAsk:
        if step.type != "map":
            return
        # Fields that are only filled where the target's are empty stay out: what it holds is not known here.
        mapping = state.task.flow.mappings[step.options["mapping"]]
        fields = dict(state.need_record().fields)
        state.mapped = mapping.evaluate(fields, state.evaluation(), creating=False, existing=None)
