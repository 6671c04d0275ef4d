"""Wraps every tenant's data keys with the current key of CONNECT_KEY_RING; afterwards older ones may go."""

from typing import Any

from django.core.management.base import BaseCommand

from integrations.operations.tenants import rewrap_data_keys


class Command(BaseCommand):
    help = "Wrap all data keys with the first key of CONNECT_KEY_RING."

    def handle(self, *args: Any, **options: Any) -> None:
        changed = rewrap_data_keys()
        self.stdout.write(
            f"{changed} data keys wrapped with the current key. Older keys may leave the ring now."
        )
