"""Driver that mounts NFS on nodes, where another driver leaves that to it."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.common import NS_SYSTEM, image, make, registry, workload
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.sizes import Pods
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.NFS_DRIVER

CHART = "csi-driver-nfs"
CONTROLLER = Pods(1, 50, 100, 512)
NODE = Pods(1, 30, 60, 300)


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return the NFS driver of Kubernetes' storage group; it makes no class."""
    if facts.controllers.get(slot) != CHART:
        return None
    return make(
        spec,
        facts,
        slot=slot,
        chart=CHART,
        namespace=NS_SYSTEM,
        pod_security=PodSecurity.PRIVILEGED,
        values={
            "image": {
                "baseRepo": registry(spec, "registry.k8s.io"),
                "nfs": {"repository": image(spec, "registry.k8s.io/sig-storage/nfsplugin")},
            },
            "controller": {"replicas": CONTROLLER.replicas, "enableSnapshotter": False},
            "node": {"tolerations": [{"operator": "Exists"}]},
            "externalSnapshotter": {"enabled": False},
        },
        provides=("nfs-driver",),
        workloads=(workload(CONTROLLER), workload(NODE, per_node=True)),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()
