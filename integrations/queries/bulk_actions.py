"""Bulk actions as pages and the API show them: how far they are, and what became of the runs they took on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from integrations.kinds import RunStatus
from integrations.kinds.bulk_action import BulkDeed, BulkStatus, RetryStart, RetryVersion
from integrations.models import BulkAction, BulkActionRun, Run, current_tenant_id
from integrations.queries.records import MOVING, NEEDS_PERSON
from integrations.queries.sync_jobs import JobRow


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the runs that were sent, as it is now."""

    succeeded: int = 0
    left_out: int = 0
    held: int = 0
    failed: int = 0
    moving: int = 0
    passed_over: int = 0
    """Looked at by an edit and left as they were."""

    @property
    def settled(self) -> int:
        return self.succeeded + self.left_out + self.held + self.failed + self.passed_over

    @property
    def needs_person(self) -> int:
        return self.held + self.failed


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Runs that an edit left as they were, for one reason."""

    reason: str
    count: int
    run_id: int
    """One of them."""
    number: str


@dataclass(frozen=True, slots=True)
class BulkState:
    """One action with its progress."""

    id: int
    deed: BulkDeed
    status: BulkStatus
    words: str
    version: RetryVersion
    start: RetryStart
    matched: int
    taken: int
    calls: int
    first_run_id: int | None
    first_number: str
    first_status: RunStatus | None
    first_reason: str
    outcomes: Outcomes
    left_out: tuple[LeftOut, ...]
    requested_by: str
    reason: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def handled(self) -> int:
        """How many the action is through with: a retried run counts when it has come to rest."""
        return self.outcomes.settled if self.deed.sends else self.taken

    @property
    def total(self) -> int:
        """What it is about; an action that ended took on what it could."""
        looked_at = self.taken + self.outcomes.passed_over
        return looked_at if self.status.info.is_final else max(self.matched, looked_at)

    @property
    def untouched(self) -> int:
        """How many it has not come to."""
        return max(0, self.matched - self.taken - self.outcomes.passed_over)

    @property
    def is_settled(self) -> bool:
        """Whether nothing changes any more: it ended, and so did everything it sent."""
        return self.status.info.is_final and not self.outcomes.moving


_OUTCOMES = """
SELECT b.bulk_action_id, CASE WHEN b.left_out = '' THEN r.status ELSE 'passed_over' END, count(*) FROM bulk_action_run b
JOIN run r ON r.tenant_id = b.tenant_id AND r.id = b.run_id
WHERE b.tenant_id = %s AND b.bulk_action_id = ANY (%s) GROUP BY 1, 2
"""
_NAMES = {"succeeded": "succeeded", "held": "held", "dead": "failed", "skipped": "left_out",
          "superseded": "left_out", "cancelled": "left_out",
          "passed_over": "passed_over"}  # fmt: skip


def outcomes_of(action_ids: Sequence[int]) -> dict[int, Outcomes]:
    """Return what became of the runs of each action, in one statement."""
    counted: dict[int, dict[str, int]] = {action_id: {} for action_id in action_ids}
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, [current_tenant_id(), list(action_ids)])
        for action_id, status, many in cursor.fetchall():
            name = _NAMES.get(status, "moving")
            counted[action_id][name] = counted[action_id].get(name, 0) + many
    return {action_id: Outcomes(**counts) for action_id, counts in counted.items()}


_LEFT_OUT = """
SELECT b.bulk_action_id, b.left_out, count(*), min(b.run_id) FROM bulk_action_run b
WHERE b.tenant_id = %s AND b.bulk_action_id = ANY (%s) AND b.left_out <> ''
GROUP BY 1, 2 ORDER BY 3 DESC, 2
"""
_MOST_REASONS = 20


def left_out_of(action_ids: Sequence[int]) -> dict[int, tuple[LeftOut, ...]]:
    """Return why edits left runs as they were, most runs first and at most 20 reasons each."""
    found: dict[int, list[tuple[str, int, int]]] = {action_id: [] for action_id in action_ids}
    with connection.cursor() as cursor:
        cursor.execute(_LEFT_OUT, [current_tenant_id(), list(action_ids)])
        for action_id, *row in cursor.fetchall():
            if len(found[action_id]) < _MOST_REASONS:
                found[action_id].append((row[0], row[1], row[2]))
    named = Run.objects.in_bulk([run_id for rows in found.values() for _, _, run_id in rows])
    return {
        action_id: tuple(
            LeftOut(reason, many, run_id, named[run_id].business_key or named[run_id].record_key)
            for reason, many, run_id in rows
        )
        for action_id, rows in found.items()
    }


_MOVING = """
SELECT count(*) FROM (
    SELECT run_id FROM bulk_action_run
    WHERE tenant_id = %(tenant)s AND bulk_action_id = %(action)s AND left_out = '' ORDER BY run_id DESC LIMIT %(among)s
) b JOIN run r ON r.tenant_id = %(tenant)s AND r.id = b.run_id AND r.status = ANY (%(moving)s)
"""


def moving_of(action_id: int, *, among_last: int) -> int:
    """Return how many of the runs taken last are still on their way."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVING,
            {
                "tenant": current_tenant_id(),
                "action": action_id,
                "among": among_last,
                "moving": [status.value for status in MOVING],
            },
        )
        (many,) = cursor.fetchone()
    return int(many)


