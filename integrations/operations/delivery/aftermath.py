"""What a finished batch brings about beside its own rows: links, holds, follow-ups, usage, health, alerts.

Called by ``finish`` inside its transaction; every function is a fixed number of statements.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from integrations.kinds import Direction, RunStatus, Side
from integrations.operations import alerts, limits, links
from integrations.operations.delivery.texts import json_rows, plain_text
from integrations.stores import statements

if TYPE_CHECKING:
    from integrations.operations.delivery.finish import Finished

# Consecutive failures that open a connection's breaker, and how long it stays open at most.
_BREAKER_FAILURES = 5
_BREAKER_LONGEST_SECONDS = 300


def bring_about(
    cursor: Any, ours: "Sequence[Finished]", *, superseded: set[int], in_conflict: set[int]
) -> None:
    """Write what follows from a batch that was accepted."""
    for one in ours:
        if one.job.claim.id in in_conflict:
            _tell_conflict(cursor, one)
    hold(cursor, [one for one in ours if one.job.claim.id not in superseded])
    follow_up(ours)
    judge_connections(cursor, ours)
    raise_alerts(cursor, ours)


def _tell_conflict(cursor: Any, one: "Finished") -> None:
    """Raise an alert for a link that contradicts another one, which stands."""
    claim, link = one.job.claim, one.outcome.link
    if link is None:
        return
    alerts.open_alert(
        cursor,
        claim.tenant_id,
        alerts.Condition(
            f"link-conflict:{claim.pair_id}:{link.kind}:{link.storefront_id}:{link.erp_id}",
            "link_conflict",
            f"{link.kind} {link.storefront_id} and {link.erp_id} are linked to other records already",
            "Two records claim the same counterpart; somebody may have entered one by hand.",
            "a person removes one of the links",
            pair_id=claim.pair_id,
        ),
    )


def hold(cursor: Any, ours: "Sequence[Finished]") -> None:
    """Store what held runs wait for, then look whether it appeared since the batch was prefetched."""
    held = [(one.job.claim, one.outcome.hold) for one in ours if one.outcome.hold is not None]
    if not held:
        return
    cursor.execute(
        "INSERT INTO hold (tenant_id, run_id, connection_id, kind, key, created_at, released_by)"
        " SELECT *, '' FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])",
        [
            [claim.tenant_id for claim, _ in held],
            [claim.id for claim, _ in held],
            [claim.storefront_id if on.side is Side.STOREFRONT else claim.erp_id for claim, on in held],
            [on.kind for _, on in held],
            [plain_text(on.key, 200) for _, on in held],
            # From the claim on: a link added while the run was being served must release it.
            [claim.claimed_at for claim, _ in held],
        ],
    )
    for tenant_id in {claim.tenant_id for claim, _ in held}:
        links.release_satisfied(cursor, tenant_id=tenant_id)


_FOLLOW_UP = """
WITH work AS (
    SELECT u.run_id, u.tenant_id, u.business_key, u.target_id, f.id AS flow_id, f.pair_id, f.current_id, f.kind,
           CASE p.lane WHEN 'bulk' THEN 'bulk' ELSE 'realtime' END AS lane
    FROM jsonb_to_recordset(%s::jsonb) AS u (
        run_id bigint, tenant_id bigint, pair_id bigint, flow_key text, business_key text, target_id text)
    JOIN flow f ON f.tenant_id = u.tenant_id AND f.pair_id = u.pair_id AND f.follows = u.flow_key
        AND f.current_id IS NOT NULL
    JOIN run p ON p.tenant_id = u.tenant_id AND p.id = u.run_id
    ORDER BY u.target_id, f.id
), heads AS (
    INSERT INTO record_head AS h (tenant_id, flow_id, record_key, last_sequence, seen_hash)
    SELECT DISTINCT ON (target_id, flow_id) tenant_id, flow_id, target_id, 1, '' FROM work
    ON CONFLICT (tenant_id, flow_id, record_key) DO UPDATE SET last_sequence = h.last_sequence + 1
    RETURNING h.flow_id, h.record_key, h.last_sequence, h.live_run_id
)
INSERT INTO run (tenant_id, pair_id, flow_id, flow_version_id, parent_run_id, kind, record_key, sequence, is_head,
    lane, status, fence, attempts, must_find, reason, reason_code, problem, business_key, target_id, target_key,
    source_hash, currency, context)
