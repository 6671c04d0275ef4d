"""The passport: where one record stands, its journey over both systems, and what a person can do about it."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.connectors.spec import Verb
from integrations.models import Run
from integrations.operations import runs as operations
from integrations.queries import causes, pairs
from integrations.queries import passport as queries
from integrations.queries.passport import Passport
from integrations.stores import bodies
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web import errors, journey, passport_panels, passport_words
from portal.web.bulk_actions import retry_choice
from portal.web.components import Crumb
from portal.web.pages import actor_of, address, back_to, number

REVEAL_MINUTES = 10
_LOOK_MINUTES = 30


def _find(request: TenantRequest, run_id: int) -> Passport:
    found = queries.find_passport(run_id, now=timezone.now())
    if found is None:
        raise Http404("no such run")
    return found


@tenant_page(Permission.VIEW)
def show(request: TenantRequest, run_id: int) -> HttpResponse:
    """Show a record's passport."""
    found = _find(request, run_id)
    _note_look(request, run_id)
    return render(request, "web/passport.html", _page(request, found))


@tenant_page(Permission.VIEW)
def live(request: TenantRequest, run_id: int) -> HttpResponse:
    """Draw the part of the passport that changes by itself; polled while the run is not at rest."""
    return render(request, "web/passport_body.html", _page(request, _find(request, run_id)))


def _note_look(request: TenantRequest, run_id: int) -> None:
    """Write a look down once in half an hour per person and record."""
    looked: dict[str, float] = request.session.get("looked_at", {})
    now = timezone.now().timestamp()
    recent = {key: at for key, at in looked.items() if now - at < _LOOK_MINUTES * 60}
    if str(run_id) not in recent:
        operations.note_look(run_id, actor=actor_of(request))
        request.session["looked_at"] = {**recent, str(run_id): now}


def is_revealed(request: TenantRequest, run_id: int) -> bool:
    """Return whether this person asked for the record's personal data a few minutes ago."""
    until: float = request.session.get("revealed", {}).get(str(run_id), 0)
    return timezone.now().timestamp() < until


def _page(request: TenantRequest, found: Passport) -> dict[str, Any]:
    now, row = timezone.now(), found.main.row
    opened = bodies.open_bodies(request.tenant.pk, row.id)
    shows = is_revealed(request, row.id)
    urls = {
        chapter.row.id: address(request, "run", run_id=chapter.row.id)
        for chapter in found.story
        if chapter.row.id != row.id
    }
    exchanges = passport_panels.exchange_views(opened.exchanges, number(request, "call"), shows)
    cause = causes.find_cause_of(row.id) if row.needs_person else None
    trace = passport_panels.trace_rows(found, opened, shows)
    return {
        "passport": found,
        "row": row,
        "headline": passport_words.headline(found),
        "sub": passport_words.sub(found, cause),
        "facts": passport_words.facts(found, now, shows, opened.source),
        "hops": journey.tell(found, now=now, url_of=urls, is_revealed=shows),
        "crumbs": [
            Crumb("Runs", address(request, "runs")),
            Crumb(
                causes.plural(row.kind.label, 2).capitalize(), f"{address(request, 'runs')}?kind={row.kind}"
            ),
            Crumb(row.number or str(row.id)),
        ],
        "exchanges": exchanges,
        "exchange": next((one for one in exchanges if one.is_current), None),
        "is_revealed": shows,
        "reveal_minutes": REVEAL_MINUTES,
        "money": passport_panels.money_check(found),
        "trace": trace,
        "cause": cause,
        "problems": passport_panels.problems(found, shows),
        "edits": passport_panels.edit_views(found, request.tenant.pk, shows),
        "lines": passport_panels.order_lines(opened.source),
        "looks": pairs.changes_of(f"run {row.id}", limit=6),
        "releases": errors.releases_of(cause) if cause else "",
        "own_version": found.version,
        "latest_version": found.latest_version if found.latest_version != found.version else None,
        "can_approve": row.reason_code == "changed_after_release" and row.target.can(row.kind, Verb.UPDATE),
        "is_moving": not row.status.info.is_final and not row.needs_person,
        "can_edit": row.needs_person and opened.source is not None,
        # A follow-up has no record of its own in the source; what is moving reads the present state anyway.
        "can_sync": found.main.event is not None
        and row.source.can(row.kind, Verb.READ)
        and (row.status.info.is_final or row.needs_person),
        "now": now,
    }


def _must_exist(run_id: int) -> None:
    if not Run.objects.filter(pk=run_id).exists():
        raise Http404("no such run")


@tenant_page(Permission.OPERATE)
@require_POST
def retry(request: TenantRequest, run_id: int) -> HttpResponse:
    """Send one held or failed run again."""
    _must_exist(run_id)
    if operations.retry([run_id], actor=actor_of(request), choice=retry_choice(request.POST)):
        messages.success(request, "Sent again. It goes as soon as its turn comes.")
    else:
        messages.error(request, "It is not waiting for you any more.")
    return back_to(request, "run", run_id=run_id)


@tenant_page(Permission.OPERATE)
@require_POST
def skip(request: TenantRequest, run_id: int) -> HttpResponse:
    """End one held or failed run without delivering it."""
    _must_exist(run_id)
    if operations.skip([run_id], request.POST.get("reason", ""), actor=actor_of(request)):
        messages.success(request, "Skipped. Later changes of this record go on.")
    else:
        messages.error(request, "It is not waiting for you any more.")
    return back_to(request, "run", run_id=run_id)


@tenant_page(Permission.OPERATE)
@require_POST
def reveal(request: TenantRequest, run_id: int) -> HttpResponse:
    """Show the personal data of a record for ten minutes; recorded in the audit."""
    try:
        operations.reveal(run_id, actor=actor_of(request))
    except Run.DoesNotExist as error:
        raise Http404("no such run") from error
    until = (timezone.now() + timedelta(minutes=REVEAL_MINUTES)).timestamp()
    request.session["revealed"] = {**request.session.get("revealed", {}), str(run_id): until}
    return back_to(request, "run", run_id=run_id)
