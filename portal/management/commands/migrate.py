"""``migrate``, then the isolation step: keys, policies, grants, functions and schedule match the code."""

from typing import Any

from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections, transaction

from integrations.models.isolation import isolate
from portal.schedule import ensure_schedule


class Command(DjangoMigrate):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if options.get("plan") or options.get("check_unapplied"):
            return
        alias = options["database"]
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            isolate(cursor)
        ensure_schedule(alias)
