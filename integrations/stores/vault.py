"""Seals and opens tenants' values. Data keys are unwrapped once per process and kept in memory only."""

import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

from django.conf import settings

from integrations import crypto
from integrations.models import TenantDataKey

_ciphers: dict[int, crypto.TenantCipher] = {}
_lock = Lock()


def ring() -> crypto.KeyRing:
    """Return the installation's key ring. Raises ValueError naming what is wrong with it."""
    return crypto.KeyRing.parse(settings.KEY_RING)


def cipher_for(tenant_id: int, *, number: int | None = None) -> crypto.TenantCipher:
    """Return the tenant's cipher, loading its keys when ``number`` is not known yet.

    The caller must be able to see the tenant's rows (in_tenant, or the engine role). Raises
    crypto.KeyMissing when the tenant has no key.
    """
    known = _ciphers.get(tenant_id)
    if known is not None and (number is None or number in known.keys):
        return known
    key_ring = ring()
    rows = TenantDataKey.across_tenants.filter(tenant_id=tenant_id)
    keys = {row.number: key_ring.unwrap(row.ring_key_id, bytes(row.wrapped), tenant_id) for row in rows}
    if not keys:
        raise crypto.KeyMissing(f"tenant {tenant_id} has no data key")
    made = crypto.TenantCipher(tenant_id, keys)
    with _lock:
        _ciphers[tenant_id] = made
    return made


def forget() -> None:
    """Drop cached keys: after a rotation, and between tests."""
    with _lock:
        _ciphers.clear()


def seal(tenant_id: int, plain: bytes, purpose: str) -> bytes:
    return cipher_for(tenant_id).seal(plain, purpose)


def unseal(tenant_id: int, sealed: bytes, purpose: str) -> bytes:
    """Return the plain bytes. Raises crypto.KeyMissing, crypto.Tampered."""
    number = int.from_bytes(bytes(sealed[1:5]), "big")
    return cipher_for(tenant_id, number=number).open(bytes(sealed), purpose)


def seal_secrets(tenant_id: int, connection_id: int, secrets: Mapping[str, Any]) -> bytes:
    """Seal a connection's secret settings, bound to that connection."""
    return seal(tenant_id, json.dumps(dict(secrets)).encode(), f"connection:{connection_id}")


def open_secrets(tenant_id: int, connection_id: int, sealed: bytes) -> dict[str, Any]:
    """Return a connection's secret settings."""
    opened: dict[str, Any] = json.loads(unseal(tenant_id, sealed, f"connection:{connection_id}"))
    return opened
