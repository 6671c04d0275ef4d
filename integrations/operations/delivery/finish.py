"""Writes down what became of runs: one transaction and a fixed number of statements for a whole batch.

Fencing: a run whose lease was taken over meanwhile is not in the accepted set, and nothing of it is written.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from integrations.flows.outcome import Outcome
from integrations.kinds import RunStatus, canonical_json
from integrations.operations.delivery import aftermath, heads
from integrations.operations.delivery.prefetch import Job
from integrations.operations.delivery.texts import plain_json, plain_text
from integrations.stores import vault

_DONE = (RunStatus.SUCCEEDED, RunStatus.SKIPPED, RunStatus.DEAD, RunStatus.CANCELLED)
_WAITING = (RunStatus.HELD, RunStatus.RETRYING)

_FINISH = """
WITH given AS (
    SELECT * FROM unnest(
        %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::double precision[],
        %s::double precision[], %s::boolean[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::numeric[], %s::text[], %s::jsonb[]
    ) AS g (id, fence, status, reason, reason_code, problem, delay, believe, must_find, counted, business_key,
            target_id, target_key, source_hash, amount, currency, context)
)
UPDATE run r SET
    status = g.status, reason = g.reason, reason_code = g.reason_code, problem = g.problem, leased_until = NULL,
    due_at = now() + make_interval(secs => g.delay),
    believe_missing_at = CASE WHEN g.believe IS NULL THEN CASE WHEN g.must_find THEN r.believe_missing_at END
                              ELSE now() + make_interval(secs => g.believe) END,
    must_find = g.must_find, attempts = r.attempts + g.counted,
    business_key = CASE WHEN g.business_key <> '' THEN g.business_key ELSE r.business_key END,
    target_id = CASE WHEN g.target_id <> '' THEN g.target_id ELSE r.target_id END,
    target_key = CASE WHEN g.target_key <> '' THEN g.target_key ELSE r.target_key END,
    source_hash = CASE WHEN g.source_hash <> '' THEN g.source_hash ELSE r.source_hash END,
    amount = coalesce(g.amount, r.amount), currency = CASE WHEN g.currency <> '' THEN g.currency ELSE r.currency END,
    context = g.context, is_head = g.status NOT IN ('succeeded', 'skipped', 'dead', 'cancelled'),
    finished_at = CASE WHEN g.status IN ('succeeded', 'skipped', 'dead', 'cancelled') THEN now() END
FROM given g
WHERE r.id = g.id AND r.fence = g.fence AND r.status = 'running'
RETURNING r.id
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """One served run on its way into the database."""

    job: Job
    outcome: Outcome
    started_at: datetime
    finished_at: datetime


def finish(batch: Sequence[Finished]) -> int:
    """Write a batch down; returns how many were still ours."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FINISH, _columns(batch))
        accepted = {row[0] for row in cursor.fetchall()}
        ours = [one for one in batch if one.job.claim.id in accepted]
        if not ours:
            return 0
        superseded = heads.pass_on(cursor, ended=_ids(ours, _DONE), waiting=_ids(ours, _WAITING))
        _insert_attempts(cursor, ours)
        _insert_payloads(cursor, ours)
        aftermath.save_links(cursor, ours)
        _insert_search_keys(cursor, ours)
        aftermath.hold(cursor, [one for one in ours if one.job.claim.id not in superseded])
        aftermath.follow_up(cursor, ours)
        aftermath.meter(cursor, ours)
        aftermath.judge_connections(cursor, ours)
        aftermath.raise_alerts(cursor, ours)
    return len(ours)


def _ids(ours: Sequence[Finished], statuses: tuple[RunStatus, ...]) -> list[int]:
    return [one.job.claim.id for one in ours if one.outcome.status in statuses]


def _columns(batch: Sequence[Finished]) -> list[Any]:
    claims = [one.job.claim for one in batch]
    outcomes = [one.outcome for one in batch]
    return [
        [claim.id for claim in claims],
        [claim.fence for claim in claims],
        [outcome.status.value for outcome in outcomes],
        [plain_text(outcome.reason, 300) for outcome in outcomes],
        [outcome.reason_code for outcome in outcomes],
        [plain_json([asdict(problem) for problem in outcome.problems]) for outcome in outcomes],
        [outcome.delay_seconds for outcome in outcomes],
        [outcome.believe_missing_seconds for outcome in outcomes],
        [outcome.must_find for outcome in outcomes],
        [int(outcome.is_counted) for outcome in outcomes],
        [plain_text(outcome.business_key, 120) for outcome in outcomes],
        [plain_text(outcome.target_id, 120) for outcome in outcomes],
        [plain_text(outcome.target_key, 120) for outcome in outcomes],
        [outcome.source_hash for outcome in outcomes],
        [outcome.amount for outcome in outcomes],
        [plain_text(outcome.currency, 3) for outcome in outcomes],
        [plain_json(outcome.context) for outcome in outcomes],
    ]


def _insert_attempts(cursor: Any, ours: Sequence[Finished]) -> None:
    cursor.execute(
        "INSERT INTO attempt (tenant_id, run_id, number, step, outcome, error, message, detail, request_id, hops,"
        " calls, started_at, finished_at)"
        " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::text[], %s::text[], %s::text[],"
        " %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::integer[], %s::timestamptz[], %s::timestamptz[])",
        [
            [one.job.claim.tenant_id for one in ours],
            [one.job.claim.id for one in ours],
            # The fence grows with every claim, so it numbers tries without a query.
            [one.job.claim.fence for one in ours],
            [plain_text(one.outcome.step, 30) for one in ours],
            [one.outcome.status.value for one in ours],
            [plain_text(one.outcome.error, 30) for one in ours],
            [plain_text(one.outcome.message, 500) for one in ours],
            [plain_text(one.outcome.detail, 1000) for one in ours],
            [plain_text(one.outcome.request_id, 80) for one in ours],
            [plain_json([asdict(hop) for hop in one.outcome.hops]) for one in ours],
            [one.outcome.calls for one in ours],
            [one.started_at for one in ours],
            [one.finished_at for one in ours],
        ],
    )


def _insert_payloads(cursor: Any, ours: Sequence[Finished]) -> None:
    rows: list[tuple[int, int, int, str, bytes, int]] = []
    for one in ours:
        claim, outcome = one.job.claim, one.outcome
        bodies: dict[str, bytes] = {}
        if outcome.source is not None:
            bodies["source"] = canonical_json(dict(outcome.source))
        if outcome.mapped is not None:
            bodies["mapped"] = canonical_json(dict(outcome.mapped))
        if outcome.exchanges:
            bodies["exchange"] = json.dumps([asdict(exchange) for exchange in outcome.exchanges]).encode()
        cipher = vault.cipher_for(claim.tenant_id)
        for role, body in bodies.items():
            rows.append((claim.tenant_id, claim.id, claim.fence, role, cipher.seal(body, role), len(body)))
    if rows:
        cursor.execute(
            "INSERT INTO payload (tenant_id, run_id, attempt, role, sealed, plain_bytes)"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::text[], %s::bytea[], %s::integer[])",
            [list(column) for column in zip(*rows, strict=True)],
        )


def _insert_search_keys(cursor: Any, ours: Sequence[Finished]) -> None:
    rows: set[tuple[int, int, str, str]] = set()
    for one in ours:
        claim, outcome = one.job.claim, one.outcome
        keys = {
            **outcome.search_keys,
            "number": outcome.business_key,
            "record": claim.record_key,
            "target": outcome.target_id,
            "target_number": outcome.target_key,
        }
        rows.update(
            (claim.tenant_id, claim.id, name[:30], fold_key(value)) for name, value in keys.items() if value
        )
    if rows:
        cursor.execute(
            "INSERT INTO search_key (tenant_id, run_id, name, value)"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING",
            [list(column) for column in zip(*rows, strict=True)],
        )


def fold_key(value: str) -> str:
    """Return the form in which keys are stored and searched: no blanks at the ends, folded case."""
    return plain_text(str(value).strip().casefold(), 120)
