"""Tests one connection from a shell, row by row, as the portal's button does."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.models import Connection, Tenant
from integrations.operations.audit import Actor
from integrations.operations.connections import run_test


class Command(BaseCommand):
    help = "Test a connection: checkconnection TENANT NAME. Fails unless every row passes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help="slug of the tenant")
        parser.add_argument("name", help="name of the connection")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']}.")
        found = Connection.across_tenants.filter(tenant=tenant, name=options["name"]).first()
        if found is None:
            raise CommandError(f"{tenant.name} has no connection {options['name']}.")
        failed = 0
        for result in run_test(tenant, found.pk, actor=Actor("shell")):
            failed += not result.ok
            word = "ok    " if result.ok else "FAILED"
            self.stdout.write(f"{word} {result.name}: {result.evidence} ({result.seconds:.1f} s)")
            if result.fix and not result.ok:
                self.stdout.write(f"       {result.fix}")
        if failed:
            raise CommandError(f"{failed} rows failed.")
