"""Driver that mounts NFS on nodes, where another driver leaves that to it."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import shared_storage, slots
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.storage import SharedKind

slot = slots.NFS_DRIVER

CHART = "csi-driver-nfs"


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return the NFS driver for the cloud's own shares; an NFS server of one's own brings it by itself."""
    if facts.controllers.get(slot) != CHART or spec.storage.shared.kind is SharedKind.NFS:
        return None
    return shared_storage.nfs(spec, facts, slot)


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing: classes are a slot of their own."""
    return ()
