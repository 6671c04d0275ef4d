"""Indexes for what sync jobs and the watch over arrivals ask, made while the tables are in use."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("integrations", "0006_sync_jobs")]

    operations = [
        AddIndexConcurrently(
            "run",
            models.Index(
                fields=["tenant", "sync_job", "status"],
                name="run_sync_job",
                condition=models.Q(sync_job__isnull=False),
            ),
        ),
        AddIndexConcurrently("event", BrinIndex(fields=["received_at"], name="event_received")),
    ]
