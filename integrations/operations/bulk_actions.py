"""Bulk actions as people start and cancel them. The work itself is ``bulk_steps``; what it would mean ``bulk_plans``.

Called by ``portal.web.bulk_actions`` and the API inside ``in_tenant``.
"""

from django.db import transaction
from django.utils import timezone

from integrations.kinds.bulk_action import BulkDeed, BulkStatus
from integrations.models import BulkAction
from integrations.operations import audit
from integrations.operations.audit import Actor
from integrations.operations.runs import THE_USUAL, RetryChoice
from integrations.queries import selections
from integrations.queries.selections import Selection


class BulkRefused(ValueError):
    """This cannot be started; the text says why, for the person who asks."""


class NotCancellable(RuntimeError):
    """The action has ended; the text names how."""


def start_retry(
    selection: Selection,
    words: str,
    *,
    actor: Actor,
    choice: RetryChoice = THE_USUAL,
    calls: int = 0,
    tries_one_first: bool = True,
    up_to: int | None = None,
) -> BulkAction:
    """Retry every run that matches now; the next step, seconds later, begins it. Raises BulkRefused.

    One goes first: the others follow only when it succeeded. ``up_to`` is the last run that the plan counted.
    """
    return _start(
        BulkDeed.RETRY,
        selection,
        words,
        actor=actor,
        choice=choice,
        calls=calls,
        up_to=up_to,
        status=BulkStatus.TRYING if tries_one_first else BulkStatus.RUNNING,
    )


def start_skip(
    selection: Selection, words: str, reason: str, *, actor: Actor, up_to: int | None = None
) -> BulkAction:
    """End every run that matches now without delivering it. Raises BulkRefused, also without a reason."""
    if not reason.strip():
        raise BulkRefused("Say why they are skipped.")
    return _start(BulkDeed.SKIP, selection, words, actor=actor, reason=reason.strip(), up_to=up_to)


def start_release(selection: Selection, words: str, *, actor: Actor) -> BulkAction:
    """Watch and carry on the release of what waits for a condition that was met. Raises BulkRefused."""
    return _start(BulkDeed.RELEASE, selection, words, actor=actor)


def _start(
    deed: BulkDeed,
    selection: Selection,
    words: str,
    *,
    actor: Actor,
    choice: RetryChoice = THE_USUAL,
    calls: int = 0,
    status: BulkStatus = BulkStatus.RUNNING,
    reason: str = "",
    up_to: int | None = None,
) -> BulkAction:
    with transaction.atomic():
        matched, last = selections.span(selection, up_to=up_to)
        if not matched:
            raise BulkRefused("Nothing that waits for a person matches this.")
        action: BulkAction = BulkAction.objects.create(
            deed=deed.value,
            status=(status if matched > 1 else BulkStatus.RUNNING).value,
            selection=selection.as_json(),
            words=words[:200],
            version=choice.version.value,
            start=choice.start.value,
            matched=matched,
            up_to=last,
            calls=calls,
            reason=reason[:300],
            requested_by=actor.name[:254],
        )
        summary = ", ".join(filter(None, (f"{deed.label} {matched}: {words}", choice.words, reason)))
        audit.record(actor, "bulk.started", f"bulk_action {action.pk}", summary)
    return action


def cancel(action_id: int, reason: str, *, actor: Actor) -> None:
    """Take on no further run. What was sent goes on, what was skipped stays so. Raises NotCancellable.

    A step under way is waited for: it is one short transaction.
    """
    with transaction.atomic():
        action = BulkAction.objects.select_for_update(no_key=True).get(pk=action_id)
        standing = BulkStatus(action.status)
        if BulkStatus.CANCELLED not in standing.info.next:
            raise NotCancellable(f"It is {standing.info.label.lower()} already.")
        action.status = BulkStatus.CANCELLED.value
        action.reason = (reason.strip() or "cancelled by a person")[:300]
        action.finished_at = timezone.now()
        action.edit = None
        action.save(update_fields=["status", "reason", "finished_at", "edit"])
        summary = f"{action.taken} of {action.matched} were through: {reason.strip()}"
        audit.record(actor, "bulk.cancelled", f"bulk_action {action_id}", summary)
