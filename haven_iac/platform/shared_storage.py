"""Shared storage: StorageClasses that many nodes may write to, and a driver where the cloud has none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import CRITICAL, NS_LONGHORN, NS_NFS, make, registry, resources, scraped, workload
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.sizes import sizes
from haven_iac.platform.storage import classes, many, snapshots, storage_class
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity
from haven_iac.spec.storage import SharedKind

slot = slots.SHARED_STORAGE

EVERYWHERE = [{"operator": "Exists"}]


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return the driver for an existing NFS server, or Longhorn; None where the driver belongs to the cloud."""
    if spec.storage.shared.kind is SharedKind.NFS:
        return nfs(spec, facts, slot)
    if spec.storage.shared.kind is SharedKind.LONGHORN:
        return _longhorn(spec, facts)
    return None


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return each class for ReadWriteMany; where volumes are zonal the cloud names one for every zone."""
    return tuple(
        Manifest(slot, f"class-{one.name}", storage_class(one), (slots.SHARED_DRIVER,))
        for one in classes(spec, facts)
        if many(one)
    )


def nfs(spec: ClusterSpec, facts: CloudFacts, slot: str) -> Release:
    """Return the NFS driver of Kubernetes' storage group; classes are objects of our own."""
    size = sizes(spec)
    base = registry(spec, "registry.k8s.io")
    one = {"requests": {"cpu": "10m", "memory": "20Mi"}, "limits": {"memory": "200Mi"}}
    return make(
        spec,
        facts,
        slot=slot,
        chart="csi-driver-nfs",
        namespace=NS_NFS,
        pod_security=PodSecurity.PRIVILEGED,  # it mounts for the whole node
        values={
            "image": {"baseRepo": base, "nfs": {"repository": f"{base}/sig-storage/nfsplugin"}},
            "controller": {
                "replicas": size.nfs_controller.replicas,
                "runOnControlPlane": False,
                "enableSnapshotter": snapshots(spec, facts) is not None,
                "defaultOnDeletePolicy": "archive",
                "priorityClassName": CRITICAL,
                "resources": {
                    part: one for part in ("csiProvisioner", "csiResizer", "csiSnapshotter", "livenessProbe", "nfs")
                },
            },
            "node": {
                "maxUnavailable": 1,
                "priorityClassName": "system-node-critical",
                "tolerations": EVERYWHERE,
                "resources": {part: one for part in ("livenessProbe", "nodeDriverRegistrar", "nfs")},
            },
            "externalSnapshotter": {"enabled": False},
        },
        needs=(slots.SNAPSHOTS,),
        provides=("shared-storage",),
        workloads=(workload(size.nfs_controller), workload(size.nfs_node, per_node=True)),
        # Its pods use the nodes' own network, which NetworkPolicies do not reach.
    )


def _longhorn(spec: ClusterSpec, facts: CloudFacts) -> Release:
    size = sizes(spec)
    values: dict[str, Any] = {
        "persistence": {"createStorageClass": False, "defaultClass": False},
        "preUpgradeChecker": {"jobEnabled": False},
        "networkPolicies": {"enabled": False, "restrictInternalTraffic": False},
        "longhornManager": {
            "resources": resources(size.longhorn_manager),
            "updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}},
        },
        "longhornUI": {"replicas": 0},
        "defaultSettings": {
            "upgradeChecker": False,
            "allowCollectingLonghornUsageMetrics": False,
            "deletingConfirmationFlag": True,
            "nodeDrainPolicy": "block-for-eviction-if-contains-last-replica",
            "replicaSoftAntiAffinity": False,
            "replicaZoneSoftAntiAffinity": True,
            "storageReservedPercentageForDefaultDisk": 25,
        },
        "metrics": {"serviceMonitor": {"enabled": scraped(spec, facts)}},
    }
    if spec.mirror.images:
        values["global"] = {"imageRegistry": spec.mirror.images.rstrip("/")}
    return make(
        spec,
        facts,
        slot=slot,
        chart="longhorn",
        namespace=NS_LONGHORN,
        pod_security=PodSecurity.PRIVILEGED,  # it attaches disks to the nodes
        values=values,
        needs=(slots.SNAPSHOTS, slots.MONITORING_CRDS),
        provides=("shared-storage",),
        workloads=(workload(size.longhorn_manager, per_node=True), workload(size.longhorn_parts, per_node=True)),
        flows=(
            flows.policy(
                NS_LONGHORN,
                "longhorn",
                ingress=[flows.anywhere(2049, 3260, 8500, 9500, 9501, 9502, 9503, (10000, 30000))],
                egress=[flows.api(), flows.every_pod("to"), flows.anywhere(2049, 3260, 9500, (10000, 30000))],
            ),
        ),
    )
