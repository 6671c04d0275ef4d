"""Runs: find any record by any number a person has."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from integrations.kinds import Kind, RunStatus
from integrations.queries import causes, runs
from integrations.queries.runs import RunFilter
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web.bulk_selection import query_of_filter
from portal.web.pages import number


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    is_current: bool
    count: int
    is_more: bool
    """The count stopped at its limit."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a filter's menu; choosing the current one takes the filter away."""

    label: str
    url: str
    is_current: bool


def _asked(request: TenantRequest) -> RunFilter:
    """Return the filter of the address. Raises Http404 for words that are none."""
    get = request.GET
    if get.get("tab", "") not in runs.TABS:
        raise Http404("no such view")
    try:
        status = RunStatus(get["status"]) if get.get("status") else None
        kind = Kind(get["kind"]) if get.get("kind") else None
    except ValueError as error:
        raise Http404("no such filter") from error
    return RunFilter(
        search=get.get("q", "").strip()[:120],
        tab=get.get("tab", ""),
        status=status,
        kind=kind,
        flow_id=number(request, "flow"),
        pair_id=number(request, "pair"),
        job_id=number(request, "job"),
        action_id=number(request, "bulk"),
    )


def query_of(asked: RunFilter, **changes: object) -> str:
    """Return the query string of a filter with some parts changed; the page position is never kept."""
    parts: dict[str, object] = {
        "q": asked.search,
        "tab": asked.tab,
        "status": asked.status.value if asked.status else "",
        "kind": asked.kind.value if asked.kind else "",
        "flow": asked.flow_id or "",
        "pair": asked.pair_id or "",
        "job": asked.job_id or "",
        "bulk": asked.action_id or "",
        **changes,
    }
    return "?" + urlencode({name: value for name, value in parts.items() if value not in ("", None)})


def _tabs(asked: RunFilter, answer: runs.SearchAnswer | None) -> list[Tab]:
    tabs = []
    for key, label in runs.TAB_LABELS.items():
        count = runs.count_runs(replace(asked, tab=key), answer)
        tabs.append(
            Tab(
                label,
                query_of(asked, tab=key),
                key == asked.tab,
                min(count, runs.COUNT_LIMIT),
                count > runs.COUNT_LIMIT,
            )
        )
    return tabs


def _menus(asked: RunFilter, flows: list[runs.FlowChoice]) -> list[tuple[str, str, str, list[Choice]]]:
    """Return (name, label, chosen words, choices) for each filter."""
    kinds = [
        Choice(kind.label.capitalize(), query_of(asked, kind=kind.value), kind is asked.kind) for kind in Kind
    ]
    statuses = [
        Choice(status.info.label, query_of(asked, status=status.value), status is asked.status)
        for status in RunStatus
    ]
    many_pairs = len({flow.pair_name for flow in flows}) > 1
    named = [
        Choice(
            f"{flow.name}, {flow.pair_name}" if many_pairs else flow.name,
            query_of(asked, flow=flow.id),
            flow.id == asked.flow_id,
        )
        for flow in flows
    ]
    menus = []
    for name, label, choices in (
        ("status", "Status", statuses),
        ("kind", "Kind", kinds),
        ("flow", "Flow", named),
    ):
        chosen = next((choice.label for choice in choices if choice.is_current), "")
        menus.append((name, label, chosen, choices))
    return menus


@tenant_page(Permission.VIEW)
def run_list(request: TenantRequest) -> HttpResponse:
    """Show one page of runs for a search and filters."""
    now, asked = timezone.now(), _asked(request)
    answer = runs.find(asked.search) if asked.search else None
    page = runs.list_runs(
        asked, now=now, answer=answer, before=number(request, "before"), after=number(request, "after")
    )
    tabs = _tabs(asked, answer)
    current = next(tab for tab in tabs if tab.is_current)
    menus = [
        (label, chosen, query_of(asked, **{name: ""}), choices)
        for name, label, chosen, choices in _menus(asked, runs.flow_choices())
    ]
    plan_query = "" if asked.action_id is not None else query_of_filter(asked)
    waiting_count = next(tab for tab in tabs if tab.label == runs.TAB_LABELS["needs"])
    waiting = None
    if answer is not None and answer.run_ids:
        folded = runs.fold(asked.search)
        waiting = next((one for one in causes.list_causes() if runs.fold(one.hold_key) == folded), None)
    return render(
        request,
        "web/runs.html",
        {
            "asked": asked,
            "answer": answer,
            "waiting": waiting,
            "page": page,
            "tabs": tabs,
            "menus": menus,
            "current": current,
            "is_filtered": asked != RunFilter(),
            "waiting_count": waiting_count,
            "plan_query": plan_query,
            "words": f"{len(page.rows)} of {current.count:,d}{' and more' if current.is_more else ''}"
            f" {'run' if current.count == 1 else 'runs'}, newest first",
            "newer_url": query_of(asked, after=page.newer) if page.newer else "",
            "older_url": query_of(asked, before=page.older) if page.older else "",
        },
    )
