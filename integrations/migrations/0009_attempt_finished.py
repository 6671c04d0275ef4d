"""Where the attempts of the last minutes lie, made while the table is in use."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("integrations", "0008_bulk_actions")]

    operations = [
        AddIndexConcurrently(
            "attempt", BrinIndex(fields=["finished_at"], name="attempt_finished", autosummarize=True)
        ),
    ]
