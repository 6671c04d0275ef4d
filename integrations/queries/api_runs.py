"""Runs as the REST API lists and shows them: filters over indexes, attempts of one run, runs of events."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db.models import QuerySet

from integrations.models import Attempt, Run
from integrations.queries.runs import find


def runs_matching(
    *,
    status: str = "",
    kind: str = "",
    pair_id: int | None = None,
    flow_id: int | None = None,
    sync_job_id: int | None = None,
    typed: str = "",
) -> QuerySet[Run]:
    """Return the current tenant's runs that match all that is given, unordered, each with its flow.

    ``typed`` is any number or address that a record carries.
    """
    exact = {
        "status": status,
        "kind": kind,
        "pair_id": pair_id,
        "flow_id": flow_id,
        "sync_job_id": sync_job_id,
    }
    runs: QuerySet[Run] = Run.objects.select_related("flow").defer("context")
    runs = runs.filter(**{name: value for name, value in exact.items() if value})
    return runs.filter(pk__in=find(typed).run_ids) if typed else runs


def attempts_of_run(run_id: int) -> Sequence[Attempt]:
    """Return the tries of a run, first one first."""
    return list(Attempt.objects.filter(run_id=run_id).order_by("number"))


def runs_of_events(event_ids: Collection[int]) -> Mapping[int, Sequence[int]]:
    """Return event id -> ids of the runs it made, in one statement; [] where it made none."""
    runs: defaultdict[int, list[int]] = defaultdict(list)
    rows = Run.objects.filter(event_id__in=event_ids).order_by("id").values_list("event_id", "id")
    for event_id, run_id in rows:
        runs[event_id].append(run_id)
    return runs
