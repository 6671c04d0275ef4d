"""What the runner needs of the house. Calls may block for a few milliseconds, never on a remote system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from integrations.connectors.base import Connector
from integrations.connectors.spec import ConnectorSpec
from integrations.flows.decision import Ladder
from integrations.flows.definition import CompiledFlow
from integrations.kinds import EntitySchema, Kind, Side
from integrations.mapping import ValueTable


@dataclass(frozen=True, slots=True)
class LinkQuery:
    """Which link is wanted: by id or by business key of one side."""

    kind: Kind
    side: Side
    value: str
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A stored link as the runner sees it."""

    storefront_id: str
    erp_id: str
    storefront_key: str = ""
    erp_key: str = ""
    written_to_erp: str = ""
    written_to_storefront: str = ""
    source_hash: str = ""
    agreed: str | None = None
    """What both sides held when they last agreed, as ``conflicts.agreement`` wrote it."""

    def id_on(self, side: Side) -> str:
        return self.storefront_id if side is Side.STOREFRONT else self.erp_id

    def key_on(self, side: Side) -> str:
        return self.storefront_key if side is Side.STOREFRONT else self.erp_key

    def written_on(self, side: Side) -> str:
        """Return the hash of what was last written to a side; "" = nothing by us."""
        return self.written_to_storefront if side is Side.STOREFRONT else self.written_to_erp


@dataclass(frozen=True, slots=True)
class IntentGrant:
    """Whether this run may create a referenced record, and whether somebody may have sent it before."""

    is_granted: bool
    must_find: bool = False
    may_believe_missing: bool = True


@dataclass(frozen=True, slots=True)
class RunTask:
    """One claimed run with everything known before a thread serves it."""

    run_id: int
    tenant_id: int
    pair_id: int
    flow_id: int
    flow: CompiledFlow
    record_key: str
    business_key: str
    attempts: int
    """Counted attempts so far, this one excluded."""
    must_find: bool
    may_believe_missing: bool
    now: datetime
    found_by: str
    event_body: bytes | None = None
    has_record: bool = False
    edited_source: Mapping[str, Any] | None = None
    """The source record to use instead of the event's: edited by a person, or kept from an earlier attempt."""
    kept_mapped: Mapping[str, Any] | None = None
    """The target record to send instead of mapping anew: edited by a person, or kept from an earlier attempt."""
    reads_anew: bool = False
    """A person asked for a fresh look at the source, whatever came with the event."""
    is_approved: bool = False
    """A person sends a change of what was written before, which would else be held or left out."""
    occurred_at: datetime | None = None
    value_tables: Mapping[str, ValueTable] = field(default_factory=dict)
    ladder: Ladder = field(default_factory=Ladder)
    parent_target_id: str = ""
    parent_source_id: str = ""

    @property
    def is_match_only(self) -> bool:
        """Whether a sync job asked for linking only."""
        return self.found_by == "match"

    @property
    def idempotency_key(self) -> str:
        return f"cc-{self.tenant_id}-{self.run_id}"


class LeaseLost(Exception):
    """The lease ran out before the call was sent; nothing was sent, and nothing may be written down."""


class Ports(Protocol):
    """The house, as one run sees it."""

    def connector(self, side: Side) -> Connector: ...

    def spec(self, side: Side) -> ConnectorSpec: ...

    def schema(self, side: Side, kind: Kind) -> EntitySchema: ...

    def find_links(self, queries: Sequence[LinkQuery]) -> list[Link | None]:
        """Return a link or None for each query, in order."""

    def claim_intent(self, kind: Kind, natural_key: str) -> IntentGrant:
        """Ask to be the one who creates a referenced record; commits before it returns."""

    def release_intent(self, kind: Kind, natural_key: str) -> None:
        """Give the intent up because nothing was sent; the next run may try at once."""

    def save_link(self, kind: Kind, link: Link, made_by: str) -> Link:
        """Commit a link and give up the intent on it; returns the link that stands."""

    def utc_now(self) -> datetime: ...

    def call_count(self) -> int: ...

    def exchanges(self) -> list[Any]: ...
