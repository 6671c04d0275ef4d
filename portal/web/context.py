"""What the frame of every page needs to know: theme, tenant and memberships. A context processor, named in the settings.

Tenant and memberships come from ``portal.tenancy``; the sign-in pages have neither.
"""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from integrations.queries import alerts, causes
from portal.accounts.roles import Permission, allows

THEME_COOKIE = "theme"
THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}


def chosen_theme(request: HttpRequest) -> str:
    """Return ``light``, ``dark``, or ``system`` when the person chose none."""
    theme = request.COOKIES.get(THEME_COOKIE, "system")
    return theme if theme in THEMES else "system"


def _counts() -> dict[str, int]:
    return {"errors": causes.count_needing_person(), "alerts": alerts.count_open()}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return what the frame draws. ``nav_counts`` is read only by pages with a frame, inside their transaction."""
    role = getattr(request, "role", None)
    return {
        "nav_counts": SimpleLazyObject(_counts),
        "may_operate": role is not None and allows(role, Permission.OPERATE),
        "may_build": role is not None and allows(role, Permission.BUILD),
        "theme": chosen_theme(request),
        "themes": THEMES,
        "tenant": getattr(request, "tenant", None),
        "memberships": getattr(request, "memberships", ()),
    }
