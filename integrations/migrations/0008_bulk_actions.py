"""Bulk actions with the runs they took on, edits of runs, and what a retried run begins with.

Safe beside running workers: the new columns have constant defaults, which touches no row of a full table.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
import integrations.models.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0007_sync_job_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("deed", models.CharField(max_length=8)),
                ("status", models.CharField(max_length=9)),
                ("selection", models.JSONField()),
                ("words", models.CharField(max_length=200)),
                ("version", models.CharField(default="same", max_length=6)),
                ("start", models.CharField(default="usual", max_length=11)),
                ("matched", models.PositiveIntegerField()),
                ("taken", models.PositiveIntegerField(default=0)),
                ("position", models.BigIntegerField(default=0)),
                ("up_to", models.BigIntegerField()),
                ("calls", models.PositiveIntegerField(default=0)),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("requested_by", models.CharField(max_length=254)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "bulk_action",
            },
        ),
        migrations.CreateModel(
            name="BulkActionRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            options={
                "db_table": "bulk_action_run",
            },
        ),
        migrations.CreateModel(
            name="RunEdit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("part", models.CharField(max_length=6)),
                ("fields", models.JSONField()),
                ("payload_id", models.BigIntegerField()),
                ("author", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "run_edit",
            },
        ),
        migrations.AddField(
            model_name="run",
            name="start_from",
            field=models.CharField(blank=True, db_default="", max_length=6),
        ),
        migrations.AddField(
            model_name="run",
            name="is_approved",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="bulkaction",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="integrations.tenant",
            ),
        ),
        migrations.AddField(
            model_name="bulkactionrun",
            name="bulk_action",
            field=integrations.models.tenancy.TenantKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="integrations.bulkaction",
            ),
        ),
        migrations.AddField(
            model_name="bulkaction",
            name="first_run",
            field=integrations.models.tenancy.TenantKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="integrations.run",
            ),
        ),
        migrations.AddField(
            model_name="bulkactionrun",
            name="run",
            field=integrations.models.tenancy.TenantKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="integrations.run",
            ),
        ),
        migrations.AddField(
            model_name="bulkactionrun",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="integrations.tenant",
            ),
        ),
        migrations.AddField(
            model_name="runedit",
            name="run",
            field=integrations.models.tenancy.TenantKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="integrations.run",
            ),
        ),
        migrations.AddField(
            model_name="runedit",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="integrations.tenant",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkaction",
            index=models.Index(
                condition=models.Q(("status__in", ["trying", "running"])),
                fields=["due_at"],
                name="bulk_action_due",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkaction",
            index=models.Index(fields=["tenant", "-id"], name="bulk_action_newest"),
        ),
        migrations.AddConstraint(
            model_name="bulkaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("deed__in", ["retry", "skip", "release"])), name="bulk_action_deed_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["trying", "running", "finished", "cancelled", "stopped"])),
                name="bulk_action_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkactionrun",
            constraint=models.UniqueConstraint(
                fields=("tenant", "bulk_action", "run"), name="bulk_action_run_once"
            ),
        ),
        migrations.AddIndex(
            model_name="runedit",
            index=models.Index(fields=["tenant", "run"], name="run_edit_run"),
        ),
        migrations.AddConstraint(
            model_name="runedit",
            constraint=models.CheckConstraint(
                condition=models.Q(("part__in", ["source", "mapped"])), name="run_edit_part_known"
            ),
        ),
    ]
