"""What people edited in the records of a run: who, when, and the values before and after while they are kept.

Feeds the passport and the API; masking is theirs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from integrations.models import RunEdit


@dataclass(frozen=True, slots=True)
class EditRow:
    """One edit. ``payload_id`` names its sealed values."""

    id: int
    part: str
    fields: tuple[str, ...]
    author: str
    created_at: datetime
    payload_id: int


def edits_of(run_id: int) -> list[EditRow]:
    """Return a run's edits, newest first."""
    return [
        EditRow(one.pk, one.part, tuple(one.fields), one.author, one.created_at, one.payload_id)
        for one in RunEdit.objects.filter(run_id=run_id).order_by("-id")[:20]
    ]


def edited_runs(run_ids: Iterable[int]) -> set[int]:
    """Return which of these runs were ever edited."""
    wanted = list(run_ids)
    if not wanted:
        return set()
    return set(RunEdit.objects.filter(run_id__in=wanted).values_list("run_id", flat=True))
