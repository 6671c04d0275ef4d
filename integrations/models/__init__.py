"""The product's tables. Writes go through ``integrations.operations``, reads through ``integrations.queries``."""

from integrations.models.bulk_actions import BulkAction, BulkActionRun, RunEdit
from integrations.models.connections import Connection, ConnectionLimit, ConnectionSecret, PollCursor
from integrations.models.events import Event, Payload, RefusedHook
from integrations.models.housekeeping import HousekeepingMark
from integrations.models.idempotency import IdempotencyKey
from integrations.models.oversight import Alert, ArrivalHour, AuditEntry, UsageDay
from integrations.models.pairs import Flow, FlowVersion, Pair, ValueMap, ValueMapVersion
from integrations.models.runs import (
    Attempt,
    DrainSlot,
    Hold,
    LinkIntent,
    RecordHead,
    RecordLink,
    Run,
    SearchKey,
)
from integrations.models.sync_jobs import SyncJob
from integrations.models.tenancy import (
    TenantKey,
    TenantModel,
    TenantRequired,
    current_tenant_id,
    in_tenant,
)
from integrations.models.tenants import Tenant, TenantDataKey

__all__ = [
    "Alert",
    "ArrivalHour",
    "Attempt",
    "AuditEntry",
    "BulkAction",
    "BulkActionRun",
    "Connection",
    "ConnectionLimit",
    "ConnectionSecret",
    "DrainSlot",
    "Event",
    "Flow",
    "FlowVersion",
    "Hold",
    "HousekeepingMark",
    "IdempotencyKey",
    "LinkIntent",
    "Pair",
    "Payload",
    "PollCursor",
    "RecordHead",
    "RecordLink",
    "RefusedHook",
    "Run",
    "RunEdit",
    "SearchKey",
    "SyncJob",
    "Tenant",
    "TenantDataKey",
    "TenantKey",
    "TenantModel",
    "TenantRequired",
    "UsageDay",
    "ValueMap",
    "ValueMapVersion",
    "current_tenant_id",
    "in_tenant",
]
