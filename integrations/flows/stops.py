"""Ends of a run that are no errors: skipped with a reason, held for a person, or asked to look again later."""

from integrations.flows.outcome import HoldOn, Outcome
from integrations.kinds import RunStatus


class Stop(Exception):
    """Ends the walk over the steps; ``apply`` writes what became of the run."""

    def apply(self, outcome: Outcome) -> None:
        raise NotImplementedError


class Skipped(Stop):
    """Nothing to do, and why: filtered, unchanged, echo."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason

    def apply(self, outcome: Outcome) -> None:
        outcome.status, outcome.reason_code, outcome.reason = RunStatus.SKIPPED, self.code, self.reason
        outcome.must_find = False


class HeldFor(Stop):
    """A person decides, or a reference must appear."""

    def __init__(self, hold: HoldOn, code: str, reason: str) -> None:
        super().__init__(reason)
        self.hold = hold
        self.code = code
        self.reason = reason

    def apply(self, outcome: Outcome) -> None:
        outcome.status, outcome.hold = RunStatus.HELD, self.hold
        outcome.reason_code, outcome.reason = self.code, self.reason


class LookAgain(Stop):
    """A look-up found nothing, too early to be believed: look again after a while."""

    def __init__(self, after_seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds
        self.reason = reason

    def apply(self, outcome: Outcome) -> None:
        outcome.status, outcome.must_find, outcome.is_counted = RunStatus.IN_DOUBT, True, False
        outcome.delay_seconds = self.after_seconds
        outcome.reason_code, outcome.reason = "outcome_unknown", self.reason


class WaitForOther(Stop):
    """Another run is creating the same referenced record right now; no attempt is counted."""

    def __init__(self, after_seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds
        self.reason = reason

    def apply(self, outcome: Outcome) -> None:
        outcome.status, outcome.is_counted = RunStatus.RETRYING, False
        outcome.delay_seconds = self.after_seconds
        outcome.reason_code, outcome.reason = "waits_for_other", self.reason


class Invalid(Stop):
    """The record breaks a rule before anything is sent."""

    def __init__(self, outcome_code: str, reason: str, problems: tuple) -> None:  # type: ignore[type-arg]
        super().__init__(reason)
        self.code = outcome_code
        self.reason = reason
        self.problems = problems

    def apply(self, outcome: Outcome) -> None:
        outcome.status, outcome.reason_code = RunStatus.DEAD, self.code
        outcome.reason, outcome.problems, outcome.error = self.reason, self.problems, "Rejected"
