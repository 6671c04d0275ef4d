"""Sync jobs with their progress: how many records came through, at what pace, and when the rest will be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from integrations.flows.steps.match import MATCHED, MISSING
from integrations.kinds import Direction, Kind, RunStatus
from integrations.kinds.sync_job import SyncMode, SyncStatus
from integrations.models import Run, SyncJob


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a job's runs. ``moving`` are queued or being served."""

    done: int = 0
    skipped: int = 0
    held: int = 0
    failed: int = 0
    missing: int = 0
    moving: int = 0

    @property
    def total(self) -> int:
        """Runs that need no machine any more; held and failed ones wait for a person."""
        return self.done + self.skipped + self.held + self.failed + self.missing


@dataclass(frozen=True, slots=True)
class JobState:
    """One job as lists, pages and the API show it."""

    id: int
    flow_id: int
    flow_name: str
    pair_id: int
    pair_name: str
    kind: Kind
    is_to_erp: bool
    mode: SyncMode
    status: SyncStatus
    since: datetime | None
    until: datetime | None
    record_ids: tuple[str, ...]
    numbers: tuple[str, ...]
    per_minute: int
    counted: int | None
    is_count_exact: bool
    read: int
    queued: int
    passed_over: int
    settled: Settled
    rate_per_minute: float | None
    is_read_out: bool
    requested_by: str
    reason: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def total(self) -> int:
        """How many records it is about, as far as is known."""
        return self.read if self.is_read_out else max(self.read, self.counted or 0)

    @property
    def is_total_known(self) -> bool:
        return self.is_read_out or self.is_count_exact

    @property
    def handled(self) -> int:
        """Records that the job is through with."""
        return min(self.total, self.passed_over + self.settled.total)

    @property
    def needs_person(self) -> int:
        return self.settled.held + self.settled.failed

    @property
    def eta_seconds(self) -> float | None:
        """Seconds until the last record, from the measured pace, never faster than the allowed one.

        None while nothing runs or nobody knows how many there are.
        """
        if self.status is not SyncStatus.RUNNING or not self.is_total_known:
            return None
        left = self.total - self.handled
        pace = min(float(self.per_minute), self.rate_per_minute or float(self.per_minute))
        return left / pace * 60.0 if left and pace > 0 else 0.0


_SETTLED = """
SELECT r.sync_job_id, r.status,
       CASE WHEN r.status = 'skipped' AND r.reason_code IN (%(matched)s, %(missing)s) THEN r.reason_code ELSE '' END,
       count(*)
FROM run r WHERE r.tenant_id = %(tenant)s AND r.sync_job_id = ANY (%(jobs)s)
GROUP BY 1, 2, 3
"""


def settled_of(tenant_id: int, job_ids: Sequence[int]) -> dict[int, Settled]:
    """Return what became of the runs of each job, as it is now, in one statement."""
    found: dict[int, dict[str, int]] = {job_id: {} for job_id in job_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLED,
            {"tenant": tenant_id, "jobs": list(job_ids), "matched": MATCHED, "missing": MISSING},
        )
        for job_id, status, code, count in cursor.fetchall():
            name = _counted_as(status, code)
            found[job_id][name] = found[job_id].get(name, 0) + count
    return {job_id: Settled(**counts) for job_id, counts in found.items()}


def _counted_as(status: str, code: str) -> str:
    if status == "skipped" and code:
        return "done" if code == MATCHED else "missing"
    named = {"succeeded": "done", "held": "held", "dead": "failed"}
    if status in ("skipped", "superseded", "cancelled"):
        return "skipped"
    return named.get(status, "moving")


def jobs_matching(*, flow_id: int | None = None, status: str = "") -> QuerySet[SyncJob]:
    """Return the tenant's jobs with flow and pair."""
    jobs: QuerySet[SyncJob] = SyncJob.objects.select_related("flow", "flow__pair")
    if flow_id is not None:
        jobs = jobs.filter(flow_id=flow_id)
    return jobs.filter(status=status) if status else jobs


