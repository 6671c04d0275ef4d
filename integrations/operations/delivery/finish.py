"""Writes down what became of runs: one function call of PostgreSQL for a whole batch.

Fencing: a run whose lease was taken over meanwhile is not among the accepted ones, and nothing of it is written.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from integrations.flows.outcome import Outcome
from integrations.kinds import RunStatus
from integrations.operations.delivery import aftermath
from integrations.operations.delivery.prefetch import Job
from integrations.operations.delivery.texts import json_rows, plain_text
from integrations.stores import statements, vault

# What was read and dealt with; what failed is tried again when a poll sees it.
_DEALT_WITH = frozenset({RunStatus.SUCCEEDED, RunStatus.SKIPPED})
_ENDED = frozenset({RunStatus.SUCCEEDED, RunStatus.SKIPPED, RunStatus.DEAD, RunStatus.CANCELLED})
_FINISH = (
    "SELECT run_id, what"
    " FROM connect_finish(%s::jsonb, %s::jsonb, %s::jsonb, %s::jsonb, %s::jsonb, %b::bytea[])"
)


@dataclass(frozen=True, slots=True)
class Finished:
    """One served run on its way into the database."""

    job: Job
    outcome: Outcome
    started_at: datetime
    finished_at: datetime


def finish(batch: Sequence[Finished]) -> int:
    """Write a batch down; returns how many were still ours."""
    payloads = list(_payloads(batch))
    parameters = [
        json_rows(_run_row(one) for one in batch),
        json_rows(_attempt_row(one) for one in batch),
        json_rows(_link_row(one) for one in batch if one.outcome.link is not None),
        json_rows(row for one in batch for row in _key_rows(one)),
        json_rows(
            {**row, "place": place, "plain_bytes": size} for place, (row, size, _) in enumerate(payloads, 1)
        ),
        [sealed for _, _, sealed in payloads],
    ]
    told: dict[str, set[int]] = {"ours": set(), "superseded": set(), "link_conflict": set()}
    with transaction.atomic(), connection.cursor() as cursor:
        for run_id, what in statements.fetch(_FINISH, parameters):
            told[what].add(run_id)
        ours = [one for one in batch if one.job.claim.id in told["ours"]]
        if ours:
            aftermath.bring_about(
                cursor, ours, superseded=told["superseded"], in_conflict=told["link_conflict"]
            )
    return len(ours)


def _run_row(one: Finished) -> dict[str, Any]:
    claim, outcome = one.job.claim, one.outcome
    return {
        "id": claim.id,
        "fence": claim.fence,
        "status": outcome.status.value,
        "is_ended": outcome.status in _ENDED,
        "reason": plain_text(outcome.reason, 300),
        "reason_code": outcome.reason_code,
        "problem": [asdict(problem) for problem in outcome.problems],
        "delay": outcome.delay_seconds,
        "believe": outcome.believe_missing_seconds,
        "must_find": outcome.must_find,
        "counted": int(outcome.is_counted),
        "business_key": plain_text(outcome.business_key, 120),
        "target_id": plain_text(outcome.target_id, 120),
        "target_key": plain_text(outcome.target_key, 120),
        "source_hash": outcome.source_hash,
        "seen": outcome.seen_version if outcome.status in _DEALT_WITH else "",
        "amount": outcome.amount,
        "currency": plain_text(outcome.currency, 3),
        "context": outcome.context,
    }


def _attempt_row(one: Finished) -> dict[str, Any]:
    claim, outcome = one.job.claim, one.outcome
    return {
        "tenant_id": claim.tenant_id,
        "run_id": claim.id,
        # The fence grows with every claim, so it numbers tries without a query.
        "number": claim.fence,
        "step": plain_text(outcome.step, 30),
        "outcome": outcome.status.value,
        "error": plain_text(outcome.error, 30),
        "message": plain_text(outcome.message, 500),
        "detail": plain_text(outcome.detail, 1000),
        "request_id": plain_text(outcome.request_id, 80),
        "hops": [
            {"at": hop.at, "rail": hop.rail, "title": hop.title, "text": hop.text, "amount": hop.amount}
            for hop in outcome.hops
        ],
        "calls": outcome.calls,
        "changed": int(outcome.has_changed_target),
        "started_at": one.started_at,
        "finished_at": one.finished_at,
    }


def _link_row(one: Finished) -> dict[str, Any]:
    claim, link = one.job.claim, one.outcome.link
    if link is None:
        raise ValueError(f"run {claim.id} has no link to write")
    return {
        "run_id": claim.id,
        "tenant_id": claim.tenant_id,
        "pair_id": claim.pair_id,
        "kind": link.kind.value,
        "storefront_id": plain_text(link.storefront_id, 120),
        "storefront_key": plain_text(link.storefront_key, 120),
        "erp_id": plain_text(link.erp_id, 120),
        "erp_key": plain_text(link.erp_key, 120),
        "made_by": link.made_by,
        "to_erp": link.written_to_erp,
        "to_storefront": link.written_to_storefront,
        "source_hash": link.source_hash,
        "agreed": None if link.agreed is None else json.loads(link.agreed),
    }


def _payloads(batch: Sequence[Finished]) -> Iterator[tuple[dict[str, Any], int, bytes]]:
    """Yield (row, plain bytes, sealed bytes) of each body worth keeping."""
    for one in batch:
        claim, task, outcome = one.job.claim, one.job.task, one.outcome
        bodies: dict[str, bytes] = {}
        is_of_event = task.has_record and task.edited_source is None and not task.reads_anew
        if outcome.source is not None and not is_of_event:
            # An event that carries the record is its source already.
            bodies["source"] = outcome.source_body
        if outcome.mapped is not None:
            bodies["mapped"] = outcome.mapped_body
        if outcome.exchanges:
            bodies["exchange"] = msgspec.json.encode(outcome.exchanges)
        cipher = vault.cipher_for(claim.tenant_id)
        for role, body in bodies.items():
            row = {"tenant_id": claim.tenant_id, "run_id": claim.id, "attempt": claim.fence, "role": role}
            yield row, len(body), cipher.seal(body, role)


def _key_rows(one: Finished) -> list[dict[str, Any]]:
    claim, outcome = one.job.claim, one.outcome
    keys = {
        **outcome.search_keys,
        "number": outcome.business_key,
        "record": claim.record_key,
        "target": outcome.target_id,
        "target_number": outcome.target_key,
    }
    folded = {(name[:30], fold_key(value)) for name, value in keys.items() if value}
    return [
        {"tenant_id": claim.tenant_id, "run_id": claim.id, "name": name, "value": value}
        for name, value in sorted(folded)
    ]


def fold_key(value: str) -> str:
    """Return the form in which keys are stored and searched: no blanks at the ends, folded case."""
    return plain_text(str(value).strip().casefold(), 120)
