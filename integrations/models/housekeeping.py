"""How far the sweeps over old rows have come. No tenant's data."""

from django.db import models


class HousekeepingMark(models.Model):
    """The position of one sweep, so that a short turn goes on where the last one stopped."""

    name = models.CharField(max_length=40, unique=True)
    position = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "housekeeping_mark"
