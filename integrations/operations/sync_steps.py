"""The work of sync jobs: one page per step. Records of a page, their runs and the position are stored together.

Called by Celery tasks of the ``rest`` worker under the engine role. Killed anywhere, a step repeats at most one page,
and a repeated record makes no second run: its event carries the job's id.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Any

from django.db import connection

from integrations.connectors.errors import AuthFailed, ConnectorError, Misconfigured, RateLimited
from integrations.kinds import Lane, Record
from integrations.kinds.sync_job import SyncMode, SyncStatus
from integrations.models import SyncJob, in_tenant
from integrations.operations import alerts, audit
from integrations.operations.inbox import Captured, Wanted, record_body, store
from integrations.operations.sync_preview import tally_records
from integrations.operations.sync_reading import (
    Ends,
    Reading,
    SourceUnreadable,
    ends_of,
    passes_linked_over,
    standing_of,
    within,
)
from integrations.operations.wake import wake
from integrations.queries.sync_jobs import Settled, settled_of

PICK_UP_SECONDS = 30
"""How long a step may take to begin: a message that a broker lost costs this much."""
# A step gives its worker back soon, for polls wait for the same workers: what is limited comes again later.
_PATIENCE_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 300.0
_MEASURED_EVERY_SECONDS = 5.0
_COUNT_PAGES, _COUNT_SECONDS = 10, 8.0
_MOST_OPEN = 200
"""So many runs of a job wait or are served at most; a cancelled job has little to take back."""
_RECENT_IDS = 1_000
log = logging.getLogger("connect.sync")


class _TakenOver(Exception):
    """The job was paused, cancelled or taken over by another step: nothing of this one may be stored."""


_DUE = """
UPDATE sync_job j SET leased_until = now() + make_interval(secs => %s)
FROM (
    SELECT q.id FROM sync_job q JOIN flow f ON f.id = q.flow_id JOIN pair p ON p.id = f.pair_id
    JOIN connection s ON s.id = p.storefront_id JOIN connection e ON e.id = p.erp_id
    JOIN tenant t ON t.id = q.tenant_id
    WHERE q.status = 'running' AND q.due_at <= now() AND (q.leased_until IS NULL OR q.leased_until < now())
      AND t.paused_at IS NULL AND p.paused_at IS NULL AND s.paused_at IS NULL AND e.paused_at IS NULL
    ORDER BY q.due_at
    LIMIT greatest(0, %s - (SELECT count(*) FROM sync_job b WHERE b.status = 'running' AND b.leased_until > now()))
    FOR UPDATE OF q SKIP LOCKED
) due
WHERE j.id = due.id RETURNING j.id
"""
_BEGIN = """
UPDATE sync_job SET leased_until = now() + make_interval(secs => %s), stepped_at = clock_timestamp(),
    started_at = coalesce(started_at, now())
WHERE tenant_id = %s AND id = %s AND status = 'running' RETURNING stepped_at
"""
# Each run gets its own turn, so that the pace holds within a page as well.
_PACE = """
UPDATE run r SET due_at = now() + make_interval(secs => u.place * %s::double precision)
FROM unnest(%s::bigint[]) WITH ORDINALITY AS u (event_id, place)
WHERE r.tenant_id = %s AND r.event_id = u.event_id AND r.sync_job_id = %s
"""


def due_jobs(at_once: int) -> list[int]:
    """Lease the jobs whose next step is due and return their ids; a lapsed lease makes one due again.

    At most ``at_once`` steps are in flight, so that polls always find a worker.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [PICK_UP_SECONDS, at_once])
        return [row[0] for row in cursor.fetchall()]


def step(job_id: int) -> None:
    """Do one step of a job: count, read one page, or see whether all its runs have ended."""
    job: SyncJob = SyncJob.across_tenants.select_related("flow", "flow__pair").get(pk=job_id)
    ends = ends_of(job.flow)
    if not _begin(job, ends.source.settle_seconds + _PATIENCE_SECONDS + _COUNT_SECONDS):
        return
    try:
        settled = _measure(job)
        if job.is_read_out:
            _finish_or_wait(job, settled)
        elif settled.moving >= _MOST_OPEN:
            _close(job, _LOOK_AGAIN_SECONDS)
        else:
            _close(job, _read(job, ends))
    except _TakenOver:
        log.info("step taken over job_id=%s", job_id)
    except SourceUnreadable as problem:
        _stop(job, str(problem))
    except ConnectorError as error:
        log.warning("step failed job_id=%s error=%s", job_id, type(error).__name__)
        _put_off(job, ends, error)


