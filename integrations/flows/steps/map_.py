"""``map``: make the target record with one engine call, the same as preview and replay use."""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Reader
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.ports import Link
from integrations.kinds import canonical_json, hash_of
from integrations.mapping import CompiledMapping


def run(state: RunState, step: FlowStep) -> None:
    """Set the mapped record. MappingFailure, MissingLink and UnknownValue go to the runner."""
    mapping = state.task.flow.mappings[step.options["mapping"]]
    if state.task.kept_mapped is not None:
        _keep(state, mapping, state.task.kept_mapped)
        return
    fields = dict(state.need_record().fields)
    state.mapped = mapping.evaluate(fields, state.evaluation())
    # Two versions are compared in full: a field that is only written once is no change the second time.
    state.outcome.mapped_body = canonical_json(state.mapped)
    state.written_hash = hash_of(state.outcome.mapped_body)
    if mapping.write_modes & {"on_create", "if_empty"}:
        known = state.own_link()
        state.is_creating = known is None and state.task.flow.creates
        if not state.is_creating:
            existing = _existing(state, known) if "if_empty" in mapping.write_modes else None
            state.mapped = mapping.evaluate(fields, state.evaluation(), creating=False, existing=existing)
            state.outcome.mapped_body = canonical_json(state.mapped)
    state.outcome.mapped = state.mapped
    state.outcome.context.update(
        {
            "now": state.task.now.isoformat(),
            "mapping": step.options["mapping"],
            "value_maps": {key: table.number for key, table in state.task.value_tables.items()},
            "links": [[kind, key, target] for (kind, key), target in state.links.items()],
        }
    )
    number = state.task.flow.version_number
    state.hop(None, f"Mapped with version {number}", f"{len(state.mapped)} fields", state.outcome.amount)


def _keep(state: RunState, mapping: CompiledMapping, kept: Mapping[str, Any]) -> None:
    """Send what an earlier attempt had mapped, or a person edited; nothing is mapped, so there is nothing to trace."""
    state.mapped = dict(kept)
    state.outcome.mapped_body = canonical_json(state.mapped)
    state.written_hash = hash_of(state.outcome.mapped_body)
    if mapping.write_modes & {"on_create", "if_empty"}:
        state.is_creating = state.own_link() is None and state.task.flow.creates
    state.outcome.mapped = state.mapped
    state.hop(None, "Mapped before", f"{len(state.mapped)} fields, as they were kept", state.outcome.amount)


def _existing(state: RunState, known: Link | None) -> Mapping[str, Any] | None:
    """Return what the target holds now; None where it cannot be known, which leaves its fields alone."""
    flow, side = state.task.flow, state.target_side
    if known is None or flow.links_per_record or known.written_on(side) == state.written_hash:
        return None  # an equal hash: the write step stops there, and a remote call would be for nothing
    reader = state.target()
    return reader.fetch(flow.kind, known.id_on(side)).fields if isinstance(reader, Reader) else None
