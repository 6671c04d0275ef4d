"""Turns claimed runs into tasks: everything a thread may need, read in a handful of statements per batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.flows.decision import Ladder
from integrations.flows.ports import Link, RunTask
from integrations.kinds import Side
from integrations.kinds.record import from_canonical_json
from integrations.models import Connection
from integrations.operations.delivery.claim import Claim
from integrations.stores import access, statements, vault, versions
from integrations.stores.access import Access

# Added to a target's total timeout before a look-up that finds nothing is believed.
_MARGIN_SECONDS = 10.0
_LOOKUP_WAIT_SECONDS = 60.0
_PREFETCH = "SELECT * FROM connect_prefetch(%s::bigint[])"


@dataclass(frozen=True, slots=True)
class Job:
    """A task with the access of both sides and the link of its own record."""

    claim: Claim
    task: RunTask
    accesses: dict[Side, Access]
    own_link: Link | None


@dataclass(frozen=True, slots=True)
class _Input:
    """One row of ``connect_prefetch``."""

    run_id: int
    found_by: str | None
    has_record: bool
    occurred_at: Any
    event_sealed: bytes | None
    source_role: str | None
    source_sealed: bytes | None
    mapped_role: str | None
    mapped_sealed: bytes | None
    reads_anew: bool
    is_approved: bool
    parent_source_id: str
    parent_target_id: str
    link: list[str] | None


class Prefetcher:
    """Keeps connections' access in memory by revision; owned by the draining thread."""

    def __init__(self) -> None:
        self._accesses: dict[int, Access] = {}

    def jobs(self, claims: Sequence[Claim]) -> list[Job]:
        """Return a job for each claim; a few statements for the whole batch."""
        self._load_accesses(claims)
        flows = versions.compiled(claim.flow_version_id for claim in claims)
        with_maps = {claim.pair_id for claim in claims if flows[claim.flow_version_id].value_maps}
        tables = versions.value_tables(with_maps) if with_maps else {}
        rows = statements.fetch(_PREFETCH, [[claim.id for claim in claims]])
        inputs = {row[0]: _Input(*row) for row in rows}
        jobs = []
        for claim in claims:
            flow, given = flows[claim.flow_version_id], inputs[claim.id]
            accesses = {
                Side.STOREFRONT: self._accesses[claim.storefront_id],
                Side.ERP: self._accesses[claim.erp_id],
            }
            task = RunTask(
                run_id=claim.id,
                tenant_id=claim.tenant_id,
                pair_id=claim.pair_id,
                flow_id=claim.flow_id,
                flow=flow,
                record_key=claim.record_key,
                business_key=claim.business_key,
                attempts=claim.attempts,
                must_find=claim.must_find,
                may_believe_missing=claim.may_believe_missing,
                now=claim.claimed_at,
                found_by=given.found_by or "person",
                event_body=None
                if given.event_sealed is None
                else _opened(claim, given.event_sealed, "event"),
                has_record=given.has_record,
                edited_source=_record(claim, given.source_sealed, given.source_role),
                kept_mapped=_record(claim, given.mapped_sealed, given.mapped_role),
                reads_anew=given.reads_anew,
                is_approved=given.is_approved,
                occurred_at=given.occurred_at,
                value_tables={
                    key: table
                    for key, table in tables.get(claim.pair_id, {}).items()
                    if key in flow.value_maps
                },
                ladder=ladder_of(accesses[flow.direction.target]),
                parent_source_id=given.parent_source_id,
                parent_target_id=given.parent_target_id,
            )
            jobs.append(Job(claim, task, accesses, Link(*given.link) if given.link else None))
        return jobs

    def current_revisions(self) -> dict[int, int]:
        return {connection_id: known.revision for connection_id, known in self._accesses.items()}

    def _load_accesses(self, claims: Sequence[Claim]) -> None:
        wanted = {
            connection_id
            for claim in claims
            for connection_id, revision in (
                (claim.storefront_id, claim.storefront_revision),
                (claim.erp_id, claim.erp_revision),
            )
            if connection_id not in self._accesses or self._accesses[connection_id].revision != revision
        }
        if wanted:
            self._accesses.update(access.load(list(Connection.across_tenants.filter(pk__in=wanted))))


def _record(claim: Claim, sealed: bytes | None, role: str | None) -> dict[str, Any] | None:
    """Return a record that a person edited or chose to keep for a retry."""
    return None if sealed is None or role is None else from_canonical_json(_opened(claim, sealed, role))


def _opened(claim: Claim, sealed: bytes, role: str) -> bytes:
    return vault.unseal(claim.tenant_id, sealed, role)


def ladder_of(target: Access) -> Ladder:
    """Return how this connection settles doubt, from its own settings where it has them."""
    values, limits = target.values, target.spec.limits
    wait = _seconds(values.get("lookup_wait_s"), _LOOKUP_WAIT_SECONDS)
    timeout = _seconds(values.get("operation_timeout_s"), limits.total_seconds)
    return Ladder(wait_seconds=wait, settle_seconds=timeout + min(wait, _MARGIN_SECONDS))


def _seconds(given: Any, otherwise: float) -> float:
    # 0 is an answer: look again at once.
    return otherwise if given is None or given == "" else float(given)
