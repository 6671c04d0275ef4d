"""The inbox: captured changes become events and runs in one transaction, or are refused and counted.

Called by ``portal.api.hooks`` (web role) and by polls (engine role).
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.utils import timezone

from integrations.connectors import registry
from integrations.connectors.base import Notice
from integrations.connectors.errors import BadSignature, UnexpectedResponse
from integrations.connectors.masking import mask_body
from integrations.kinds import Record, canonical_json
from integrations.models import Connection, in_tenant
from integrations.operations.delivery.texts import plain_text
from integrations.operations.wake import wake_soon
from integrations.stores import access, statements, vault

_TARGET_SECONDS = 5.0
_ID_LENGTH = 120
_DEDUPE_LENGTH = 100
_TOPIC_LENGTH = 60
_PROBLEM_LENGTH = 300


class UnknownHook(LookupError):
    """No connection answers to this token."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a delivery: the event's id, and whether it was seen before."""

    event_id: int
    is_new: bool
    runs: int


@dataclass(frozen=True, slots=True)
class Captured:
    """One change on its way into the inbox; ``body`` is stored sealed."""

    dedupe_key: str
    topic: str
    kind: str
    external_id: str
    business_key: str = ""
    body: bytes = b""
    sha256: bytes = b""
    has_record: bool = False
    masked: Sequence[str] = ()
    problem: str = ""
    occurred_at: datetime | None = None
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class _Target:
    tenant_id: int
    connection_id: int
    system: str
    values: Mapping[str, Any]
    known_until: float


_targets: dict[bytes, _Target] = {}


def hash_token(token: str) -> bytes:
    """Return what is stored of a hook token. Tokens are random, so a plain SHA-256 suffices."""
    return hashlib.sha256(token.encode()).digest()


def receive_hook(token: str, headers: Mapping[str, str], body: bytes, *, address: str | None) -> Received:
    """Store a webhook's change and its runs, committed before this returns.

    Header names are lower case. Raises UnknownHook; BadSignature (counted in quarantine, nothing stored).
    A genuine body that cannot be read is stored and shown as failed.
    """
    target = _find_target(token)
    receiver = registry.webhook_receiver(target.system)
    if receiver is None:
        raise UnknownHook(token)
    try:
        verified = receiver.verify(headers, body, target.values, timezone.now())
    except BadSignature as refusal:
        _count_refusal(target, refusal.reason, address)
        raise
    sha256 = hashlib.sha256(body).digest()
    stored, masked = mask_body(body)
    delivery = verified.delivery_id or sha256.hex()
    try:
        # What is stored is parsed, so that a record made of the body holds no card number either.
        notices = receiver.parse(headers, stored)
        problem = ""
    except UnexpectedResponse as error:
        notices, problem = (), f"{error.message}"
    captured = _captured(delivery, notices, stored, sha256, masked, problem, target)
    results = store(target.tenant_id, target.connection_id, "webhook", captured)
    if any(result.is_new for result in results):
        wake_soon()
    return results[0]


def _captured(
    delivery: str,
    notices: Sequence[Notice],
    stored: bytes,
    sha256: bytes,
    masked: Sequence[str],
    problem: str,
    target: _Target,
) -> list[Captured]:
    if problem:
        return [
            Captured(
                delivery,
                "unreadable",
                _main_kind(target),
                f"unreadable-{sha256.hex()[:12]}",
                body=stored,
                sha256=sha256,
                masked=masked,
                problem=problem,
            )
        ]
    if not notices:
        # A topic that we know nothing of is kept, and makes no run.
        return [Captured(delivery, "ignored", "", "", body=stored, sha256=sha256, masked=masked)]
    made = []
    for position, notice in enumerate(notices):
        body = stored if notice.record is None else record_body(notice.record)
        made.append(
            Captured(
                delivery if position == 0 else f"{delivery}/{position}",
                notice.topic,
                notice.kind.value,
                notice.external_id,
                notice.business_key,
                body,
                sha256,
                notice.record is not None,
                masked,
                "",
                notice.occurred_at,
                "" if notice.record is None else notice.record.hash,
            )
        )
    return made


def _main_kind(target: _Target) -> str:
    facts = registry.get_spec(target.system).facts
    return next(iter(facts)).value


def record_body(record: Record) -> bytes:
    """Return the stored form of a full record; ``flows.steps.fetch.record_from_body`` reads it."""
    return canonical_json(
        {
            "external_id": record.external_id,
            "fields": dict(record.fields),
            "updated_at": record.updated_at,
            "business_key": record.business_key,
            "search_keys": dict(record.search_keys),
        }
    )


