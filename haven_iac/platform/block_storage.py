"""Block storage: the default StorageClass, for one node at a time."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.storage import classes, many, snapshot_class, snapshots, storage_class
from haven_iac.spec import ClusterSpec

slot = slots.BLOCK_STORAGE


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return None: the driver belongs to the cloud."""
    return None


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return a class for each one that the cloud offers, and one for snapshots where there are any."""
    blocks = [one for one in classes(spec, facts) if not many(one)]
    found = [Manifest(slot, f"class-{one.name}", storage_class(one), (slots.BLOCK_DRIVER,)) for one in blocks]
    if driver := snapshots(spec, facts):
        found.append(Manifest(slot, "snapshot-class", snapshot_class(driver), (slots.SNAPSHOTS, slots.BLOCK_DRIVER)))
    return tuple(found)
