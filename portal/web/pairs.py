"""Pairs: a storefront and an ERP with an arrow per flow; pause with a reason, resume, make a new one."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.connectors import registry
from integrations.kinds import Environment, Side
from integrations.models import Connection, Flow, Pair
from integrations.operations import pairs as operations
from integrations.operations.pairs import PairRefused
from integrations.queries import backlog as backlogs
from integrations.queries import connections as connection_queries
from integrations.queries import pairs as queries
from integrations.queries.pairs import PairState
from integrations.queries.sync_jobs import unfinished_of_pair
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web.backlog import backlog_of
from portal.web.components import Crumb
from portal.web.pages import actor_of, address, back_to
from portal.web.wording import count_words


class PairForm(forms.Form):
    """Two connections and an environment; what fits together is the operation's to say."""

    name = forms.CharField(label="Name", max_length=80, help_text="For example: Main shop and ledger.")
    storefront = forms.TypedChoiceField(label="Storefront", coerce=int)
    erp = forms.TypedChoiceField(label="ERP", coerce=int)
    environment = forms.ChoiceField(
        label="Environment", choices=[(one.value, one.label) for one in reversed(Environment)]
    )

    def __init__(self, *given: object, sides: dict[Side, list[tuple[int, str]]], **options: object) -> None:
        super().__init__(*given, **options)  # type: ignore[arg-type]
        self.fields["storefront"].choices = sides[Side.STOREFRONT]  # type: ignore[attr-defined]
        self.fields["erp"].choices = sides[Side.ERP]  # type: ignore[attr-defined]


@tenant_page(Permission.VIEW)
def pair_list(request: TenantRequest) -> HttpResponse:
    """Show all pairs, those that need a person first."""
    return render(request, "web/pairs.html", {"pairs": queries.list_pairs(now=timezone.now())})


def verdict(pair: PairState) -> str:
    """Return one sentence on how the pair stands."""
    side = pair.stopped_side
    if pair.paused_at is not None:
        return f"Paused: {pair.pause_reason or 'no reason given'}. What arrives is stored and goes in order."
    if side is not None:
        return f"{side.name} does not take anything right now. Nothing is lost; what waits goes by itself."
    stopped = [flow.name for flow in pair.flows if flow.paused_at]
    if stopped:
        return f"{' and '.join(stopped)} stopped. The other flows go on."
    if pair.needs_person:
        verb = "needs" if pair.needs_person == 1 else "need"
        noun = "record" if pair.needs_person == 1 else "records"
        return f"{count_words(pair.needs_person)} {noun} {verb} you. Everything else flows."
    if pair.moving:
        return f"{count_words(pair.moving)} on the way. Nothing needs you."
    if not any(flow.last_success_at for flow in pair.flows):
        return "Nothing has arrived in 24 hours, and everything is ready."
    return "Everything flows. Nothing needs you."


def _find(pair_id: int) -> PairState:
    found = queries.find_pair(pair_id, now=timezone.now())
    if found is None:
        raise Http404("no such pair")
    return found


def _job_notes(pair_id: int) -> list[dict[str, object]]:
    """Return the pair's unfinished sweeps, as notes say them."""
    return [
        {
            "id": job.id,
            "title": f"{job.mode.label} of {job.flow_name}: {job.status.info.label.lower()}.",
            "words": f"{count_words(job.handled)} of {count_words(job.total)} records are through.",
        }
        for job in unfinished_of_pair(pair_id)
    ]


@tenant_page(Permission.VIEW)
def show(request: TenantRequest, pair_id: int) -> HttpResponse:
    """Show a pair as a picture, its flows, and what was changed last."""
    found = _find(pair_id)
    now = timezone.now()
    store_polls, erp_polls = queries.polls(found)
    template = "web/pair_body.html" if request.headers.get("HX-Request") else "web/pair.html"
    return render(
        request,
        template,
        {
            "pair": found,
            "verdict": verdict(found),
            "now": now,
            "store_polls": store_polls,
            "erp_polls": erp_polls,
            "sync_jobs": _job_notes(pair_id),
            **backlog_of(backlogs.of_pair(pair_id)),
            "changes": queries.changes_of(f"pair {pair_id}"),
            "crumbs": [Crumb("Pairs", address(request, "pairs")), Crumb(found.environment.label)],
        },
    )


@tenant_page(Permission.BUILD)
def new(request: TenantRequest) -> HttpResponse:
    """Bind two connections together; the pack's flows are published at once."""
    sides: dict[Side, list[tuple[int, str]]] = {Side.STOREFRONT: [], Side.ERP: []}
    for one in connection_queries.list_connections():
        sides[one.spec.side].append((one.id, f"{one.name} ({one.spec.label})"))
    form = PairForm(request.POST or None, sides=sides)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            pair = operations.create_pair(
                given["name"],
                Environment(given["environment"]),
                given["storefront"],
                given["erp"],
                actor=actor_of(request),
            )
        except (PairRefused, Connection.DoesNotExist) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, f"{pair.name} is made. Records that change from now on go by themselves."
            )
            return HttpResponseRedirect(address(request, "pair", pair_id=pair.pk))
    return render(
        request,
        "web/pair_new.html",
        {
            "form": form,
            "has_both": all(sides.values()),
            "specs": registry.all_specs(),
            "crumbs": [Crumb("Pairs", address(request, "pairs")), Crumb("New pair")],
        },
        status=400 if form.errors else 200,
    )


@tenant_page(Permission.OPERATE)
@require_POST
def pause(request: TenantRequest, pair_id: int) -> HttpResponse:
    """Stop delivering a pair's records; what arrives is stored."""
    if not Pair.objects.filter(pk=pair_id).exists():
        raise Http404("no such pair")
    operations.pause_pair(pair_id, request.POST.get("reason", "").strip(), actor=actor_of(request))
    messages.success(request, "Paused. What arrives is stored and goes in order when you resume.")
    return back_to(request, "pair", pair_id=pair_id)


@tenant_page(Permission.OPERATE)
@require_POST
def resume(request: TenantRequest, pair_id: int) -> HttpResponse:
    """Let a paused pair go on."""
    if not Pair.objects.filter(pk=pair_id).exists():
        raise Http404("no such pair")
    operations.resume_pair(pair_id, actor=actor_of(request))
    messages.success(request, "Goes on. What waited goes in order.")
    return back_to(request, "pair", pair_id=pair_id)


@tenant_page(Permission.OPERATE)
@require_POST
def resume_flow(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Let a stopped flow go on."""
    flow = Flow.objects.filter(pk=flow_id).first()
    if flow is None:
        raise Http404("no such flow")
    operations.resume_flow(flow_id, actor=actor_of(request))
    messages.success(request, f"{flow.name} goes on. What waited goes in order.")
    return back_to(request, "pair", pair_id=flow.pair_id)
