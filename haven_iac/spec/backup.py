"""Backups of objects and volumes."""

from __future__ import annotations

from typing import Annotated

from haven_iac.spec.cron import check_schedule
from haven_iac.spec.model import Duration, Form, SpecModel
from haven_iac.spec.storage import Bucket, ObjectStoreSpec

Schedule = Annotated[
    str,
    Form(
        "a schedule: minute, hour, day, month and weekday, as cron writes them",
        "0 2 * * *",
        longest=100,
        meaning=check_schedule,
    ),
]
"""A cron schedule with five fields, in UTC."""


class BackupSpec(SpecModel):
    """Backups of objects and volumes, in a bucket elsewhere."""

    enabled: bool = True
    """Off leaves the cluster without backup."""
    bucket: Bucket = "backup"
    """Bucket for backups."""
    schedule: Schedule = "0 2 * * *"
    """When, as cron in UTC."""
    retention: Duration = "30d"
    """How long a backup is kept."""
    object_store: ObjectStoreSpec | None = None
    """Where that bucket is; the cloud's own when left out."""
