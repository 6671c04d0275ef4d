"""``map``: make the target record with one engine call, the same as preview and replay use."""

from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep


def run(state: RunState, step: FlowStep) -> None:
    """Set the mapped record. MappingFailure, MissingLink and UnknownValue go to the runner."""
    mapping = state.task.flow.mappings[step.options["mapping"]]
    fields = dict(state.need_record().fields)
    state.mapped = mapping.evaluate(fields, state.evaluation())
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
