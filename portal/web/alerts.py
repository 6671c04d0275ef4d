"""Alerts: what is wrong now, on what evidence, and what closes it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from integrations.queries import alerts as queries
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web.pages import number

_PAGE = 15


@tenant_page(Permission.VIEW)
def alert_list(request: TenantRequest) -> HttpResponse:
    """Show open alerts and those closed lately."""
    now = timezone.now()
    closed = queries.closed_alerts(now=now, before=number(request, "before"), size=_PAGE + 1)
    return render(
        request,
        "web/alerts.html",
        {
            "open_alerts": queries.open_alerts(now=now),
            "closed_alerts": closed[:_PAGE],
            "older": closed[_PAGE - 1].id if len(closed) > _PAGE else None,
            "is_first_page": "before" not in request.GET,
        },
    )
