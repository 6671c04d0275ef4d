"""The digest of a kind: id, key and a hash that changes with the record and not with its date alone."""

import hashlib
import json
from typing import Any

from integrations.sandbox.clarity_ecommerce.records import ID_FIELDS, Records

KINDS = {"orders": "order", "products": "product", "customers": "customer"}


def rows(records: Records, kind: str, since: int | None) -> list[dict[str, Any]]:
    """Return ``[{"id", "key", "hash"}]``, unpaged."""
    found, _ = records.rows(kind, since=since)
    return [{"id": each.id, "key": _key(kind, each.body), "hash": _hash(kind, each.body)} for each in found]


def _key(kind: str, body: dict[str, Any]) -> str:
    if kind == "order":
        return str(body["orderNumber"])
    return str(body["sku"] if kind == "product" else body["customerKey"] or body["email"])


def _hash(kind: str, body: dict[str, Any]) -> str:
    # The product's sum over locations is no part of the product.
    left_out = {"modifiedDate", "quantity" if kind == "product" else ID_FIELDS[kind]}
    kept = {name: value for name, value in body.items() if name not in left_out}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
