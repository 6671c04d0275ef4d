"""Pairs, flows, their immutable versions, and the versioned value maps they use."""

from django.db import models

from integrations.kinds import Direction, Environment, Kind
from integrations.models.connections import Connection
from integrations.models.tenancy import TenantKey, TenantModel


class Pair(TenantModel):
    """A storefront connection and an ERP connection in one environment; the thing the plan counts."""

    name = models.CharField(max_length=80)
    environment = models.CharField(max_length=8, choices=[(e.value, e.label) for e in Environment])
    storefront = TenantKey(Connection, models.PROTECT)
    erp = TenantKey(Connection, models.PROTECT)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "pair"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="pair_name"),
            models.UniqueConstraint(
                fields=["tenant", "storefront", "erp", "environment"], name="pair_connections_once"
            ),
            models.CheckConstraint(
                condition=models.Q(environment__in=[e.value for e in Environment]),
                name="pair_environment_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Flow(TenantModel):
    """One kind in one direction inside a pair."""

    pair = TenantKey(Pair, models.PROTECT)
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, choices=[(k.value, k.label) for k in Kind])
    direction = models.CharField(max_length=16, choices=[(d.value, d.value) for d in Direction])
    current = models.ForeignKey(
        "integrations.FlowVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    follows = models.CharField(max_length=40, blank=True)
    """Key of the flow whose success starts this one; empty = started by events."""
    poll_seconds = models.PositiveIntegerField(null=True, blank=True)
    """How often the source is polled for this kind; None = never."""
    starts_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "flow"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "pair", "key"], name="flow_key"),
        ]

    def __str__(self) -> str:
        return self.name


class FlowVersion(TenantModel):
    """Immutable, numbered definition: trigger, steps, mappings, policies. A trigger refuses updates."""

    flow = TenantKey(Flow, models.CASCADE)
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    comment = models.CharField(max_length=300, blank=True)
    author = models.CharField(max_length=254)
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "flow_version"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "flow", "number"], name="flow_version_number"),
        ]


class ValueMap(TenantModel):
    """A named table of source value -> target value of a pair."""

    pair = TenantKey(Pair, models.PROTECT)
    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=80)
    current_number = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "value_map"
        constraints = [models.UniqueConstraint(fields=["tenant", "pair", "key"], name="value_map_key")]

    def __str__(self) -> str:
        return self.name


class ValueMapVersion(TenantModel):
    """Immutable rows of a value map: ``{source: target}`` and what an unknown source does."""

    value_map = TenantKey(ValueMap, models.CASCADE)
    number = models.PositiveIntegerField()
    rows = models.JSONField(default=dict)
    unknown = models.CharField(max_length=8, default="hold")
    default = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "value_map_version"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "value_map", "number"], name="value_map_version_number"
            ),
            models.CheckConstraint(
                condition=models.Q(unknown__in=["fail", "hold", "default", "pass"]),
                name="value_map_version_unknown_known",
            ),
        ]
