"""Backups of objects and volumes."""

from __future__ import annotations

from haven_iac.spec.cron import Schedule
from haven_iac.spec.model import Duration, SpecModel
from haven_iac.spec.storage import Bucket, ObjectStoreSpec


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
