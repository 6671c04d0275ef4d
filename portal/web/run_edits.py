"""The editor of a waiting run's record: the change is checked first, then kept, and the run goes with it.

As a form of the fields that matter, of all fields, or as JSON; what was typed goes along from one to the other.
Personal data stays masked until the person asks for it; masked values go back as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from integrations.connectors import registry
from integrations.connectors.errors import FieldProblem
from integrations.kinds import Kind, RunStatus
from integrations.kinds.bulk_action import RetryVersion
from integrations.kinds.changes import FieldChange, NotEditable
from integrations.kinds.privacy import masked
from integrations.models import Run, in_tenant
from integrations.operations import run_edits
from integrations.operations import same_edits as starting
from integrations.operations.bulk_actions import BulkRefused
from integrations.operations.run_edits import Editable, EditCheck, EditOvertaken, EditPart, EditRefused
from integrations.operations.same_edits import SameEdit
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web import edit_form, same_edits
from portal.web.components import Crumb
from portal.web.edit_form import View
from portal.web.pages import actor_of, address, told_id
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
    shown = original if shows else masked(original)
    drawing = _Drawing(
        editable, part, shown, dict(shown), shows, view=_view(request.GET.get("view", View.FIELDS))
    )
    if request.method == "POST":
        answer = _act(request, drawing)
        if answer is not None:
            return answer
    with in_tenant(request.tenant.pk):
        page = _page(request, drawing)
        if drawing.same is not None and request.POST.get("do") == "plan":
            page |= same_edits.plan_page(editable, drawing.same)
            return render(request, "web/run_edit_plan.html", page)
        return render(request, "web/run_edit.html", page, status=drawing.status)


@dataclass(slots=True)
class _Drawing:
    """What the editor shows, and what came of the last button."""

    editable: Editable
    part: EditPart
    original: dict[str, Any]
    """The record as it waits, masked where the person does not see personal data."""
    record: dict[str, Any]
    """The same with what was typed."""
    shows: bool
    view: View = View.FIELDS
    text: str = ""
    """JSON that could not be read, as it was typed."""
    seen: str = ""
    version: RetryVersion = RetryVersion.SAME
    refusal: str = ""
    problems: tuple[FieldProblem, ...] = ()
    checked: EditCheck | None = None
    same: SameEdit | None = None
    """The others that a checked edit fits as well."""
    status: int = 200

    def refuse(self, refusal: EditRefused, status: int = 400) -> None:
        self.refusal, self.problems, self.status = str(refusal), refusal.problems, status


def _view(name: str) -> View:
    try:
        return View(name)
    except ValueError as error:
        raise Http404("no such view") from error


def _act(request: TenantRequest, drawing: _Drawing) -> HttpResponse | None:
    """Check or keep what the form says; None = draw the editor again."""
    given, editable = request.POST, drawing.editable
    drawing.seen, drawing.view = given.get("seen", editable.seen)[:60], _posted_view(given)
    try:
        drawing.version = RetryVersion(given.get("version", RetryVersion.SAME.value))
    except ValueError as error:
        raise Http404("no such choice") from error
    try:
        _take(given, drawing)
        turn = given.get("turn")
        if turn:
            drawing.view = _view(turn)
            return None
        drawing.checked = run_edits.check(
            editable, drawing.part, drawing.record, version=drawing.version, may_see_personal=drawing.shows
        )
        drawing.problems = drawing.checked.problems
        if given.get("do") in ("save", "start"):
            return _send(request, drawing, drawing.checked)
        _look_for_others(request, drawing, drawing.checked)
    except EditOvertaken as overtaken:
        drawing.refuse(overtaken, 409)
    except EditRefused as refusal:
        drawing.refuse(refusal)
    except BulkRefused as refused:
        drawing.refuse(EditRefused(str(refused)), 409)
    return None


def _send(request: TenantRequest, drawing: _Drawing, checked: EditCheck) -> HttpResponse:
    """Keep the edit and send the run again; by the plan's button, with the others behind it.

    Raises EditRefused, EditOvertaken, BulkRefused.
    """
    editable, actor, given = drawing.editable, actor_of(request), request.POST
    if given["do"] == "start":
        action = starting.start(
            editable, drawing.part, checked,
            seen=drawing.seen, version=drawing.version, actor=actor, up_to=told_id(given.get("up_to", "")),
        )  # fmt: skip
        return HttpResponseRedirect(address(request, "bulk-action", action_id=action.pk))
    run_edits.save(editable, drawing.part, checked, seen=drawing.seen, version=drawing.version, actor=actor)
    messages.success(request, f"{_name(editable).capitalize()} was sent again as edited.")
    return HttpResponseRedirect(address(request, "run", run_id=editable.run.pk))


def _look_for_others(request: TenantRequest, drawing: _Drawing, checked: EditCheck) -> None:
    """Find the other runs that a fitting edit is good for.

    Raises BulkRefused when a plan is wanted and there are none.
    """
    if checked.changes and not checked.problems:
        with in_tenant(request.tenant.pk):
            drawing.same = starting.find_same(drawing.editable, drawing.part, checked)
    if drawing.same is None and request.POST.get("do") == "plan":
        raise BulkRefused("No other record that waits for the same holds the same values.")


def _posted_view(given: Mapping[str, str]) -> View:
    return View.JSON if "record" in given else _view(given.get("view", View.FIELDS))


def _take(given: Mapping[str, str], drawing: _Drawing) -> None:
    """Read what was typed into the drawing's record. Raises EditRefused."""
    if "record" in given:
        drawing.text = given["record"]
        drawing.record = run_edits.parse_record(drawing.text)
        drawing.text = ""
        return
    try:
        # Fields that this view does not show come along as they were typed in another one.
        base = run_edits.parse_record(given["base"]) if given.get("base") else drawing.original
        drawing.record, wrong = edit_form.edited_record(given, base)
    except NotEditable as refusal:
        raise EditRefused(f"{refusal}.", (FieldProblem(refusal.path, "", refusal.rule),)) from refusal
    if wrong:
        raise EditRefused("It does not fit yet.", tuple(wrong))


