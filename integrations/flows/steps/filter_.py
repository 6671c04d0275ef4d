"""``filter``: go on only when the condition holds; what is dropped is recorded with its reason."""

from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.outcome import HoldOn
from integrations.flows.stops import HeldFor, Skipped


def run(state: RunState, step: FlowStep) -> None:
    """Raise Skipped with the step's own words unless the condition holds.

    With ``only_new`` a record that was written before always goes on: its cancellation must not be dropped.
    A record that may have been written before is held for a person: dropped, it could stand there unlinked.
    """
    record = state.need_record()
    if step.options.get("only_new") and state.own_link() is not None:
        return
    if step.condition is None or step.condition((record.fields,)):
        return
    if state.task.must_find and state.task.flow.creates:
        label = state.ports.spec(state.target_side).label
        raise HeldFor(
            HoldOn("review", f"{state.task.flow.kind}:{state.task.record_key}", state.target_side),
            "filtered_in_doubt",
            f"It would be left out now, but {label} may have received it; a person looks there.",
        )
    raise Skipped("filtered", str(step.options.get("reason", "Left out by a filter of this flow.")))
