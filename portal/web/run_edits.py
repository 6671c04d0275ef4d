"""The editor of a waiting run's record: the change is checked first, then kept, and the run goes with it.

Personal data stays masked until the person asks for it; masked values go back as they were.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from integrations.connectors.errors import FieldProblem
from integrations.kinds import Kind, RunStatus
from integrations.kinds.bulk_action import RetryVersion
from integrations.kinds.changes import FieldChange
from integrations.kinds.privacy import masked
from integrations.models import Run, in_tenant
from integrations.operations import run_edits
from integrations.operations.run_edits import Editable, EditCheck, EditOvertaken, EditPart, EditRefused
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web.components import Crumb
from portal.web.pages import actor_of, address
from portal.web.passport import REVEAL_MINUTES, is_revealed
from portal.web.passport_panels import masked_problems
from portal.web.record_text import json_text, value_text


@dataclass(frozen=True, slots=True)
class DrawnChange:
    """One changed field in words."""

    path: str
    kind: str
    before: str
    after: str


def drawn(changes: tuple[FieldChange, ...] | list[FieldChange], *, is_shown: bool) -> list[DrawnChange]:
    """Return changes as pages draw them, masked unless the person may see personal data."""
    return [
        DrawnChange(one.path, one.kind.value, value_text(one.before), value_text(one.after))
        for one in (each if is_shown else each.masked for each in changes)
    ]


def _part(request: TenantRequest) -> EditPart:
    try:
        return EditPart(request.GET.get("part", EditPart.SOURCE.value))
    except ValueError as error:
        raise Http404("no such record") from error


@tenant_page(Permission.OPERATE, in_transaction=False)
def edit(request: TenantRequest, run_id: int) -> HttpResponse:
    """Show a waiting record for editing, check what was changed, keep it and send the run again."""
    part = _part(request)
    with in_tenant(request.tenant.pk):
        try:
            editable = run_edits.open_for_edit(run_id)
            original = editable.record(part)
        except Run.DoesNotExist as error:
            if request.method == "POST" and Run.objects.filter(pk=run_id).exists():
                messages.error(request, "It is not waiting for you any more. Nothing was stored.")
                return HttpResponseRedirect(address(request, "run", run_id=run_id))
            raise Http404("nothing to edit") from error
        except EditRefused as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(address(request, "run", run_id=run_id))
    shows = is_revealed(request, run_id)
    drawing = _Drawing(editable, part, json_text(original if shows else masked(original)), shows)
    if request.method == "POST":
        answer = _act(request, drawing)
        if answer is not None:
            return answer
    with in_tenant(request.tenant.pk):
        return render(request, "web/run_edit.html", _page(request, drawing), status=drawing.status)


@dataclass(slots=True)
class _Drawing:
    """What the editor shows, and what came of the last button."""

    editable: Editable
    part: EditPart
    text: str
    shows: bool
    seen: str = ""
    version: RetryVersion = RetryVersion.SAME
    refusal: str = ""
    problems: tuple[FieldProblem, ...] = ()
    checked: EditCheck | None = None
    status: int = 200


def _act(request: TenantRequest, drawing: _Drawing) -> HttpResponse | None:
    """Check or keep what the form says; None = draw the editor again."""
    given, editable = request.POST, drawing.editable
    drawing.text, drawing.seen = given.get("record", ""), given.get("seen", editable.seen)[:60]
    try:
        drawing.version = RetryVersion(given.get("version", RetryVersion.SAME.value))
    except ValueError as error:
        raise Http404("no such choice") from error
    try:
        edited = run_edits.parse_record(drawing.text)
        drawing.checked = run_edits.check(
            editable, drawing.part, edited, version=drawing.version, may_see_personal=drawing.shows
        )
        drawing.problems = drawing.checked.problems
        if given.get("do") != "save":
            return None
        run_edits.save(
            editable, drawing.part, drawing.checked,
            seen=drawing.seen, version=drawing.version, actor=actor_of(request),
        )  # fmt: skip
    except EditOvertaken as overtaken:
        drawing.refusal, drawing.status = str(overtaken), 409
        return None
    except EditRefused as refusal:
        drawing.refusal, drawing.problems, drawing.status = str(refusal), refusal.problems, 400
        return None
    run = editable.run
    messages.success(request, f"{_name(editable).capitalize()} was sent again as edited.")
    return HttpResponseRedirect(address(request, "run", run_id=run.pk))


def _name(editable: Editable) -> str:
    run = editable.run
    return f"{Kind(run.kind).label} {run.business_key or run.record_key}"


def _problems_of(run: Run, *, is_shown: bool) -> list[FieldProblem]:
    """Return what stopped the run, a personal value masked."""
    found = [FieldProblem(**one) for one in run.problem]
    return found if is_shown else masked_problems(found)


def _page(request: TenantRequest, drawing: _Drawing) -> dict[str, Any]:
    editable, checked = drawing.editable, drawing.checked
    run = editable.run
    versions = tuple(one.number if one else None for one in (run.flow_version, run.flow.current))
    return {
        "run": run,
        "name": _name(editable),
        "part": drawing.part.value,
        "source_label": editable.source_spec.label,
        "target_label": editable.target_spec.label,
        "has_mapped": editable.mapped is not None,
        "text": drawing.text,
        "seen": drawing.seen or editable.seen,
        "is_revealed": drawing.shows,
        "refusal": drawing.refusal,
        "problems": drawing.problems if drawing.shows else masked_problems(drawing.problems),
        "checked": checked,
        "changes": drawn(checked.changes, is_shown=drawing.shows) if checked else [],
        "sent": drawn(checked.sent, is_shown=drawing.shows) if checked else [],
        "is_review": editable.is_review,
        "waits_for": _problems_of(run, is_shown=drawing.shows),
        "family": RunStatus(run.status).info.family,
        "icon_name": RunStatus(run.status).info.icon,
        "reveal_minutes": REVEAL_MINUTES,
        "own_version": versions[0],
        "latest_version": versions[1] if versions[0] != versions[1] else None,
        "version": drawing.version.value,
        "crumbs": [
            Crumb("Error desk", address(request, "errors")),
            Crumb(run.business_key or str(run.pk), address(request, "run", run_id=run.pk)),
            Crumb("Edit and retry"),
        ],
    }
