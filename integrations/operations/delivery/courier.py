"""Carries the threads' small questions to the draining thread, which answers many with one statement.

A thread of the crew never holds a database connection: it asks, gives the baton away, and waits.
"""

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.connectors import registry
from integrations.connectors.base import Connector
from integrations.connectors.spec import ConnectorSpec
from integrations.flows.ports import IntentGrant, Link, LinkQuery, RunTask
from integrations.kinds import EntitySchema, Kind, Side
from integrations.operations import limits, links
from integrations.operations.delivery.crew import Crew
from integrations.operations.delivery.gate import ConnectorPool, Lease, RunGate
from integrations.stores import renewals
from integrations.stores.access import Access

_ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Question:
    kind: str
    arguments: Any
    answer: "Future[Any]"


_ACTS: dict[str, Callable[..., Any]] = {
    "intent": links.claim_intent,
    "release_intent": links.release_intent,
    "save_link": links.save_link,
    "tokens": limits.take,
    **renewals.ACTS,
}


class Courier:
    """The mailbox between pool threads and the draining thread."""

    def __init__(self, ring_the_bell: Callable[[], None], crew: Crew) -> None:
        self.crew = crew
        self._questions: queue.SimpleQueue[_Question] = queue.SimpleQueue()
        self._ring = ring_the_bell

    def ask(self, kind: str, arguments: Any) -> Any:
        """Hand a question over and wait for its answer; called by pool threads."""
        answer: Future[Any] = Future()
        self._questions.put(_Question(kind, arguments, answer))
        self._ring()
        with self.crew.paused():
            return answer.result(timeout=_ANSWER_SECONDS)

    def serve(self) -> int:
        """Answer everything that waits; called by the draining thread. Returns how many."""
        questions = []
        while True:
            try:
                questions.append(self._questions.get_nowait())
            except queue.Empty:
                break
        if look_ups := [one for one in questions if one.kind == "links"]:
            self._answer_links(look_ups)
        for one in questions:
            if one.kind != "links":
                self._answer(one)
        return len(questions)

    def _answer_links(self, questions: list[_Question]) -> None:
        wanted = [query for one in questions for query in one.arguments]
        try:
            found = links.find_links(wanted)
        except Exception as error:  # noqa: BLE001  the asking thread raises it
            for one in questions:
                one.answer.set_exception(error)
            return
        start = 0
        for one in questions:
            one.answer.set_result(found[start : start + len(one.arguments)])
            start += len(one.arguments)

    def _answer(self, one: _Question) -> None:
        try:
            one.answer.set_result(_ACTS[one.kind](*one.arguments))
        except Exception as error:  # noqa: BLE001  the asking thread raises it
            one.answer.set_exception(error)


class RunPorts:
    """The house as one run sees it, from a pool thread."""

    def __init__(
        self,
        task: RunTask,
        accesses: dict[Side, Access],
        courier: Courier,
        pool: ConnectorPool,
        lease: Lease,
        own_link: Link | None,
        lead: "RunPorts | None" = None,
    ) -> None:
        """``lead`` lends its connectors to a run that is written by its call."""
        self.task = task
        self._lead = lead
        self.gate = RunGate(lease, courier.crew)
        self._accesses = accesses
        self._courier = courier
        self._pool = pool
        self._borrowed: dict[Side, tuple[Connector, Any]] = {}
        self._own_link = own_link

    def connector(self, side: Side) -> Connector:
        if self._lead is not None:
            return self._lead.connector(side)
        if side not in self._borrowed:
            self._borrowed[side] = self._pool.borrow(self._accesses[side], self.gate)
        return self._borrowed[side][0]

    def spec(self, side: Side) -> ConnectorSpec:
        return registry.get_spec(self._accesses[side].system)

    def schema(self, side: Side, kind: Kind) -> EntitySchema:
        access = self._accesses[side]
        return _schema_of(access, kind, lambda: self.connector(side))

    def find_links(self, queries: Sequence[LinkQuery]) -> list[Link | None]:
        own = LinkQuery(self.task.flow.kind, self.task.flow.direction.source, self.task.record_key)
        if list(queries) == [own]:
            return [self._own_link]
        if not queries:
            return []
        found: list[Link | None] = self._courier.ask(
            "links", [(self.task.tenant_id, self.task.pair_id, query) for query in queries]
        )
        return found

    def claim_intent(self, kind: Kind, natural_key: str) -> IntentGrant:
        arguments = (
            self.task.tenant_id, self.task.pair_id, kind, natural_key, self.task.run_id,
            self.task.ladder.settle_seconds,
        )  # fmt: skip
        grant: IntentGrant = self._courier.ask("intent", arguments)
        return grant

    def release_intent(self, kind: Kind, natural_key: str) -> None:
        self._courier.ask(
            "release_intent", (self.task.tenant_id, self.task.pair_id, kind, natural_key, self.task.run_id)
        )

    def save_link(self, kind: Kind, link: Link, made_by: str) -> Link:
        saved: Link = self._courier.ask(
            "save_link", (self.task.tenant_id, self.task.pair_id, kind, link, made_by)
        )
        flow = self.task.flow
        if kind is flow.kind and saved.id_on(flow.direction.source) == self.task.record_key:
            self._own_link = saved  # found on the way: from now on the record is written as a linked one
        return saved

    def utc_now(self) -> datetime:
        return datetime.now(UTC)

    def call_count(self) -> int:
        return self.gate.calls

    def exchanges(self) -> list[Any]:
        return self.gate.exchanges

    def close(self) -> None:
        """Bring borrowed connectors back to the pool."""
        for _, token in self._borrowed.values():
            self._pool.bring_back(token)
        self._borrowed.clear()


_schemas: dict[tuple[int, int, Kind], tuple[EntitySchema, datetime]] = {}
_SCHEMA_AGE = timedelta(minutes=15)


def _schema_of(access: Access, kind: Kind, connector: Callable[[], Connector]) -> EntitySchema:
    """Return a kind's schema, asked for at most every 15 minutes per connection and process."""
    key = (access.connection_id, access.revision, kind)
    known = _schemas.get(key)
    now = datetime.now(UTC)
    if known is None or now - known[1] > _SCHEMA_AGE:
        known = (connector().discover(kind), now)
        _schemas[key] = known
    return known[0]
