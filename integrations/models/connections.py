"""Connections: a tenant's access to one system, its sealed secrets apart, and the position of its polls."""

from django.db import models
from django.db.models.functions import Now

from integrations.kinds import ConnectionHealth
from integrations.models.tenancy import TenantKey, TenantModel


class Connection(TenantModel):
    system = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    settings = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    """Grows with every change of settings or secrets; workers rebuild their connector when it does."""
    secrets_changed = models.JSONField(default=dict)
    """Secret name -> ISO time it was last set; all that is ever shown of a secret."""
    identity_key = models.CharField(max_length=200, blank=True)
    identity_label = models.CharField(max_length=200, blank=True)
    hook_token_hash = models.BinaryField(null=True, unique=True, max_length=32)
    hook_token_sealed = models.BinaryField(null=True)
    health = models.CharField(
        max_length=12,
        default=ConnectionHealth.UNTESTED,
        choices=[(status.value, status.info.label) for status in ConnectionHealth],
    )
    health_message = models.CharField(max_length=300, blank=True)
    health_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_call_seconds = models.FloatField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    failures_in_row = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    """While the breaker is open: when the next probe may go."""
    max_parallel = models.PositiveSmallIntegerField(default=4)
    calls_per_minute = models.PositiveIntegerField(null=True, db_default=None)
    """What the system allows this credential; None = no stated limit."""
    settle_seconds = models.FloatField(default=130)
    """How long after a lapsed lease a look-up that finds nothing is not believed yet."""
    last_hook_at = models.DateTimeField(null=True, blank=True)
    last_poll_at = models.DateTimeField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    test_results = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "connection"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="connection_name"),
            models.CheckConstraint(
                condition=models.Q(health__in=[status.value for status in ConnectionHealth]),
                name="connection_health_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ConnectionSecret(TenantModel):
    """Sealed secrets of a connection, in a table the support role cannot read."""

    connection = TenantKey(Connection, models.CASCADE)
    sealed = models.BinaryField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "connection_secret"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "connection"], name="connection_secret_one"),
        ]


class ConnectionLimit(TenantModel):
    """What a credential may still do right now: one bucket of rate tokens for all workers, and what a 429 taught.

    Locked by claims before runs, in the order of ``connection_id``. ``tokens`` counts as of ``refilled_at``.
    """

    connection = TenantKey(Connection, models.CASCADE)
    per_minute = models.FloatField(null=True)
    """Tokens refilled a minute: the stated limit, lower for a while after a 429. None = not metered."""
    tokens = models.FloatField(default=0, db_default=0)
    refilled_at = models.DateTimeField(db_default=Now())
    blocked_until = models.DateTimeField(null=True)
    refusals = models.PositiveIntegerField(default=0, db_default=0)
    """429s in a row; a granted call after the block ends the row."""

    class Meta:
        db_table = "connection_limit"
        constraints = [
            models.UniqueConstraint(fields=["connection"], name="connection_limit_one"),
        ]


class PollCursor(TenantModel):
    """Resumable position of one kind's poll on one connection, and when it is due again."""

    connection = TenantKey(Connection, models.CASCADE)
    kind = models.CharField(max_length=20)
    position = models.JSONField(default=dict)
    interval_seconds = models.PositiveIntegerField(default=60)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    last_started_at = models.DateTimeField(null=True, blank=True)
    last_finished_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    records_seen = models.BigIntegerField(default=0)

    class Meta:
        db_table = "poll_cursor"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "connection", "kind"], name="poll_cursor_kind"),
        ]
        indexes = [models.Index(fields=["due_at"], name="poll_cursor_due")]
