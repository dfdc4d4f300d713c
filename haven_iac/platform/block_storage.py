"""Block storage: the default StorageClass, for one node at a time."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.storage import snapshot_class, storage_class
from haven_iac.spec import ClusterSpec

slot = slots.BLOCK_STORAGE

NEEDS = (slots.BLOCK_DRIVER,)


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return None: the driver belongs to the cloud."""
    return None


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return a class for each one that the cloud offers, and one for snapshots where there are any."""
    classes = [one for one in facts.storage.classes if "ReadWriteMany" not in one.access_modes]
    found = [Manifest(slot, f"class-{one.name}", storage_class(one), NEEDS) for one in classes]
    if facts.storage.snapshot_driver:
        found.append(Manifest(slot, "snapshot-class", snapshot_class(facts.storage.snapshot_driver), NEEDS))
    return tuple(found)
