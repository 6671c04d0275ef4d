"""TDS messages as calls of the shared sandbox: the same fault switches and the same list of calls as for HTTP.

``connection`` makes a :class:`SqlRequest` of each message; ``simulator`` runs it; :func:`spoiled` says what a fault
of the shared kinds means on this protocol.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.sandbox.core.messages import Answer, Drop, Request, Response
from integrations.sandbox.tds.errors import SqlError

GARBAGE = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
"""What a fault of the html kinds puts into an answer packet: no token begins like this."""


@dataclass(frozen=True)
class SqlRequest(Request):
    """One TDS message. ``method`` LOGIN, SQL, EXEC or TRAN; ``path`` user, verb or procedure; ``body`` readable."""

    run: Callable[[], tuple[bytes, str]] = field(default=lambda: (b"", ""))
    """Executes the message: (tokens of the answer, a line for the list of calls)."""
    spid: int = 0
    detail: str = ""
    """SQL text or arguments in one line; fault switches match it."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of a procedure call by lower-case name without the at sign."""


@dataclass(slots=True)
class SqlAnswer(Response):
    """An answer as tokens; ``body`` is its summary for the list of calls."""

    tokens: bytes = b""


@dataclass(slots=True)
class SqlRefusal(Response):
    """An SQL error instead of an answer: nothing was run."""

    error: SqlError | None = None

    @classmethod
    def of(cls, error: SqlError) -> "SqlRefusal":
        return cls(500, {}, str(error).encode(), error)


def run(request: SqlRequest) -> SqlAnswer:
    tokens, summary = request.run()
    return SqlAnswer(200, {}, summary.encode(), tokens)


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What to send instead of an answer: bytes of a packet, half of them, an error, or nothing but a reset."""

    tokens: bytes = b""
    is_torn: bool = False
    error: SqlError | None = None


def spoiled(answer: Answer, *, was_run: bool) -> Spoiled:
    """Return the meaning of a faulted answer on TDS.

    Status 429 becomes 40501 with the wait in its text (or 10928 without), another status 40197, both before anything
    ran; the html kinds and a bad gateway after the commit become a packet of garbage; drops are resets.
    """
    if isinstance(answer, Drop):
        part = answer.part.tokens if isinstance(answer.part, SqlAnswer) else b""
        return Spoiled(part, is_torn=True)
    if isinstance(answer, SqlAnswer):
        return Spoiled(answer.tokens)
    if isinstance(answer, SqlRefusal):
        return Spoiled(error=answer.error)
    if was_run or answer.status < 400:
        return Spoiled(GARBAGE)
    return Spoiled(error=_error_of_status(answer))


def _error_of_status(answer: Response) -> SqlError:
    if answer.status == 429:
        wait = answer.headers.get("Retry-After")
        if wait is None:
            return SqlError(
                10928,
                "Resource ID : 1. The request limit for the database is 2 and has been reached.",
                severity=16,
            )
        text = (
            f"The service is currently busy. Retry the request after {wait} seconds. Incident ID: 0. Code: 0"
        )
        return SqlError(40501, text, severity=16)
    return SqlError(
        40197,
        f"The service has encountered an error processing your request. Error code {answer.status}.",
        severity=16,
    )
