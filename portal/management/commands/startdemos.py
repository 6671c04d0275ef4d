"""Opens demos of the ready pairs: those that were open before a restart, or all of one tenant. Owner role."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.models import Tenant, in_tenant
from integrations.operations import demos
from integrations.operations.audit import Actor
from integrations.queries.pairs import has_pair
from integrations.stores import demo_places
from integrations.stores.demo_places import DemoKey, DemoProblem

ACTOR = Actor("demo set-up")


class Command(BaseCommand):
    help = "Open demos of the ready pairs; prints their addresses by pair as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", metavar="TENANT", default="", help="open all demos of this tenant")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = {key for key, _ in demo_places.wished()}
        if options["all"]:
            wanted |= self._all_of(Tenant.objects.get(slug=options["all"]))
        for key in wanted:
            demo_places.wish(key)
        found: dict[str, Any] = {}
        for key in sorted(wanted, key=str):
            if told := self._open(key):
                is_asked = told["tenant"] == options["all"]
                found[f"{key.storefront}-{key.erp}" if is_asked else str(key)] = told
        self.stdout.write(json.dumps(found))

    def _all_of(self, tenant: Tenant) -> set[DemoKey]:
        """Return what the tenant does not have in its sandbox already: the first pair is seeded."""
        with in_tenant(tenant.pk):
            return {
                DemoKey(tenant.pk, offer.storefront, offer.erp)
                for offer in demos.offers()
                if demo_places.remembered_pair(DemoKey(tenant.pk, offer.storefront, offer.erp))
                or not has_pair(offer.storefront, offer.erp)
            }

    def _open(self, key: DemoKey) -> dict[str, Any] | None:
        tenant = Tenant.objects.filter(pk=key.tenant_id).first()
        if tenant is None:
            demo_places.take_back(key)
            return None
        try:
            pair = demos.open_demo(tenant, key, actor=ACTOR)
        except DemoProblem as problem:
            # One demo that does not start keeps nobody from the others, and never the installation.
            sys.stderr.write(f"{key}: {problem}\n")
            return None
        places = demo_places.find(key)
        if places is None:
            raise CommandError(f"{key} was closed at once")
        return {
            "tenant": tenant.slug,
            "pair_id": pair.pk,
            "token": places.token,
            **{side: asdict(getattr(places, side)) for side in ("storefront", "erp")},
        }
