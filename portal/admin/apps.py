"""Puts our own site in the place of Django's default admin site, with our desks only."""

from django.contrib.admin.apps import SimpleAdminConfig


class SupportAdminConfig(SimpleAdminConfig):
    """Does not discover: other applications' pages would show what the support role must not see or cannot change."""

    default_site = "portal.admin.site.SupportSite"

    def ready(self) -> None:
        super().ready()
        from portal.admin import connections, pairs, records, tenants  # noqa: F401  each registers its desks
