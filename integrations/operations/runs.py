"""What a person does to runs: retry, skip, edit, link a SKU, add a missing row, decide a review, look inside.

Called by ``portal.web`` and the API inside ``in_tenant``; set-based, audited, one call per door. A run that
is not in a state the action fits is left alone: the count tells how many were changed.
"""

import json
from collections.abc import Sequence
from decimal import InvalidOperation
from typing import Any

from django.db import connection, transaction

from integrations.kinds import Kind, canonical_json
from integrations.kinds.record import from_canonical_json
from integrations.models import Payload, Run, ValueMap, ValueMapVersion, current_tenant_id
from integrations.operations import audit, links
from integrations.operations.audit import Actor
from integrations.operations.wake import wake_on_commit
from integrations.stores import vault

EDIT_LIMIT_BYTES = 512 * 1024


class EditRefused(ValueError):
    """The edited record cannot be used; the text says why, for the person who edits."""


class LinkRefused(ValueError):
    """The link contradicts one that stands; the text names it."""


_LOCK_HEADS = """
SELECT h.id FROM record_head h
WHERE (h.tenant_id, h.flow_id, h.record_key) IN (
    SELECT r.tenant_id, r.flow_id, r.record_key FROM run r WHERE r.tenant_id = %(tenant)s AND r.id = ANY (%(ids)s))
ORDER BY h.record_key, h.flow_id FOR UPDATE
"""
# A held run still holds its record's head; a dead one gave it up and takes it back only where it is free.
# An attempt that ended in doubt may have been sent: the retry looks before it writes.
_REVIVE = """
WITH given AS (
    SELECT r.id, r.flow_id, r.record_key, r.status,
           row_number() OVER (PARTITION BY r.flow_id, r.record_key ORDER BY r.sequence) AS place
    FROM run r WHERE r.tenant_id = %(tenant)s AND r.id = ANY (%(ids)s) AND r.status IN ('held', 'dead')
), revived AS (
    UPDATE run r SET status = 'queued', due_at = now(), attempts = 0, finished_at = NULL, reason = '',
        reason_code = '', problem = '[]',
        is_head = CASE WHEN g.status = 'held' THEN r.is_head ELSE h.live_run_id IS NULL AND g.place = 1 END,
        must_find = r.must_find OR EXISTS (
            SELECT 1 FROM attempt a WHERE a.tenant_id = r.tenant_id AND a.run_id = r.id AND a.outcome = 'in_doubt')
    FROM given g, record_head h
    WHERE r.tenant_id = %(tenant)s AND r.id = g.id AND h.tenant_id = r.tenant_id AND h.flow_id = r.flow_id
      AND h.record_key = r.record_key AND r.status IN ('held', 'dead')
    RETURNING r.id, r.tenant_id, r.flow_id, r.record_key, r.is_head
), heads AS (
    UPDATE record_head h SET live_run_id = v.id FROM revived v
    WHERE v.is_head AND h.tenant_id = v.tenant_id AND h.flow_id = v.flow_id AND h.record_key = v.record_key
), released AS (
    UPDATE hold o SET released_at = now(), released_by = %(by)s FROM revived v
    WHERE o.tenant_id = v.tenant_id AND o.run_id = v.id AND o.released_at IS NULL
)
SELECT id FROM revived
"""
_SKIP = """
WITH skipped AS (
    UPDATE run r SET status = 'skipped', is_head = false, finished_at = now(), reason_code = 'by_person',
        reason = %(reason)s
    WHERE r.tenant_id = %(tenant)s AND r.id = ANY (%(ids)s) AND r.status IN ('held', 'dead')
    RETURNING r.id, r.tenant_id
), released AS (
    UPDATE hold o SET released_at = now(), released_by = %(by)s FROM skipped s
    WHERE o.tenant_id = s.tenant_id AND o.run_id = s.id AND o.released_at IS NULL
)
SELECT id FROM skipped
"""


def retry(run_ids: Sequence[int], *, actor: Actor) -> int:
    """Send held and failed runs back to the queue; returns how many went.

    What is still missing holds them again. A run that may have been sent is looked for before it is written.
    """
    revived = _revive(run_ids, actor)
    if revived:
        audit.record(actor, "run.retried", _subject(revived), f"{len(revived)} sent again")
    return len(revived)


def _revive(run_ids: Sequence[int], actor: Actor) -> list[int]:
    values: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "ids": list(run_ids),
        "by": actor.name[:254],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_HEADS, values)
        cursor.execute(_REVIVE, values)
        revived = [row[0] for row in cursor.fetchall()]
        wake_on_commit()
    return revived


