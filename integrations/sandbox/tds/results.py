"""What statements leave behind, in order, and how a batch or a procedure call tells it as tokens.

``session`` makes them, ``connection`` sends what :func:`batch_tokens` and :func:`call_tokens` return.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.sandbox.tds import tokens
from integrations.sandbox.tds.errors import SqlError
from integrations.sandbox.tds.tokens import Column
from integrations.sandbox.tds.types import SqlType


@dataclass(slots=True)
class Variable:
    """A variable or parameter: its type and its stored value."""

    kind: SqlType
    value: Any = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A result set."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Changed:
    """A statement that wrote rows; None = it says no count."""

    count: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """An informational message: PRINT, or the database context."""

    text: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Returned:
    """The return status of a procedure that a batch executed."""

    status: int


Result = Rows | Changed | Said | Returned


@dataclass(slots=True)
class Outcome:
    """All that a batch left behind: results, OUTPUT values by ordinal, return status, and the error that ended it."""

    results: list[Result] = field(default_factory=list)
    outputs: list[tuple[int, str, Variable]] = field(default_factory=list)
    status: int = 0
    error: SqlError | None = None

    def summary(self) -> str:
        """Return a line for the list of calls."""
        parts = []
        for result in self.results:
            if isinstance(result, Rows):
                parts.append(f"{len(result.rows)} rows")
            elif isinstance(result, Changed) and result.count is not None:
                parts.append(f"{result.count} changed")
        parts += [f"{name}={variable.value}" for _, name, variable in self.outputs]
        if self.error is not None:
            parts.append(str(self.error))
        return ", ".join(parts)


def batch_tokens(outcome: Outcome, server: str, *, is_open: bool) -> bytes:
    """Return a batch's answer: each result with its DONE; the last one without MORE."""
    parts: list[bytes] = []
    last = len(outcome.results) - 1
    base = tokens.IN_TRANSACTION if is_open else 0
    for number, result in enumerate(outcome.results):
        more = tokens.MORE if number < last or outcome.error else 0
        if isinstance(result, Returned):
            parts.append(tokens.return_status(result.status) + tokens.done(tokens.DONE_PROC, base | more))
        else:
            parts.append(_result(result, server, tokens.DONE, base | more))
    if outcome.error is not None:
        parts.append(tokens.message(outcome.error, server) + tokens.done(tokens.DONE, base | tokens.FAILED))
    return b"".join(parts) or tokens.done(tokens.DONE, base)


def call_tokens(outcome: Outcome, server: str, procedure: str, *, is_open: bool) -> bytes:
    """Return the answer to a procedure call: results, RETURNSTATUS, OUTPUT values, DONEPROC."""
    base = tokens.IN_TRANSACTION if is_open else 0
    # DONEINPROC must say that more follows, or clients think the answer has ended.
    parts = [
        _result(result, server, tokens.DONE_IN_PROC, base | tokens.MORE)
        for result in outcome.results
        if not isinstance(result, Returned)
    ]
    if outcome.error is not None:
        parts.append(tokens.message(outcome.error, server, procedure))
        return b"".join(parts) + tokens.done(tokens.DONE_PROC, base | tokens.FAILED)
    parts.append(tokens.return_status(outcome.status))
    parts += [tokens.return_value(at, name, one.kind, one.value) for at, name, one in outcome.outputs]
    return b"".join(parts) + tokens.done(tokens.DONE_PROC, base)


def _result(result: Result, server: str, token: int, status: int) -> bytes:
    if isinstance(result, Rows):
        rows = b"".join(tokens.row(result.columns, row) for row in result.rows)
        end = tokens.done(token, status | tokens.COUNTED, len(result.rows))
        return tokens.columns(result.columns) + rows + end
    if isinstance(result, Said):
        said = SqlError(result.number, result.text, severity=0)
        return tokens.message(said, server, is_error=False) + tokens.done(token, status)
    if isinstance(result, Changed) and result.count is not None:
        return tokens.done(token, status | tokens.COUNTED, result.count)
    return tokens.done(token, status)
