"""Sync jobs with the runs they asked for, the hours in which something arrived, and how long a tenant keeps bodies."""

import django.db.models.deletion
import django.db.models.functions.datetime
import integrations.models.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0005_run_suspect"),
    ]

    operations = [
        migrations.CreateModel(
            name="HousekeepingMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, unique=True)),
                ("position", models.BigIntegerField(db_default=0, default=0)),
            ],
            options={"db_table": "housekeeping_mark"},
        ),
        migrations.CreateModel(
            name="ArrivalHour",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("hour", models.DateTimeField()),
                ("by_hook", models.PositiveIntegerField(default=0)),
                ("by_poll", models.PositiveIntegerField(default=0)),
            ],
            options={
                "db_table": "arrival_hour",
            },
        ),
        migrations.CreateModel(
            name="SyncJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("mode", models.CharField(max_length=12)),
                ("status", models.CharField(default="running", max_length=9)),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("record_ids", models.JSONField(default=list)),
                ("numbers", models.JSONField(default=list)),
                ("per_minute", models.PositiveIntegerField()),
                ("counted", models.PositiveIntegerField(null=True)),
                ("is_count_exact", models.BooleanField(default=False)),
                ("read", models.PositiveIntegerField(default=0)),
                ("queued", models.PositiveIntegerField(default=0)),
                ("passed_over", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("skipped", models.PositiveIntegerField(default=0)),
                ("held", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("missing", models.PositiveIntegerField(default=0)),
                ("position", models.JSONField(default=dict)),
                ("recent_ids", models.JSONField(default=list)),
                ("is_read_out", models.BooleanField(default=False)),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("leased_until", models.DateTimeField(null=True)),
                ("stepped_at", models.DateTimeField(null=True)),
                ("failures_in_row", models.PositiveSmallIntegerField(default=0)),
                ("rate_per_minute", models.FloatField(null=True)),
                ("measured_at", models.DateTimeField(null=True)),
                ("requested_by", models.CharField(max_length=254)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "sync_job",
            },
        ),
        migrations.AddField(
            model_name="tenant",
            name="payload_days",
            field=models.PositiveSmallIntegerField(db_default=None, null=True),
        ),
        migrations.AddField(
            model_name="arrivalhour",
            name="connection",
            field=integrations.models.tenancy.TenantKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="integrations.connection",
            ),
        ),
        migrations.AddField(
            model_name="arrivalhour",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="integrations.tenant",
            ),
        ),
        migrations.AddField(
            model_name="syncjob",
            name="flow",
            field=integrations.models.tenancy.TenantKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="integrations.flow",
            ),
        ),
        migrations.AddField(
            model_name="syncjob",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="integrations.tenant",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="sync_job",
            field=integrations.models.tenancy.TenantKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="integrations.syncjob",
            ),
        ),
        migrations.AddConstraint(
            model_name="arrivalhour",
            constraint=models.UniqueConstraint(
                fields=("tenant", "connection", "kind", "hour"), name="arrival_hour_one"
            ),
        ),
        migrations.AddIndex(
            model_name="syncjob",
            index=models.Index(
                condition=models.Q(("status", "running")), fields=["due_at"], name="sync_job_due"
            ),
        ),
        migrations.AddIndex(
            model_name="syncjob",
            index=models.Index(fields=["tenant", "-id"], name="sync_job_newest"),
        ),
        migrations.AddConstraint(
            model_name="syncjob",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["initial_load", "backfill", "targeted", "match_only"])),
                name="sync_job_mode_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="syncjob",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["running", "paused", "finished", "cancelled", "failed"])),
                name="sync_job_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="syncjob",
            constraint=models.CheckConstraint(
                condition=models.Q(("per_minute__gte", 1), ("per_minute__lte", 6000)),
                name="sync_job_per_minute",
            ),
        ),
        migrations.AddConstraint(
            model_name="syncjob",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("status__in", ["running", "paused"]), models.Q(("mode", "targeted"), _negated=True)
                ),
                fields=("tenant", "flow"),
                name="sync_job_one_sweep",
            ),
        ),
        migrations.AddIndex(
            model_name="arrivalhour",
            index=models.Index(fields=["hour"], name="arrival_hour_when"),
        ),
    ]
