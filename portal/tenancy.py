"""``request.tenant`` for every page below ``/t/<slug>/``: members get in, strangers get the same 404 as nobody.

A page runs in one short transaction in which only its tenant's rows exist. Pages that call a remote system
say ``in_transaction=False`` and open their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone

from integrations.kinds import Role
from integrations.models import Tenant, in_tenant
from portal.accounts.models import User
from portal.accounts.roles import Permission, allows

Page = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Member:
    """One of a user's memberships, as the switcher shows it."""

    tenant_id: int
    slug: str
    name: str
    role: Role


class TenantRequest(HttpRequest):
    """What a page receives: a request whose tenant and role are settled."""

    tenant: Tenant
    role: Role
    memberships: list[Member]
    user: User


def memberships_of(user_id: int) -> list[Member]:
    """Return a user's memberships across tenants, by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, slug, name, role FROM connect_memberships_of(%s)", [user_id])
        return [
            Member(tenant_id, slug, name, Role(role)) for tenant_id, slug, name, role in cursor.fetchall()
        ]


def tenant_page(permission: Permission, *, in_transaction: bool = True) -> Callable[[Page], Page]:
    """Guard a page: signed in, member of the tenant in the URL, allowed by role.

    The page is called without ``slug``, in the tenant's time zone. Strangers get 404, members without the
    permission 403.
    """

    def guard(page: Page) -> Page:
        @wraps(page)
        def guarded(request: Any, slug: str, **arguments: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            memberships = memberships_of(request.user.pk)
            member = next((one for one in memberships if one.slug == slug), None)
            if member is None:
                raise Http404("No such page")
            request.role = member.role
            request.memberships = memberships
            if not allows(member.role, permission):
                raise PermissionDenied(f"Your role, {member.role}, may not do this")
            with in_tenant(member.tenant_id):
                request.tenant = Tenant.objects.get(pk=member.tenant_id)
                if in_transaction:
                    with timezone.override(request.tenant.timezone):
                        return page(request, **arguments)
            with timezone.override(request.tenant.timezone):
                return page(request, **arguments)

        guarded.required_permission = permission  # type: ignore[attr-defined]
        return guarded

    return guard
