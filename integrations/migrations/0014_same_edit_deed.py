"""Proves for old rows that a bulk action's deed is a known one; reads and writes go on meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0013_same_edit"),
    ]

    operations = [
        ValidateConstraint("bulkaction", "bulk_action_deed_known"),
    ]
