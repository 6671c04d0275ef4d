"""Key rotation and sealed credentials against the real tables."""

from typing import Any

import pytest

from integrations import crypto
from integrations.models import ConnectionSecret, TenantDataKey, in_tenant
from integrations.operations import connections, tenants
from integrations.operations.audit import Actor
from integrations.stores import access, vault
from tests.conftest import database_role

ACTOR = Actor("test@example.com")
SECRET = "companion-secret-companion-secret-123"


def _store(name: str = "Store") -> Any:
    return connections.create_connection("bench_store", name, {"webhook_secret": SECRET}, actor=ACTOR)


def test_rotating_the_ring_rewraps_data_keys_and_the_old_key_may_go(database: None, settings: Any) -> None:
    tenant = tenants.create_tenant("Northline")
    with in_tenant(tenant.pk):
        made = _store()
    old = settings.KEY_RING
    settings.KEY_RING = f"{crypto.KeyRing.generate_entry('k2')},{old}"
    with database_role("owner"):
        assert tenants.rewrap_data_keys() == 1
        assert tenants.rewrap_data_keys() == 0
    settings.KEY_RING = settings.KEY_RING.split(",")[0]
    vault.forget()
    with in_tenant(tenant.pk):
        assert access.load([made])[made.pk].values["webhook_secret"] == SECRET
        assert {key.ring_key_id for key in TenantDataKey.objects.all()} == {"k2"}


def test_without_its_ring_key_a_credential_does_not_open(database: None, settings: Any) -> None:
    tenant = tenants.create_tenant("Northline")
    with in_tenant(tenant.pk):
        made = _store()
    settings.KEY_RING = crypto.KeyRing.generate_entry("other")
    vault.forget()
    with in_tenant(tenant.pk), pytest.raises(crypto.KeyMissing):
        access.load([made])


def test_a_sealed_secret_copied_to_another_connection_does_not_open(database: None) -> None:
    tenant = tenants.create_tenant("Northline")
    with in_tenant(tenant.pk):
        first, second = _store("First"), _store("Second")
        stolen = ConnectionSecret.objects.get(connection=first).sealed
        ConnectionSecret.objects.filter(connection=second).update(sealed=stolen)
        with pytest.raises(crypto.Tampered):
            access.load([second])


def test_a_secret_left_empty_keeps_its_value_and_shows_only_its_date(database: None) -> None:
    tenant = tenants.create_tenant("Northline")
    with in_tenant(tenant.pk):
        made = _store()
        changed = connections.update_connection(made.pk, "Renamed", {"webhook_secret": ""}, actor=ACTOR)
        assert access.load([changed])[made.pk].values["webhook_secret"] == SECRET
        assert changed.revision == made.revision + 1
        assert SECRET not in str(changed.settings) + str(changed.secrets_changed)
