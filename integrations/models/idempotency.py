"""Answers that were given to requests with an idempotency key, so that a repeat gets the same one."""

from django.db import models
from django.db.models.functions import Now

from integrations.models.tenancy import TenantModel


class IdempotencyKey(TenantModel):
    """One answered request. ``fingerprint`` covers method, path and body: another request may not reuse the key."""

    key = models.CharField(max_length=200, db_collation="C")
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    """HTTP status of the answer; NULL only inside the transaction that is making it."""
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "idempotency_key"
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["tenant", "created_at"], name="idempotency_key_age")]
