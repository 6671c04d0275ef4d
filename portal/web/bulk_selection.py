"""A selection of waiting runs as an address, as a form and in words: what the plan page is asked for.

Used by ``portal.web.bulk_actions`` and by the pages that lead there.
"""

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils import timezone

from integrations.kinds import RunStatus
from integrations.models import Flow
from integrations.queries import runs
from integrations.queries.causes import Cause
from integrations.queries.runs import RunFilter
from integrations.queries.selections import Selection


class SelectionForm(forms.Form):
    """Which waiting runs; empty fields ask nothing. Days are whole days of the company's zone."""

    status = forms.ChoiceField(
        label="Status", required=False,
        choices=[("", "Held and failed"), ("held", "Held"), ("dead", "Failed")],
    )  # fmt: skip
    flow = forms.TypedChoiceField(label="Flow", required=False, coerce=int, empty_value=None)
    code = forms.ChoiceField(label="Cause", required=False)
    since = forms.DateField(
        label="Arrived from", required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until = forms.DateField(
        label="Arrived up to", required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text="That day included.",
    )  # fmt: skip
    q = forms.CharField(
        label="Number",
        required=False,
        max_length=120,
        help_text="Any number the records carry, such as a SKU.",
    )
    hold = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    key = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    field = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    pair = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    job = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    kind = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)

    def __init__(self, *given: Any, codes: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*given, **options)
        flows = [
            (flow.pk, f"{flow.name}, {flow.pair.name}")
            for flow in Flow.objects.select_related("pair").order_by("pair__name", "id")
        ]
        self.fields["flow"].choices = [("", "All flows"), *flows]  # type: ignore[attr-defined]
        asked = str(self.data.get("code", ""))
        known = [("", "Any cause"), *codes]
        if asked and asked not in dict(known):
            known.append((asked[:40], code_words(asked[:40])))
        self.fields["code"].choices = known  # type: ignore[attr-defined]

    def selection(self) -> Selection:
        """Return what a valid form asks for."""
        given = self.cleaned_data
        until = given["until"] + timedelta(days=1) if given["until"] else None
        return Selection(
            status=RunStatus(given["status"]) if given["status"] else None,
            flow_id=given["flow"],
            pair_id=given["pair"],
            job_id=given["job"],
            kind=given["kind"],
            reason_code=given["code"],
            hold_kind=given["hold"],
            hold_key=given["key"],
            problem_field=given["field"] or None,
            since=_midnight(given["since"]),
            until=_midnight(until),
            # A number that nothing carries selects nothing, not everything.
            run_ids=(runs.find(given["q"]).run_ids or (0,)) if given["q"].strip() else (),
        )

    def words(self) -> str:
        """Return a valid selection in words."""
        given = self.cleaned_data
        status = {"held": "Held", "dead": "Failed"}.get(given["status"], "Held and failed")
        flow = dict(self.fields["flow"].choices).get(given["flow"], "") if given["flow"] else ""  # type: ignore[attr-defined]
        parts = [
            f"{status} records",
            f"of {flow}" if flow else "",
            f"with cause “{code_words(given['code'])}”" if given["code"] else "",
            f"on {given['field']}" if given["field"] else "",
            f"waiting for {given['key'].replace(':', ' ')}" if given["key"] else "",
            f"that carry {given['q'].strip()}" if given["q"].strip() else "",
            f"from {given['since']:%-d %b %Y}" if given["since"] else "",
            f"up to {given['until']:%-d %b %Y}" if given["until"] else "",
        ]
        return " ".join(filter(None, parts))[:200]


def _midnight(day: Any) -> datetime | None:
    return None if day is None else timezone.make_aware(datetime.combine(day, time.min))


_CODES = {
    "rejected": "refused by the other system",
    "validation": "does not fit the other system",
    "mapping": "cannot be mapped",
    "money": "the amounts do not add up",
    "retries_used_up": "no answer after many tries",
    "unexpected_answer": "the answer could not be read",
    "not_found": "the record is gone",
    "duplicate": "it exists there already",
    "unreadable": "what arrived could not be read",
    "poison": "ended its worker",
    "missing_product": "waits for a SKU",
    "missing_value_map": "waits for a value-map row",
    "changed_after_release": "changed after it was written",
}


def code_words(code: str) -> str:
    """Return a cause's code in words; one without words of its own is spelled out."""
    return _CODES.get(code, code.replace("_", " "))


def _query(**parts: Any) -> str:
    return "?" + urlencode({name: value for name, value in parts.items() if value not in ("", None)})


def query_of_cause(cause: Cause) -> str:
    """Return the query string that selects the records of a cause."""
    return _query(
        status=cause.status.value,
        flow=cause.flow_id,
        code=cause.reason_code,
        hold=cause.hold_kind,
        key=cause.hold_key,
        field=cause.problem_field,
    )


def query_of_filter(asked: RunFilter) -> str:
    """Return the query string that selects what a list of runs shows and waits for a person; "" when nothing can."""
    if asked.status not in (None, RunStatus.HELD, RunStatus.DEAD) or asked.tab not in ("", "needs"):
        return ""
    return _query(
        status=asked.status.value if asked.status else "",
        flow=asked.flow_id,
        pair=asked.pair_id,
        job=asked.job_id,
        kind=asked.kind.value if asked.kind else "",
        q=asked.search,
    )
