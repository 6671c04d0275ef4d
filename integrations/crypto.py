"""Encryption at rest: a ring of installation keys that wraps one data key per tenant (AES-256-GCM).

Called by ``integrations.stores.vault``. Knows no Django and no tenant table. Losing the ring loses every
sealed value: backups include it and say so.
"""

import base64
import os
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 32
_SEALED_V1 = b"\x01"
_PLAIN, _DEFLATED = b"\x00", b"\x01"
# A value cut short has no whole nonce, which AESGCM reports as ValueError.
_DOES_NOT_OPEN = (InvalidTag, ValueError)
# Below this many bytes deflate costs time and saves nothing.
_COMPRESS_FROM = 200


class KeyMissing(Exception):
    """A value was sealed under a key that this installation no longer has."""


class Tampered(Exception):
    """A sealed value does not open: wrong tenant, wrong purpose, or changed bytes."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """Installation keys by id; the first one wraps, all of them unwrap. Its repr shows no key."""

    keys: Mapping[str, bytes]

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read ``id:base64,id:base64``; the first is current. Raises ValueError naming what is wrong."""
        keys: dict[str, bytes] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            key_id, separator, encoded = part.partition(":")
            if not separator or not key_id:
                raise ValueError("a key ring entry reads id:base64")
            try:
                key = base64.b64decode(encoded, altchars=b"-_", validate=True)
            except ValueError as error:
                raise ValueError(f"key {key_id} is not base64") from error
            if len(key) != KEY_BYTES:
                raise ValueError(f"key {key_id} has {len(key)} bytes, {KEY_BYTES} are needed")
            if key_id in keys:
                raise ValueError(f"key id {key_id} appears twice")
            keys[key_id] = key
        if not keys:
            raise ValueError("the key ring is empty")
        return cls(keys)

    @classmethod
    def generate_entry(cls, key_id: str) -> str:
        """Return a fresh ``id:base64`` entry."""
        return f"{key_id}:{base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"

    @property
    def current_id(self) -> str:
        return next(iter(self.keys))

    def wrap(self, data_key: bytes, tenant_id: int) -> tuple[str, bytes]:
        """Return (ring key id, wrapped bytes) of a tenant's data key."""
        key_id = self.current_id
        nonce = os.urandom(NONCE_BYTES)
        context = f"tenant-key:{tenant_id}".encode()
        return key_id, nonce + AESGCM(self.keys[key_id]).encrypt(nonce, data_key, context)

    def unwrap(self, key_id: str, wrapped: bytes, tenant_id: int) -> bytes:
        """Return the data key. Raises KeyMissing, Tampered."""
        if key_id not in self.keys:
            raise KeyMissing(f"installation key {key_id!r} is not in the ring")
        context = f"tenant-key:{tenant_id}".encode()
        try:
            return AESGCM(self.keys[key_id]).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except _DOES_NOT_OPEN as error:
            raise Tampered(f"the data key of tenant {tenant_id} does not open") from error


def new_data_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


@dataclass(frozen=True, slots=True, repr=False)
class TenantCipher:
    """Seals and opens values of one tenant.

    Layout: version (1 byte), data key number (4), nonce (12), ciphertext and tag. The tenant and the
    purpose are authenticated, so a value copied to another row's purpose or tenant does not open.
    """

    tenant_id: int
    keys: Mapping[int, bytes]
    """Data keys by number; the highest seals."""

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Return the sealed form; long values are deflated first."""
        packed = _DEFLATED + zlib.compress(plain, level=1) if len(plain) >= _COMPRESS_FROM else _PLAIN + plain
        number = max(self.keys)
        nonce = os.urandom(NONCE_BYTES)
        body = AESGCM(self.keys[number]).encrypt(nonce, packed, self._context(purpose))
        return _SEALED_V1 + number.to_bytes(4, "big") + nonce + body

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Return the plain bytes. Raises KeyMissing, Tampered."""
        if sealed[:1] != _SEALED_V1:
            raise Tampered("unknown seal version")
        number = int.from_bytes(sealed[1:5], "big")
        if number not in self.keys:
            raise KeyMissing(f"data key {number} of tenant {self.tenant_id} is gone")
        start = 5 + NONCE_BYTES
        try:
            packed = AESGCM(self.keys[number]).decrypt(
                sealed[5:start], sealed[start:], self._context(purpose)
            )
        except _DOES_NOT_OPEN as error:
            raise Tampered(f"a value sealed for {purpose} does not open") from error
        return zlib.decompress(packed[1:]) if packed[:1] == _DEFLATED else packed[1:]

    def _context(self, purpose: str) -> bytes:
        return f"{self.tenant_id}:{purpose}".encode()
