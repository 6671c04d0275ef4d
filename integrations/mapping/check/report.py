"""What the proof found: one finding per target field, with words for people and JSON for programs.

Made by ``check_mapping``; drawn by the designer, the ``mapping check`` command and the refusal to publish.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What is known of one target field, relative to the declared source schema."""

    PROVED = "proved"
    """No record that fits the source makes a value the target refuses."""
    NEEDS_GUARD = "needs_guard"
    """It could not be proved, and no record was found either."""
    WRONG = "wrong"
    """A record that fits the source was mapped and gave a value the target refuses."""


@dataclass(frozen=True, slots=True)
class CounterExample:
    """A record of the source for which the mapping gives what the target refuses; evaluation confirmed it."""

    sources: Mapping[str, Any]
    """Only what the field reads: path -> value."""
    record: Mapping[str, Any]
    problem: str
    """``ShipAddr1: has 61 characters; 60 fit``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One target field: ``orderItems[].Descr``."""

    path: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    guard: str = ""
    """What to change, in words: ``add truncate 60``."""
    notes: tuple[str, ...] = ()
    """Why a record may fail or be held instead; no invalid target."""
    counter_example: CounterExample | None = None
    is_missing: bool = False
    """A required field that no rule fills."""

    def as_json(self) -> dict[str, Any]:
        example = self.counter_example
        return {
            "path": self.path,
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "guard": self.guard,
            "notes": list(self.notes),
            "counter_example": None
            if example is None
            else {"sources": plain(example.sources), "problem": example.problem},
        }


@dataclass(frozen=True, slots=True)
class MappingReport:
    """All findings of one mapping, in the order of its rules, missing fields last."""

    name: str
    findings: tuple[Finding, ...] = field(default_factory=tuple)

    @property
    def is_publishable(self) -> bool:
        """True when nothing is wrong; what needs a guard is for a person to decide."""
        return not self.wrong

    @property
    def is_proved(self) -> bool:
        """True when no record that fits the source can make an invalid target."""
        return all(one.verdict is Verdict.PROVED for one in self.findings)

    @property
    def wrong(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.verdict is Verdict.WRONG)

    @property
    def missing_required(self) -> tuple[str, ...]:
        """Required target fields that no rule fills."""
        return tuple(one.path for one in self.findings if one.is_missing)

    def count(self, verdict: Verdict) -> int:
        return sum(one.verdict is verdict for one in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "publishable": self.is_publishable,
            "counts": {one.value: self.count(one) for one in Verdict},
            "missing_required": list(self.missing_required),
            "findings": [one.as_json() for one in self.findings],
        }

    def lines(self, *, notes: bool = False) -> Iterator[str]:
        """Yield the report as text, what is wrong first."""
        for verdict in (Verdict.WRONG, Verdict.NEEDS_GUARD, Verdict.PROVED):
            for one in self.findings:
                if one.verdict is verdict:
                    yield from _lines(one, notes)
        counts = ", ".join(f"{self.count(one)} {one.value.replace('_', ' ')}" for one in Verdict)
        yield f"{self.name or 'mapping'}: {counts}"


def _lines(finding: Finding, notes: bool) -> Iterator[str]:
    words = finding.verdict.value.replace("_", " ").upper()
    reason = f"  {'; '.join(finding.reasons)}" if finding.reasons else ""
    yield f"{words:<11} {finding.path}{reason}"
    if finding.guard:
        yield f"{'':<12}-> {finding.guard}"
    if finding.counter_example is not None:
        sources = ", ".join(
            f"{path} = {_short(value)}" for path, value in finding.counter_example.sources.items()
        )
        yield f"{'':<12}for {sources or 'every record'}: {finding.counter_example.problem}"
    if notes:
        for note in finding.notes:
            yield f"{'':<12}({note})"


def _short(value: Any) -> str:
    shown = str(value) if isinstance(value, Decimal | date) else repr(value)
    return shown if len(shown) <= 80 else f"{shown[:60]}... ({len(str(value))} characters)"


def plain(value: Any) -> Any:
    """Return a value as JSON can carry it: exact numbers and times as text."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value
