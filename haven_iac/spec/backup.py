"""Backups of objects and volumes."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from haven_iac.spec.cron import Schedule
from haven_iac.spec.model import Duration, Name, SpecModel
from haven_iac.spec.storage import Bucket, ObjectStoreSpec


class VolumeBackup(StrEnum):
    """How the data of volumes gets into a backup."""

    MOVE = "move"
    SNAPSHOT = "snapshot"
    FILES = "files"
    NONE = "none"


class ScheduleSpec(SpecModel):
    """A further schedule."""

    schedule: Schedule
    """When, as cron in UTC."""
    retention: Duration
    """How long these backups are kept."""
    namespaces: tuple[Name, ...] = ()
    """What is backed up; every namespace when left out."""


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
    volumes: VolumeBackup | None = None
    """move copies snapshots to the bucket, snapshot leaves them in the cloud, files reads the volumes on the nodes,
    none; move where the cloud has snapshots and none where it has not, when left out."""
    schedules: dict[Name, ScheduleSpec] = Field(default_factory=dict)
    """Further schedules by name, such as a monthly one that is kept for a year."""
    object_store: ObjectStoreSpec | None = None
    """Where that bucket is; the cloud's own when left out."""
