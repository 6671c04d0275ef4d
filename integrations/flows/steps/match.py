"""``match``: link what exists on both sides and say what is missing; nothing is created or changed.

Stands in for everything after ``filter`` where a sync job asks for matching only.
"""

from typing import Any

from integrations.connectors.base import Found, Writer
from integrations.connectors.errors import Misconfigured, UnexpectedResponse
from integrations.flows.context import RunState
from integrations.flows.outcome import LinkChange
from integrations.flows.stops import Skipped
from integrations.kinds import Side
from integrations.mapping.paths import read

MATCHED, MISSING, UNSEARCHABLE = "matched", "not_in_target", "cannot_search"


def run(state: RunState) -> None:
    """Look for the record's counterpart by our reference, then by its natural key. Always raises Skipped."""
    record, label = state.need_record(), state.ports.spec(state.target_side).label
    known = state.own_link()
    if known is not None:
        state.outcome.target_id = known.id_on(state.target_side)
        raise Skipped(MATCHED, f"Linked already: {state.outcome.target_id} in {label}.")
    writer = state.target()
    try:
        if not isinstance(writer, Writer):
            raise Misconfigured(f"{label} cannot be searched.", missing="find")
        found = _look(state, writer, record.fields)
    except Misconfigured as problem:
        # It stops no flow: what is delivered the usual way needs no search.
        raise Skipped(UNSEARCHABLE, problem.message) from problem
    if found is None:
        words = f"{record.kind.label.capitalize()} {state.outcome.business_key or record.external_id}"
        raise Skipped(MISSING, f"{words} is not in {label}. Nothing was created.")
    _note_link(state, found)
    raise Skipped(MATCHED, f"Found as {found.external_id} in {label} and linked. Nothing was changed.")


def _look(state: RunState, writer: Writer, fields: Any) -> Found | None:
    kind = state.task.flow.kind
    if state.task.flow.creates:
        found = writer.find(kind, reference=state.reference, hint={})
        if found is not None:
            return found
    facts = state.ports.spec(state.source_side).facts.get(kind)
    natural_key = (
        str(read(fields, facts.natural_key) or "") if facts is not None and facts.natural_key else ""
    )
    natural_key = natural_key or state.outcome.business_key
    if not natural_key:
        return None
    found = writer.find(kind, natural_key=natural_key, hint={})
    if found is not None and not found.external_id:
        raise UnexpectedResponse("The other system found a record without an id", detail=kind.value)
    return found


def _note_link(state: RunState, found: Found) -> None:
    """Remember the pair of ids; no written hash, for nothing was written by us."""
    outcome, task = state.outcome, state.task
    facts = state.ports.spec(state.target_side).facts.get(task.flow.kind)
    target_key = str(read(found.fields, facts.business_key) or "") if facts is not None else ""
    to_erp, ours, key = state.target_side is Side.ERP, task.record_key, outcome.business_key
    outcome.target_id, outcome.target_key = found.external_id, target_key
    outcome.link = LinkChange(
        kind=task.flow.kind,
        storefront_id=ours if to_erp else found.external_id,
        erp_id=found.external_id if to_erp else ours,
        storefront_key=key if to_erp else target_key,
        erp_key=target_key if to_erp else key,
        made_by="found",
        written_to_erp="",
        written_to_storefront="",
        source_hash=outcome.source_hash,
    )
