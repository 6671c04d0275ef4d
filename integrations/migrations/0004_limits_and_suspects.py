"""Limits of credentials as rows, and which runs were in the hands of a worker that died."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import integrations.models.tenancy


class Migration(migrations.Migration):
    dependencies = [("integrations", "0003_fewer_run_indexes")]

    operations = [
        migrations.CreateModel(
            name="ConnectionLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("per_minute", models.FloatField(null=True)),
                ("tokens", models.FloatField(db_default=0, default=0)),
                ("refilled_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("blocked_until", models.DateTimeField(null=True)),
                ("refusals", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "connection",
                    integrations.models.tenancy.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.connection",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="integrations.tenant",
                    ),
                ),
            ],
            options={"db_table": "connection_limit"},
        ),
        migrations.AddConstraint(
            model_name="connectionlimit",
            constraint=models.UniqueConstraint(fields=("connection",), name="connection_limit_one"),
        ),
        migrations.AddField(
            model_name="connection",
            name="calls_per_minute",
            field=models.PositiveIntegerField(db_default=None, null=True),
        ),
        # Constants as database defaults: no row of a full table is rewritten.
        migrations.AddField(
            model_name="run",
            name="claimed_by",
            field=models.CharField(blank=True, db_default="", max_length=120),
        ),
        migrations.AddField(
            model_name="run", name="is_alone", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            model_name="run", name="is_suspect", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            model_name="run",
            name="lone_deaths",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.RunSQL(
            "INSERT INTO connection_limit (tenant_id, connection_id)"
            " SELECT tenant_id, id FROM connection ON CONFLICT DO NOTHING",
            migrations.RunSQL.noop,
        ),
    ]
