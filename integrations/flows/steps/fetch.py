"""``fetch``: take the record from the event, else read its present state from the source."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Reader
from integrations.connectors.errors import Misconfigured
from integrations.connectors.spec import Verb
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.kinds import Record, canonical_json, hash_of
from integrations.kinds.record import from_canonical_json
from integrations.mapping import NotMoney, to_amount
from integrations.mapping.paths import read


def run(state: RunState, step: FlowStep) -> None:
    """Set the record, its searchable keys and its money."""
    task, spec = state.task, state.ports.spec(state.source_side)
    if task.edited_source is not None:
        record = Record(
            spec.key, task.flow.kind, task.record_key, task.edited_source, None, task.business_key
        )
    elif task.has_record and task.event_body is not None and not _looks_again(state):
        record = record_from_body(task.event_body, spec.key, task.flow.kind)
    elif task.parent_target_id:
        ids = {"source_id": task.parent_target_id, "target_id": task.parent_source_id}
        record = Record(spec.key, task.flow.kind, task.record_key, ids, None, task.business_key)
    else:
        reader = state.source()
        if not isinstance(reader, Reader):
            raise Misconfigured(f"{spec.label} cannot be read.", missing="read")
        record = reader.fetch(task.flow.kind, task.record_key)
        # A run that only matches delivers nothing: the record stays new to the next poll.
        if not task.has_record and not task.is_match_only:
            state.outcome.seen_version = record.version_hash
    state.record = record
    _describe(state, record)


def _looks_again(state: RunState) -> bool:
    """Return whether the source is read although the event carried the record: where it can be read at all."""
    spec = state.ports.spec(state.source_side)
    return state.task.reads_anew and spec.can(state.task.flow.kind, Verb.READ)


def _describe(state: RunState, record: Record) -> None:
    outcome, spec = state.outcome, state.ports.spec(state.source_side)
    facts = spec.facts.get(record.kind)
    outcome.source, outcome.source_body = record.fields, canonical_json(dict(record.fields))
    outcome.source_hash = hash_of(outcome.source_body)
    if record.business_key:
        outcome.business_key = record.business_key
    outcome.search_keys.update({name: value for name, value in record.search_keys.items() if value})
    if facts is not None and facts.total:
        total = read(record.fields, facts.total)
        outcome.amount = _readable_amount(total, facts.total)
        outcome.currency = str(read(record.fields, facts.currency) or "") if facts.currency else ""
    placed = record.updated_at or state.task.occurred_at
    words = f"{record.kind.label.capitalize()} {outcome.business_key or record.external_id}"
    state.hop(state.source_side, f"Read from {spec.label}", words, outcome.amount)
    if placed is not None:
        outcome.context["source_updated_at"] = placed.isoformat()


def _readable_amount(total: Any, path: str) -> Decimal | None:
    try:
        return None if total is None else to_amount(total, path)
    except NotMoney:
        return None  # a person's edit; the money step says what is wrong with it


def record_from_body(body: bytes, system: str, kind: Any) -> Record:
    """Return the record that a poll or a full-body webhook stored in its event."""
    stored: Mapping[str, Any] = from_canonical_json(body)
    return Record(
        system,
        kind,
        str(stored["external_id"]),
        stored["fields"],
        stored.get("updated_at"),
        str(stored.get("business_key", "")),
        dict(stored.get("search_keys", {})),
    )
