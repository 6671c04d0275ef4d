"""Tenants and their wrapped data keys."""

from django.db import models

from integrations.models.tenancy import TenantModel


class Tenant(models.Model):
    """A customer company. Not a tenant table itself: its own policy compares ``id``."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    timezone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="USD")
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    payload_days = models.PositiveSmallIntegerField(null=True, db_default=None)
    """How long bodies are kept; None = as long as this installation keeps them."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tenant"

    def __str__(self) -> str:
        return self.name


class TenantDataKey(TenantModel):
    """One wrapped data key; the highest number seals, all of them open."""

    number = models.PositiveIntegerField()
    ring_key_id = models.CharField(max_length=40)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tenant_data_key"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="tenant_data_key_number"),
        ]
