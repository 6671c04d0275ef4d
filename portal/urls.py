"""Every address of the portal. Tenant pages live below ``/t/<slug>/``, the API below ``/api/``."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("support/", admin.site.urls),
    path("api/", include("portal.api.urls")),
    path("", include("portal.web.urls")),
]
