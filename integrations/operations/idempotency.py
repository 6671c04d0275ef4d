"""Idempotency keys: the first request's answer is kept for a day and given to its repeats. Called by the API.

The key's row is inserted in the transaction that does the work: a repeat that arrives meanwhile waits for it,
and a request that failed leaves no row, so that its repeat is served anew.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from integrations.models import current_tenant_id

_KEPT = "interval '24 hours'"
_FORGOTTEN_AT_ONCE = 50


class KeyReused(ValueError):
    """The same key came with another request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: HTTP status and JSON body. No answer of the API holds a secret."""

    status: int
    body: Any


def recall(key: str, fingerprint: bytes) -> Answer | None:
    """Return the answer of an earlier request with this key, or reserve the key and return None.

    Needs the current tenant's transaction; waits for one that serves the same key. Raises KeyReused.
    """
    tenant_id = current_tenant_id()
    with connection.cursor() as cursor:
        _forget_old(cursor, tenant_id)
        cursor.execute(
            "INSERT INTO idempotency_key AS k (tenant_id, key, fingerprint) VALUES (%s, %s, %s)"
            " ON CONFLICT (tenant_id, key) DO UPDATE"
            " SET fingerprint = excluded.fingerprint, status = NULL, answer = NULL, created_at = now()"
            f" WHERE k.status IS NULL OR k.created_at < now() - {_KEPT} RETURNING k.id",
            [tenant_id, key, fingerprint],
        )
        if cursor.fetchone() is not None:
            return None
        cursor.execute(
            "SELECT fingerprint, status, answer FROM idempotency_key WHERE tenant_id = %s AND key = %s",
            [tenant_id, key],
        )
        stored, status, answer = cursor.fetchone()
    if bytes(stored) != fingerprint:
        raise KeyReused("This idempotency key was used for another request.")
    return Answer(status, json.loads(answer))


def remember(key: str, answer: Answer) -> None:
    """Keep the answer under a key that :func:`recall` reserved."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE idempotency_key SET status = %s, answer = %s WHERE tenant_id = %s AND key = %s",
            [answer.status, json.dumps(answer.body), current_tenant_id(), key],
        )


def _forget_old(cursor: Any, tenant_id: int) -> None:
    cursor.execute(
        "DELETE FROM idempotency_key WHERE tenant_id = %s AND id IN (SELECT id FROM idempotency_key"
        f" WHERE tenant_id = %s AND created_at < now() - {_KEPT} ORDER BY created_at LIMIT %s"
        " FOR UPDATE SKIP LOCKED)",
        [tenant_id, tenant_id, _FORGOTTEN_AT_ONCE],
    )
