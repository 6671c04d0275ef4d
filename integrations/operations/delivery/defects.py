"""What happens when our own code is at fault: the run is looked at again, then put aside; its neighbours go on."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, OperationalError, connection

from integrations.flows.outcome import Outcome
from integrations.flows.ports import RunTask
from integrations.kinds import RunStatus
from integrations.operations.delivery.finish import Finished, finish

log = logging.getLogger("connect.drain")

_TRIES = 3
_WAIT_SECONDS = 5.0
_RETRY_SECONDS = 0.05


def defect_outcome(task: RunTask, error: Exception, ports: Any) -> Outcome:
    """Return the outcome of a run that an unforeseen exception ended.

    It may have been sent, so it is looked for before it is written again; the third time it is put aside.
    """
    words = f"A defect of ours stopped this run ({type(error).__name__})."
    outcome = Outcome(
        business_key=task.business_key,
        error="Defect",
        message=words,
        reason_code="defect",
        must_find=True,
        exchanges=ports.exchanges(),
        calls=ports.call_count(),
    )
    if task.attempts + 1 >= _TRIES:
        outcome.status, outcome.reason = RunStatus.DEAD, f"{words} It was put aside; support has been told."
    else:
        outcome.status, outcome.reason = RunStatus.IN_DOUBT, f"{words} Looking before trying again."
        outcome.delay_seconds = _WAIT_SECONDS
        outcome.believe_missing_seconds = task.ladder.settle_seconds
    return outcome


def finish_all(batch: Sequence[Finished]) -> int:
    """Write a batch down; a row that the database refuses does not take its neighbours with it."""
    try:
        return finish(batch)
    except OperationalError:
        # A deadlock with an intake, or a server that went away: what is unwritten is written once more.
        connection.close()
        time.sleep(_RETRY_SECONDS)
        return finish(batch)
    except (DatabaseError, ValueError):
        log.exception("a batch of %s could not be written; writing one by one", len(batch))
    return sum(_finish_alone(one) for one in batch)


def _finish_alone(one: Finished) -> int:
    try:
        return finish([one])
    except (DatabaseError, ValueError) as error:
        log.exception("run_id=%s could not be written down", one.job.claim.id)
        return finish([replace(one, outcome=_bare(one.outcome, error))])


def _bare(outcome: Outcome, error: Exception) -> Outcome:
    """Return the outcome without the texts that the database refused; status and link stand."""
    return Outcome(
        status=outcome.status,
        reason=f"Details could not be stored ({type(error).__name__}).",
        reason_code=outcome.reason_code,
        step=outcome.step,
        error=outcome.error,
        target_id=outcome.target_id.replace("\0", ""),
        link=outcome.link,
        calls=outcome.calls,
        has_changed_target=outcome.has_changed_target,
        must_find=outcome.must_find,
        delay_seconds=outcome.delay_seconds,
        believe_missing_seconds=outcome.believe_missing_seconds,
        is_counted=outcome.is_counted,
        verdicts=outcome.verdicts,
        hold=outcome.hold,
    )
