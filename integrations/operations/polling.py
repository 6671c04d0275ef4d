"""Polls: page, then cursor. The records of a page are stored with the position after it, in one transaction."""

import hashlib
import json
import logging
import time
from collections.abc import Sequence

from django.db import InterfaceError, OperationalError, connection, transaction

from integrations.connectors.base import Page, Reader
from integrations.connectors.errors import AuthFailed, ConnectorError, Misconfigured
from integrations.kinds import Kind, Record
from integrations.models import Connection, PollCursor, in_tenant
from integrations.operations import alerts
from integrations.operations.inbox import Captured, record_body, store
from integrations.operations.limits import MeteredGate
from integrations.operations.wake import wake
from integrations.stores import access, statements

PICK_UP_SECONDS = 30
"""How long a poll may take to begin: a message that a broker lost costs this much, not a whole lease."""
# What a page takes beside one call and that call's turn under a rate limit.
_MARGIN_SECONDS = 10
_LONGEST_LEASE_SECONDS = 60
# How long a poll waits for one call's turn under a rate limit before it leaves the rest to the next one.
_PATIENCE_SECONDS = 30.0
# Held by the session of a poll while it reads: it falls with the process, at once, and keeps a second one off a slow one.
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('poll:' || %s::bigint, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('poll:' || %s::bigint, 0))"
log = logging.getLogger("connect.poll")


class _TakenOver(Exception):
    """Another poll of this cursor began meanwhile: what this one read is older and must not be stored after it."""


