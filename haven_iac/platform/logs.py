"""Logs: Loki, with retention for ordinary and audit logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import (
    NS_LOGGING,
    NS_MONITORING,
    PRIORITY,
    make,
    name_label,
    resources,
    scraped,
    spread,
    workload,
)
from haven_iac.platform.objects import key_pair, port
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.model import hours
from haven_iac.spec.policy import PodSecurity

slot = slots.LOGS

PORT = 3100
CREDENTIAL = "loki-object-storage"
SCHEMA_SINCE = "2026-01-01"
"""First day of the index's schema; never changed, or older logs cannot be read."""


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Loki as one binary: on object storage when a bucket is given, else on a volume."""
    pods = sizes(spec).loki
    store = spec.logs.object_store if spec.logs.bucket else None
    return make(
        spec,
        facts,
        slot=slot,
        chart="loki",
        namespace=NS_LOGGING,
        pod_security=PodSecurity.RESTRICTED,
        values=_values(spec, facts),
        needs=(slots.BLOCK_STORAGE, slots.MONITORING_CRDS),
        provides=("log-aggregation",),
        workloads=(workload(pods, replicas=_replicas(spec)),),
        secrets=(key_pair(CREDENTIAL, store),) if store else (),
        flows=(
            flows.policy(
                NS_LOGGING,
                "loki",
                name_label("loki"),
                ingress=[flows.namespace_rule("from", NS_MONITORING, PORT)],
                egress=[flows.outside(port(store)), flows.api()],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()


def _replicas(spec: ClusterSpec) -> int:
    """Return how many there can be: without object storage they cannot share what they keep."""
    return sizes(spec).loki.replicas if spec.logs.bucket else 1


def _storage(spec: ClusterSpec) -> dict[str, Any]:
    if not spec.logs.bucket:
        return {"type": "filesystem"}
    s3: dict[str, Any] = {"s3ForcePathStyle": True}
    if store := spec.logs.object_store:
        s3 |= {
            **({"endpoint": store.endpoint} if store.endpoint else {}),
            "region": store.region,
            "accessKeyId": "${S3_ACCESS_KEY_ID}",
            "secretAccessKey": "${S3_SECRET_ACCESS_KEY}",
        }
    return {"type": "s3", "bucketNames": {"chunks": spec.logs.bucket, "ruler": spec.logs.bucket}, "s3": s3}


def _values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    size, replicas = sizes(spec), _replicas(spec)
    kind = "s3" if spec.logs.bucket else "filesystem"
    schema = {"from": SCHEMA_SINCE, "store": "tsdb", "object_store": kind, "schema": "v13"}
    off = {"enabled": False}
    values: dict[str, Any] = {
        "deploymentMode": "Monolithic",
        "loki": {
            "auth_enabled": False,
            "commonConfig": {"replication_factor": min(replicas, 3)},
            "storage": _storage(spec),
            "schemaConfig": {"configs": [{**schema, "index": {"prefix": "index_", "period": "24h"}}]},
            "compactor": {"retention_enabled": True, "delete_request_store": kind},
            "limits_config": {
                "retention_period": hours(spec.logs.retention),
                "retention_stream": [
                    {"selector": '{kind="audit"}', "priority": 1, "period": hours(spec.logs.audit_retention)}
                ],
            },
        },
        "singleBinary": {
            "replicas": replicas,
            "persistence": {"enabled": True, "size": size.loki_volume},
            "resources": resources(size.loki),
            "topologySpreadConstraints": spread(name_label("loki")),
            "podDisruptionBudget": {"maxUnavailable": 1},
        },
        "read": {"replicas": 0},
        "write": {"replicas": 0},
        "backend": {"replicas": 0},
        "gateway": off,
        "lokiCanary": off,
        "test": off,
        "chunksCache": off,
        "resultsCache": off,
        "rollout_operator": off,
        "sidecar": {"rules": off},
        "defaults": {"priorityClassName": PRIORITY},
        "monitoring": {
            "serviceMonitor": {"enabled": scraped(spec, facts)},
            "rules": {"enabled": scraped(spec, facts)},
            "dashboards": {"enabled": scraped(spec, facts)},
        },
    }
    if spec.logs.bucket and spec.logs.object_store:
        values["defaults"]["extraEnvFrom"] = [{"secretRef": {"name": CREDENTIAL}}]
    if spec.mirror.images:
        values["global"] = {"imageRegistry": spec.mirror.images.rstrip("/")}
    return values
