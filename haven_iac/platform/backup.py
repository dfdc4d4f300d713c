"""Backup: Velero, on a schedule, to a bucket elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import (
    NO_ESCALATION,
    NOT_ROOT,
    NS_BACKUP,
    PRIORITY,
    image,
    make,
    resources,
    scraped,
    workload,
)
from haven_iac.platform.objects import aws_file, port
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.model import hours
from haven_iac.spec.policy import PodSecurity

slot = slots.BACKUP

CREDENTIAL = "velero-object-storage"
PLUGIN = "docker.io/velero/velero-plugin-for-aws:v1.14.0"
METRICS_PORT = 8085


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Velero with its node agent."""
    size = sizes(spec)
    store = spec.backup.object_store
    return make(
        spec,
        facts,
        slot=slot,
        chart="velero",
        namespace=NS_BACKUP,
        pod_security=PodSecurity.BASELINE,
        values=_values(spec, facts),
        needs=(slots.BLOCK_STORAGE, slots.MONITORING_CRDS),
        provides=("backup",),
        workloads=(workload(size.velero), workload(size.node_agent, per_node=True)),
        secrets=(aws_file(CREDENTIAL, "cloud", store),) if store else (),
        flows=(
            flows.policy(
                NS_BACKUP,
                "velero",
                ingress=[flows.scrape(METRICS_PORT)],
                egress=[flows.api(), flows.outside(port(store))],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()


def _values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    size, store = sizes(spec), spec.backup.object_store
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
            **({"s3Url": store.endpoint} if store and store.endpoint else {}),
        },
    }
    if store:
        location["credential"] = {"name": CREDENTIAL, "key": "cloud"}
    movers = {"podResources": {"cpuRequest": "100m", "memoryRequest": "256Mi", "memoryLimit": "1Gi"}}
    snapshots = facts.storage.snapshot_driver is not None
    template = {"ttl": hours(spec.backup.retention), "storageLocation": "default", "snapshotMoveData": snapshots}
    return {
        "image": {"repository": image(spec, "docker.io/velero/velero")},
        "initContainers": [
            {
                "name": "velero-plugin-for-aws",
                "image": image(spec, PLUGIN),
                "volumeMounts": [{"mountPath": "/target", "name": "plugins"}],
                "securityContext": {**NO_ESCALATION},
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
        "deployNodeAgent": True,
        "nodeAgent": {
            "disableHostPath": True,
            "resources": resources(size.node_agent),
            "tolerations": [{"operator": "Exists"}],
            "extraArgs": ["--node-agent-configmap=velero-movers"],
        },
        "configMaps": {"movers": {"data": {"node-agent-config.json": json.dumps(movers, sort_keys=True)}}},
        "configuration": {
            "features": "EnableCSI" if snapshots else "",
            "defaultBackupTTL": hours(spec.backup.retention),
            "backupStorageLocation": [location],
        },
        "schedules": {"all": {"schedule": spec.backup.schedule, "template": template}},
        "metrics": {
            "serviceMonitor": {"enabled": scraped(spec, facts), "autodetect": False},
            "nodeAgentPodMonitor": {"enabled": scraped(spec, facts), "autodetect": False},
            "prometheusRule": {"enabled": False, "autodetect": False},
        },
    }