def _begin(job: SyncJob, seconds: float) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [seconds, job.tenant_id, job.pk])
        row = cursor.fetchone()
    if row is not None:
        job.stepped_at = row[0]
    return row is not None


def _change(job: SyncJob, **values: Any) -> None:
    """Write a step's result down, fenced. Raises _TakenOver."""
    changed = SyncJob.across_tenants.filter(
        tenant_id=job.tenant_id, pk=job.pk, status=SyncStatus.RUNNING.value, stepped_at=job.stepped_at
    ).update(**values)
    if changed != 1:
        raise _TakenOver
    for name, value in values.items():
        setattr(job, name, value)


def _measure(job: SyncJob) -> Settled:
    """Write down what became of the job's runs, and how fast."""
    settled = settled_of(job.tenant_id, [job.pk])[job.pk]
    before = Settled(job.done, job.skipped, job.held, job.failed, job.missing).total
    now, values = job.stepped_at, dict[str, Any]()
    seconds = (now - job.measured_at).total_seconds() if now and job.measured_at else None
    if seconds is None:
        values = {"measured_at": now}
    elif seconds >= _MEASURED_EVERY_SECONDS:
        pace = max(0, settled.total - before) / seconds * 60.0
        smooth = pace if job.rate_per_minute is None else 0.7 * job.rate_per_minute + 0.3 * pace
        values = {"measured_at": now, "rate_per_minute": smooth}
    if values:
        # Counts and time are taken together, or the next pace would be measured against another moment.
        missing = settled.missing if job.mode == SyncMode.MATCH_ONLY else job.missing
        values |= {"done": settled.done, "skipped": settled.skipped, "held": settled.held}
        _change(job, **values, failed=settled.failed, missing=missing)
    return settled


def _finish_or_wait(job: SyncJob, settled: Settled) -> None:
    if settled.moving:
        _close(job, _LOOK_AGAIN_SECONDS)
        return
    missing = settled.missing if job.mode == SyncMode.MATCH_ONLY else job.missing
    with in_tenant(job.tenant_id):
        _change(
            job, status=SyncStatus.FINISHED.value, finished_at=job.stepped_at, leased_until=None,
            done=settled.done, skipped=settled.skipped, held=settled.held, failed=settled.failed, missing=missing,
        )  # fmt: skip
        words = f"{settled.done} done, {settled.failed} failed, {settled.held} held, {missing} missing"
        audit.record(audit.SYSTEM, "sync_job.finished", f"sync_job {job.pk}", words)


def _read(job: SyncJob, ends: Ends) -> float:
    """Count or read one page; returns the seconds until the next step."""
    with Reading(ends, patience_seconds=_PATIENCE_SECONDS) as reading:
        reader = reading.reader
        if job.mode == SyncMode.TARGETED:
            return _read_named(job, ends, reading)
        if job.counted is None:
            tally, _ = tally_records(
                ends, reader, job.since, job.until, pages=_COUNT_PAGES, seconds=_COUNT_SECONDS
            )
            _change(job, counted=tally.count, is_count_exact=tally.is_exact)
            return 0.0
        position = job.position or dict(reader.history(ends.kind, job.since))
        for page in reader.read_changes(ends.kind, position):
            queued = _store_page(job, ends, page.records, dict(page.cursor), is_last=page.is_last)
            # A page of nothing new is read past at once: where a reader overlaps, it would come again and again.
            if queued or page.is_last:
                return queued * 60.0 / job.per_minute
    return 0.0


def _read_named(job: SyncJob, ends: Ends, reading: Reading) -> float:
    """Queue the records that a person named, ahead of bulk work."""
    found = [(one, "") for one in job.record_ids]
    unknown = []
    for number in job.numbers:
        external_id = reading.reader.locate(ends.kind, number)
        if external_id is None:
            unknown.append(number)
        else:
            found.append((external_id, number))
    records = [
        Record(ends.source_spec.key, ends.kind, external_id, {}, None, number)
        for external_id, number in found
    ]
    reason = f"Not in {ends.source_spec.label}: {', '.join(unknown)}."[:300] if unknown else ""
    with in_tenant(job.tenant_id):
        _change(
            job, read=len(records), queued=len(records), missing=len(unknown), reason=reason, is_read_out=True
        )  # fmt: skip
        _store(job, ends, records, "person", Lane.REALTIME)
    wake()
    return _LOOK_AGAIN_SECONDS


