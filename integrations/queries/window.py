"""Finds where a time span begins in a table whose ids grow with time. Used by every "last 24 hours".

``run`` has no index on its arrival time on purpose (the queue would pay for it with every insert); ids and
arrival grow together, so a bisection over the index (tenant, id) finds the border in about twenty look-ups.
"""

from datetime import datetime

from integrations.models import Run


def first_run_since(moment: datetime) -> int:
    """Return the lowest id that may have arrived at or after ``moment``; one above the last when none did."""
    newest = Run.objects.order_by("-id").values_list("id", "created_at").first()
    if newest is None:
        return 1
    if newest[1] < moment:
        return int(newest[0]) + 1
    oldest = Run.objects.order_by("id").values_list("id", "created_at").first()
    if oldest is None or oldest[1] >= moment:
        return 1
    low, high = int(oldest[0]), int(newest[0])
    # low is before the moment, high is not.
    while high - low > 1:
        middle = (low + high) // 2
        found = (
            Run.objects.filter(id__lte=middle, id__gt=low)
            .order_by("-id")
            .values_list("id", "created_at")
            .first()
        )
        if found is None or found[1] < moment:
            low = middle
        else:
            high = int(found[0])
    return high
