"""Small things every area's views share: who acts, the way back, reading numbers from an address."""

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from integrations.operations.audit import Actor
from portal.tenancy import TenantRequest


def actor_of(request: TenantRequest) -> Actor:
    """Return who acts, as the audit log names them."""
    return Actor(request.user.email, request.META.get("REMOTE_ADDR") or None)


def address(request: TenantRequest, name: str, **arguments: object) -> str:
    """Return the address of a page of this tenant."""
    return reverse(f"web:{name}", kwargs={"slug": request.tenant.slug, **arguments})


def back_to(request: TenantRequest, name: str, **arguments: object) -> HttpResponseRedirect:
    """Go to the page the form was on (its ``next``), else to a page of this tenant."""
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return HttpResponseRedirect(wanted)
    return HttpResponseRedirect(address(request, name, **arguments))


def number(request: TenantRequest, name: str) -> int | None:
    """Return a whole number of the query string, None when it is absent. Raises Http404 for anything else."""
    given = request.GET.get(name, "")
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise Http404("not a number")
    return int(given)


def told_id(given: str) -> int | None:
    """Return an id that a form sent back, None for what is none."""
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else None
