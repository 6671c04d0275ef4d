"""The connection form, drawn from a system's spec. It carries what was typed; the operation says what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.forms.boundfield import BoundField
from django.utils import timezone

from integrations.connectors.spec import ConnectorSpec, Setting, SettingType

PREFIX = "s-"


class ConnectionForm(forms.Form):
    """A name and one field per setting of the spec. Secrets are never rendered back."""

    name = forms.CharField(label="Name", max_length=80, required=False, help_text="What you call it.")


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields under one heading; groups other than the first start folded."""

    heading: str
    fields: tuple[tuple[Setting, BoundField], ...]
    is_open: bool


def build(
    spec: ConnectorSpec,
    typed: Mapping[str, Any] | None,
    *,
    name: str = "",
    values: Mapping[str, Any] | None = None,
    secrets_changed: Mapping[str, datetime] | None = None,
) -> ConnectionForm:
    """Return the form of a system, filled from a stored connection or from what was typed."""
    initial: dict[str, Any] = {"name": name}
    form = ConnectionForm(typed, initial=initial)
    for setting in spec.settings:
        changed = (secrets_changed or {}).get(setting.name)
        form.fields[PREFIX + setting.name] = _field(setting, changed)
        if not setting.secret:
            stored = (values or {}).get(setting.name, setting.default)
            form.initial[PREFIX + setting.name] = stored
    return form


def _field(setting: Setting, changed: datetime | None) -> forms.Field:
    options: dict[str, Any] = {"label": setting.label, "help_text": setting.help, "required": False}
    if setting.secret:
        if changed is not None:
            local = timezone.localtime(changed)
            stored = f"stored {local.day} {local:%b %Y}; leave empty to keep it"
            options["help_text"] = f"{setting.help} {stored[0].upper()}{stored[1:]}.".strip()
        widget = forms.PasswordInput(
            attrs={"autocomplete": "new-password", "placeholder": "unchanged" if changed else ""},
            render_value=False,
        )
        return forms.CharField(**options, widget=widget)
    match setting.type:
        case SettingType.BOOLEAN:
            return forms.BooleanField(**options)
        case SettingType.CHOICE:
            return forms.ChoiceField(**options, choices=list(setting.choices))
        case SettingType.TIMEZONE:
            return forms.ChoiceField(
                **options, choices=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
            )
        case SettingType.INTEGER:
            # Text, not a number field: what is no number is told by the operation in the house's words.
            return forms.CharField(**options, widget=forms.TextInput(attrs={"inputmode": "numeric"}))
        case SettingType.URL:
            return forms.CharField(**options, widget=forms.TextInput(attrs={"inputmode": "url"}))
    return forms.CharField(**options)


def groups(form: ConnectionForm, spec: ConnectorSpec) -> list[FieldGroup]:
    """Return the fields by heading, in the spec's order; a group with an error is open."""
    found: dict[str, list[tuple[Setting, BoundField]]] = {}
    for setting in spec.settings:
        found.setdefault(setting.group, []).append((setting, form[PREFIX + setting.name]))
    return [
        FieldGroup(heading, tuple(fields), place == 0 or any(bound.errors for _, bound in fields))
        for place, (heading, fields) in enumerate(found.items())
    ]


def given_values(form: ConnectionForm, spec: ConnectorSpec) -> dict[str, Any]:
    """Return what was typed, by setting name, as the operation takes it."""
    return {setting.name: form.cleaned_data.get(PREFIX + setting.name) for setting in spec.settings}


def tell_problems(form: ConnectionForm, problems: Mapping[str, str]) -> None:
    """Put the operation's refusals beside their fields."""
    for name, reason in problems.items():
        field = name if name == "name" else PREFIX + name
        form.add_error(field if field in form.fields else None, reason)
