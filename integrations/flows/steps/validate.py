"""``validate``: hold the mapped record against the target's schema before anything is sent."""

from integrations.connectors.errors import FieldProblem
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.stops import Invalid
from integrations.mapping import validate_target


def run(state: RunState, step: FlowStep) -> None:
    """Raise Invalid with every field, value and rule that does not fit."""
    schema = state.ports.schema(state.target_side, state.task.flow.kind).for_writing
    problems = validate_target(state.mapped or {}, schema, creating=state.is_creating)
    if problems:
        first = problems[0]
        label = state.ports.spec(state.target_side).label
        raise Invalid(
            "validation",
            f"{first.path} {first.rule}; {label} would refuse it."
            + (f" {len(problems) - 1} more." if len(problems) > 1 else ""),
            tuple(FieldProblem(one.path, one.value, one.rule) for one in problems),
        )
