"""``/``: sends each person where their work is; who belongs to no company yet makes one."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from portal.accounts.joining import found_company
from portal.tenancy import memberships_of

CURRENCIES = ("USD", "EUR", "GBP", "CAD", "AUD", "CHF", "SEK", "NOK", "DKK", "PLN", "JPY")


class CompanyForm(forms.Form):
    """What a company needs before anything is connected."""

    name = forms.CharField(
        label="Company", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name]
        + [("UTC", "UTC")],
        initial="UTC",
        help_text="Times on every page are shown in it.",
    )
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in CURRENCIES])

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if not name:
            raise forms.ValidationError("Give the company a name.")
        return name


def start(request: HttpRequest) -> HttpResponse:
    """Go to sign-in, to the person's tenant, or to the form that makes one."""
    if not request.user.is_authenticated:
        return redirect_to_login("/")
    user = request.user
    if memberships := memberships_of(user.pk):
        return HttpResponseRedirect(reverse("web:home", kwargs={"slug": memberships[0].slug}))
    form = CompanyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = form.cleaned_data
        tenant = found_company(user, given["name"], timezone=given["timezone"], currency=given["currency"])
        messages.success(request, f"{tenant.name} is ready.")
        return HttpResponseRedirect(reverse("web:home", kwargs={"slug": tenant.slug}))
    return render(request, "web/start.html", {"form": form}, status=400 if form.errors else 200)