def _store_page(
    job: SyncJob, ends: Ends, records: Sequence[Record], position: dict[str, Any], *, is_last: bool
) -> int:
    """Store a page with the position after it; returns how many runs it made. Raises _TakenOver."""
    known = set(job.recent_ids)
    fresh = list({one.external_id: one for one in records if one.external_id not in known}.values())
    mode = SyncMode(job.mode)
    with in_tenant(job.tenant_id):
        standing = standing_of(ends, [one.external_id for one in fresh])
        leaves_linked = passes_linked_over(ends, mode)
        wanted = [
            one
            for one in within(fresh, job.since, job.until)
            if not standing[one.external_id].is_live
            and not (leaves_linked and standing[one.external_id].is_linked)
        ]
        _change(
            job,
            position=position,
            recent_ids=(list(job.recent_ids) + [one.external_id for one in fresh])[-_RECENT_IDS:],
            read=job.read + len(fresh),
            queued=job.queued + len(wanted),
            passed_over=job.passed_over + len(fresh) - len(wanted),
            is_read_out=is_last,
        )
        _store(job, ends, wanted, "match" if mode is SyncMode.MATCH_ONLY else "job", Lane.BULK)
    if wanted:
        wake()
    return len(wanted)


def _store(job: SyncJob, ends: Ends, records: Sequence[Record], found_by: str, lane: Lane) -> None:
    if not records:
        return
    results = store(
        job.tenant_id,
        ends.source.pk,
        found_by,
        [_captured(job, record) for record in records],
        Wanted(job.flow_id, job.pk, lane.value),
    )
    if lane is Lane.BULK:
        events = [result.event_id for result in results]
        with connection.cursor() as cursor:
            cursor.execute(_PACE, [60.0 / job.per_minute, events, job.tenant_id, job.pk])


def _captured(job: SyncJob, record: Record) -> Captured:
    """Give a record the job's own dedupe key: read twice by one job, it makes one event."""
    key = hashlib.sha256(f"{record.kind}:{record.external_id}".encode()).hexdigest()
    is_thin = not record.fields
    return Captured(
        dedupe_key=f"job-{job.pk}-{key}",
        topic=f"{record.kind}.{'wanted' if job.mode == SyncMode.TARGETED else 'loaded'}",
        kind=record.kind.value,
        external_id=record.external_id,
        business_key=record.business_key,
        body=json.dumps({"sync_job": job.pk}).encode() if is_thin else record_body(record),
        has_record=not is_thin,
        occurred_at=record.updated_at,
        # What was only matched is not delivered: a poll that finds it later must not take it for seen.
        content_hash="" if is_thin or job.mode == SyncMode.MATCH_ONLY else record.hash,
    )


def _close(job: SyncJob, after_seconds: float) -> None:
    """Give the lease back and say when the next step is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sync_job SET leased_until = NULL, failures_in_row = 0,"
            " due_at = now() + make_interval(secs => %s),"
            " reason = CASE WHEN mode = 'targeted' THEN reason ELSE '' END"
            " WHERE tenant_id = %s AND id = %s AND status = 'running' AND stepped_at = %s",
            [after_seconds, job.tenant_id, job.pk, job.stepped_at],
        )


def _put_off(job: SyncJob, ends: Ends, error: ConnectorError) -> None:
    """Wait out what passes by itself; stop for what does not. Refused credentials pause the connection."""
    if isinstance(error, Misconfigured):
        _stop(job, error.message)
        return
    wait = min(_LONGEST_WAIT_SECONDS, _LOOK_AGAIN_SECONDS * 2.0 ** min(job.failures_in_row, 10))
    if isinstance(error, RateLimited):
        wait = max(error.retry_after_seconds or 0.0, 1.0)
    with in_tenant(job.tenant_id), connection.cursor() as cursor:
        if isinstance(error, AuthFailed):
            alerts.pause_refused(cursor, job.tenant_id, ends.source.pk, error.message, error.field)
        cursor.execute(
            "UPDATE sync_job SET leased_until = NULL, failures_in_row = least(failures_in_row + 1, 1000), reason = %s,"
            " due_at = now() + make_interval(secs => %s)"
            " WHERE tenant_id = %s AND id = %s AND status = 'running' AND stepped_at = %s",
            [error.message[:300], wait, job.tenant_id, job.pk, job.stepped_at],
        )


def _stop(job: SyncJob, reason: str) -> None:
    """End a job that cannot go on; what it had queued is delivered."""
    try:
        with in_tenant(job.tenant_id):
            _change(
                job, status=SyncStatus.FAILED.value, reason=reason[:300], leased_until=None,
                finished_at=job.stepped_at,
            )  # fmt: skip
            audit.record(audit.SYSTEM, "sync_job.stopped", f"sync_job {job.pk}", reason)
    except _TakenOver:
        log.info("step taken over job_id=%s", job.pk)
