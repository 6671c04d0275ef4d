"""API keys: made, recognised and revoked. Called by the API's authentication, the team page and ``createapikey``.

Only a hash is kept, so a key can be shown once and never again.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from integrations.kinds import Role
from integrations.models import in_tenant
from integrations.operations import audit
from integrations.operations.audit import Actor
from portal.accounts.models import ApiKey

PREFIX = "cck_"
_SHOWN_CHARACTERS = 12
_USE_NOTED_EVERY = timedelta(minutes=1)


class KeyRefused(ValueError):
    """The key cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. ``secret`` exists only here: it is not stored and not shown again."""

    key: ApiKey
    secret: str


def create_key(name: str, role: Role, *, actor: Actor) -> NewKey:
    """Make a key for the current tenant with 240 random bits. Raises KeyRefused."""
    name = name.strip()
    if not name or len(name) > 80:
        raise KeyRefused("Give the key a name of at most 80 characters.")
    if ApiKey.objects.filter(name=name).exists():
        raise KeyRefused("Another key has this name.")
    secret = PREFIX + secrets.token_urlsafe(30)
    with transaction.atomic():
        key: ApiKey = ApiKey.objects.create(
            name=name,
            prefix=secret[:_SHOWN_CHARACTERS],
            key_hash=hash_key(secret),
            role=role.value,
            created_by=actor.name,
        )
        audit.record(actor, "api_key.created", f"API key {key.pk}", f"{name}: {role.value}")
    return NewKey(key, secret)


def revoke_key(key_id: int, *, actor: Actor) -> None:
    """Refuse a key of the current tenant from the next request on; repeatable. Raises ApiKey.DoesNotExist."""
    with transaction.atomic():
        key = ApiKey.objects.select_for_update(no_key=True).get(pk=key_id)
        if key.revoked_at is None:
            ApiKey.objects.filter(pk=key_id).update(revoked_at=timezone.now())
            audit.record(actor, "api_key.revoked", f"API key {key.pk}", key.name)


def recognise_key(secret: str) -> ApiKey | None:
    """Return the live key with this secret, its use noted at most once a minute; None for any other text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, api_key_id FROM connect_find_api_key(%s)", [hash_key(secret)])
        found = cursor.fetchone()
    if found is None:
        return None
    tenant_id, key_id = found
    with in_tenant(tenant_id):
        key: ApiKey | None = ApiKey.objects.filter(pk=key_id, revoked_at=None).first()
        now = timezone.now()
        if key is not None and (key.last_used_at is None or key.last_used_at < now - _USE_NOTED_EVERY):
            ApiKey.objects.filter(pk=key_id).update(last_used_at=now)
    return key


def hash_key(secret: str) -> bytes:
    """Return what is stored of a key. Keys are 240 random bits, so a plain SHA-256 suffices."""
    return hashlib.sha256(secret.encode()).digest()
