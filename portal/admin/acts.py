"""The few things support may do to a row: a page that asks for the reason, then one operation as the web role."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from integrations.operations.audit import Actor
from portal.admin.desk import Desk


@dataclass(frozen=True, slots=True)
class Act:
    """One act. ``perform(tenant_id, row_id, reason, actor=...)`` is an operation of ``operations.support``."""

    word: str
    label: str
    warning: str
    perform: Callable[..., None]
    is_offered: Callable[[Any], bool]


class ReasonForm(forms.Form):
    """Why support acts; the tenant reads it."""

    reason = forms.CharField(
        max_length=200,
        min_length=5,
        strip=True,
        widget=forms.TextInput(attrs={"size": 80, "autofocus": True}),
        help_text="The tenant reads this in its audit log, with your e-mail address.",
    )


class ActingDesk(Desk):
    """A desk whose rows can be acted on."""

    acts: tuple[Act, ...] = ()
    change_form_template = "admin/support_change_form.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        act = path("<int:row_id>/act/<slug:word>/", self.admin_site.admin_view(self.act_view), name=name)
        return [act, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = context["original"]
        context["offered_acts"] = [
            (self._address("act", row.pk, act.word), act.label) for act in self.acts if act.is_offered(row)
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    def act_view(self, request: HttpRequest, row_id: int, word: str) -> HttpResponse:
        """Ask for the reason, then perform the act where it is still offered. ``admin_view`` let staff in only."""
        act = next((one for one in self.acts if one.word == word), None)
        row = self.get_queryset(request).filter(pk=row_id).first()
        if act is None or row is None:
            raise Http404("No such row or act")
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if not act.is_offered(row):
            self.message_user(request, f"{act.label}: not possible any more.", messages.WARNING)
        elif form.is_valid():
            actor = Actor(request.user.get_username(), request.META.get("REMOTE_ADDR") or None)
            act.perform(row.tenant_id, row.pk, form.cleaned_data["reason"], actor=actor)
            self.log_change(request, row, f"{act.label}: {form.cleaned_data['reason']}")
            self.message_user(request, f"{act.label}: done.", messages.SUCCESS)
        else:
            return self._ask(request, row, act, form)
        return HttpResponseRedirect(self._address("change", row.pk))

    def _ask(self, request: HttpRequest, row: Any, act: Act, form: ReasonForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{act.label}: {row}",
            "opts": self.opts,
            "row": row,
            "act": act,
            "form": form,
            "back": self._address("change", row.pk),
        }
        return TemplateResponse(request, "admin/support_act.html", context)

    def _address(self, page: str, *arguments: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=arguments)
