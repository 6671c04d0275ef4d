"""The index of suspects: nearly always empty, built without blocking a full table."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("integrations", "0004_limits_and_suspects")]

    operations = [
        AddIndexConcurrently(
            "run",
            models.Index(fields=["pair"], name="run_suspect", condition=models.Q(is_suspect=True)),
        ),
    ]
