"""The support site: staff only, one title, no link into a tenant's own pages."""

from django.contrib.admin import AdminSite


class SupportSite(AdminSite):
    site_header = "Clarity Connect support"
    site_title = "Support"
    index_title = "Find anything"
    enable_nav_sidebar = True
