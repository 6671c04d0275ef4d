"""Sync jobs as people steer them: create, pause, resume, cancel.

Called by ``portal.web.sync_jobs`` and the API inside ``in_tenant``. The work itself is ``sync_steps``; how much there is
to do says ``sync_preview``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from integrations.connectors.spec import Verb
from integrations.kinds.sync_job import SyncMode, SyncStatus
from integrations.models import Flow, Run, SyncJob, current_tenant_id
from integrations.models.sync_jobs import LARGEST_PER_MINUTE
from integrations.operations import audit
from integrations.operations.audit import Actor
from integrations.operations.sync_reading import Ends, Reading, SourceUnreadable, ends_of
from integrations.operations.wake import wake_on_commit

MOST_TARGETED = 200
"""Records that one targeted job may name."""
_LONGEST_KEY = 120
# A bulk record costs about four calls of each system; half of a stated limit stays for what happens now.
_CALLS_PER_RECORD, _BULK_SHARE, _DEFAULT_PER_MINUTE, _LEAST_PER_MINUTE = 4, 0.5, 60, 5
# Until when the runs of a paused job wait; resuming paces them anew.
_WAITS_UNTIL = "timestamptz '2200-01-01 00:00:00+00'"


class JobRefused(ValueError):
    """This job cannot be started; the text says why, for the person who asks."""


class NotSteerable(RuntimeError):
    """The job does not stand where this can be done; the text names where it stands."""


def suggested_per_minute(ends: Ends) -> int:
    """Return a pace that leaves half of each system's stated limit to what happens now."""
    stated = [one.calls_per_minute for one in (ends.source, ends.target) if one.calls_per_minute]
    if not stated:
        return _DEFAULT_PER_MINUTE
    return max(
        _LEAST_PER_MINUTE, min(_DEFAULT_PER_MINUTE, int(min(stated) * _BULK_SHARE / _CALLS_PER_RECORD))
    )


def check_request(
    flow_id: int, mode: SyncMode, *, since: datetime | None = None, until: datetime | None = None
) -> Ends:
    """Return the flow's ends when such a job may run. Raises JobRefused, Flow.DoesNotExist."""
    flow = Flow.objects.select_related("pair").get(pk=flow_id)
    if flow.current_id is None:
        raise JobRefused(f"{flow.name} is not published yet.")
    if flow.follows:
        raise JobRefused(f"{flow.name} follows another flow; start that one.")
    ends = ends_of(flow)
    if not ends.source_spec.can(ends.kind, Verb.READ):
        raise JobRefused(f"{ends.source_spec.label} cannot be read for {ends.kind.label} records.")
    with Reading(ends, patience_seconds=0) as reading:
        try:
            _ = reading.reader
        except SourceUnreadable as error:
            raise JobRefused(str(error)) from error
    if mode is SyncMode.MATCH_ONLY and not ends.target_spec.can(ends.kind, Verb.FIND):
        raise JobRefused(f"{ends.target_spec.label} cannot be searched for {ends.kind.label} records.")
    if since is not None and since > timezone.now():
        raise JobRefused("The period starts in the future.")
    if since is not None and until is not None and until <= since:
        raise JobRefused("The period ends before it starts.")
    return ends


def create(
    flow_id: int,
    mode: SyncMode,
    *,
    actor: Actor,
    since: datetime | None = None,
    until: datetime | None = None,
    record_ids: Sequence[str] = (),
    numbers: Sequence[str] = (),
    per_minute: int | None = None,
) -> SyncJob:
    """Create a job of the current tenant; the next step, seconds later, begins it.

    ``record_ids`` and ``numbers`` belong to a targeted job and nowhere else. Raises JobRefused, Flow.DoesNotExist.
    """
    ends = check_request(flow_id, mode, since=since, until=until)
    ids, said = _named(record_ids), _named(numbers)
    if (mode is SyncMode.TARGETED) != bool(ids or said):
        raise JobRefused(
            "Name the records by number or id."
            if mode is SyncMode.TARGETED
            else "Single records are named in a targeted job only."
        )
    if len(ids) + len(said) > MOST_TARGETED:
        raise JobRefused(f"At most {MOST_TARGETED} records are named in one job; load a period instead.")
    pace = per_minute or suggested_per_minute(ends)
    if not 1 <= pace <= LARGEST_PER_MINUTE:
        raise JobRefused(f"The pace is between 1 and {LARGEST_PER_MINUTE} a minute.")
    named: dict[str, Any] = {"counted": len(ids) + len(said), "is_count_exact": True} if ids or said else {}
    try:
        with transaction.atomic():
            job: SyncJob = SyncJob.objects.create(
                flow=ends.flow,
                mode=mode.value,
                since=since,
                until=until,
                record_ids=ids,
                numbers=said,
                per_minute=pace,
                requested_by=actor.name[:254],
                **named,
            )
            audit.record(actor, "sync_job.created", f"sync_job {job.pk}", _words(ends, mode, ids + said))
    except IntegrityError as error:
        raise JobRefused(f"Another job of {ends.flow.name} is not finished yet.") from error
    return job


def sync_record(run_id: int, *, actor: Actor) -> SyncJob:
    """Send the record of a run once more, as it is now. Raises JobRefused, Run.DoesNotExist."""
    run = Run.objects.get(pk=run_id)
    return create(run.flow_id, SyncMode.TARGETED, actor=actor, record_ids=[run.record_key])


