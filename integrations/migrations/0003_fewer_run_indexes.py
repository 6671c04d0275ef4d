"""Fewer indexes on what every order writes: three that another index answers as well, and an age index by block."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("integrations", "0002_idempotency_key")]

    operations = [
        AddIndexConcurrently(
            "run",
            models.Index(
                fields=["pair", "leased_until"], name="run_running", condition=models.Q(status="running")
            ),
        ),
        RemoveIndexConcurrently("run", "run_leased"),
        RemoveIndexConcurrently("run", "run_running_of_pair"),
        RemoveIndexConcurrently("run", "run_newest"),
        RemoveIndexConcurrently("event", "event_newest"),
        AddIndexConcurrently("payload", BrinIndex(fields=["created_at"], name="payload_written")),
        RemoveIndexConcurrently("payload", "payload_age"),
    ]
