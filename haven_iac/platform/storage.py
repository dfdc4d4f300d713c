"""StorageClasses: what the cloud offers, and what we bring where it offers too little."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from haven_iac.facts import CloudFacts, StorageClassFacts
from haven_iac.platform import slots
from haven_iac.spec import ClusterSpec
from haven_iac.spec.storage import SharedKind

MANY = "ReadWriteMany"
SHARED = "shared"
"""Name of the class for ReadWriteMany that we bring."""
NFS_PROVISIONER = "nfs.csi.k8s.io"
LONGHORN_PROVISIONER = "driver.longhorn.io"
OURS = {SharedKind.NFS: NFS_PROVISIONER, SharedKind.LONGHORN: LONGHORN_PROVISIONER}
"""Kinds of shared storage whose driver we install, and its provisioner."""

_SNAPSHOTS = {"cinder.csi.openstack.org": {"force-create": "true"}}
"""What drivers are told about snapshots.  Cinder makes none of a volume in use unless it is told to."""
EXPORT_RULES = {"manila.csi.openstack.org": "nfs-shareClient"}
"""How a provisioner's name ends, and the parameter that says who may mount; without it everybody may."""

_ZONE = "topology.kubernetes.io/zone"


def classes(spec: ClusterSpec, facts: CloudFacts) -> tuple[StorageClassFacts, ...]:
    """Return every class that the cluster will have."""
    own = spec.storage.shared
    if own.kind is SharedKind.NONE:
        return tuple(one for one in facts.storage.classes if not many(one))
    if own.kind not in OURS:
        return facts.storage.classes
    kept = tuple(one for one in facts.storage.classes if not many(one))
    ours = _nfs(spec) if own.kind is SharedKind.NFS else _longhorn(spec)
    if not any(one.default for one in kept):
        ours = replace(ours, default=True)
    return (*kept, ours)


def present(spec: ClusterSpec, facts: CloudFacts) -> tuple[StorageClassFacts, ...]:
    """Return the classes that will be there: those of slots that somebody fills."""
    slot = {True: slots.SHARED_STORAGE, False: slots.BLOCK_STORAGE}
    return tuple(one for one in classes(spec, facts) if slots.filled(spec, facts, slot[many(one)]))


def many(one: StorageClassFacts) -> bool:
    """Return whether volumes of a class can be written to from many nodes."""
    return MANY in one.access_modes


def snapshot_driver(spec: ClusterSpec, facts: CloudFacts) -> str | None:
    """Return the driver that can make snapshots, or None."""
    longhorn = LONGHORN_PROVISIONER if spec.storage.shared.kind is SharedKind.LONGHORN else None
    return facts.storage.snapshot_driver or longhorn


def snapshots(spec: ClusterSpec, facts: CloudFacts) -> str | None:
    """Return the driver that makes snapshots, or None where nobody runs the controller for them."""
    return snapshot_driver(spec, facts) if slots.filled(spec, facts, slots.SNAPSHOTS) else None


def open_to_the_world(one: StorageClassFacts) -> bool:
    """Return whether anybody at all may mount the volumes of a class."""
    for provisioner, parameter in EXPORT_RULES.items():
        if one.provisioner.endswith(provisioner):
            allowed = one.parameters.get(parameter, "0.0.0.0/0").split(",")
            return any(part.strip() in ("", "0.0.0.0/0", "::/0") for part in allowed)
    return False


def problems(spec: ClusterSpec, facts: CloudFacts) -> Iterator[str]:
    """Yield what must not be: exports open to the world, zonal disks made before anybody knows the zone."""
    for one in classes(spec, facts):
        if not slots.ours(spec, facts, slots.SHARED_STORAGE if many(one) else slots.BLOCK_STORAGE):
            continue
        if open_to_the_world(one):
            yield f"anybody may mount volumes of the StorageClass {one.name}"
        zonal = not many(one) and len(facts.zones) > 1 and not one.zones
        if zonal and one.binding_mode == "Immediate" and one.provisioner not in OURS.values():
            yield f"volumes of the StorageClass {one.name} are made in a zone before their pod has one"


def storage_class(facts: StorageClassFacts) -> dict[str, Any]:
    """Return one StorageClass."""
    notes = {"storageclass.kubernetes.io/is-default-class": "true"} if facts.default else {}
    zones = [{"matchLabelExpressions": [{"key": _ZONE, "values": list(facts.zones)}]}] if facts.zones else []
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": facts.name, **({"annotations": notes} if notes else {})},
        "provisioner": facts.provisioner,
        "volumeBindingMode": facts.binding_mode,
        "allowVolumeExpansion": facts.expandable,
        "reclaimPolicy": "Delete",
        **({"mountOptions": list(facts.mount_options)} if facts.mount_options else {}),
        **({"parameters": dict(facts.parameters)} if facts.parameters else {}),
        **({"allowedTopologies": zones} if zones else {}),
    }


def snapshot_class(driver: str) -> dict[str, Any]:
    """Return the VolumeSnapshotClass that everybody gets, and that backups are made with."""
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {
            "name": "default",
            "labels": {"velero.io/csi-volumesnapshot-class": "true"},
            "annotations": {"snapshot.storage.kubernetes.io/is-default-class": "true"},
        },
        "driver": driver,
        "deletionPolicy": "Delete",
        **({"parameters": _SNAPSHOTS[driver]} if driver in _SNAPSHOTS else {}),
    }


def _nfs(spec: ClusterSpec) -> StorageClassFacts:
    """Return the class of an existing NFS server; a folder of its own for each volume."""
    return StorageClassFacts(
        SHARED,
        NFS_PROVISIONER,
        ("ReadWriteOnce", MANY),
        "Immediate",
        parameters={
            "server": str(spec.storage.shared.server),
            "share": spec.storage.shared.path,
            "subDir": f"{spec.name}/${{pvc.metadata.namespace}}/${{pvc.metadata.name}}-${{pv.metadata.name}}",
            "onDelete": "archive",
        },
        mount_options=("nfsvers=4.1", "hard", "noresvport"),
    )


def _longhorn(spec: ClusterSpec) -> StorageClassFacts:
    """Return the class of Longhorn, which keeps copies on the nodes' own disks."""
    workers = sum(pool.autoscale.min if pool.autoscale else pool.size for pool in spec.pools.values())
    copies = min(3, max(1, workers))
    return StorageClassFacts(
        SHARED,
        LONGHORN_PROVISIONER,
        ("ReadWriteOnce", MANY),
        "Immediate",
        parameters={"numberOfReplicas": str(copies), "staleReplicaTimeout": "30", "fsType": "ext4"},
    )
