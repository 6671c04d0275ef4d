"""The journey of one record: the run, everything related to it, and what each of them did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from integrations.connectors.errors import FieldProblem
from integrations.kinds import Kind, RunStatus
from integrations.models import Attempt, Event, Flow, Hold, Run, SearchKey
from integrations.queries.records import RunRow, as_rows, with_sides
from integrations.queries.runs import fold

_RELATED_LIMIT = 60
# Kinds that belong to one order; a shared SKU or customer does not make two records one story.
_ORDER_STORY = frozenset({Kind.ORDER, Kind.SHIPMENT, Kind.PAYMENT, Kind.RETURN, Kind.INVOICE})


@dataclass(frozen=True, slots=True)
class StoredHop:
    """One hop as an attempt stored it; ``rail`` is storefront, connect or erp."""

    at: datetime
    rail: str
    title: str
    text: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class AttemptState:
    run_id: int
    number: int
    outcome: RunStatus
    step: str
    error: str
    message: str
    detail: str
    request_id: str
    calls: int
    started_at: datetime
    finished_at: datetime
    hops: tuple[StoredHop, ...]


@dataclass(frozen=True, slots=True)
class HoldState:
    id: int
    run_id: int
    kind: str
    key: str
    created_at: datetime
    released_at: datetime | None
    released_by: str


@dataclass(frozen=True, slots=True)
class EventState:
    id: int
    topic: str
    found_by: str
    occurred_at: datetime | None
    received_at: datetime
    deliveries: int
    masked: int
    problem: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One run of the story with everything it did."""

    row: RunRow
    event: EventState | None
    attempts: tuple[AttemptState, ...]
    holds: tuple[HoldState, ...]
    starts_flows: tuple[str, ...]
    """Names of the flows that its success starts."""


@dataclass(frozen=True, slots=True)
class Passport:
    """A run, and the story of its record in order of arrival (the run itself is in it)."""

    main: Chapter
    story: tuple[Chapter, ...]
    version: int | None
    version_author: str
    version_at: datetime | None
    problems: tuple[FieldProblem, ...]
    context: dict[str, Any]
    must_find: bool
    is_held: bool
    search_keys: dict[str, str]
    latest_version: int | None = None
    """The flow's published version now; a retry may use it."""


def find_passport(run_id: int, *, now: datetime) -> Passport | None:
    """Return the story around a run, None when the tenant has no such run."""
    run = with_sides(Run.objects.filter(pk=run_id)).select_related("flow_version", "flow__current").first()
    if run is None:
        return None
    related = list(with_sides(Run.objects.filter(pk__in=_related_ids(run))).order_by("id"))
    chapters = _chapters(related, now)
    main = next(chapter for chapter in chapters if chapter.row.id == run_id)
    version = run.flow_version
    return Passport(
        main=main,
        story=tuple(chapters),
        version=None if version is None else version.number,
        latest_version=None if run.flow.current is None else run.flow.current.number,
        version_author="" if version is None else version.author,
        version_at=None if version is None else version.published_at,
        problems=tuple(FieldProblem(**problem) for problem in run.problem),
        context=dict(run.context),
        must_find=run.must_find,
        is_held=run.status == RunStatus.HELD.value,
        search_keys=dict(SearchKey.objects.filter(run=run).values_list("name", "value")),
    )


def _related_ids(run: Run) -> set[int]:
    same = Q(pair_id=run.pair_id)
    ids = {run.pk}
    if run.parent_run_id is not None:
        ids.add(run.parent_run_id)
    if run.business_key:
        ids |= set(
            Run.objects.filter(same, business_key=run.business_key, kind=run.kind)
            .order_by("-id")
            .values_list("id", flat=True)[:_RELATED_LIMIT]
        )
    if Kind(run.kind) in _ORDER_STORY:
        ids |= _order_story(run)
    ids |= set(Run.objects.filter(parent_run_id__in=ids).values_list("id", flat=True)[:_RELATED_LIMIT])
    return ids


def _order_story(run: Run) -> set[int]:
    """Return the shipments, payments and acknowledgements that name the same order."""
    numbers = {fold(value) for value in (run.business_key, run.target_id, run.target_key) if value}
    if Kind(run.kind) is not Kind.ORDER:
        numbers |= set(
            SearchKey.objects.filter(run=run, name__in=("order", "order_number", "reference")).values_list(
                "value", flat=True
            )
        )
    found = SearchKey.objects.filter(value__in=numbers).order_by("-run_id").values_list("run_id", flat=True)
    kinds = [kind.value for kind in _ORDER_STORY]
    return set(
        Run.objects.filter(
            pk__in=list(found[:_RELATED_LIMIT]), pair_id=run.pair_id, kind__in=kinds
        ).values_list("id", flat=True)
    )


def _chapters(runs: list[Run], now: datetime) -> list[Chapter]:
    ids = [run.pk for run in runs]
    attempts: dict[int, list[AttemptState]] = {}
    for attempt in Attempt.objects.filter(run_id__in=ids).order_by("run_id", "number"):
        attempts.setdefault(attempt.run_id, []).append(_attempt(attempt))
    holds: dict[int, list[HoldState]] = {}
    for hold in Hold.objects.filter(run_id__in=ids).order_by("id"):
        holds.setdefault(hold.run_id, []).append(_hold(hold))
    events = {
        event.pk: event
        for event in Event.objects.filter(pk__in=[run.event_id for run in runs if run.event_id])
    }
    follows = _followers(runs)
    rows = as_rows(runs, now=now)
    return [
        Chapter(
            row=row,
            event=_event(events[run.event_id]) if run.event_id in events else None,
            attempts=tuple(attempts.get(run.pk, ())),
            holds=tuple(holds.get(run.pk, ())),
            starts_flows=tuple(follows.get((run.pair_id, run.flow.key), ())),
        )
        for run, row in zip(runs, rows, strict=True)
    ]


def _followers(runs: Iterable[Run]) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = {}
    flows = Flow.objects.filter(pair_id__in={run.pair_id for run in runs}).exclude(follows="")
    for flow in flows.order_by("id"):
        found.setdefault((flow.pair_id, flow.follows), []).append(flow.name)
    return found


def _attempt(attempt: Attempt) -> AttemptState:
    return AttemptState(
        run_id=attempt.run_id,
        number=attempt.number,
        outcome=RunStatus(attempt.outcome),
        step=attempt.step,
        error=attempt.error,
        message=attempt.message,
        detail=attempt.detail,
        request_id=attempt.request_id,
        calls=attempt.calls,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        hops=tuple(_stored_hop(hop) for hop in attempt.hops),
    )


def _stored_hop(hop: dict[str, Any]) -> StoredHop:
    amount = hop.get("amount")
    return StoredHop(
        at=datetime.fromisoformat(hop["at"]),
        rail=hop["rail"],
        title=hop["title"],
        text=hop.get("text", ""),
        amount=None if amount is None else Decimal(str(amount)),
    )


def _hold(hold: Hold) -> HoldState:
    return HoldState(
        hold.pk, hold.run_id, hold.kind, hold.key, hold.created_at, hold.released_at, hold.released_by
    )


def _event(event: Event) -> EventState:
    return EventState(
        event.pk,
        event.topic,
        event.found_by,
        event.occurred_at,
        event.received_at,
        event.deliveries,
        len(event.masked),
        event.problem,
    )


def waiting_on(kind: str, key: str) -> int:
    """Return how many runs wait for the same thing."""
    return Hold.objects.filter(kind=kind, key=key, released_at=None).count()
