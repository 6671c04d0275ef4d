"""The list of runs: any number a person has, filters, and pages by id."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from integrations.connectors import registry
from integrations.kinds import Kind, RunStatus
from integrations.models import BulkActionRun, Connection, Flow, Hold, Run, SearchKey
from integrations.queries.records import MOVING, NEEDS_PERSON, RunRow, as_rows, with_sides

PAGE_SIZE = 25
COUNT_LIMIT = 1_000
"""Counts above this are told as "more than"; counting further would read the whole history."""
_SEARCH_LIMIT = 2_000

TABS: dict[str, tuple[RunStatus, ...]] = {
    "": (),
    "needs": NEEDS_PERSON,
    "moving": MOVING,
    "done": (RunStatus.SUCCEEDED,),
    "left": (RunStatus.SKIPPED, RunStatus.SUPERSEDED, RunStatus.CANCELLED),
}
TAB_LABELS = {
    "": "Everything",
    "needs": "Needs you",
    "moving": "On the way",
    "done": "Delivered",
    "left": "Left out",
}


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a person asked for; empty values ask nothing. ``tab`` is a key of TABS."""

    search: str = ""
    tab: str = ""
    status: RunStatus | None = None
    kind: Kind | None = None
    flow_id: int | None = None
    pair_id: int | None = None
    job_id: int | None = None
    """A sync job that asked for it."""
    action_id: int | None = None
    """A bulk action that took it on."""


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page, newest first; ``newer`` and ``older`` are the ids to go on from, None at an end."""

    rows: tuple[RunRow, ...]
    newer: int | None
    older: int | None


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The runs a number belongs to, and as what it was found: ``SKU``, ``order number``."""

    run_ids: tuple[int, ...]
    found_as: str


@dataclass(frozen=True, slots=True)
class FlowChoice:
    id: int
    name: str
    pair_name: str


def fold(value: str) -> str:
    """Return the form in which search keys are stored; the same rule as ``operations.delivery.finish``."""
    return value.strip().casefold()[:120]


_KEY_WORDS = {
    "number": "number",
    "record": "id in the source",
    "target": "id in the target",
    "target_number": "number in the target",
    "sku": "SKU",
    "email": "e-mail address",
}


def find(typed: str) -> SearchAnswer:
    """Return which runs carry a number, newest first. A reference (``XC-1043``) finds its order as well."""
    wanted = [fold(typed)]
    prefix, dash, rest = fold(typed).partition("-")
    if dash and rest and prefix in {spec.reference_prefix.casefold() for spec in registry.all_specs()}:
        wanted.append(rest)
    keys = list(
        SearchKey.objects.filter(value__in=wanted)
        .order_by("-run_id")
        .values_list("run_id", "name")[:_SEARCH_LIMIT]
    )
    # A run that was not served yet has no keys; its number is known from the event.
    waiting = Run.objects.filter(business_key__in=[typed.strip(), *wanted]).order_by("-id")
    held = Hold.objects.filter(
        # The index begins with the connection.
        connection_id__in=Connection.objects.values("id"),
        kind=Kind.PRODUCT.value,
        key__in={typed.strip(), typed.strip().upper()},
        released_at=None,
    ).values_list("run_id", flat=True)[:_SEARCH_LIMIT]
    keys += [(run_id, "sku") for run_id in held]
    ids = {run_id for run_id, _ in keys} | set(waiting.values_list("id", flat=True)[:_SEARCH_LIMIT])
    names = [name for _, name in keys]
    name = max(set(names), key=names.count) if names else "number"
    return SearchAnswer(
        tuple(sorted(ids, reverse=True)), _KEY_WORDS.get(name, name.replace("_", " ")) if ids else ""
    )


def _filtered(given: RunFilter, answer: SearchAnswer | None) -> QuerySet[Run]:
    runs = Run.objects.all()
    if answer is not None:
        runs = runs.filter(id__in=answer.run_ids)
    if given.tab:
        runs = runs.filter(status__in=[status.value for status in TABS[given.tab]])
    if given.status is not None:
        runs = runs.filter(status=given.status.value)
    if given.kind is not None:
        runs = runs.filter(kind=given.kind.value)
    if given.flow_id is not None:
        runs = runs.filter(flow_id=given.flow_id)
    if given.pair_id is not None:
        runs = runs.filter(pair_id=given.pair_id)
    if given.job_id is not None:
        runs = runs.filter(sync_job_id=given.job_id)
    if given.action_id is not None:
        taken = BulkActionRun.objects.filter(bulk_action_id=given.action_id)
        runs = runs.filter(pk__in=taken.values("run_id"))
    return runs


def list_runs(
    given: RunFilter,
    *,
    now: datetime,
    answer: SearchAnswer | None = None,
    before: int | None = None,
    after: int | None = None,
    size: int = PAGE_SIZE,
) -> RunPage:
    """Return one page of runs; ``before`` pages to older ones, ``after`` back to newer ones."""
    runs = with_sides(_filtered(given, answer))
    if after is not None:
        found = list(runs.filter(id__gt=after).order_by("id")[: size + 1])
        has_newer, has_older = len(found) > size, True
        found = found[:size][::-1]
    else:
        if before is not None:
            runs = runs.filter(id__lt=before)
        found = list(runs.order_by("-id")[: size + 1])
        has_newer, has_older = before is not None, len(found) > size
        found = found[:size]
    rows = tuple(as_rows(found, now=now))
    return RunPage(
        rows,
        newer=rows[0].id if rows and has_newer else None,
        older=rows[-1].id if rows and has_older else None,
    )


def count_runs(given: RunFilter, answer: SearchAnswer | None = None) -> int:
    """Return how many runs match, COUNT_LIMIT + 1 when there are more."""
    return _filtered(given, answer).order_by()[: COUNT_LIMIT + 1].count()


def flow_choices() -> list[FlowChoice]:
    """Return the tenant's flows for a filter."""
    return [
        FlowChoice(flow.pk, flow.name, flow.pair.name)
        for flow in Flow.objects.select_related("pair").order_by("pair__name", "id")
    ]