SELECT w.tenant_id, w.pair_id, w.flow_id, w.current_id, w.run_id, w.kind, w.target_id, h.last_sequence,
    h.live_run_id IS NULL, w.lane, 'queued', 0, 0, false, '', '', '[]', w.business_key, '', '', '', '', '{}'
FROM work w JOIN heads h ON h.flow_id = w.flow_id AND h.record_key = w.target_id
RETURNING id, tenant_id, flow_id, record_key, is_head
"""
_LIVE = """
UPDATE record_head h SET live_run_id = u.run_id
FROM jsonb_to_recordset(%s::jsonb) AS u (run_id bigint, tenant_id bigint, flow_id bigint, record_key text)
WHERE h.tenant_id = u.tenant_id AND h.flow_id = u.flow_id AND h.record_key = u.record_key
"""


def follow_up(ours: "Sequence[Finished]") -> None:
    """Start the flows that follow a succeeded one, as runs of their own: their failure re-opens nothing.

    What follows a load stays in its lane, or its acknowledgements would go before today's orders.
    """
    rows = [
        {
            "run_id": one.job.claim.id,
            "tenant_id": one.job.claim.tenant_id,
            "pair_id": one.job.claim.pair_id,
            "flow_key": one.job.task.flow.key,
            "business_key": plain_text(one.outcome.business_key, 120),
            "target_id": plain_text(one.outcome.target_id, 120),
        }
        for one in ours
        if one.outcome.status is RunStatus.SUCCEEDED and one.outcome.target_id
    ]
    if not rows:
        return
    heads = [
        {"run_id": run_id, "tenant_id": tenant_id, "flow_id": flow_id, "record_key": key}
        for run_id, tenant_id, flow_id, key, is_head in statements.fetch(_FOLLOW_UP, [json_rows(rows)])
        if is_head
    ]
    if heads:
        statements.change(_LIVE, [json_rows(heads)])


def judge_connections(cursor: Any, ours: "Sequence[Finished]") -> None:
    """Keep each connection's health and breaker by what the calls of this batch say.

    While all is well a proof is written every few seconds only: the claim says when one is wanted.
    """
    good: dict[int, float] = {}
    failed: dict[int, tuple[int, str]] = {}
    refused: dict[int, float | None] = {}
    answered: set[int] = set()
    for one in ours:
        claim = one.job.claim
        seconds = max((exchange.seconds for exchange in one.outcome.exchanges), default=0.0)
        for verdict in one.outcome.verdicts:
            connection_id = claim.storefront_id if verdict.side is Side.STOREFRONT else claim.erp_id
            if verdict.health == "ok" and claim.wants_proof:
                good[connection_id] = seconds
            elif verdict.health == "failed":
                failed[connection_id] = (failed.get(connection_id, (0, ""))[0] + 1, verdict.message)
            elif verdict.health == "rate_limited":
                refused[connection_id] = verdict.retry_after_seconds
            if verdict.health == "ok":
                answered.add(connection_id)
    # An answer proves that the other side is there, whatever else failed in the same batch.
    for connection_id in sorted(answered):
        failed.pop(connection_id, None)
    # In the order in which claims lock the limits, so that two finishes never deadlock.
    for connection_id in sorted(refused):
        limits.refused(connection_id, refused[connection_id])
    if good:
        _mark_good(cursor, good)
    for connection_id, (count, message) in sorted(failed.items()):
        _mark_failed(cursor, connection_id, count, message)


def _mark_good(cursor: Any, good: dict[int, float]) -> None:
    ids = sorted(good)
    # At most one write in five seconds while all is well; ordered, so that two drains never deadlock.
    cursor.execute(
        "WITH due AS (SELECT id FROM connection WHERE id = ANY (%s) AND health <> 'refused'"
        "  AND (failures_in_row > 0 OR health <> 'healthy'"
        "  OR last_success_at IS NULL OR last_success_at < now() - interval '5 seconds') ORDER BY id FOR NO KEY UPDATE)"
        " UPDATE connection c SET last_success_at = now(), failures_in_row = 0, open_until = NULL,"
        " last_call_seconds = g.seconds, health = 'healthy', health_message = '',"
        " health_at = CASE WHEN c.health = 'healthy' THEN c.health_at ELSE now() END"
        " FROM due, unnest(%s::bigint[], %s::double precision[]) AS g (id, seconds)"
        " WHERE c.id = due.id AND g.id = c.id RETURNING c.tenant_id, c.id",
        [ids, ids, [good[connection_id] for connection_id in ids]],
    )
    for tenant_id, connection_id in cursor.fetchall():
        alerts.close_alert(cursor, tenant_id, f"connection-down:{connection_id}", "It answers again.")


def _mark_failed(cursor: Any, connection_id: int, count: int, message: str) -> None:
    # Many calls that fail together open the breaker once; only a failed probe afterwards doubles the wait. What was
    # under way when it opened says nothing new. SET sees the row as it was before.
    cursor.execute(
        "UPDATE connection SET failures_in_row = CASE WHEN open_until IS NULL"
        "   THEN least(failures_in_row + %(count)s, greatest(failures_in_row, %(limit)s))"
        "   WHEN open_until > now() THEN failures_in_row ELSE failures_in_row + 1 END,"
        " health_message = %(message)s,"
        " health_at = CASE WHEN health = 'failing' THEN health_at ELSE now() END, health = 'failing',"
        " open_until = CASE WHEN open_until > now() THEN open_until"
        "   WHEN open_until IS NULL AND failures_in_row + %(count)s < %(limit)s THEN NULL"
        "   WHEN open_until IS NULL THEN now() + interval '2 seconds'"
        "   ELSE now() + make_interval("
        "     secs => least(%(longest)s, 2 ^ least(failures_in_row - %(limit)s + 2, 10))) END"
        " WHERE id = %(id)s RETURNING tenant_id, name, failures_in_row, open_until IS NOT NULL",
        {"count": count, "message": message[:300], "limit": _BREAKER_FAILURES, "longest": _BREAKER_LONGEST_SECONDS,
         "id": connection_id},
    )  # fmt: skip
    tenant_id, name, failures, is_open = cursor.fetchone()
    if is_open:
        alerts.open_alert(
            cursor,
            tenant_id,
            alerts.Condition(
                f"connection-down:{connection_id}",
                "connection_down",
                f"{name} is not answering",
                f"{failures} calls in a row failed: {message}. Nothing is lost; records wait and go by themselves.",
                "a call succeeds",
                connection_id=connection_id,
            ),
        )


def _amount_key(one: "Finished") -> str:
    return f"amount:{one.job.claim.flow_id}:{one.job.claim.record_key}"


def _amount_differs(one: "Finished") -> alerts.Condition:
    claim, outcome = one.job.claim, one.outcome
    return alerts.Condition(
        _amount_key(one),
        "amount_differs",
        f"{one.job.task.flow.kind.label.capitalize()} {outcome.business_key or claim.record_key}: the totals differ",
        f"{outcome.warning} It was delivered as it is; somebody should look why.",
        "the record is delivered again with one total",
        pair_id=claim.pair_id,
        flow_id=claim.flow_id,
    )


def raise_alerts(cursor: Any, ours: "Sequence[Finished]") -> None:
    """Pause what must be mended (refused credentials, a misconfigured flow), each with one alert."""
    for one in ours:
        claim, outcome = one.job.claim, one.outcome
        for verdict in outcome.verdicts:
            if verdict.health == "refused":
                connection_id = claim.storefront_id if verdict.side is Side.STOREFRONT else claim.erp_id
                alerts.pause_refused(cursor, claim.tenant_id, connection_id, verdict.message, verdict.field)
        if outcome.warning:
            alerts.open_alert(cursor, claim.tenant_id, _amount_differs(one))
        if outcome.stops_flow:
            alerts.pause_flow(cursor, claim.tenant_id, claim.flow_id, outcome.message)
    agreeing = [
        (one.job.claim.tenant_id, _amount_key(one))
        for one in ours
        if one.outcome.amount is not None and one.job.own_link is not None and not one.outcome.warning
        and one.outcome.status is RunStatus.SUCCEEDED
    ]  # fmt: skip
    alerts.close_alerts(cursor, agreeing, "The totals agree now.")
    dead = [one for one in ours if one.outcome.status is RunStatus.DEAD]
    for one in dead:
        claim, outcome = one.job.claim, one.outcome
        direction = Direction(one.job.task.flow.direction)
        alerts.open_alert(
            cursor,
            claim.tenant_id,
            alerts.Condition(
                f"failed:{claim.flow_id}:{outcome.reason_code}",
                "failed",
                f"{one.job.task.flow.kind.label.capitalize()} {outcome.business_key or claim.record_key} failed",
                outcome.reason,
                "no failed record of this cause is left",
                pair_id=claim.pair_id,
                flow_id=claim.flow_id,
                connection_id=claim.erp_id if direction is Direction.TO_ERP else claim.storefront_id,
            ),
        )