_INTAKE = (
    "SELECT dedupe, event_id, is_new, run_count"
    " FROM connect_intake(%s::bigint, %s::bigint, %s::text, %s::jsonb, %b::bytea[], %s::bigint, %s::bigint, %s::text)"
)
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sync job asks of intake: runs of one flow only, whatever their age, in a lane of their own."""

    flow_id: int
    sync_job_id: int
    lane: str


def store(
    tenant_id: int,
    connection_id: int,
    found_by: str,
    captured: Sequence[Captured],
    wanted: Wanted | None = None,
) -> list[Received]:
    """Insert events, payloads, heads and runs in one round trip: one transaction, or inside the caller's.

    The last of several changes of one record wins. Returns one result per stored change, in order.
    """
    job = (wanted.flow_id, wanted.sync_job_id, wanted.lane) if wanted else (None, None, None)
    storable = [_storable(one) for one in captured]
    unique = list({(one.kind, one.external_id or one.dedupe_key): one for one in storable}.values())
    cipher = vault.cipher_for(tenant_id)
    rows = [_row(one) for one in unique]
    sealed = [cipher.seal(one.body, "event") for one in unique]
    found = {
        dedupe: Received(event_id, is_new, runs)
        for dedupe, event_id, is_new, runs in statements.fetch_repeatable(
            _INTAKE, [tenant_id, connection_id, found_by, _ENCODER.encode(rows).decode(), sealed, *job]
        )
    }
    return [found[one.dedupe_key] for one in unique]


def _row(one: Captured) -> dict[str, Any]:
    """Return one element of ``p_rows`` of ``connect_intake``."""
    return {
        "dedupe": one.dedupe_key,
        "topic": one.topic,
        "kind": one.kind,
        "external_id": one.external_id,
        "business_key": one.business_key,
        "has_record": one.has_record,
        "sha256": (one.sha256 or hashlib.sha256(one.body).digest()).hex(),
        "masked": list(one.masked),
        "problem": one.problem,
        "occurred_at": one.occurred_at,
        "plain_bytes": len(one.body),
        "content_hash": one.content_hash,
    }


def _storable(one: Captured) -> Captured:
    """Return the change with texts that a database row can hold; an id that it cannot is told, never cut."""
    external_id, business_key = plain_text(one.external_id, None), plain_text(one.business_key, _ID_LENGTH)
    problem = one.problem
    if len(external_id) > _ID_LENGTH:
        problem = f"The record's id has {len(external_id)} characters; {_ID_LENGTH} fit."
        external_id = f"unreadable-{hashlib.sha256(external_id.encode()).hexdigest()[:12]}"
    return replace(
        one,
        dedupe_key=plain_text(one.dedupe_key, _DEDUPE_LENGTH),
        external_id=external_id,
        business_key=business_key,
        topic=plain_text(one.topic, _TOPIC_LENGTH),
        problem=plain_text(problem, _PROBLEM_LENGTH),
    )


def _find_target(token: str) -> _Target:
    """Return whom a token belongs to; remembered for a few seconds so that a rotation takes effect soon."""
    hashed = hash_token(token)
    known = _targets.get(hashed)
    if known is not None and known.known_until > time.monotonic():
        return known
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, connection_id FROM connect_find_hook(%s)", [hashed])
        row = cursor.fetchone()
    if row is None:
        _targets.pop(hashed, None)
        raise UnknownHook
    tenant_id, connection_id = row
    with in_tenant(tenant_id):
        found = Connection.objects.get(pk=connection_id)
        values = access.load([found])[connection_id].values
        # The data key is read here, where the tenant is announced; intake itself is one statement without that.
        vault.cipher_for(tenant_id)
        Connection.objects.filter(pk=connection_id).update(last_hook_at=timezone.now())
    target = _Target(tenant_id, connection_id, found.system, values, time.monotonic() + _TARGET_SECONDS)
    _targets[hashed] = target
    return target


def _count_refusal(target: _Target, reason: str, address: str | None) -> None:
    with in_tenant(target.tenant_id), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO refused_hook AS r (tenant_id, connection_id, reason, count, hour, last_at, last_address)"
            " VALUES (%s, %s, %s, 1, date_trunc('hour', now()), now(), %s)"
            " ON CONFLICT (tenant_id, connection_id, reason, hour) DO UPDATE"
            " SET count = r.count + 1, last_at = now(), last_address = excluded.last_address",
            [target.tenant_id, target.connection_id, reason[:40], address],
        )