def skip(run_ids: Sequence[int], reason: str, *, actor: Actor) -> int:
    """End held and failed runs without delivering them; returns how many. Later changes of their records go on."""
    words = f"Skipped by {actor.name}: {reason.strip() or 'no reason given'}"
    values: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "ids": list(run_ids),
        "by": actor.name[:254],
        "reason": words[:300],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_HEADS, values)
        cursor.execute(_SKIP, values)
        skipped = [row[0] for row in cursor.fetchall()]
        if skipped:
            cursor.execute("SELECT connect_pass_on(%s::bigint[], '{}')", [skipped])
            audit.record(actor, "run.skipped", _subject(skipped), f"{len(skipped)} skipped: {reason.strip()}")
            wake_on_commit()
    return len(skipped)


def _subject(run_ids: Sequence[int]) -> str:
    return f"run {run_ids[0]}" if len(run_ids) == 1 else f"{len(run_ids)} runs from {run_ids[0]}"


def link_sku(pair_id: int, storefront_sku: str, erp_sku: str, *, actor: Actor) -> int:
    """Link a SKU of the storefront with one of the ERP; returns how many held runs that released.

    A link found by itself gives way to what a person says. Raises LinkRefused when the item belongs to another SKU,
    or when one of them is empty.
    """
    ours, theirs = storefront_sku.strip(), erp_sku.strip()
    if not ours or not theirs:
        raise LinkRefused("Both SKUs are needed.")
    tenant_id = current_tenant_id()
    with transaction.atomic():
        before = _held_by_product(pair_id)
        stands = links.link_by_hand(tenant_id, pair_id, Kind.PRODUCT, ours, theirs)
        if (stands.storefront_key, stands.erp_id) != (ours, theirs):
            transaction.set_rollback(True)
            raise LinkRefused(
                f"{stands.storefront_key or stands.storefront_id} is linked to {stands.erp_id} already."
            )
        released = before - _held_by_product(pair_id)
        audit.record(
            actor, "link.added", f"pair {pair_id}", f"SKU {ours} is {theirs}; released {released} records"
        )
        wake_on_commit()
    return released


def _held_by_product(pair_id: int) -> int:
    return Run.objects.filter(pair_id=pair_id, status="held", reason_code="missing_product").count()


def add_value_row(pair_id: int, key: str, source: str, target: str, *, actor: Actor) -> int:
    """Add a row to a value map as a new version; returns how many held runs that released.

    Raises EditRefused for an empty value, ValueMap.DoesNotExist.
    """
    if not source.strip() or not target.strip():
        raise EditRefused("Both values are needed.")
    with transaction.atomic(), connection.cursor() as cursor:
        table = ValueMap.objects.select_for_update(no_key=True).get(pair_id=pair_id, key=key)
        current = ValueMapVersion.objects.get(value_map=table, number=table.current_number)
        ValueMapVersion.objects.create(
            value_map=table,
            number=table.current_number + 1,
            rows={**current.rows, source: target.strip()},
            unknown=current.unknown,
            default=current.default,
            author=actor.name,
        )
        ValueMap.objects.filter(pk=table.pk).update(current_number=table.current_number + 1)
        released = links.release_satisfied(
            cursor, tenant_id=current_tenant_id(), kind="value_map", by=actor.name[:254]
        )
        audit.record(actor, "value_map.row_added", f"pair {pair_id}", f"{table.name}: {source} is {target}")
        wake_on_commit()
    return released


def edit_and_retry(run_id: int, text: str, *, actor: Actor) -> None:
    """Store an edited source record and send the run again with it.

    Raises EditRefused with what is wrong; Run.DoesNotExist when it is not held or failed.
    """
    if len(text.encode()) > EDIT_LIMIT_BYTES:
        raise EditRefused("The record is larger than 512 KB.")
    try:
        edited = from_canonical_json(text.encode())
    except (ValueError, TypeError, InvalidOperation) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise EditRefused(f"This is not readable JSON{where}.") from error
    if _has_float(edited):
        # Only NaN and Infinity are read as floats; they are no amounts.
        raise EditRefused("NaN and Infinity are no amounts.")
    if not isinstance(edited, dict) or not edited:
        raise EditRefused("The record is one JSON object.")
    body = canonical_json(edited)
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True).get(pk=run_id, status__in=("held", "dead"))
        Payload.objects.create(
            run_id=run.pk,
            role="edited",
            sealed=vault.seal(run.tenant_id, body, "edited"),
            plain_bytes=len(body),
        )
        _revive([run.pk], actor)
        audit.record(actor, "run.edited", f"run {run.pk}", "The record was edited and sent again")


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_float(one) for one in value.values())
    return any(map(_has_float, value)) if isinstance(value, list) else isinstance(value, float)


def note_look(run_id: int, *, actor: Actor) -> None:
    """Write down that a person opened a record's passport."""
    audit.record(actor, "run.looked_at", f"run {run_id}", "")


def reveal(run_id: int, *, actor: Actor) -> None:
    """Write down that a person asked for the personal data of a record. Raises Run.DoesNotExist."""
    run = Run.objects.get(pk=run_id)
    audit.record(
        actor, "run.revealed", f"run {run.pk}", f"Personal data of {run.kind} {run.business_key} for 10 min"
    )
