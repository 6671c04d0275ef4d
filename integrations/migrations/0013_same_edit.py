"""One edit for many waiting runs: the sealed edit of a bulk action, and why it left a run as it was.

Safe beside running workers: the new columns have no value or a constant one, which touches no row of a full table, and
the wider condition is only proved for old rows by the next migration, without keeping writers out.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0012_attempt_without_time_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkaction",
            name="edit",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="bulkactionrun",
            name="left_out",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
        migrations.RemoveConstraint(
            model_name="bulkaction",
            name="bulk_action_deed_known",
        ),
        AddConstraintNotValid(
            model_name="bulkaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("deed__in", ["retry", "skip", "release", "edit"])),
                name="bulk_action_deed_known",
            ),
        ),
    ]
