"""Puts our own site in the place of Django's default admin site."""

from django.contrib.admin.apps import AdminConfig


class SupportAdminConfig(AdminConfig):
    default_site = "portal.admin.site.SupportSite"
