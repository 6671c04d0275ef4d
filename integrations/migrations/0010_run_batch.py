"""A run that is written by another run's call says so while it is served. A new column without a value touches no row."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0009_attempt_finished"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="batch_of",
            field=models.BigIntegerField(null=True),
        ),
    ]
