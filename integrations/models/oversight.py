"""What people are told and what is counted: alerts, usage by day, the audit log."""

from django.db import models
from django.db.models.functions import Now

from integrations.models.connections import Connection
from integrations.models.tenancy import TenantKey, TenantModel


class Alert(TenantModel):
    """A condition with evidence; ``closes_when`` is what the machine checks to close it."""

    dedupe_key = models.CharField(max_length=160)
    rule = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    evidence = models.CharField(max_length=500, blank=True)
    closes_when = models.CharField(max_length=200)
    connection_id = models.BigIntegerField(null=True)
    pair_id = models.BigIntegerField(null=True)
    flow_id = models.BigIntegerField(null=True)
    occurrences = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    closed_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "alert"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "dedupe_key"],
                name="alert_one_open",
                condition=models.Q(closed_at__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="alert_newest")]


class ArrivalHour(TenantModel):
    """What arrived of one kind on one connection in one hour: the rhythm that an absence is measured by."""

    connection = TenantKey(Connection, models.CASCADE)
    kind = models.CharField(max_length=20)
    hour = models.DateTimeField()
    by_hook = models.PositiveIntegerField(default=0)
    by_poll = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "arrival_hour"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "connection", "kind", "hour"], name="arrival_hour_one"),
        ]
        indexes = [models.Index(fields=["hour"], name="arrival_hour_when")]


class UsageDay(TenantModel):
    """What the plan counts: runs that changed a target; remote calls are metered apart."""

    pair_id = models.BigIntegerField()
    day = models.DateField()
    transactions = models.BigIntegerField(default=0)
    api_calls = models.BigIntegerField(default=0)

    class Meta:
        db_table = "usage_day"
        constraints = [models.UniqueConstraint(fields=["tenant", "pair_id", "day"], name="usage_day_one")]


class AuditEntry(TenantModel):
    """Who did what to what, append-only: a trigger refuses update and delete."""

    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=254)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    summary = models.CharField(max_length=300)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        db_table = "audit_entry"
        indexes = [models.Index(fields=["tenant", "-id"], name="audit_newest")]
