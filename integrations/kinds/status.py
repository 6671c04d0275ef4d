"""The closed status tables: value, label, colour family, icon, finality and the allowed next values.

Declared once. Templates draw them through one badge tag; an unknown value fails loudly.
"""

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """Colour says who must act: red and amber a person, blue and violet the machine, grey nobody."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    BLUE = "blue"
    VIOLET = "violet"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class StatusInfo:
    label: str
    family: Family
    icon: str
    is_final: bool
    next: frozenset[str]


class RunStatus(StrEnum):
    """Where a run stands (ARCHITECTURE: the run row is the queue)."""

    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    IN_DOUBT = "in_doubt"
    HELD = "held"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def info(self) -> StatusInfo:
        return RUN_STATUSES[self]

    @classmethod
    def due(cls) -> tuple["RunStatus", ...]:
        """The statuses a worker may claim."""
        return (cls.QUEUED, cls.RETRYING, cls.IN_DOUBT)

    @classmethod
    def final(cls) -> tuple["RunStatus", ...]:
        return tuple(status for status in cls if status.info.is_final)


def _info(label: str, family: Family, icon: str, *following: RunStatus, is_final: bool = False) -> StatusInfo:
    return StatusInfo(label, family, icon, is_final, frozenset(following))


_OUTCOMES = (
    RunStatus.SUCCEEDED,
    RunStatus.SKIPPED,
    RunStatus.RETRYING,
    RunStatus.IN_DOUBT,
    RunStatus.HELD,
    RunStatus.DEAD,
    RunStatus.QUEUED,
)

RUN_STATUSES: dict[RunStatus, StatusInfo] = {
    RunStatus.QUEUED: _info(
        "Queued", Family.GREY, "clock", RunStatus.RUNNING, RunStatus.SUPERSEDED, RunStatus.CANCELLED
    ),
    RunStatus.RUNNING: _info("Running", Family.BLUE, "loader-2", *_OUTCOMES),
    RunStatus.RETRYING: _info(
        "Retrying", Family.BLUE, "refresh", RunStatus.RUNNING, RunStatus.SUPERSEDED, RunStatus.CANCELLED
    ),
    RunStatus.IN_DOUBT: _info("Checking", Family.VIOLET, "eye-question", RunStatus.RUNNING),
    RunStatus.HELD: _info(
        "Held",
        Family.AMBER,
        "hourglass",
        RunStatus.QUEUED,
        RunStatus.SUPERSEDED,
        RunStatus.SKIPPED,
        RunStatus.CANCELLED,
    ),
    RunStatus.SUCCEEDED: _info("Succeeded", Family.GREEN, "check", is_final=True),
    RunStatus.SKIPPED: _info("Skipped", Family.GREY, "player-skip-forward", is_final=True),
    RunStatus.SUPERSEDED: _info("Superseded", Family.GREY, "versions", is_final=True),
    RunStatus.DEAD: _info(
        "Failed",
        Family.RED,
        "alert-triangle",
        RunStatus.QUEUED,
        RunStatus.SUPERSEDED,
        RunStatus.SKIPPED,
        is_final=False,
    ),
    RunStatus.CANCELLED: _info("Cancelled", Family.GREY, "ban", is_final=True),
}


class Environment(StrEnum):
    """Where a pair lives; only production counts for the plan."""

    SANDBOX = "sandbox"
    DEV = "dev"
    QA = "qa"
    PRODUCTION = "prod"

    @property
    def label(self) -> str:
        return {"sandbox": "Sandbox", "dev": "Dev", "qa": "QA", "prod": "Production"}[self.value]


class ConnectionHealth(StrEnum):
    """What the last calls of a connection say."""

    UNTESTED = "untested"
    HEALTHY = "healthy"
    FAILING = "failing"
    REFUSED = "refused"
    """Credentials were refused; paused until a person mends them."""

    @property
    def info(self) -> StatusInfo:
        return _HEALTH[self]


_HEALTH: dict[ConnectionHealth, StatusInfo] = {
    ConnectionHealth.UNTESTED: _info("Not tested", Family.GREY, "help-circle"),
    ConnectionHealth.HEALTHY: _info("Healthy", Family.GREEN, "check"),
    ConnectionHealth.FAILING: _info("Not answering", Family.BLUE, "refresh"),
    ConnectionHealth.REFUSED: _info("Refused us", Family.RED, "lock"),
}


class Role(StrEnum):
    """What a member may do in a tenant; the permissions table lives in portal.accounts."""

    OWNER = "owner"
    BUILDER = "builder"
    OPERATOR = "operator"
    AUDITOR = "auditor"
