"""How a bulk action's own rows move on: its due time and end, and which runs it took. For the steps of all deeds.

Called by ``bulk_steps`` and ``same_edit_steps`` inside ``in_tenant``, with the action's row locked.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from integrations.kinds.bulk_action import BulkStatus
from integrations.models import BulkAction
from integrations.operations import audit

log = logging.getLogger("connect.bulk")

_TAKE = """
INSERT INTO bulk_action_run (tenant_id, bulk_action_id, run_id)
SELECT %s, %s, u.run_id FROM unnest(%s::bigint[]) AS u (run_id)
ON CONFLICT DO NOTHING RETURNING run_id
"""


def change(action: BulkAction, *, after_seconds: float = 0.0, **values: Any) -> None:
    """Write these values down; the next step is due then."""
    due_at = timezone.now() + timedelta(seconds=after_seconds)
    BulkAction.objects.filter(pk=action.pk).update(due_at=due_at, **values)


def end(action: BulkAction, status: BulkStatus, words: str, **values: Any) -> None:
    """Let the action end, with a word in the audit log. What an edit would have changed goes."""
    change(action, status=status.value, finished_at=timezone.now(), edit=None, **values)
    audit.record(audit.SYSTEM, f"bulk.{status.value}", f"bulk_action {action.pk}", words)
    log.info("bulk action ended action_id=%s status=%s", action.pk, status.value)


def take(action: BulkAction, ids: Sequence[int]) -> list[int]:
    """Write down which runs this action takes on; returns those that it had not."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [action.tenant_id, action.pk, list(ids)])
        return [row[0] for row in cursor.fetchall()]
