"""One object of a kind in a system, and the bytes by which two versions of it are compared."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.kinds.kind import Kind


@dataclass(frozen=True, slots=True)
class Record:
    """A record in its vendor's own field names, types normalised.

    ``fields`` holds only dict, list, str, int, bool, None, Decimal and aware UTC datetime. Money is
    Decimal, ids are str. ``updated_at`` is None where the vendor tells none; the version of a record is
    (``updated_at``, content hash).
    """

    system: str
    kind: Kind
    external_id: str
    fields: Mapping[str, Any]
    updated_at: datetime | None = None
    business_key: str = ""
    """The number people say: an order number, a SKU, an e-mail."""
    search_keys: Mapping[str, str] = field(default_factory=dict)
    """Further keys a person may search by, as name -> value."""
    version: str = ""
    """The vendor's own mark of this version (an event id, a rowversion) where ``updated_at`` is too coarse."""

    @property
    def version_hash(self) -> str:
        """SHA-256 of the vendor's mark, hex; empty where there is none."""
        return hash_of(b"version " + self.version.encode("utf-8", "replace")) if self.version else ""

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical fields, hex."""
        return content_hash(self.fields)


def _encode(value: object) -> object:
    if isinstance(value, Decimal):
        # 5, 5.0 and 5.00 are one amount; a hash that tells them apart reports changes that are none.
        return {"$decimal": _plain(value) if value else "0"}
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a record holds aware datetimes only")
        return {"$datetime": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    raise TypeError(f"a record cannot hold {type(value).__name__}")


def _plain(number: Decimal) -> str:
    # normalize() would round to the context's 28 digits.
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_CANONICAL = json.JSONEncoder(default=_encode, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: object) -> bytes:
    """Return the one byte form of a value: sorted keys, no blanks, typed decimals and times.

    Half an emoji, as a shop leaves one that cuts text by length, keeps its bytes and can be read back.
    """
    return _CANONICAL.encode(value).encode("utf-8", "surrogatepass")


def _moment(text: str) -> datetime:
    # Only a person who edits a record leaves the offset out.
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _decode(pairs: dict[str, Any]) -> Any:
    if len(pairs) == 1:
        if "$decimal" in pairs:
            return Decimal(pairs["$decimal"])
        if "$datetime" in pairs:
            return _moment(pairs["$datetime"])
        if "$date" in pairs:
            return date.fromisoformat(pairs["$date"])
    return pairs


def from_canonical_json(body: bytes) -> Any:
    """Return the value that :func:`canonical_json` wrote, types included.

    Raises ValueError, TypeError or InvalidOperation for what it never writes: a person's edit may be such.
    """
    return json.loads(body, object_hook=_decode, parse_float=Decimal)


def content_hash(value: object) -> str:
    """Return the SHA-256 of the canonical form, hex."""
    return hash_of(canonical_json(value))


def hash_of(body: bytes) -> str:
    """Return the content hash of what :func:`canonical_json` returned."""
    return hashlib.sha256(body).hexdigest()
