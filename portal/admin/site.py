"""The support site: staff only, signed in by the portal's own page, no link into a tenant's own pages."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator


class SupportSite(AdminSite):
    site_header = "Clarity Connect support"
    site_title = "Support"
    index_title = "Find anything"
    site_url = None
    enable_nav_sidebar = True

    # The portal's sign-in page limits how often a password may be tried; Django's own admin page does not.
    @method_decorator(secure_admin_login)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().login(request, extra_context)
