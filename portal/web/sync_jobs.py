"""Sync jobs: older records brought in, periods sent once more, single records sent now; with progress and an end."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.kinds.sync_job import SyncMode, SyncStatus
from integrations.models import Flow, Run, in_tenant
from integrations.models.sync_jobs import LARGEST_PER_MINUTE
from integrations.operations import sync_jobs as operations
from integrations.operations import sync_preview
from integrations.operations.sync_jobs import JobRefused, NotSteerable
from integrations.operations.sync_preview import Preview
from integrations.queries import pairs
from integrations.queries import sync_jobs as queries
from integrations.queries.sync_jobs import JobState
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web.components import Crumb
from portal.web.pages import actor_of, address, back_to, number
from portal.web.wording import count_words, duration_words

_PAGE = 20


class SyncForm(forms.Form):
    """What to bring in; what fits together is the operation's to say. Days are whole days of the company's zone."""

    flow = forms.TypedChoiceField(label="Flow", coerce=int)
    mode = forms.ChoiceField(label="What it does", choices=[(one.value, one.label) for one in SyncMode])
    since = forms.DateField(
        label="Changed from", required=False, widget=forms.DateInput({"type": "date"}),
        help_text="Empty: from the very first one.",
    )  # fmt: skip
    until = forms.DateField(
        label="Changed up to", required=False, widget=forms.DateInput({"type": "date"}),
        help_text="That day included. Empty: up to now. Some systems do not tell when a record changed.",
    )  # fmt: skip
    numbers = forms.CharField(
        label="Numbers, for Sync now", required=False, max_length=10_000,
        widget=forms.Textarea({"rows": 2}),
        help_text="Order numbers, SKUs or ids, with blanks or commas between them.",
    )  # fmt: skip
    per_minute = forms.IntegerField(
        label="Records a minute, at most", required=False, min_value=1, max_value=LARGEST_PER_MINUTE,
        help_text="Empty: half of what the systems allow, so that new records are never kept waiting.",
    )  # fmt: skip

    def __init__(self, *given: Any, flows: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["flow"].choices = flows  # type: ignore[attr-defined]

    def request_of(self) -> dict[str, Any]:
        """Return the operation's arguments from a valid form."""
        given = self.cleaned_data
        until = given["until"] + timedelta(days=1) if given["until"] else None
        return {
            "flow_id": given["flow"],
            "mode": SyncMode(given["mode"]),
            "since": _midnight(given["since"]),
            "until": _midnight(until),
        }


def _midnight(day: Any) -> datetime | None:
    return None if day is None else timezone.make_aware(datetime.combine(day, time.min))


def _startable_flows() -> list[tuple[int, str]]:
    flows = Flow.objects.filter(follows="", current__isnull=False).select_related("pair")
    return [(flow.pk, f"{flow.name}, {flow.pair.name}") for flow in flows.order_by("pair__name", "id")]


@tenant_page(Permission.VIEW)
def job_list(request: TenantRequest) -> HttpResponse:
    """Show all jobs, newest first."""
    found = queries.list_jobs(before=number(request, "before"), size=_PAGE + 1)
    return render(
        request,
        "web/sync_jobs.html",
        {
            "jobs": found[:_PAGE],
            "older": found[_PAGE - 1].id if len(found) > _PAGE else None,
            "is_first_page": "before" not in request.GET,
        },
    )


@tenant_page(Permission.OPERATE, in_transaction=False)
def new(request: TenantRequest) -> HttpResponse:
    """Ask what to bring in, show how much that is, and start it. The look reads the source outside a transaction."""
    with in_tenant(request.tenant.pk):
        flows = _startable_flows()
    asked = {name: request.GET.get(name, "") for name in ("flow", "mode", "numbers")}
    form = SyncForm(
        request.POST or None, flows=flows, initial={name: one for name, one in asked.items() if one}
    )
    seen: Preview | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("do") == "start":
                with in_tenant(request.tenant.pk):
                    return _started(request, form)
            seen = sync_preview.preview(request.tenant, **form.request_of())
        except (JobRefused, Flow.DoesNotExist) as refusal:
            form.add_error(None, str(refusal))
    with in_tenant(request.tenant.pk):
        return render(
            request,
            "web/sync_new.html",
            {
                "form": form,
                "flows": flows,
                "modes": list(SyncMode),
                "seen": seen,
                "seen_words": preview_words(seen) if seen else "",
                "crumbs": [Crumb("Sync jobs", address(request, "sync-jobs")), Crumb("New job")],
            },
            status=400 if form.errors else 200,
        )


def _started(request: TenantRequest, form: SyncForm) -> HttpResponse:
    """Create the job of a valid form. Raises JobRefused, Flow.DoesNotExist."""
    wanted = form.request_of()
    job = operations.create(
        wanted.pop("flow_id"),
        wanted.pop("mode"),
        actor=actor_of(request),
        numbers=form.cleaned_data["numbers"].replace(",", " ").split(),
        per_minute=form.cleaned_data["per_minute"],
        **wanted,
    )
    return HttpResponseRedirect(address(request, "sync-job", job_id=job.pk))


