"""The data trace: for each target field which source values, which functions, what came out, where it failed."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class FieldTrace:
    """One target field of one evaluation; lists of these feed the passport and the designer."""

    target: str
    sources: tuple[tuple[str, Any], ...] = ()
    steps: list[tuple[str, Any]] = field(default_factory=list)
    """(function with its arguments in words, value after it)."""
    value: Any = None
    skipped: bool = False
    """The rule's condition did not hold and it has no else."""
    failure: str = ""
