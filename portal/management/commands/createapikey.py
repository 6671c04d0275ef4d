"""``./connect manage createapikey --tenant SLUG --name NAME --role operator``: prints the key once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.kinds import Role
from integrations.models import Tenant, in_tenant
from integrations.operations.audit import Actor
from portal.accounts.keys import KeyRefused, create_key


class Command(BaseCommand):
    help = "Make an API key for a tenant; the key is printed once and never again. Runs as the owner role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"No tenant has the slug {options['tenant']!r}.")
        with in_tenant(tenant.pk):
            try:
                made = create_key(options["name"], Role(options["role"]), actor=Actor("createapikey"))
            except KeyRefused as refusal:
                raise CommandError(str(refusal)) from refusal
        self.stdout.write(made.secret)
