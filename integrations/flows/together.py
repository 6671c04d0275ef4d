"""Serves several records of one flow with one write: stock in hundreds where the target has a call for it.

Called from a thread of the drain like the runner, whose steps and decisions it uses; each record keeps its own outcome.
"""

from collections.abc import Sequence
from functools import partial

from integrations.connectors.spec import ConnectorSpec
from integrations.flows.context import RunState
from integrations.flows.definition import CompiledFlow, FlowStep
from integrations.flows.outcome import Outcome
from integrations.flows.ports import Ports, RunTask
from integrations.flows.runner import STEPS, concluded, settle
from integrations.flows.steps import write
from integrations.kinds import RunStatus

# Steps that need nothing which only one run at a time may do.
_STEPS = frozenset({"fetch", "filter", "references", "map", "validate"})


def batch_size(task: RunTask, target: ConnectorSpec) -> int:
    """Return how many records of this one's flow may be written by one call; 1 = each alone.

    Only a first try of a record that came with its event goes together with others: what failed once is served alone,
    so that a record which spoils a call spoils its neighbours' once.
    """
    is_first = not task.attempts and not task.must_find and not task.is_match_only
    carries_all = task.has_record and task.edited_source is None and task.kept_mapped is None
    if not (is_first and carries_all and not task.reads_anew and _goes_together(task.flow)):
        return 1
    return target.batch_sizes.get(task.flow.kind, 1)


def _goes_together(flow: CompiledFlow) -> bool:
    """Return whether the flow only changes what is there, so that sending it twice changes nothing more."""
    *before, last = flow.steps
    return last.type == "write" and not flow.creates and all(step.type in _STEPS for step in before)


def run_together(served: Sequence[tuple[RunTask, Ports]]) -> list[Outcome]:
    """Serve runs of one flow version and return their outcomes, in order. Raises LeaseLost.

    The ports of all give the connectors of the first one, with which calls are counted and kept.
    """
    states = [RunState(task, ports) for task, ports in served]
    *before, last = states[0].task.flow.steps
    for state in states:
        settle(state, partial(_prepare, state, before))
    ready = [state for state in states if state.outcome.status is RunStatus.SUCCEEDED]
    for state in ready:
        state.outcome.step = last.id
    write.run_together(ready, last, settle)
    outcomes = [concluded(state) for state in states]
    for outcome in outcomes[1:]:
        # One call speaks of the connection once: a hundred failures of it would open the breaker at the first.
        outcome.verdicts.clear()
    return outcomes


def _prepare(state: RunState, steps: Sequence[FlowStep]) -> None:
    for step in steps:
        state.outcome.step = step.id
        STEPS[step.type](state, step)
