"""The last attempts are found by their key: an index by time is not needed, and goes while the table is in use."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("integrations", "0011_link_agreed")]

    operations = [
        RemoveIndexConcurrently("attempt", "attempt_finished"),
    ]