def _named(given: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(one.strip() for one in given if one.strip()))
    if any(len(name) > _LONGEST_KEY or "\0" in name for name in names):
        raise JobRefused(f"A number has at most {_LONGEST_KEY} characters.")
    return names


def _words(ends: Ends, mode: SyncMode, names: Sequence[str]) -> str:
    what = f" of {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}" if names else ""
    return f"{mode.label}{what}: {ends.flow.name}"


def pause(job_id: int, reason: str, *, actor: Actor) -> None:
    """Stop reading, and let what is queued wait; what is being served is finished. Raises NotSteerable."""
    with transaction.atomic(), connection.cursor() as cursor:
        _turn(job_id, SyncStatus.PAUSED, reason.strip() or "paused by a person")
        cursor.execute(
            f"UPDATE run SET due_at = {_WAITS_UNTIL}, reason = 'Its sync job is paused.', reason_code = 'job_paused'"
            " WHERE tenant_id = %s AND sync_job_id = %s AND status IN ('queued', 'retrying')",
            [current_tenant_id(), job_id],
        )
        audit.record(actor, "sync_job.paused", f"sync_job {job_id}", reason.strip())


def resume(job_id: int, *, actor: Actor) -> None:
    """Let a paused job go on where it stood, at its pace. Raises NotSteerable."""
    with transaction.atomic(), connection.cursor() as cursor:
        _turn(job_id, SyncStatus.RUNNING, "")
        cursor.execute(
            "WITH waiting AS ("
            " SELECT r.id, row_number() OVER (ORDER BY r.id) * 60.0 / j.per_minute AS seconds"
            f" FROM run r JOIN sync_job j ON j.id = r.sync_job_id WHERE r.tenant_id = %s AND r.sync_job_id = %s"
            f"  AND r.status IN ('queued', 'retrying') AND r.due_at = {_WAITS_UNTIL}"
            ") UPDATE run r SET due_at = now() + make_interval(secs => w.seconds), reason = '', reason_code = ''"
            " FROM waiting w WHERE r.id = w.id",
            [current_tenant_id(), job_id],
        )
        audit.record(actor, "sync_job.resumed", f"sync_job {job_id}", "")
        wake_on_commit()


_LOCK_HEADS = """
SELECT h.id FROM record_head h JOIN run r ON r.tenant_id = h.tenant_id AND r.flow_id = h.flow_id
    AND r.record_key = h.record_key
WHERE r.tenant_id = %(tenant)s AND r.sync_job_id = %(job)s AND r.status IN ('queued', 'retrying')
ORDER BY h.record_key, h.flow_id FOR UPDATE OF h
"""
# A run that may have been sent is not cancelled: it is looked for, so that nobody has to wonder. A record that is not
# delivered was not seen: the next poll that finds it takes it up.
_CANCEL_RUNS = """
WITH cancelled AS (
    UPDATE run SET status = 'cancelled', is_head = false, finished_at = now(), reason_code = 'job_cancelled',
        reason = 'Its sync job was cancelled.'
    WHERE tenant_id = %(tenant)s AND sync_job_id = %(job)s AND status IN ('queued', 'retrying') AND NOT must_find
    RETURNING id, tenant_id, flow_id, record_key
), forgotten AS (
    UPDATE record_head h SET seen_hash = '' FROM cancelled c
    WHERE h.tenant_id = c.tenant_id AND h.flow_id = c.flow_id AND h.record_key = c.record_key
)
SELECT id FROM cancelled
"""


def cancel(job_id: int, reason: str, *, actor: Actor) -> int:
    """End a job and what it had queued; returns how many runs were cancelled. Raises NotSteerable.

    What is being served, held or may have been sent is finished as usual.
    """
    values = {"tenant": current_tenant_id(), "job": job_id}
    with transaction.atomic(), connection.cursor() as cursor:
        _turn(job_id, SyncStatus.CANCELLED, reason.strip() or "cancelled by a person")
        cursor.execute(_LOCK_HEADS, values)
        cursor.execute(_CANCEL_RUNS, values)
        cancelled = [row[0] for row in cursor.fetchall()]
        if cancelled:
            cursor.execute("SELECT connect_pass_on(%s::bigint[], '{}')", [cancelled])
        cursor.execute(
            "UPDATE run SET due_at = now(), reason = '', reason_code = ''"
            f" WHERE tenant_id = %(tenant)s AND sync_job_id = %(job)s AND due_at = {_WAITS_UNTIL}"
            " AND status IN ('queued', 'retrying')",
            values,
        )
        SyncJob.objects.filter(pk=job_id).update(skipped=F("skipped") + len(cancelled))
        audit.record(
            actor,
            "sync_job.cancelled",
            f"sync_job {job_id}",
            f"{len(cancelled)} waiting records: {reason.strip()}",
        )
        wake_on_commit()
    return len(cancelled)


def _turn(job_id: int, status: SyncStatus, reason: str) -> None:
    """Change where a job stands. A step under way is fenced: it stores nothing after this. Raises NotSteerable."""
    before = [one.value for one in SyncStatus if status.value in one.info.next]
    now = timezone.now()
    changed = SyncJob.objects.filter(pk=job_id, status__in=before).update(
        status=status.value,
        reason=reason[:300],
        due_at=now,
        leased_until=None,
        stepped_at=None,
        rate_per_minute=None,
        measured_at=None,
        finished_at=now if status.info.is_final else None,
    )
    if changed != 1:
        standing = SyncStatus(SyncJob.objects.get(pk=job_id).status)
        raise NotSteerable(f"The job is {standing.info.label.lower()}.")
