"""``filter``: go on only when the condition holds; what is dropped is recorded with its reason."""

from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.stops import Skipped


def run(state: RunState, step: FlowStep) -> None:
    """Raise Skipped with the step's own words unless the condition holds."""
    if step.condition is not None and not step.condition((state.need_record().fields,)):
        raise Skipped("filtered", str(step.options.get("reason", "Left out by a filter of this flow.")))