def actions_matching(status: str = "") -> QuerySet[BulkAction]:
    """Return the tenant's actions."""
    found: QuerySet[BulkAction] = BulkAction.objects.defer("edit")
    return found.filter(status=status) if status else found


def list_actions(*, before: int | None = None, size: int = 20) -> list[BulkState]:
    """Return up to ``size`` actions, newest first, older than id ``before``."""
    found = actions_matching()
    if before is not None:
        found = found.filter(pk__lt=before)
    return states_of(list(found.order_by("-id")[:size]))


def find_action(action_id: int) -> BulkState | None:
    found = actions_matching().filter(pk=action_id).first()
    return None if found is None else states_of([found])[0]


def states_of(actions: Sequence[BulkAction]) -> list[BulkState]:
    """Return actions as they are shown, in a few statements."""
    outcomes = outcomes_of([one.pk for one in actions]) if actions else {}
    edits = [one.pk for one in actions if one.deed == BulkDeed.EDIT]
    left_out = left_out_of(edits) if edits else {}
    firsts = Run.objects.in_bulk([one.first_run_id for one in actions if one.first_run_id])
    return [
        _state(one, outcomes[one.pk], left_out.get(one.pk, ()), firsts.get(one.first_run_id))
        for one in actions
    ]


def _state(
    action: BulkAction, outcomes: Outcomes, left_out: tuple[LeftOut, ...], first: Run | None
) -> BulkState:
    return BulkState(
        id=action.pk,
        deed=BulkDeed(action.deed),
        status=BulkStatus(action.status),
        words=action.words,
        version=RetryVersion(action.version),
        start=RetryStart(action.start),
        matched=action.matched,
        taken=action.taken,
        calls=action.calls,
        first_run_id=action.first_run_id,
        first_number="" if first is None else first.business_key or first.record_key,
        first_status=None if first is None else RunStatus(first.status),
        first_reason="" if first is None else first.reason,
        outcomes=outcomes,
        left_out=left_out,
        requested_by=action.requested_by,
        reason=action.reason,
        created_at=action.created_at,
        finished_at=action.finished_at,
    )


def rows_needing_person(action_id: int, *, limit: int = 20) -> list[JobRow]:
    """Return the runs of an action that wait for a person again, oldest first."""
    taken = BulkActionRun.objects.filter(bulk_action_id=action_id, left_out="").values("run_id")
    found = Run.objects.filter(pk__in=taken, status__in=[status.value for status in NEEDS_PERSON])
    return [_row(run) for run in found.order_by("id")[:limit]]


def rows_of(run_ids: Sequence[int]) -> list[JobRow]:
    """Return these runs as lists show them, oldest first."""
    return [_row(run) for run in Run.objects.filter(pk__in=list(run_ids)).order_by("id")]


def _row(run: Run) -> JobRow:
    return JobRow(run.pk, run.business_key or run.record_key, run.status, run.reason)
