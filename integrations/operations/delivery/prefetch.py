"""Turns claimed runs into tasks: everything a thread may need, read in a handful of statements per batch."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from integrations.flows.decision import Ladder
from integrations.flows.ports import Link, LinkQuery, RunTask
from integrations.kinds import Side
from integrations.kinds.record import from_canonical_json
from integrations.models import Connection
from integrations.operations import links
from integrations.operations.delivery.claim import Claim
from integrations.stores import access, vault, versions
from integrations.stores.access import Access

# Added to a target's total timeout before a look-up that finds nothing is believed.
_MARGIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """A task with the access of both sides and the link of its own record."""

    claim: Claim
    task: RunTask
    accesses: dict[Side, Access]
    own_link: Link | None


@dataclass(frozen=True, slots=True)
class _Input:
    body: bytes | None = None
    has_record: bool = False
    found_by: str = "person"
    occurred_at: object = None


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
        inputs = self._inputs([claim for claim in claims if claim.event_id is not None])
        edited = self._edited(claims)
        parents = self._parents([claim for claim in claims if claim.parent_run_id is not None])
        own = links.find_links(
            [
                (
                    claim.tenant_id,
                    claim.pair_id,
                    LinkQuery(
                        flows[claim.flow_version_id].kind,
                        flows[claim.flow_version_id].direction.source,
                        claim.record_key,
                    ),
                )
                for claim in claims
            ]
        )
        jobs = []
        for claim, own_link in zip(claims, own, strict=True):
            flow = flows[claim.flow_version_id]
            accesses = {
                Side.STOREFRONT: self._accesses[claim.storefront_id],
                Side.ERP: self._accesses[claim.erp_id],
            }
            given = inputs.get(claim.id, _Input())
            parent = parents.get(claim.id, ("", ""))
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
                found_by=given.found_by,
                event_body=given.body,
                has_record=given.has_record,
                edited_source=edited.get(claim.id),
                occurred_at=given.occurred_at,  # type: ignore[arg-type]
                value_tables={
                    key: t for key, t in tables.get(claim.pair_id, {}).items() if key in flow.value_maps
                },
                ladder=ladder_of(accesses[flow.direction.target]),
                parent_source_id=parent[0],
                parent_target_id=parent[1],
            )
            jobs.append(Job(claim, task, accesses, own_link))
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

    def _inputs(self, claims: Sequence[Claim]) -> dict[int, _Input]:
        """Read the events of runs; bodies only where the event carries the record."""
        if not claims:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT u.run_id, u.tenant_id, e.has_record, e.found_by, e.occurred_at, p.sealed"
                " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS u (run_id, tenant_id, event_id)"
                " JOIN event e ON e.tenant_id = u.tenant_id AND e.id = u.event_id"
                " LEFT JOIN payload p ON e.has_record AND p.tenant_id = u.tenant_id AND p.event_id = e.id",
                [
                    [claim.id for claim in claims],
                    [claim.tenant_id for claim in claims],
                    [claim.event_id for claim in claims],
                ],
            )
            rows = cursor.fetchall()
        return {
            run_id: _Input(
                None if sealed is None else vault.unseal(tenant_id, bytes(sealed), "event"),
                has_record,
                found_by,
                occurred_at,
            )
            for run_id, tenant_id, has_record, found_by, occurred_at, sealed in rows
        }

    def _edited(self, claims: Sequence[Claim]) -> dict[int, dict[str, object]]:
        """Read source records that a person edited for a retry."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT ON (p.run_id) p.run_id, p.tenant_id, p.sealed"
                " FROM unnest(%s::bigint[], %s::bigint[]) AS u (tenant_id, run_id)"
                " JOIN payload p ON p.tenant_id = u.tenant_id AND p.run_id = u.run_id AND p.role = 'edited'"
                " ORDER BY p.run_id, p.id DESC",
                [[claim.tenant_id for claim in claims], [claim.id for claim in claims]],
            )
            rows = cursor.fetchall()
        return {
            run_id: from_canonical_json(vault.unseal(tenant_id, bytes(sealed), "edited"))
            for run_id, tenant_id, sealed in rows
        }

    def _parents(self, claims: Sequence[Claim]) -> dict[int, tuple[str, str]]:
        """Read what the runs that started these follow-ups wrote: (source id, target id)."""
        if not claims:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT u.run_id, r.record_key, r.target_id"
                " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS u (run_id, tenant_id, parent_id)"
                " JOIN run r ON r.tenant_id = u.tenant_id AND r.id = u.parent_id",
                [
                    [claim.id for claim in claims],
                    [claim.tenant_id for claim in claims],
                    [claim.parent_run_id for claim in claims],
                ],
            )
            return {run_id: (source_id, target_id) for run_id, source_id, target_id in cursor.fetchall()}


def ladder_of(target: Access) -> Ladder:
    """Return how this connection settles doubt, from its own settings where it has them."""
    values, limits = target.values, target.spec.limits
    wait = float(values.get("lookup_wait_s") or 60)
    timeout = float(values.get("operation_timeout_s") or limits.total_seconds)
    return Ladder(wait_seconds=wait, settle_seconds=timeout + min(wait, _MARGIN_SECONDS))
