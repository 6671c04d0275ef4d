"""Making tenants, and rotating the keys their data is sealed with."""

from django.db import connection, transaction
from django.utils.text import slugify

from integrations import crypto
from integrations.models import Tenant, TenantDataKey, in_tenant
from integrations.stores import vault


def create_tenant(name: str, *, timezone: str = "UTC", currency: str = "USD") -> Tenant:
    """Create a tenant with its own data key and a slug that is free."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT connect_new_tenant_id()")
        tenant_id: int = cursor.fetchone()[0]
        with in_tenant(tenant_id):
            tenant = Tenant(
                pk=tenant_id,
                name=name,
                slug=_free_slug(name, tenant_id),
                timezone=timezone,
                currency=currency,
            )
            tenant.save(force_insert=True)
            add_data_key(tenant_id, 1)
    return tenant


def add_data_key(tenant_id: int, number: int) -> None:
    """Give a tenant a data key; the highest number seals from now on, older ones still open."""
    key_id, wrapped = vault.ring().wrap(crypto.new_data_key(), tenant_id)
    TenantDataKey.objects.create(tenant_id=tenant_id, number=number, ring_key_id=key_id, wrapped=wrapped)


def _free_slug(name: str, tenant_id: int) -> str:
    base = slugify(name)[:50] or "tenant"
    with connection.cursor() as cursor:
        # Row security hides other tenants' slugs, so the unique index decides; the id makes the second one free.
        cursor.execute("SELECT connect_slug_is_taken(%s)", [base])
        taken: bool = cursor.fetchone()[0]
    return f"{base}-{tenant_id}" if taken else base


def rewrap_data_keys() -> int:
    """Wrap every tenant's data keys with the ring's current key (owner role); returns how many changed.

    Afterwards older ring keys may be removed from CONNECT_KEY_RING.
    """
    ring = vault.ring()
    changed = 0
    for row in TenantDataKey.across_tenants.exclude(ring_key_id=ring.current_id):
        plain = ring.unwrap(row.ring_key_id, bytes(row.wrapped), row.tenant_id)
        row.ring_key_id, row.wrapped = ring.wrap(plain, row.tenant_id)
        TenantDataKey.across_tenants.filter(pk=row.pk).update(
            ring_key_id=row.ring_key_id, wrapped=row.wrapped
        )
        changed += 1
    vault.forget()
    return changed