def list_jobs(*, before: int | None = None, size: int = 20) -> list[JobState]:
    """Return up to ``size`` jobs, newest first, older than id ``before``."""
    jobs = jobs_matching()
    if before is not None:
        jobs = jobs.filter(pk__lt=before)
    return states_of(list(jobs.order_by("-id")[:size]))


def find_job(job_id: int) -> JobState | None:
    found = jobs_matching().filter(pk=job_id).first()
    return None if found is None else states_of([found])[0]


def unfinished_of_pair(pair_id: int) -> list[JobState]:
    """Return the sweeps of a pair's flows that have not ended, newest first."""
    unfinished = [status.value for status in SyncStatus.unfinished()]
    sweeps = jobs_matching().filter(flow__pair_id=pair_id, status__in=unfinished)
    return states_of(list(sweeps.exclude(mode=SyncMode.TARGETED.value).order_by("-id")))


def states_of(jobs: Sequence[SyncJob]) -> list[JobState]:
    """Return jobs as they are shown. Counts of finished ones were written down; the others are counted now."""
    if not jobs:
        return []
    open_ids = [job.pk for job in jobs if job.status != SyncStatus.FINISHED]
    live = settled_of(jobs[0].tenant_id, open_ids) if open_ids else {}
    return [_state(job, live.get(job.pk, _stored(job))) for job in jobs]


def _stored(job: SyncJob) -> Settled:
    return Settled(job.done, job.skipped, job.held, job.failed, job.missing)


def _state(job: SyncJob, settled: Settled) -> JobState:
    return JobState(
        id=job.pk,
        flow_id=job.flow_id,
        flow_name=job.flow.name,
        pair_id=job.flow.pair_id,
        pair_name=job.flow.pair.name,
        kind=Kind(job.flow.kind),
        is_to_erp=job.flow.direction == Direction.TO_ERP,
        mode=SyncMode(job.mode),
        status=SyncStatus(job.status),
        since=job.since,
        until=job.until,
        record_ids=tuple(job.record_ids),
        numbers=tuple(job.numbers),
        per_minute=job.per_minute,
        counted=job.counted,
        is_count_exact=job.is_count_exact,
        read=job.read,
        queued=job.queued,
        passed_over=job.passed_over,
        settled=settled,
        rate_per_minute=job.rate_per_minute,
        is_read_out=job.is_read_out,
        requested_by=job.requested_by,
        reason=job.reason,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


@dataclass(frozen=True, slots=True)
class JobRow:
    """One record of a job that a person may want to look at."""

    run_id: int
    number: str
    status: str
    reason: str
    target_key: str = ""

    @property
    def words(self) -> str:
        """Return what happened, or what happens next by itself."""
        if self.reason:
            return self.reason
        match RunStatus(self.status):
            case RunStatus.SUCCEEDED if self.target_key:
                return f"Written as {self.target_key}"
            case RunStatus.QUEUED:
                return "Goes when its turn comes"
        return ""


def rows_needing_person(job_id: int, *, limit: int = 20) -> list[JobRow]:
    """Return the job's held and failed records, oldest first."""
    return _rows(Run.objects.filter(sync_job_id=job_id, status__in=("held", "dead")), limit)


def rows_missing(job_id: int, *, limit: int = 100) -> list[JobRow]:
    """Return the records that a matching job did not find in the target, oldest first."""
    return _rows(Run.objects.filter(sync_job_id=job_id, status="skipped", reason_code=MISSING), limit)


def rows_newest(job_id: int, *, limit: int = 10) -> list[JobRow]:
    """Return the records that the job took up last."""
    return _rows(Run.objects.filter(sync_job_id=job_id), limit, newest=True)


def _rows(runs: QuerySet[Run], limit: int, *, newest: bool = False) -> list[JobRow]:
    return [
        JobRow(
            run.pk,
            run.business_key or run.record_key,
            run.status,
            run.reason,
            run.target_key or run.target_id,
        )
        for run in runs.order_by("-id" if newest else "id")[:limit]
    ]
