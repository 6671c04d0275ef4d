"""Bulk actions: a plan first, one record first, then the rest in chunks, with progress and an end."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from integrations.kinds import RunStatus
from integrations.kinds.bulk_action import BulkDeed, BulkStatus, RetryStart, RetryVersion
from integrations.models import BulkAction
from integrations.operations import bulk_actions as operations
from integrations.operations.bulk_actions import BulkRefused, NotCancellable
from integrations.operations.runs import RetryChoice
from integrations.queries import bulk_actions as queries
from integrations.queries import bulk_plans, causes, pairs
from integrations.queries.bulk_actions import BulkState
from integrations.queries.bulk_plans import Plan
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web.bulk_selection import SelectionForm, code_words
from portal.web.components import Crumb
from portal.web.pages import actor_of, address, back_to, number, told_id
from portal.web.wording import count_words, duration_words

_PAGE = 20


def _form(given: QueryDict) -> SelectionForm:
    codes = sorted({one.reason_code for one in causes.list_causes() if one.reason_code})
    return SelectionForm(given, codes=[(code, code_words(code)) for code in codes])


def _crumbs(request: TenantRequest, last: str) -> list[Crumb]:
    return [
        Crumb("Error desk", address(request, "errors")),
        Crumb("Bulk actions", address(request, "bulk-actions")),
        Crumb(last),
    ]


@tenant_page(Permission.VIEW)
def action_list(request: TenantRequest) -> HttpResponse:
    """Show all bulk actions, newest first."""
    found = queries.list_actions(before=number(request, "before"), size=_PAGE + 1)
    return render(
        request,
        "web/bulk_actions.html",
        {
            "actions": found[:_PAGE],
            "older": found[_PAGE - 1].id if len(found) > _PAGE else None,
            "is_first_page": "before" not in request.GET,
            "crumbs": [Crumb("Error desk", address(request, "errors")), Crumb("Bulk actions")],
        },
    )


@tenant_page(Permission.OPERATE)
def plan(request: TenantRequest) -> HttpResponse:
    """Show what a selection matches and what retrying it means; start it when the plan was seen."""
    form = _form(request.GET)
    refusal = ""
    is_valid = form.is_valid()
    if is_valid and request.method == "POST":
        try:
            return _started(request, form)
        except BulkRefused as refused:
            refusal = str(refused)
    planned = bulk_plans.plan_of(form.selection()) if is_valid else None
    return render(
        request,
        "web/bulk_plan.html",
        {
            "form": form,
            "plan": planned,
            "words": form.words() if is_valid else "",
            "plan_words": plan_words(planned) if planned is not None else "",
            "refusal": refusal,
            "query": request.GET.urlencode(),
            "crumbs": _crumbs(request, "Plan"),
        },
        status=400 if refusal or not is_valid else 200,
    )


def _started(request: TenantRequest, form: SelectionForm) -> HttpResponse:
    """Start what the plan showed: nothing that failed since is part of it. Raises BulkRefused."""
    given, selection = request.POST, form.selection()
    up_to = told_id(given.get("up_to", ""))
    if given.get("deed") == BulkDeed.SKIP.value:
        action = operations.start_skip(
            selection,
            form.words(),
            given.get("reason", "").replace("\0", ""),
            actor=actor_of(request),
            up_to=up_to,
        )
    else:
        action = operations.start_retry(
            selection,
            form.words(),
            actor=actor_of(request),
            choice=retry_choice(given),
            calls=bulk_plans.plan_of(selection).call_count,
            up_to=up_to,
        )
    return HttpResponseRedirect(address(request, "bulk-action", action_id=action.pk))


def retry_choice(given: Any) -> RetryChoice:
    """Return the choices of a retry form; what it does not say is the usual. Raises Http404 for words that are none."""
    try:
        return RetryChoice(
            RetryVersion(given.get("version", RetryVersion.SAME.value)),
            RetryStart(given.get("start", RetryStart.USUAL.value)),
            approves=given.get("approves") == "yes",
        )
    except ValueError as error:
        raise Http404("no such choice") from error


def plan_words(planned: Plan) -> str:
    """Return one sentence on what the plan costs."""
    if not planned.count:
        return "Nothing that waits for a person matches this."
    calls = (
        f"About {count_words(planned.call_count)} remote calls" if planned.call_count else "No remote call"
    )
    slowest = max(planned.calls, key=lambda one: one.seconds, default=None)
    if slowest is None or slowest.seconds < 1:
        return f"{calls}, a moment."
    limit = f", which allows {slowest.per_minute} a minute" if slowest.per_minute else ""
    return (
        f"{calls}. It takes at least {duration_words(slowest.seconds)}: {slowest.name} is the slowest{limit}."
    )


def _find(action_id: int) -> BulkState:
    found = queries.find_action(action_id)
    if found is None:
        raise Http404("no such action")
    return found


def verdict(action: BulkState) -> str:
    """Return one sentence on how the action stands."""
    match action.status:
        case BulkStatus.TRYING if action.first_run_id is None:
            return "The first one goes in a moment; the others wait for it."
        case BulkStatus.TRYING:
            where = action.first_status.info.label.lower() if action.first_status else "on its way"
            return f"{action.first_number} goes first: {where}. The others wait for it."
        case BulkStatus.STOPPED:
            return f"{action.reason.rstrip('.')}. The other {count_words(action.untouched)} were not touched."
        case BulkStatus.CANCELLED:
            return f"Cancelled: {action.reason}. What was taken on by then goes on."
        case BulkStatus.FINISHED if action.outcomes.moving:
            many = action.outcomes.moving
            return f"All were sent. {count_words(many)} {'is' if many == 1 else 'are'} still on the way."
        case BulkStatus.FINISHED if action.outcomes.needs_person:
            many = action.outcomes.needs_person
            return f"Through. {count_words(many)} of them need{'s' if many == 1 else ''} you again."
        case BulkStatus.FINISHED if action.outcomes.passed_over:
            many = action.outcomes.passed_over
            were = "was left as it was and waits" if many == 1 else "were left as they were and wait"
            return f"Through. {count_words(many)} {were}."
        case BulkStatus.FINISHED:
            return "Through. None of them needs you any more."
        case BulkStatus.RUNNING if action.reason:
            return f"Waits and tries again by itself. {action.reason}"
    left = action.untouched
    if not left:
        return "All were sent. The last ones are on their way, behind what happens now."
    return f"{count_words(left)} to go, behind what happens now."


@tenant_page(Permission.VIEW)
def show(request: TenantRequest, action_id: int) -> HttpResponse:
    """Show one action with its progress; drawn again every few seconds while something moves."""
    found = _find(action_id)
    template = "web/bulk_action_body.html" if request.headers.get("HX-Request") else "web/bulk_action.html"
    outcomes = found.outcomes
    return render(
        request,
        template,
        {
            "bulk": found,
            "verdict": verdict(found),
            "right_words": f"{count_words(outcomes.held)} held, {count_words(outcomes.failed)} failed"
            if found.deed.sends
            else "",
            "needing": queries.rows_needing_person(action_id) if outcomes.needs_person else [],
            "first_badge": found.first_status or RunStatus.QUEUED,
            "changes": pairs.changes_of(f"bulk_action {action_id}"),
            "crumbs": _crumbs(request, f"{found.deed.label} {found.id}"),
        },
        # To htmx: nothing changes any more, stop asking.
        status=286 if found.is_settled and request.headers.get("HX-Request") else 200,
    )


@tenant_page(Permission.OPERATE)
@require_POST
def cancel(request: TenantRequest, action_id: int) -> HttpResponse:
    """Take on nothing more; what was sent goes on."""
    try:
        operations.cancel(action_id, request.POST.get("reason", ""), actor=actor_of(request))
        messages.success(request, "Cancelled. Nothing more is taken on.")
    except BulkAction.DoesNotExist as error:
        raise Http404("no such action") from error
    except NotCancellable as refusal:
        messages.error(request, str(refusal))
    return back_to(request, "bulk-action", action_id=action_id)
