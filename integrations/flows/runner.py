"""Serves one record: walks the steps of a flow version against two connectors and returns an Outcome.

Called from a pool thread of the drain, and by preview and test with ports of their own. Holds no database.
May run twice for one run (a lapsed lease, a lost answer): every write is preceded by a look-up then.
"""

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from integrations.connectors import errors
from integrations.flows import decision as decisions
from integrations.flows.context import RunState
from integrations.flows.outcome import ConnectionVerdict, HoldOn, Outcome
from integrations.flows.ports import Ports, RunTask
from integrations.flows.steps import ensure, fetch, filter_, map_, match, money, references, validate, write
from integrations.flows.stops import Stop
from integrations.kinds import RunStatus, Side
from integrations.kinds.privacy import is_personal, mask_emails, mask_text
from integrations.mapping import MappingFailure, MissingLink, UnknownValue

STEPS: Mapping[str, Callable[[RunState, Any], None]] = {
    "fetch": fetch.run,
    "filter": filter_.run,
    "money": money.run,
    "references": references.run,
    "ensure": ensure.run,
    "map": map_.run,
    "validate": validate.run,
    "write": write.run,
}


def run_record(task: RunTask, ports: Ports, *, chance: Callable[[], float] = random.random) -> Outcome:
    """Serve one run and say what became of it. Raises LeaseLost, and nothing that a connector causes."""
    state = RunState(task, ports)
    settle(state, partial(_walk, state), chance=chance)
    return concluded(state)


def _walk(state: RunState) -> None:
    task, outcome = state.task, state.outcome
    for step in task.flow.steps:
        if _passes_over(task, step.type):
            continue
        outcome.step = step.id
        STEPS[step.type](state, step)
    if task.is_match_only:
        outcome.step = "match"
        match.run(state)


def settle(state: RunState, act: Callable[[], None], *, chance: Callable[[], float] = random.random) -> None:
    """Do a part of a run, ``succeeded`` when it ends; what stops or fails it becomes the outcome."""
    outcome = state.outcome
    try:
        act()
        outcome.status, outcome.must_find = RunStatus.SUCCEEDED, False
    except Stop as stop:
        stop.apply(outcome)
    except MissingLink as missing:
        _hold(outcome, missing.kind, missing.key, state)
    except UnknownValue as unknown:
        _hold(outcome, "value_map", f"{unknown.table}:{unknown.value}", state)
    except MappingFailure as failure:
        _kill(outcome, failure)
    except errors.ConnectorError as error:
        _apply(error, state, chance)


def concluded(state: RunState) -> Outcome:
    """Return the outcome with what its calls say about the connections."""
    outcome = state.outcome
    if outcome.error == "" and state.sides_called:
        outcome.verdicts.extend(ConnectionVerdict(side, "ok") for side in state.sides_called)
    outcome.exchanges = state.ports.exchanges()
    outcome.calls = state.ports.call_count()
    return outcome


def _passes_over(task: RunTask, step_type: str) -> bool:
    """Return whether a step is left out: all after the filter when only matching, what led to a kept mapping."""
    if task.is_match_only:
        return step_type not in ("fetch", "filter")
    return task.kept_mapped is not None and step_type in ("references", "ensure")


def _kill(outcome: Outcome, failure: MappingFailure) -> None:
    outcome.status = RunStatus.DEAD
    outcome.error, outcome.reason_code = "MappingFailure", "mapping"
    rule = _without_personal(failure)
    outcome.reason = f"{failure.target} could not be made from {failure.source or 'a constant'}: {rule}."
    outcome.problems = (errors.FieldProblem(failure.target, str(failure.value)[:120], rule),)


def _without_personal(failure: MappingFailure) -> str:
    """Return why a value does not fit, in words for lists and mails: personal values are asked for, not told."""
    value, names = str(failure.value), (failure.target, failure.source)
    if value and any(is_personal(name.rpartition(".")[2]) for name in names if name):
        return failure.reason.replace(value, mask_text(value))
    return mask_emails(failure.reason)


def _hold(outcome: Outcome, kind: str, key: str, state: RunState) -> None:
    outcome.status, outcome.hold = RunStatus.HELD, HoldOn(kind, key, state.side)
    outcome.reason_code = f"missing_{kind}"
    if kind == "value_map":
        table, _, value = key.partition(":")
        outcome.reason = f"Waits for a row for {value!r} in value map {table}."
    else:
        word = "SKU" if kind == "product" else kind
        outcome.reason = f"Waits for {word} {key} in {state.ports.spec(state.target_side).label}."


def _apply(error: errors.ConnectorError, state: RunState, chance: Callable[[], float]) -> None:
    task, outcome = state.task, state.outcome
    outcome.error, outcome.message = type(error).__name__, error.message
    outcome.detail, outcome.request_id = error.detail, error.request_id
    outcome.reason = error.message
    if isinstance(error, errors.Rejected):
        outcome.problems = error.problems
    label = state.ports.spec(state.side).label
    decision = decisions.decide(
        error, attempt=task.attempts + 1, policy=task.flow.retry, ladder=task.ladder, random=chance
    )
    match decision:
        case decisions.Retry():
            outcome.status, outcome.delay_seconds = RunStatus.RETRYING, decision.after_seconds
            outcome.is_counted, outcome.reason_code = decision.is_counted, "retry"
        case decisions.Look():
            outcome.status, outcome.must_find = RunStatus.IN_DOUBT, True
            outcome.delay_seconds = decision.after_seconds
            outcome.believe_missing_seconds = decision.believe_seconds
            outcome.reason_code = "outcome_unknown"
            outcome.reason = f"{error.message} Looking for {state.reference} before sending again."
        case decisions.Wait():
            outcome.status, outcome.is_counted = RunStatus.QUEUED, False
            outcome.stops_flow = decision.stops_flow
            outcome.reason_code = "connection" if decision.stops_connection else "flow"
        case decisions.HoldRun():
            _hold(outcome, decision.kind, decision.key, state)
        case decisions.Dead():
            outcome.status, outcome.reason_code = RunStatus.DEAD, decision.code
    if isinstance(error, errors.AuthFailed):
        outcome.verdicts.append(ConnectionVerdict(state.side, "refused", error.message, error.field))
    elif isinstance(error, errors.Transient | errors.OutcomeUnknown):
        outcome.verdicts.append(ConnectionVerdict(state.side, "failed", error.message))
    elif isinstance(error, errors.RateLimited):
        if error.is_remote:
            outcome.verdicts.append(
                ConnectionVerdict(state.side, "rate_limited", retry_after_seconds=error.retry_after_seconds)
            )
    else:
        # It answered, if only with a refusal of this record.
        outcome.verdicts.append(ConnectionVerdict(state.side, "ok"))
    state.hop(state.side, f"{label}: {outcome.error}", outcome.reason)


__all__ = ["STEPS", "Side", "run_record"]
