"""What serving a run came to: one value that the finish writes down, set-based, with many others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Exchange
from integrations.connectors.errors import FieldProblem
from integrations.kinds import Kind, RunStatus, Side


@dataclass(frozen=True, slots=True)
class Hop:
    """One thing that happened on the way, on the rail of the system where it happened."""

    at: datetime
    rail: str
    """``storefront``, ``connect`` or ``erp``."""
    title: str
    text: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link to make or refresh when the run finishes."""

    kind: Kind
    storefront_id: str
    erp_id: str
    storefront_key: str = ""
    erp_key: str = ""
    made_by: str = "written"
    written_to_erp: str = ""
    written_to_storefront: str = ""
    source_hash: str = ""
    agreed: str | None = None
    """What both sides hold now of the fields that both may change; None = as before."""


@dataclass(frozen=True, slots=True)
class HoldOn:
    """What a held run waits for."""

    kind: str
    key: str
    side: Side = Side.ERP


@dataclass(frozen=True, slots=True)
class ConnectionVerdict:
    """What the calls of this run say about one connection."""

    side: Side
    health: str
    """``ok``, ``failed``, ``refused`` or ``rate_limited``."""
    message: str = ""
    field: str = ""
    retry_after_seconds: float | None = None
    """Of a rate limit, where the system told one."""


@dataclass(slots=True)
class Outcome:
    """The result of one attempt. Times are durations; the finish turns them into database time."""

    status: RunStatus = RunStatus.QUEUED
    reason: str = ""
    reason_code: str = ""
    step: str = ""
    error: str = ""
    message: str = ""
    detail: str = ""
    request_id: str = ""
    problems: tuple[FieldProblem, ...] = ()
    hops: list[Hop] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    calls: int = 0
    source: Mapping[str, Any] | None = None
    source_body: bytes = b""
    """The canonical form of ``source``: hashed once, stored as it is."""
    mapped: Mapping[str, Any] | None = None
    mapped_body: bytes = b""
    source_hash: str = ""
    seen_version: str = ""
    """Hash of the version that was read from the source just now; a poll that lists it brings nothing new."""
    business_key: str = ""
    search_keys: dict[str, str] = field(default_factory=dict)
    amount: Decimal | None = None
    currency: str = ""
    target_id: str = ""
    target_key: str = ""
    warning: str = ""
    """What a person should see although the record was delivered: the ERP's total is another one."""
    link: LinkChange | None = None
    hold: HoldOn | None = None
    is_counted: bool = True
    """Whether this try counts as an attempt."""
    has_changed_target: bool = False
    """What the plan counts."""
    must_find: bool = False
    delay_seconds: float = 0.0
    believe_missing_seconds: float | None = None
    verdicts: list[ConnectionVerdict] = field(default_factory=list)
    stops_flow: bool = False
    context: dict[str, Any] = field(default_factory=dict)
