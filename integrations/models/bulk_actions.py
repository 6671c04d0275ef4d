"""Bulk actions and edits: what people do to runs that wait, kept with who did it and how far it is.

Written by ``operations.bulk_actions``, its steps, and ``operations.run_edits``.
"""

from django.db import models
from django.db.models.functions import Now

from integrations.kinds.bulk_action import BulkDeed, BulkStatus, RetryStart, RetryVersion
from integrations.models.runs import Run
from integrations.models.tenancy import TenantKey, TenantModel

IS_UNFINISHED = models.Q(status__in=[status.value for status in BulkStatus.unfinished()])


class BulkAction(TenantModel):
    """One deed to all runs that match a selection. Works through them by id, up to the run ``up_to``."""

    deed = models.CharField(max_length=8)
    status = models.CharField(max_length=9)
    selection = models.JSONField()
    """Which runs, as ``queries.selections.Selection`` writes itself down."""
    words = models.CharField(max_length=200)
    """The selection in words, as it was when somebody chose it."""
    version = models.CharField(max_length=6, default=RetryVersion.SAME.value)
    start = models.CharField(max_length=11, default=RetryStart.USUAL.value)
    matched = models.PositiveIntegerField()
    """How many runs matched when it was started."""
    taken = models.PositiveIntegerField(default=0)
    """How many were sent on, skipped or released so far."""
    position = models.BigIntegerField(default=0)
    """The run looked at last; all up to it are through."""
    up_to = models.BigIntegerField()
    """What fails later than the start is not part of it."""
    first_run = TenantKey(Run, models.PROTECT, null=True)
    """The run that goes first."""
    calls = models.PositiveIntegerField(default=0)
    """Remote calls as planned."""
    edit = models.BinaryField(null=True)
    """Of an edit, sealed: what is changed in which runs, as ``operations.same_edits`` writes it. Gone when it ends."""
    due_at = models.DateTimeField(db_default=Now())
    requested_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=300, blank=True)
    """Why it is done (a skip must say), or why it stopped or was cancelled."""
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "bulk_action"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(deed__in=[deed.value for deed in BulkDeed]), name="bulk_action_deed_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in BulkStatus]),
                name="bulk_action_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="bulk_action_due", condition=IS_UNFINISHED),
            models.Index(fields=["tenant", "-id"], name="bulk_action_newest"),
        ]


class BulkActionRun(TenantModel):
    """One run that a bulk action took on. The key is what keeps it from being taken twice."""

    bulk_action = TenantKey(BulkAction, models.CASCADE)
    run = TenantKey(Run, models.CASCADE)
    left_out = models.CharField(max_length=200, blank=True, db_default="")
    """Why the run was looked at and left as it was; "" = it was taken on."""

    class Meta:
        db_table = "bulk_action_run"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "bulk_action", "run"], name="bulk_action_run_once"),
        ]


class RunEdit(TenantModel):
    """One edit of a run's record: who, when, and which fields. The values are sealed among the payloads."""

    run = TenantKey(Run, models.CASCADE)
    part = models.CharField(max_length=6)
    """``source``: the record as read; ``mapped``: the one made of it for the target."""
    fields = models.JSONField()
    """Paths of the changed fields."""
    payload_id = models.BigIntegerField()
    """Values before and after; gone after the age limit of bodies."""
    author = models.CharField(max_length=254)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "run_edit"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(part__in=["source", "mapped"]), name="run_edit_part_known"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "run"], name="run_edit_run")]
