"""StorageClasses, as the cloud's facts say."""

from __future__ import annotations

from typing import Any

from haven_iac.facts import StorageClassFacts


def storage_class(facts: StorageClassFacts) -> dict[str, Any]:
    """Return one StorageClass."""
    notes = {"storageclass.kubernetes.io/is-default-class": "true"} if facts.default else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": facts.name, **({"annotations": notes} if notes else {})},
        "provisioner": facts.provisioner,
        "volumeBindingMode": facts.binding_mode,
        "allowVolumeExpansion": facts.expandable,
        "reclaimPolicy": "Delete",
        **({"parameters": dict(facts.parameters)} if facts.parameters else {}),
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
    }
