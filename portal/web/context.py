"""What the frame of every page needs to know: theme, tenant and memberships. A context processor, named in the settings.

Tenant and memberships come from ``portal.tenancy``; the sign-in pages have neither.
"""

from typing import Any

from django.http import HttpRequest

THEME_COOKIE = "theme"
THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}


def chosen_theme(request: HttpRequest) -> str:
    """Return ``light``, ``dark``, or ``system`` when the person chose none."""
    theme = request.COOKIES.get(THEME_COOKIE, "system")
    return theme if theme in THEMES else "system"


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return ``theme``, ``themes``, ``tenant`` and ``memberships`` for the frame."""
    return {
        "theme": chosen_theme(request),
        "themes": THEMES,
        "tenant": getattr(request, "tenant", None),
        "memberships": getattr(request, "memberships", ()),
    }
