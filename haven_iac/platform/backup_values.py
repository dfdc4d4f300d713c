"""What Velero is told: where to, when, and how the data of volumes gets there."""

from __future__ import annotations

import base64
import json
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import objects
from haven_iac.platform.common import NO_ESCALATION, NOT_ROOT, PRIORITY, image, resources, scraped
from haven_iac.platform.sizes import sizes
from haven_iac.platform.storage import snapshots
from haven_iac.spec import ClusterSpec
from haven_iac.spec.backup import VolumeBackup
from haven_iac.spec.model import hours

CREDENTIAL = "velero-object-storage"
PLUGIN = "docker.io/velero/velero-plugin-for-aws:v1.14.0"
"""Later ones send checksums behind the data, whatever they are told: 1.14.1 and 1.14.2 always, 1.14.3 with what is
larger than 5 MiB (velero-plugin-for-aws#335).  Stores that do not know them, as older Swift and Ceph, refuse."""
SCHEDULE = "all"
"""Name of the schedule that every cluster has."""

_AGENT_CONFIG = "node-agent"
_MOVER = {"cpuRequest": "100m", "cpuLimit": "0", "memoryRequest": "256Mi", "memoryLimit": "1Gi"}
_UPKEEP = {"cpuRequest": "100m", "cpuLimit": "0", "memoryRequest": "128Mi", "memoryLimit": "1Gi"}


def volumes(spec: ClusterSpec, facts: CloudFacts) -> VolumeBackup:
    """Return how the data of volumes gets into a backup: what is asked for, else what the cloud can do."""
    if spec.backup.volumes:
        return spec.backup.volumes
    return VolumeBackup.MOVE if snapshots(spec, facts) else VolumeBackup.NONE


def node_agent(spec: ClusterSpec, facts: CloudFacts) -> bool:
    """Return whether something has to copy data on every node."""
    return volumes(spec, facts) in (VolumeBackup.MOVE, VolumeBackup.FILES)


def values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    """Return the values of the chart."""
    size, store = sizes(spec), objects.store(spec.backup.object_store, facts)
    how = volumes(spec, facts)
    by_snapshot = how in (VolumeBackup.MOVE, VolumeBackup.SNAPSHOT)
    agent = node_agent(spec, facts)
    return {
        "image": {"repository": image(spec, "docker.io/velero/velero")},
        "initContainers": [
            {
                "name": "velero-plugin-for-aws",
                "image": image(spec, PLUGIN),
                "volumeMounts": [{"mountPath": "/target", "name": "plugins"}],
                "securityContext": {**NO_ESCALATION},
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
            }
        ],
        "resources": resources(size.velero),
        "priorityClassName": PRIORITY,
        "podSecurityContext": {**NOT_ROOT, "runAsUser": 65532, "fsGroup": 65532},
        "containerSecurityContext": {**NO_ESCALATION, "readOnlyRootFilesystem": False},
        "credentials": {"useSecret": bool(store), "existingSecret": CREDENTIAL if store else ""},
        "snapshotsEnabled": False,
        "upgradeCRDs": False,
        "cleanUpCRDs": False,
        "deployNodeAgent": agent,
        **({"nodeAgent": _agent(spec, how), "configMaps": _agent_config()} if agent else {}),
        "configuration": {
            "features": "EnableCSI" if by_snapshot else "",
            # What it knows of a repository is kept below HOME, which is / for a user whom its image does not know.
            "extraEnvVars": [{"name": "HOME", "value": "/scratch"}],
            "defaultBackupTTL": hours(spec.backup.retention),
            "defaultVolumesToFsBackup": how is VolumeBackup.FILES,
            "defaultSnapshotMoveData": how is VolumeBackup.MOVE,
            "backupStorageLocation": [_location(spec, store)],
            "repositoryMaintenanceJob": {
                "repositoryConfigData": {"global": {"podResources": _UPKEEP, "keepLatestMaintenanceJobs": 1}}
            },
        },
        "schedules": _schedules(spec, how),
        "metrics": {
            "serviceMonitor": {"enabled": scraped(spec, facts), "autodetect": False},
            "nodeAgentPodMonitor": {"enabled": scraped(spec, facts) and agent, "autodetect": False},
            "prometheusRule": {"enabled": False, "autodetect": False},
        },
    }


def _location(spec: ClusterSpec, store: objects.Store | None) -> dict[str, Any]:
    location: dict[str, Any] = {
        "name": "default",
        "provider": "aws",
        "bucket": spec.backup.bucket,
        "prefix": spec.name,
        "default": True,
        "config": {
            "region": store.region if store else "default",
            "s3ForcePathStyle": "true",
            "checksumAlgorithm": "",
            **({"s3Url": store.url} if store and store.url else {}),
        },
    }
    if store:
        location["credential"] = {"name": CREDENTIAL, "key": "cloud"}
        if store.ca:
            location["caCert"] = base64.b64encode(store.ca.encode()).decode()
    return location


def _agent(spec: ClusterSpec, how: VolumeBackup) -> dict[str, Any]:
    """Return the node agent; only to read files does it see the nodes' own folders."""
    return {
        "disableHostPath": how is not VolumeBackup.FILES,
        "priorityClassName": PRIORITY,
        "resources": resources(sizes(spec).node_agent),
        "tolerations": [{"operator": "Exists"}],
        "containerSecurityContext": {"allowPrivilegeEscalation": False, "seccompProfile": {"type": "RuntimeDefault"}},
        "extraArgs": [f"--node-agent-configmap=velero-{_AGENT_CONFIG}"],
    }


def _agent_config() -> dict[str, Any]:
    config = {"podResources": _MOVER}
    return {_AGENT_CONFIG: {"data": {"node-agent-config.json": json.dumps(config, sort_keys=True)}}}


def _schedules(spec: ClusterSpec, how: VolumeBackup) -> dict[str, Any]:
    def template(retention: str, **more: Any) -> dict[str, Any]:
        move = {"snapshotMoveData": how is VolumeBackup.MOVE}
        return {"ttl": hours(retention), "storageLocation": "default", **move, **more}

    found = {SCHEDULE: {"schedule": spec.backup.schedule, "template": template(spec.backup.retention)}}
    for name, one in sorted(spec.backup.schedules.items()):
        only = {"includedNamespaces": list(one.namespaces)} if one.namespaces else {}
        found[name] = {"schedule": one.schedule, "template": template(one.retention, **only)}
    return found
