"""What previews and steps of sync jobs share: the two ends of a flow, and how its records stand with us already."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from integrations.connectors.base import HistoryReader
from integrations.connectors.spec import ConnectorSpec
from integrations.kinds import Direction, Kind, Record, Side
from integrations.kinds.sync_job import SyncMode
from integrations.models import Connection, Flow
from integrations.operations.limits import MeteredGate
from integrations.stores import access, versions


class SourceUnreadable(LookupError):
    """The flow's source cannot be asked for older records; the text says so."""


@dataclass(frozen=True, slots=True)
class Ends:
    """A flow with the connection it reads and the one it writes."""

    flow: Flow
    source: Connection
    target: Connection
    source_spec: ConnectorSpec
    target_spec: ConnectorSpec
    creates: bool
    """Whether the flow makes records in the target; else it changes those that are there."""

    @property
    def kind(self) -> Kind:
        return Kind(self.flow.kind)

    @property
    def is_to_erp(self) -> bool:
        return Direction(self.flow.direction).target is Side.ERP


def ends_of(flow: Flow) -> Ends:
    """Return a flow's two ends. The caller sees the tenant's rows."""
    connections = Connection.across_tenants.in_bulk([flow.pair.storefront_id, flow.pair.erp_id])
    storefront, erp = connections[flow.pair.storefront_id], connections[flow.pair.erp_id]
    accesses = access.load([storefront, erp])
    source, target = (storefront, erp) if Direction(flow.direction).target is Side.ERP else (erp, storefront)
    creates = flow.current_id is not None and versions.compiled([flow.current_id])[flow.current_id].creates
    return Ends(flow, source, target, accesses[source.pk].spec, accesses[target.pk].spec, creates)


class Reading:
    """An open reader over a flow's source; a context manager that gives sessions and tokens back."""

    def __init__(self, ends: Ends, *, patience_seconds: float) -> None:
        self._gate = MeteredGate(ends.source, patience_seconds=patience_seconds)
        self._connector = access.load([ends.source])[ends.source.pk].build(gate=self._gate)
        self._label = ends.source_spec.label

    @property
    def reader(self) -> HistoryReader:
        """Return the reader. Raises SourceUnreadable."""
        if not isinstance(self._connector, HistoryReader):
            raise SourceUnreadable(f"{self._label} cannot be asked for older records.")
        return self._connector

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_: object) -> None:
        self._connector.close()
        self._gate.close()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record stands with us already."""

    is_linked: bool
    is_live: bool
    """A run of it is on its way or held; it reads the present state when it is served."""


_STANDING = """
SELECT u.key, h.live_run_id IS NOT NULL,
       CASE WHEN %(to_erp)s
            THEN EXISTS (SELECT 1 FROM record_link l WHERE l.tenant_id = %(tenant)s AND l.pair_id = %(pair)s
                         AND l.kind = %(kind)s AND l.storefront_id = u.key)
            ELSE EXISTS (SELECT 1 FROM record_link l WHERE l.tenant_id = %(tenant)s AND l.pair_id = %(pair)s
                         AND l.kind = %(kind)s AND l.erp_id = u.key) END
FROM unnest(%(keys)s::text[]) AS u (key)
LEFT JOIN record_head h ON h.tenant_id = %(tenant)s AND h.flow_id = %(flow)s AND h.record_key = u.key
"""


def standing_of(ends: Ends, keys: Iterable[str]) -> Mapping[str, Standing]:
    """Return how each record of the flow's source stands, in one statement."""
    flow = ends.flow
    with connection.cursor() as cursor:
        cursor.execute(
            _STANDING,
            {
                "tenant": flow.tenant_id,
                "pair": flow.pair_id,
                "flow": flow.pk,
                "kind": flow.kind,
                "to_erp": ends.is_to_erp,
                "keys": list(keys),
            },
        )
        return {
            key: Standing(is_linked=is_linked, is_live=is_live)
            for key, is_live, is_linked in cursor.fetchall()
        }


def passes_linked_over(ends: Ends, mode: SyncMode) -> bool:
    """Return whether what is linked already is left alone: loads and matches bring in what is new."""
    return mode is SyncMode.MATCH_ONLY or (mode is SyncMode.INITIAL_LOAD and ends.creates)


def within(records: Sequence[Record], since: datetime | None, until: datetime | None) -> list[Record]:
    """Return the records of a period; one whose source does not tell when it changed counts as inside."""
    return [
        record
        for record in records
        if record.updated_at is None
        or ((since is None or record.updated_at >= since) and (until is None or record.updated_at < until))
    ]
