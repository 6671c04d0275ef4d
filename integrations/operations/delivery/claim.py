"""Claims due runs, renews their leases, gives back what was not sent; the statements lie in ``sql/050_claim.sql``."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from integrations.kinds import Lane
from integrations.stores import statements

# Share of the free slots that each lane may take in one claim; what one leaves over the next may use.
LANE_SHARES: Mapping[Lane, float] = {Lane.REALTIME: 0.7, Lane.STOCK: 0.2, Lane.BULK: 0.1}
_LANES = [lane.value for lane in LANE_SHARES]

_CLAIM = (
    "SELECT * FROM connect_claim(%s::text[], %s::integer[], %s::double precision, %s::bigint, %s::text,"
    " %s::bigint[], %s::integer)"
)
_CLAIM_ALONG = "SELECT * FROM connect_claim_along(%s::bigint, %s::integer, %s::double precision, %s::text)"
_CLAIM_SUSPECT = "SELECT * FROM connect_claim_suspect(%s::double precision, %s::text)"
_RENEW = (
    "UPDATE run r SET leased_until = now() + make_interval(secs => %s::double precision)"
    " FROM unnest(%s::bigint[], %s::bigint[]) AS u (id, fence)"
    " WHERE r.id = u.id AND r.fence = u.fence AND r.status = 'running' RETURNING r.id"
)
_GIVE_BACK = (
    "UPDATE run r SET status = CASE WHEN must_find THEN 'in_doubt' ELSE 'queued' END, leased_until = NULL"
    " FROM unnest(%s::bigint[], %s::bigint[]) AS u (id, fence)"
    " WHERE r.id = u.id AND r.fence = u.fence AND r.status = 'running'"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claimed run, as the claim statement returns it."""

    id: int
    tenant_id: int
    pair_id: int
    flow_id: int
    flow_version_id: int
    event_id: int | None
    parent_run_id: int | None
    kind: str
    record_key: str
    business_key: str
    attempts: int
    must_find: bool
    may_believe_missing: bool
    fence: int
    claimed_at: datetime
    storefront_id: int
    erp_id: int
    storefront_revision: int
    erp_revision: int
    wants_proof: bool
    """Whether a good answer must be written down: the connection's last one is old, or there were failures."""
    is_failing: bool
    """Whether the last call of a connection failed."""
    batch_of: int | None = None
    """The run whose call writes this one as well."""


def claim(
    *,
    free: int,
    lease_seconds: float,
    after_pair: int,
    worker: str,
    avoid: Collection[int] = (),
    failing: int = 1_000,
) -> list[Claim]:
    """Claim up to about ``free`` due runs; two drains never get the same one.

    ``avoid`` are connections whose calls hang in this process; ``failing`` is how many runs may go to connections
    whose last call failed. A claimed run that is not finished before its lease ends is looked for before it is
    written again.
    """
    quotas = [max(1, round(free * share)) for share in LANE_SHARES.values()]
    rows = statements.fetch(
        _CLAIM, [_LANES, quotas, lease_seconds, after_pair, worker, list(avoid), max(0, failing)]
    )
    return [Claim(*row) for row in rows]


def claim_along(lead: Claim, count: int, *, lease_seconds: float, worker: str) -> list[Claim]:
    """Claim up to ``count`` further runs of a claimed run's flow, to be written by its call."""
    return [
        replace(
            lead, id=run_id, event_id=event_id, parent_run_id=None, record_key=record_key, business_key=business_key,
            attempts=0, must_find=False, fence=fence, claimed_at=claimed_at, batch_of=lead.id,
        )
        for run_id, event_id, record_key, business_key, fence, claimed_at in statements.fetch(
            _CLAIM_ALONG, [lead.id, count, lease_seconds, worker]
        )
    ]  # fmt: skip


def share_of(free: int) -> int:
    """Return how many runs of one pair a claim of ``free`` takes at most; fewer from each means that none is left."""
    return max(1, round(free * LANE_SHARES[Lane.REALTIME]) // 8) if free > 0 else 1


def claim_suspect(*, lease_seconds: float, worker: str) -> list[Claim]:
    """Claim one run that was being served when a worker died; the caller serves nothing beside it."""
    return [Claim(*row) for row in statements.fetch(_CLAIM_SUSPECT, [lease_seconds, worker])]


def renew(runs: Mapping[int, int], lease_seconds: float) -> set[int]:
    """Renew the leases of all runs in flight (id -> fence) by one statement; returns those still ours."""
    rows = statements.fetch(_RENEW, [lease_seconds, list(runs), list(runs.values())])
    return {row[0] for row in rows}


def give_back(runs: Mapping[int, int]) -> None:
    """Return claimed runs that were not sent to the queue at once, as on SIGTERM."""
    statements.change(_GIVE_BACK, [list(runs), list(runs.values())])
