"""Sync jobs: bounded sweeps over one flow's source, with progress. Written by ``operations.sync_jobs`` and its steps."""

from django.db import models
from django.db.models.functions import Now

from integrations.kinds.sync_job import SyncMode, SyncStatus
from integrations.models.pairs import Flow
from integrations.models.tenancy import TenantKey, TenantModel

IS_UNFINISHED = models.Q(status__in=[status.value for status in SyncStatus.unfinished()])
LARGEST_PER_MINUTE = 6_000


class SyncJob(TenantModel):
    """One sweep. ``position`` is the reader's cursor; records of a page and the position are stored together."""

    flow = TenantKey(Flow, models.PROTECT)
    mode = models.CharField(max_length=12)
    status = models.CharField(max_length=9, default=SyncStatus.RUNNING.value)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    record_ids = models.JSONField(default=list)
    """Ids in the source, for a targeted job."""
    numbers = models.JSONField(default=list)
    """Numbers that people say, for a targeted job; looked up in the source."""
    per_minute = models.PositiveIntegerField()
    """At most so many records are sent a minute."""
    counted = models.PositiveIntegerField(null=True)
    """How many records the source has; None = not counted yet."""
    is_count_exact = models.BooleanField(default=False)
    read = models.PositiveIntegerField(default=0)
    queued = models.PositiveIntegerField(default=0)
    passed_over = models.PositiveIntegerField(default=0)
    """Read and not queued: linked already, on its way already, or outside of the period."""
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    """Not there: in the target (match only), or in the source (targeted)."""
    position = models.JSONField(default=dict)
    recent_ids = models.JSONField(default=list)
    """The ids read last, so that a reader's overlap is not counted twice."""
    is_read_out = models.BooleanField(default=False)
    due_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    stepped_at = models.DateTimeField(null=True)
    """When the step in force began: it tells that step from one that was slow and is replaced."""
    failures_in_row = models.PositiveSmallIntegerField(default=0)
    rate_per_minute = models.FloatField(null=True)
    """Records settled a minute, smoothed; None = not measured yet."""
    measured_at = models.DateTimeField(null=True)
    requested_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=300, blank=True)
    """Why it is paused, was cancelled, stopped, or waits."""
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sync_job"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(mode__in=[mode.value for mode in SyncMode]), name="sync_job_mode_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in SyncStatus]),
                name="sync_job_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(per_minute__gte=1, per_minute__lte=LARGEST_PER_MINUTE),
                name="sync_job_per_minute",
            ),
            # Two sweeps of one flow would read the same records side by side.
            models.UniqueConstraint(
                fields=["tenant", "flow"],
                name="sync_job_one_sweep",
                condition=IS_UNFINISHED & ~models.Q(mode=SyncMode.TARGETED.value),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="sync_job_due", condition=models.Q(status=SyncStatus.RUNNING.value)
            ),
            models.Index(fields=["tenant", "-id"], name="sync_job_newest"),
        ]
