"""The beat schedule as rows: which periodic tasks exist and how often they run. Ensured after every migrate."""

from django.conf import settings
from django_celery_beat.models import IntervalSchedule, PeriodicTask

# name, task, seconds between runs
PERIODIC: tuple[tuple[str, str, float], ...] = (
    ("Sweep due runs", "integrations.tasks.sweep", settings.SWEEP_SECONDS),
    ("Start due polls", "integrations.tasks.poll_due", 2),
    ("Start steps of sync jobs", "integrations.tasks.sync_due", 2),
    ("Do steps of bulk actions", "integrations.tasks.bulk_due", 2),
    ("Watch webhooks", "integrations.tasks.watch_webhooks", 60),
    ("Watch for silence", "integrations.tasks.watch_silence", 300),
    ("Tend demos", "integrations.tasks.tend_demos", 15),
    ("Let old bodies go", "integrations.tasks.retain", 60),
)


def ensure_schedule(alias: str) -> None:
    """Create or correct our periodic tasks; tasks that other people added stay as they are."""
    for name, task, seconds in PERIODIC:
        interval, _ = IntervalSchedule.objects.using(alias).get_or_create(
            every=max(1, round(seconds)), period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.using(alias).update_or_create(
            name=name,
            # A message that waited longer than its period is worth nothing: the next one is there already.
            defaults={"task": task, "interval": interval, "expire_seconds": 10, "enabled": True},
        )
