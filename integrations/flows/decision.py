"""Decisions are values: an error, the attempt and the policy give what happens next. Pure and tabled."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.connectors import errors
from integrations.flows.definition import RetryPolicy


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after a while; ``is_counted`` says whether this attempt used up budget."""

    after_seconds: float
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """Find before writing again; a look-up that finds nothing is believed after ``believe_seconds``."""

    after_seconds: float
    believe_seconds: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Back to the queue, uncounted: the connection or the flow must be mended first."""

    stops_connection: bool = False
    stops_flow: bool = False


@dataclass(frozen=True, slots=True)
class HoldRun:
    """A person or a missing reference is needed."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Dead:
    """No retry by itself."""

    code: str


Decision = Retry | Look | Wait | HoldRun | Dead


@dataclass(frozen=True, slots=True)
class Ladder:
    """How a connection settles doubt: seconds between look-ups, and when "not there" is believed."""

    wait_seconds: float = 60.0
    settle_seconds: float = 310.0


def backoff_seconds(attempt: int, policy: RetryPolicy, random: Callable[[], float]) -> float:
    """Exponential backoff with full jitter: uniform in (0, min(longest, first * 2^(attempt-1))].

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
    """
    ceiling = min(policy.longest_seconds, policy.first_seconds * 2.0 ** min(attempt - 1, 30))
    return max(0.05, ceiling * random())


def decide(
    error: errors.ConnectorError,
    *,
    attempt: int,
    policy: RetryPolicy,
    ladder: Ladder,
    random: Callable[[], float],
) -> Decision:
    """Return what a connector's error means for the run. ``attempt`` counts from 1, this one included."""
    match error:
        case errors.RateLimited():
            told = error.retry_after_seconds
            return Retry(told if told is not None else 5.0 + 5.0 * random(), is_counted=False)
        case errors.OutcomeUnknown():
            return Look(ladder.wait_seconds, ladder.settle_seconds)
        case errors.AuthFailed():
            return Wait(stops_connection=True)
        case errors.Misconfigured():
            return Wait(stops_flow=True)
        case errors.MissingReference():
            return HoldRun(error.kind, error.key)
        case errors.Transient():
            if attempt >= policy.max_attempts:
                return Dead("retries_used_up")
            return Retry(backoff_seconds(attempt, policy, random))
        case errors.UnexpectedResponse():
            # One guarded retry: a proxy's page in the middle of a deployment is gone a little later.
            return (
                Retry(backoff_seconds(attempt, policy, random)) if attempt < 2 else Dead("unexpected_answer")
            )
        case errors.Rejected():
            return Dead("rejected")
        case errors.NotFound():
            return Dead("not_found")
        case errors.Duplicate():
            return Dead("duplicate")
    return Dead("error")