def preview_words(seen: Preview) -> str:
    """Return one sentence on what a job would find."""
    tally = seen.tally
    many = f"{'' if tally.is_exact else 'At least '}{count_words(tally.count)} record{'' if tally.count == 1 else 's'}"
    linked = f", {count_words(tally.linked)} of them linked already" if tally.linked else ""
    if not seen.to_do:
        return (
            f"{many}{linked}. There is nothing to do." if tally.count else "There is nothing in this period."
        )
    duration = duration_words(seen.seconds)
    what = "the rest takes" if tally.linked else f"{'it takes' if tally.count == 1 else 'they take'}"
    return f"{many}{linked}. At {seen.per_minute} a minute {what} about {duration}."


def _find(job_id: int) -> JobState:
    found = queries.find_job(job_id)
    if found is None:
        raise Http404("no such job")
    return found


def verdict(job: JobState) -> str:
    """Return one sentence on how the job stands."""
    left = job.total - job.handled
    match job.status:
        case SyncStatus.PAUSED:
            return f"Paused: {job.reason}. What is queued waits; new records go on as ever."
        case SyncStatus.CANCELLED:
            return f"Cancelled: {job.reason}. What was delivered by then stays."
        case SyncStatus.FAILED:
            return f"Stopped: {job.reason}"
        case SyncStatus.FINISHED:
            if job.needs_person:
                verb = "needs" if job.needs_person == 1 else "need"
                return f"Through. {count_words(job.needs_person)} of its records {verb} you."
            return "Through. Nothing needs you."
    if job.reason:
        return f"Waits and tries again by itself: {job.reason}"
    if job.counted is None:
        return "Counting what there is."
    if not left and job.is_read_out:
        return "Bringing the last ones home."
    return f"{count_words(left)}{'' if job.is_total_known else ' or more'} to go, behind what happens now."


@tenant_page(Permission.VIEW)
def show(request: TenantRequest, job_id: int) -> HttpResponse:
    """Show one job with its progress; drawn again every few seconds while it runs."""
    found = _find(job_id)
    template = "web/sync_job_body.html" if request.headers.get("HX-Request") else "web/sync_job.html"
    eta = found.eta_seconds
    return render(
        request,
        template,
        {
            "job": found,
            "verdict": verdict(found),
            "left_words": _pace_words(found, eta),
            "right_words": f"{count_words(found.settled.held)} held, {count_words(found.settled.failed)} failed",
            "needing": queries.rows_needing_person(job_id),
            "missing": queries.rows_missing(job_id) if found.mode is SyncMode.MATCH_ONLY else [],
            "newest": queries.rows_newest(job_id),
            "changes": pairs.changes_of(f"sync_job {job_id}"),
            "crumbs": [
                Crumb("Sync jobs", address(request, "sync-jobs")),
                Crumb(f"{found.mode.label} {found.id}"),
            ],
        },
        # To htmx: nothing changes any more, stop asking.
        status=286 if found.status.info.is_final and request.headers.get("HX-Request") else 200,
    )


def _pace_words(job: JobState, eta: float | None) -> str:
    if job.status.info.is_final or job.status is SyncStatus.PAUSED:
        return ""
    pace = (
        f"{job.rate_per_minute:.0f} a minute" if job.rate_per_minute else f"up to {job.per_minute} a minute"
    )
    return pace if eta is None else f"{pace}, ready in about {duration_words(eta)}"


@tenant_page(Permission.OPERATE)
@require_POST
def pause(request: TenantRequest, job_id: int) -> HttpResponse:
    """Stop a job for a while."""
    _find(job_id)
    try:
        operations.pause(job_id, request.POST.get("reason", ""), actor=actor_of(request))
        messages.success(request, "Paused. What is queued waits until you resume.")
    except NotSteerable as refusal:
        messages.error(request, str(refusal))
    return back_to(request, "sync-job", job_id=job_id)


@tenant_page(Permission.OPERATE)
@require_POST
def resume(request: TenantRequest, job_id: int) -> HttpResponse:
    """Let a paused job go on."""
    _find(job_id)
    try:
        operations.resume(job_id, actor=actor_of(request))
        messages.success(request, "Goes on where it stood.")
    except NotSteerable as refusal:
        messages.error(request, str(refusal))
    return back_to(request, "sync-job", job_id=job_id)


@tenant_page(Permission.OPERATE)
@require_POST
def cancel(request: TenantRequest, job_id: int) -> HttpResponse:
    """End a job; what it delivered stays."""
    _find(job_id)
    try:
        taken_back = operations.cancel(job_id, request.POST.get("reason", ""), actor=actor_of(request))
        messages.success(request, f"Cancelled. {count_words(taken_back)} waiting records were taken back.")
    except NotSteerable as refusal:
        messages.error(request, str(refusal))
    return back_to(request, "sync-job", job_id=job_id)


@tenant_page(Permission.OPERATE)
@require_POST
def sync_run(request: TenantRequest, run_id: int) -> HttpResponse:
    """Send the record of a run now, as it is now."""
    try:
        job = operations.sync_record(run_id, actor=actor_of(request))
    except Run.DoesNotExist as error:
        raise Http404("no such run") from error
    except JobRefused as refusal:
        messages.error(request, str(refusal))
        return back_to(request, "run", run_id=run_id)
    return HttpResponseRedirect(address(request, "sync-job", job_id=job.pk))
