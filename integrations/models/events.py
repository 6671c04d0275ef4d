"""The inbox: captured changes, the sealed bytes of everything that went in or out, and what was refused."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from integrations.models.connections import Connection
from integrations.models.tenancy import TenantKey, TenantModel


class Event(TenantModel):
    """One captured change. Unique per connection by the sender's delivery id, else the body's hash."""

    connection = TenantKey(Connection, models.PROTECT)
    dedupe_key = models.CharField(max_length=100)
    topic = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    external_id = models.CharField(max_length=120)
    business_key = models.CharField(max_length=120, blank=True)
    found_by = models.CharField(max_length=8)
    """``webhook``, ``poll``, ``person``, ``job`` or ``match`` (a job that only links): who told us first."""
    has_record = models.BooleanField(default=False)
    body_sha256 = models.BinaryField(max_length=32)
    """Of the original bytes, before masking."""
    masked = models.JSONField(default=list)
    """Where card numbers were masked, as paths or offsets."""
    problem = models.CharField(max_length=300, blank=True)
    """Why a genuine body could not be read; such an event is shown as failed."""
    deliveries = models.PositiveIntegerField(default=1)
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "event"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "connection", "dedupe_key"], name="event_dedupe"),
        ]
        # What arrived in the last minutes is asked every minute; rows are written in the order of time.
        indexes = [BrinIndex(fields=["received_at"], name="event_received")]


class Payload(TenantModel):
    """Sealed bytes, apart from the narrow rows so that lists and the queue never touch them."""

    event_id = models.BigIntegerField(null=True)
    run_id = models.BigIntegerField(null=True)
    attempt = models.PositiveIntegerField(null=True)
    role = models.CharField(max_length=12)
    """``event``, ``source``, ``mapped``, ``exchange``; ``edited``, ``edited_map`` and ``edit_diff`` of a person."""
    sealed = models.BinaryField()
    plain_bytes = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "payload"
        indexes = [
            models.Index(
                fields=["tenant", "run_id"], name="payload_run", condition=models.Q(run_id__isnull=False)
            ),
            models.Index(
                fields=["tenant", "event_id"],
                name="payload_event",
                condition=models.Q(event_id__isnull=False),
            ),
            # Rows are written in the order of time: a few kilobytes tell retention where the old ones lie.
            BrinIndex(fields=["created_at"], name="payload_written"),
        ]


class RefusedHook(TenantModel):
    """Small quarantine of deliveries that were not genuine: counted, never processed."""

    connection = TenantKey(Connection, models.PROTECT)
    reason = models.CharField(max_length=40)
    count = models.PositiveIntegerField(default=1)
    hour = models.DateTimeField()
    last_at = models.DateTimeField()
    last_address = models.GenericIPAddressField(null=True)

    class Meta:
        db_table = "refused_hook"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "connection", "reason", "hour"], name="refused_hook_hour"
            ),
        ]
