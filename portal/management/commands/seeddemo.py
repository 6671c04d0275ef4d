"""Makes the demo tenant over the running sandboxes: members, connections, pair, key. Repeatable; owner role."""

import json
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from integrations.kinds import Environment, Role
from integrations.models import Connection, Pair, Tenant, in_tenant
from integrations.operations import connections, pairs, tenants
from integrations.operations.audit import Actor
from integrations.operations.demo_settings import settings_of
from integrations.stores.demo_places import Place
from portal.accounts.keys import hash_key
from portal.accounts.models import ApiKey, Membership, User

ACTOR = Actor("demo set-up")
DEMO_EMAIL, SUPPORT_EMAIL = "maya@northline.example", "support@clarity-connect.example"


def _place(system: str) -> Place:
    """Return where a sandbox answers the product; nothing here calls its control API."""
    return Place(settings.SANDBOXES[system]["url"], control_url="")


class Command(BaseCommand):
    help = "Create or refresh the demo tenant; prints its addresses and logins as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        secrets = json.loads(os.environ["CONNECT_DEMO_SECRETS"])
        with transaction.atomic():
            tenant = self._tenant()
            self._people(tenant, secrets)
            with in_tenant(tenant.pk):
                hook = self._pair(secrets)
        self.stdout.write(
            json.dumps({"tenant": tenant.slug, "hook": hook, "owner": DEMO_EMAIL, "support": SUPPORT_EMAIL})
        )

    def _tenant(self) -> Tenant:
        found = Tenant.objects.filter(slug="northline-lighting").first()
        return found or tenants.create_tenant("Northline Lighting", timezone="America/Chicago")

    def _people(self, tenant: Tenant, secrets: dict[str, str]) -> None:
        for email, name, password, is_support in (
            (DEMO_EMAIL, "Maya Reyes", secrets["demo_password"], False),
            (SUPPORT_EMAIL, "Sam Okafor", secrets["support_password"], True),
        ):
            if User.objects.filter(email=email).exists():
                continue
            make = User.objects.create_superuser if is_support else User.objects.create_user
            user = make(email, password, full_name=name)
            if not is_support:
                with in_tenant(tenant.pk):
                    Membership.objects.create(user=user, role=Role.OWNER)
        with in_tenant(tenant.pk):
            if not ApiKey.objects.filter(name="Demo").exists():
                key = secrets["demo_api_key"]
                ApiKey.objects.create(
                    name="Demo",
                    prefix=key[:8],
                    key_hash=hash_key(key),
                    role=Role.OWNER,
                    created_by=ACTOR.name,
                )

    def _pair(self, secrets: dict[str, str]) -> str:
        store = self._connection(
            "x_cart",
            "Northline Store",
            {
                **settings_of("x_cart", _place("x_cart"), secrets["sandbox_store_key"]),
                "webhook_secret": secrets["sandbox_hook_secret"],
            },
        )
        erp = self._connection(
            "dynamics_sl",
            "NLCO",
            settings_of("dynamics_sl", _place("dynamics_sl"), secrets["sandbox_site_key"]),
        )
        if not Pair.objects.filter(storefront=store, erp=erp).exists():
            pairs.create_pair("Northline", Environment.SANDBOX, store.pk, erp.pk, actor=ACTOR)
        return connections.hook_token(store)

    def _connection(self, system: str, name: str, values: dict[str, Any]) -> Connection:
        found = Connection.objects.filter(system=system, name=name).first()
        if found is None:
            return connections.create_connection(system, name, values, actor=ACTOR)
        # Sandboxes may listen elsewhere after a restart; everything a person changed stays.
        if found.settings.get("base_url") != values["base_url"]:
            changed = {**found.settings, "base_url": values["base_url"]}
            return connections.update_connection(found.pk, found.name, changed, actor=ACTOR)
        return found
