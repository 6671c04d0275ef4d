"""Django application of the portal: management commands and system checks."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    label = "portal"

    def ready(self) -> None:
        from portal import checks  # noqa: F401  registers the start-up checks
