"""Addresses of the portal's pages, included by ``portal.urls`` under ``/`` with the namespace ``web``."""

from django.urls import path

from portal.web.appearance import choose_theme

app_name = "web"

urlpatterns = [
    path("appearance", choose_theme, name="theme"),
]
