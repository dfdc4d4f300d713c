"""Driver that mounts NFS on nodes, where another driver leaves that to it."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import shared_storage, slots
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec

slot = slots.NFS_DRIVER

CHART = "csi-driver-nfs"


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return the NFS driver, where the cloud's own shares are mounted by it."""
    return shared_storage.nfs(spec, facts, slot) if facts.controllers.get(slot) == CHART else None


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing: classes are a slot of their own."""
    return ()
