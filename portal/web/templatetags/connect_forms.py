"""Draws one form field the house's way: label, control, hint, error, and the links between them for screen readers."""

from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField

register = template.Library()


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField,
    *,
    label: str = "",
    hint: str | None = None,
    technical_name: str = "",
    wide: bool = False,
    has_placeholder: bool = True,
) -> dict[str, Any]:
    """Draw a bound field; ``technical_name`` is the other system's field name in mono after the label.

    ``hint`` takes the place of the field's help text; an empty one removes it. ``has_placeholder=False`` removes
    the placeholder of forms that are not ours: the label above says it already.
    """
    widget = bound.field.widget
    words = bound.help_text if hint is None else hint
    attributes = _attributes(bound, has_hint=bool(words))
    if not has_placeholder:
        attributes["placeholder"] = ""
    return {
        "bound": bound,
        "label": label or bound.label,
        "hint": words,
        "technical_name": technical_name,
        "wide": wide,
        "is_check": isinstance(widget, forms.CheckboxInput),
        "is_select": isinstance(widget, forms.Select),
        "is_password": isinstance(widget, forms.PasswordInput),
        "control": bound.as_widget(attrs=attributes),
    }


def _attributes(bound: BoundField, *, has_hint: bool) -> dict[str, str | bool]:
    attributes: dict[str, str | bool] = {}
    described = []
    if not isinstance(bound.field.widget, forms.CheckboxInput):
        attributes["class"] = f"form-control {bound.field.widget.attrs.get('class', '')}".strip()
    if bound.errors:  # Django itself adds aria-invalid
        described.append(f"{bound.auto_id}-error")
    if has_hint:
        described.append(f"{bound.auto_id}-hint")
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if isinstance(bound.field.widget, forms.PasswordInput):
        attributes["x-bind:type"] = "kind"
    return attributes