def _name(editable: Editable) -> str:
    run = editable.run
    return f"{Kind(run.kind).label} {run.business_key or run.record_key}"


def _problems_of(run: Run, *, is_shown: bool) -> list[FieldProblem]:
    """Return what stopped the run, a personal value masked."""
    found = [FieldProblem(**one) for one in run.problem]
    return found if is_shown else masked_problems(found)


def _rows(drawing: _Drawing) -> list[edit_form.FieldRow]:
    """Return the form: of all fields, or of those that stopped the record and those that feed them."""
    run, is_source = drawing.editable.run, drawing.part is EditPart.SOURCE
    stopped = [FieldProblem(**one) for one in run.problem]
    fields = {edit_form.normal(one.field) for one in (*stopped, *drawing.problems) if one.field}
    matters = fields | edit_form.feeding(fields, _rules(run)) if is_source else fields
    spec = drawing.editable.source_spec if is_source else drawing.editable.target_spec
    schema = registry.schema(spec.key, Kind(run.kind))
    if schema is not None and not is_source:
        schema = schema.for_writing
    problems = drawing.problems if drawing.problems or drawing.checked else tuple(stopped)
    return edit_form.rows(
        drawing.record, drawing.original, schema, problems, None if drawing.view is View.ALL else matters
    )


def _rules(run: Run) -> list[Mapping[str, Any]]:
    mappings = (run.flow_version.definition if run.flow_version else {}).get("mappings", {})
    return [rule for mapping in mappings.values() for rule in mapping.get("rules", ())]


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
        "view": drawing.view.value,
        "text": drawing.text or json_text(drawing.record),
        "rows": _rows(drawing) if drawing.view is not View.JSON else [],
        "count": sum(1 for _ in edit_form.leaves(drawing.record)),
        "seen": drawing.seen or editable.seen,
        "is_revealed": drawing.shows,
        "refusal": drawing.refusal,
        "problems": drawing.problems if drawing.shows else masked_problems(drawing.problems),
        "checked": checked,
        "same": drawing.same,
        "same_words": same_edits.offer_words(editable, drawing.same, checked.changes)
        if drawing.same and checked
        else "",
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
