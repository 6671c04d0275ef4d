"""A link remembers what both sides held when they last agreed. A new column without a value touches no row."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0010_run_batch"),
    ]

    operations = [
        migrations.AddField(
            model_name="recordlink",
            name="agreed",
            field=models.JSONField(null=True),
        ),
    ]
