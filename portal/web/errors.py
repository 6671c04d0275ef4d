"""The error desk: what waits for a person, by cause, each with the one thing that mends it.

A bulk action shows its plan first: how many, how much money, how many remote calls.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.models import Run, ValueMap
from integrations.operations import runs as operations
from integrations.operations.runs import EditRefused, LinkRefused
from integrations.queries import causes, runs
from integrations.queries.causes import Cause
from integrations.queries.passport import find_passport
from integrations.queries.runs import RunFilter, SearchAnswer
from integrations.stores import bodies
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web import passport_words
from portal.web.components import Crumb
from portal.web.pages import actor_of, address, back_to, number
from portal.web.record_text import json_text

# What one retry of a record costs in remote calls, about: read it, look for it, write it.
CALLS_PER_RECORD = 3


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
            calls=found.count * CALLS_PER_RECORD,
        ),
    )


@tenant_page(Permission.OPERATE)
def plan(request: TenantRequest, key: str) -> HttpResponse:
    """Show what retrying a whole group means before anything is done."""
    found = _find(key)
    ids = causes.runs_of(found)
    return render(
        request,
        "web/error_plan.html",
        {
            "cause": found,
            "count": len(ids),
            "calls": len(ids) * CALLS_PER_RECORD,
            "crumbs": [
                Crumb("Error desk", address(request, "errors")),
                Crumb(found.title, address(request, "error-group", key=key)),
                Crumb("Plan"),
            ],
        },
    )


@tenant_page(Permission.OPERATE)
@require_POST
def retry_group(request: TenantRequest, key: str) -> HttpResponse:
    """Send all records of a cause again, oldest first."""
    sent = operations.retry(causes.runs_of(_find(key)), actor=actor_of(request))
    messages.success(request, f"{sent} sent again, oldest first.")
    return back_to(request, "errors")


@tenant_page(Permission.OPERATE)
@require_POST
def skip_group(request: TenantRequest, key: str) -> HttpResponse:
    """End all records of a cause without delivering them."""
    found = _find(key)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, "Say why they are skipped; nothing was changed.")
        return back_to(request, "error-group", key=key)
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
        released = operations.link_sku(found.pair_id, ours, theirs, actor=actor_of(request))
    except LinkRefused as refusal:
        messages.error(request, str(refusal))
        return back_to(request, "error-group", key=key)
    messages.success(request, f"{ours} is {theirs}. {released} records go in order.")
    return back_to(request, "errors")


@tenant_page(Permission.OPERATE)
@require_POST
def add_row(request: TenantRequest, key: str) -> HttpResponse:
    """Add the row a cause waits for to its value map; all its records go in order."""
    found = _find(key)
    table, source = found.value_map
    target = request.POST.get("target", "")
    try:
        released = operations.add_value_row(found.pair_id, table, source, target, actor=actor_of(request))
    except (EditRefused, ValueMap.DoesNotExist) as refusal:
        messages.error(request, str(refusal))
        return back_to(request, "error-group", key=key)
    messages.success(request, f"{source} is {target} now. {released} records go in order.")
    return back_to(request, "errors")


@tenant_page(Permission.OPERATE)
def edit(request: TenantRequest, run_id: int) -> HttpResponse:
    """Show a held or failed record for editing, and send the edited one again."""
    found = find_passport(run_id, now=timezone.now())
    if found is None:
        raise Http404("no such run")
    row, problem = found.main.row, ""
    opened = bodies.open_bodies(request.tenant.pk, run_id)
    source = opened.edited or opened.source
    text = "" if source is None else json_text(source)
    if request.method == "POST":
        text = request.POST.get("record", "")
        try:
            operations.edit_and_retry(run_id, text, actor=actor_of(request))
        except EditRefused as refusal:
            problem = str(refusal)
        except Run.DoesNotExist:
            messages.error(request, "It is not waiting for you any more.")
            return back_to(request, "run", run_id=run_id)
        else:
            messages.success(request, f"{row.kind.label.capitalize()} {row.number} was sent again as edited.")
            return HttpResponseRedirect(address(request, "run", run_id=run_id))
    elif not row.needs_person or source is None:
        raise Http404("nothing to edit")
    else:
        # The editor shows the record as it is, personal data included.
        operations.reveal(run_id, actor=actor_of(request))
    return render(
        request,
        "web/run_edit.html",
        {
            "row": row,
            "headline": passport_words.headline(found),
            "text": text,
            "problem": problem,
            "problems": found.problems,
            "is_edited": opened.edited is not None,
            "crumbs": [
                Crumb("Error desk", address(request, "errors")),
                Crumb(row.number or str(row.id), address(request, "run", run_id=run_id)),
                Crumb("Edit and retry"),
            ],
        },
        status=400 if problem else 200,
    )
