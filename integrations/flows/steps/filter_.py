"""``filter``: go on only when the condition holds; what is dropped is recorded with its reason."""

from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.ports import LinkQuery
from integrations.flows.stops import Skipped


def run(state: RunState, step: FlowStep) -> None:
    """Raise Skipped with the step's own words unless the condition holds.

    With ``only_new`` a record that was written before always goes on: its cancellation must not be dropped.
    """
    record = state.need_record()
    if step.options.get("only_new"):
        own = LinkQuery(state.task.flow.kind, state.source_side, state.task.record_key)
        if state.ports.find_links([own])[0] is not None:
            return
    if step.condition is not None and not step.condition((record.fields,)):
        raise Skipped("filtered", str(step.options.get("reason", "Left out by a filter of this flow.")))
