"""Django application of the portal: management commands and system checks."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    label = "portal"

    def ready(self) -> None:
        from django.conf import settings

        from integrations.connectors import registry
        from portal import checks  # noqa: F401  registers the start-up checks

        for package in settings.EXTRA_CONNECTORS:
            registry.add_package(package)
