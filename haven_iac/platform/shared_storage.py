"""Shared storage: StorageClasses that many nodes may write to."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.storage import storage_class
from haven_iac.spec import ClusterSpec

slot = slots.SHARED_STORAGE

NEEDS = (slots.SHARED_DRIVER,)


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return None: the driver belongs to the cloud."""
    return None


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return a class for each one that the cloud offers."""
    classes = [one for one in facts.storage.classes if "ReadWriteMany" in one.access_modes]
    return tuple(Manifest(slot, f"class-{one.name}", storage_class(one), NEEDS) for one in classes)