def due_polls(limit: int = 200) -> list[int]:
    """Lease the cursors that are due and return their ids; a lapsed lease makes one due again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE poll_cursor p SET leased_until = now() + make_interval(secs => %s), last_started_at = now()"
            " FROM (SELECT q.id FROM poll_cursor q JOIN connection c ON c.id = q.connection_id"
            "        JOIN tenant t ON t.id = q.tenant_id"
            "       WHERE q.due_at <= now() AND (q.leased_until IS NULL OR q.leased_until < now())"
            "        AND c.paused_at IS NULL AND c.archived_at IS NULL AND t.paused_at IS NULL"
            "       ORDER BY q.due_at LIMIT %s FOR UPDATE OF q SKIP LOCKED) due"
            " WHERE p.id = due.id RETURNING p.id",
            [PICK_UP_SECONDS, limit],
        )
        return [row[0] for row in cursor.fetchall()]


def poll_one(cursor_id: int) -> int:
    """Read everything that changed into the inbox, page by page; returns how many records were new.

    Killed anywhere, it repeats at most one page. A refused credential pauses the connection.
    """
    cursor = PollCursor.across_tenants.get(pk=cursor_id)
    connection_row = Connection.across_tenants.get(pk=cursor.connection_id)
    if not statements.fetch(_LOCK, [cursor_id])[0][0]:
        return 0  # the one before is alive and slow; it is not disturbed
    try:
        return _poll(cursor, connection_row)
    finally:
        _unlock(cursor_id)


def _unlock(cursor_id: int) -> None:
    try:
        statements.fetch(_UNLOCK, [cursor_id])
    except (OperationalError, InterfaceError):
        # The lock went with the session that held it.
        connection.close()


def _poll(cursor: PollCursor, connection_row: Connection) -> int:
    # About one page, which renews it: a worker that dies costs no more.
    lease_seconds = min(
        _LONGEST_LEASE_SECONDS, connection_row.settle_seconds + _PATIENCE_SECONDS + _MARGIN_SECONDS
    )
    _begin(cursor, lease_seconds)
    gate = MeteredGate(connection_row, patience_seconds=_PATIENCE_SECONDS)
    connector = access.load([connection_row])[connection_row.pk].build(gate=gate)
    stored = 0
    error: ConnectorError | None = None
    try:
        if not isinstance(connector, Reader):
            raise Misconfigured(f"{connector.spec.label} cannot be polled.", missing="read")
        for page in connector.read_changes(Kind(cursor.kind), cursor.position):
            stored += _store_page(cursor, page, lease_seconds)
    except _TakenOver:
        log.info("poll taken over cursor_id=%s", cursor.pk)
        return stored
    except ConnectorError as failure:
        error = failure
        log.warning("poll failed cursor_id=%s error=%s", cursor.pk, type(failure).__name__)
    finally:
        connector.close()
        gate.close()
    _close_poll(cursor, error)
    return stored


def _begin(cursor: PollCursor, seconds: float) -> None:
    """Take the lease for this poll alone: ``last_started_at`` tells it from one that was slow and is replaced."""
    with connection.cursor() as sql:
        sql.execute(
            "UPDATE poll_cursor SET leased_until = now() + make_interval(secs => %s), last_started_at = clock_timestamp()"
            " WHERE tenant_id = %s AND id = %s RETURNING last_started_at",
            [seconds, cursor.tenant_id, cursor.pk],
        )
        (cursor.last_started_at,) = sql.fetchone()


def _store_page(cursor: PollCursor, page: Page, lease_seconds: float) -> int:
    with in_tenant(cursor.tenant_id):
        _move(cursor, page, lease_seconds)
        fresh = _unseen(cursor, page.records)
        results = (
            store(cursor.tenant_id, cursor.connection_id, "poll", [_captured(one) for one in fresh])
            if fresh
            else []
        )
        new = sum(result.is_new for result in results)
    if new:
        wake()
    return new


def _move(cursor: PollCursor, page: Page, lease_seconds: float) -> None:
    """Move the position past a page, in the transaction that stores it. Raises _TakenOver."""
    with connection.cursor() as sql:
        sql.execute(
            "UPDATE poll_cursor SET position = %s, records_seen = records_seen + %s,"
            " leased_until = now() + make_interval(secs => %s)"
            " WHERE tenant_id = %s AND id = %s AND last_started_at = %s",
            [
                json.dumps(dict(page.cursor)), len(page.records), lease_seconds,
                cursor.tenant_id, cursor.pk, cursor.last_started_at,
            ],
        )  # fmt: skip
        if sql.rowcount == 0:
            raise _TakenOver


def _captured(record: Record) -> Captured:
    """Give a polled record its dedupe key.

    A thin record's version seen again makes no second event. A full one passed ``_unseen``: its content is
    new since the last capture, even where it went back to an older value, so its key never repeats.
    """
    is_thin = not record.fields
    version = record.version or (record.updated_at.isoformat() if record.updated_at else "")
    mark = version if is_thin else f"{record.hash}:{time.time_ns()}"
    key = hashlib.sha256(f"{record.kind}:{record.external_id}:{mark}".encode()).hexdigest()
    return Captured(
        dedupe_key=f"poll-{key}",
        topic=f"{record.kind}.changed",
        kind=record.kind.value,
        external_id=record.external_id,
        business_key=record.business_key,
        body=record_body(record),
        has_record=not is_thin,
        occurred_at=record.updated_at,
        content_hash="" if is_thin else record.hash,
    )


def _unseen(cursor: PollCursor, records: Sequence[Record]) -> list[Record]:
    """Drop records that are known as they are: a snapshot of 10,000 SKUs makes no 10,000 events.

    A full one by the content that was captured last, a thin one by the version that a run has read.
    """
    hashes = {
        record.external_id: mark
        for record in records
        if (mark := record.hash if record.fields else record.version_hash)
    }
    if not hashes:
        return list(records)
    with connection.cursor() as sql:
        sql.execute(
            "SELECT u.key FROM unnest(%s::text[], %s::text[]) AS u (key, hash)"
            " JOIN flow f ON f.tenant_id = %s AND f.kind = %s AND f.current_id IS NOT NULL AND f.follows = ''"
            " JOIN pair p ON p.tenant_id = f.tenant_id AND p.id = f.pair_id"
            "  AND CASE f.direction WHEN 'to_erp' THEN p.storefront_id ELSE p.erp_id END = %s"
            " LEFT JOIN record_head h ON h.tenant_id = f.tenant_id AND h.flow_id = f.id AND h.record_key = u.key"
            " GROUP BY u.key, u.hash HAVING bool_or(h.seen_hash IS DISTINCT FROM u.hash)",
            [list(hashes), list(hashes.values()), cursor.tenant_id, cursor.kind, cursor.connection_id],
        )
        changed = {row[0] for row in sql.fetchall()}
    return [one for one in records if one.external_id not in hashes or one.external_id in changed]


def _close_poll(cursor: PollCursor, error: ConnectorError | None) -> None:
    with transaction.atomic(), connection.cursor() as sql:
        sql.execute(
            "UPDATE poll_cursor SET leased_until = NULL, last_error = %s, last_finished_at = now(),"
            " due_at = now() + make_interval(secs => interval_seconds)"
            " WHERE tenant_id = %s AND id = %s AND last_started_at = %s",
            [error.message[:300] if error else "", cursor.tenant_id, cursor.pk, cursor.last_started_at],
        )
        if isinstance(error, AuthFailed):
            alerts.pause_refused(sql, cursor.tenant_id, cursor.connection_id, error.message, error.field)
        elif error is None:
            sql.execute(
                "UPDATE connection SET last_poll_at = now(), last_success_at = now(),"
                " failures_in_row = 0, open_until = NULL,"
                " health = CASE WHEN health = 'refused' THEN health ELSE 'healthy' END"
                " WHERE tenant_id = %s AND id = %s",
                [cursor.tenant_id, cursor.connection_id],
            )
