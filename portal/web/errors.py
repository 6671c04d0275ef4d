"""The error desk: what waits for a person, by cause, each with the one thing that mends it.

A bulk action shows its plan first: how many, how much money, how many remote calls.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.models import ValueMap
from integrations.operations import bulk_actions, releases
from integrations.operations import runs as operations
from integrations.operations.bulk_steps import CHUNK
from integrations.operations.releases import LinkRefused, Released, RowRefused
from integrations.queries import causes, holds, runs
from integrations.queries.causes import Cause
from integrations.queries.runs import RunFilter, SearchAnswer
from integrations.queries.selections import selection_of
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web.bulk_selection import query_of_cause
from portal.web.pages import actor_of, address, back_to, number
from portal.web.wording import count_words


def _find(key: str) -> Cause:
    found = causes.find_cause(key)
    if found is None:
        raise Http404("nothing waits for this any more")
    return found


def _desk(**more: Any) -> dict[str, Any]:
    found = causes.list_causes()
    return {
        "causes": found,
        "count": sum(cause.count for cause in found),
        "money": causes.sums(found),
        "oldest_at": min((cause.oldest_at for cause in found), default=None),
        "now": timezone.now(),
        **more,
    }


def releases_of(cause: Cause) -> str:
    """Return what mending a cause lets go, over all flows: ``17 orders and 3 returns``; "" where nothing is released."""
    match cause.remedy:
        case causes.Remedy.LINK:
            return holds.release_words(holds.released_by_link(cause.pair_id, cause.hold_key))
        case causes.Remedy.ADD_ROW:
            return holds.release_words(holds.released_by_row(cause.pair_id, *cause.value_map))
    return ""


@tenant_page(Permission.VIEW)
def desk(request: TenantRequest) -> HttpResponse:
    """Show every cause, most money first."""
    now = timezone.now()
    moving = runs.list_runs(RunFilter(tab="moving"), now=now, size=100).rows
    return render(
        request,
        "web/errors.html",
        _desk(
            group=None,
            retrying=sum(row.status == "retrying" for row in moving),
            next_retry_at=min((row.next_at for row in moving if row.next_at), default=None),
        ),
    )


@tenant_page(Permission.VIEW)
def group(request: TenantRequest, key: str) -> HttpResponse:
    """Show the records of one cause beside the list; back to the desk when it is mended."""
    found = causes.find_cause(key)
    if found is None:
        messages.success(request, "Nothing waits for that any more.")
        return HttpResponseRedirect(address(request, "errors"))
    ids = causes.runs_of(found)
    page = runs.list_runs(
        RunFilter(),
        now=timezone.now(),
        answer=SearchAnswer(tuple(ids), ""),
        before=number(request, "before"),
        after=number(request, "after"),
        size=20,
    )
    return render(
        request,
        "web/errors.html",
        _desk(
            group=found,
            page=page,
            words=f"{len(page.rows)} of {found.count:,d}, newest first",
            newer_url=f"?after={page.newer}" if page.newer else "",
            older_url=f"?before={page.older}" if page.older else "",
            plan_query=query_of_cause(found),
            releases=releases_of(found),
        ),
    )


@tenant_page(Permission.OPERATE)
@require_POST
def skip_group(request: TenantRequest, key: str) -> HttpResponse:
    """End all records of a cause without delivering them; more than one chunk go as a bulk action."""
    found = _find(key)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, "Say why they are skipped; nothing was changed.")
        return back_to(request, "error-group", key=key)
    if found.count > CHUNK:
        action = bulk_actions.start_skip(selection_of(found), found.title, reason, actor=actor_of(request))
        return HttpResponseRedirect(address(request, "bulk-action", action_id=action.pk))
    ended = operations.skip(causes.runs_of(found), reason, actor=actor_of(request))
    messages.success(request, f"{ended} skipped.")
    return back_to(request, "errors")


@tenant_page(Permission.OPERATE)
@require_POST
def link_sku(request: TenantRequest, key: str) -> HttpResponse:
    """Link the SKU a cause waits for; all its records go in order."""
    found = _find(key)
    other = request.POST.get("sku", "")
    ours, theirs = (found.hold_key, other) if found.target is found.erp else (other, found.hold_key)
    try:
        released = releases.link_sku(found.pair_id, ours, theirs, actor=actor_of(request))
    except LinkRefused as refusal:
        messages.error(request, str(refusal))
        return back_to(request, "error-group", key=key)
    return _after_release(request, f"{ours} is {theirs} now.", released)


@tenant_page(Permission.OPERATE)
@require_POST
def add_row(request: TenantRequest, key: str) -> HttpResponse:
    """Add the row a cause waits for to its value map; all its records go in order."""
    found = _find(key)
    table, source = found.value_map
    target = request.POST.get("target", "")
    try:
        released = releases.add_value_row(found.pair_id, table, source, target, actor=actor_of(request))
    except (RowRefused, ValueMap.DoesNotExist) as refusal:
        messages.error(request, str(refusal))
        return back_to(request, "error-group", key=key)
    return _after_release(request, f"{source} is {target} now.", released)


def _after_release(request: TenantRequest, words: str, released: Released) -> HttpResponse:
    """Say how many went; more than one chunk is seen through on a page of its own."""
    noun = "record goes" if released.total == 1 else "records go"
    messages.success(request, f"{words} {count_words(released.total)} {noun} in order.")
    if released.action_id is not None:
        return HttpResponseRedirect(address(request, "bulk-action", action_id=released.action_id))
    return back_to(request, "errors")
