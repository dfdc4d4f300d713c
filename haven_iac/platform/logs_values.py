"""What Loki is told: one binary, or each of its parts for itself where the platform is large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import late, objects
from haven_iac.platform.common import NS_LOGGING, PRIORITY, resources, scraped, spread
from haven_iac.platform.sizes import Pods, sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.model import hours

PORT = 3100
CREDENTIAL = "loki-object-storage"
AUTHORITY = "loki-object-storage-ca"
"""Secret with the private authority behind the bucket."""
_AUTHORITY_FOLDER = "/etc/loki/object-storage"
SCHEMA_SINCE = "2026-01-01"
"""First day of the index's schema; never changed, or older logs cannot be read."""
AUDIT = '{kind="audit"}'
"""The streams that are kept for as long as audit logs are."""

_EVERY_PART = (
    "distributor",
    "ingester",
    "querier",
    "queryFrontend",
    "queryScheduler",
    "indexGateway",
    "compactor",
    "singleBinary",
    "read",
    "write",
    "backend",
)
_OFF = {"enabled": False}


def parts(spec: ClusterSpec) -> Mapping[str, Pods]:
    """Return Loki's parts by the chart's key; none where one binary does all: without a bucket they share nothing."""
    return sizes(spec).loki_parts if spec.logs.bucket else {}


def one_binary(spec: ClusterSpec) -> int:
    """Return how many of the one binary there can be: without object storage they cannot share what they keep."""
    return sizes(spec).loki.replicas if spec.logs.bucket else 1


def bucket_in(spec: ClusterSpec, facts: CloudFacts) -> objects.Store | None:
    """Return the service with the bucket for logs; None where there is no bucket, or nobody says where it is."""
    return objects.store(spec.logs.object_store, facts) if spec.logs.bucket else None


def push_url(spec: ClusterSpec) -> str:
    """Return where logs are sent to."""
    name = "loki-distributor" if parts(spec) else "loki"
    return f"http://{name}.{NS_LOGGING}.svc:{PORT}/loki/api/v1/push"


def query_url(spec: ClusterSpec) -> str:
    """Return where logs are asked for."""
    name = "loki-query-frontend" if parts(spec) else "loki"
    return f"http://{name}.{NS_LOGGING}.svc:{PORT}"


def values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    """Return the values of the chart."""
    shared = parts(spec)
    copies = shared["ingester"].replicas if shared else one_binary(spec)
    given: dict[str, Any] = {
        "deploymentMode": "Distributed" if shared else "Monolithic",
        "loki": _config(spec, facts, min(copies, 3)),
        **{part: {"replicas": 0} for part in _EVERY_PART},
        **({key: _part(spec, key, pods) for key, pods in shared.items()} if shared else {"singleBinary": _all(spec)}),
        "gateway": _OFF,
        "lokiCanary": _OFF,
        "test": _OFF,
        "chunksCache": _OFF,
        "resultsCache": _OFF,
        "ruler": _OFF,
        "rollout_operator": _OFF,
        "sidecar": {"rules": _OFF},
        "defaults": {"priorityClassName": PRIORITY},
        "monitoring": {
            "serviceMonitor": {"enabled": scraped(spec, facts)},
            "rules": {"enabled": scraped(spec, facts)},
            # Grafana looks for dashboards in its own namespace only; ours stand there.
            "dashboards": _OFF,
        },
    }
    if store := bucket_in(spec, facts):
        given["defaults"] |= _reached(store)
    if spec.mirror.images:
        given["global"] = {"imageRegistry": spec.mirror.images.rstrip("/")}
    return given


def _reached(store: objects.Store) -> dict[str, Any]:
    """Return what every pod needs to use the bucket; a new credential makes new pods, which read it once."""
    found: dict[str, Any] = {"extraEnvFrom": [{"secretRef": {"name": CREDENTIAL}}]}
    if store.own:
        found["podAnnotations"] = {"haven-iac/object-storage": late.late(late.OBJECT_SUM)}
    if store.ca:
        found["extraVolumes"] = [{"name": "object-storage-ca", "secret": {"secretName": AUTHORITY}}]
        mount = {"name": "object-storage-ca", "mountPath": _AUTHORITY_FOLDER, "readOnly": True}
        found["extraVolumeMounts"] = [mount]
    return found


def _config(spec: ClusterSpec, facts: CloudFacts, copies: int) -> dict[str, Any]:
    kind = "s3" if spec.logs.bucket else "filesystem"
    schema = {"from": SCHEMA_SINCE, "store": "tsdb", "object_store": kind, "schema": "v13"}
    return {
        "auth_enabled": False,
        "analytics": {"reporting_enabled": False},
        "commonConfig": {"replication_factor": copies},
        "storage": _storage(spec, facts),
        "schemaConfig": {"configs": [{**schema, "index": {"prefix": "index_", "period": "24h"}}]},
        "compactor": {
            "retention_enabled": True,
            "delete_request_store": kind,
            "working_directory": "/var/loki/compactor",
        },
        "limits_config": {
            "retention_period": hours(spec.logs.retention),
            "retention_stream": [{"selector": AUDIT, "priority": 1, "period": hours(spec.logs.audit_retention)}],
        },
    }


def _storage(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    if not spec.logs.bucket:
        return {"type": "filesystem"}
    s3: dict[str, Any] = {"s3ForcePathStyle": True}
    if store := bucket_in(spec, facts):
        s3 |= {
            **({"endpoint": store.url} if store.url else {}),
            "region": store.region,
            "accessKeyId": "${S3_ACCESS_KEY_ID}",
            "secretAccessKey": "${S3_SECRET_ACCESS_KEY}",
            **({"http_config": {"ca_file": f"{_AUTHORITY_FOLDER}/ca.crt"}} if store.ca else {}),
        }
    return {"type": "s3", "bucketNames": {"chunks": spec.logs.bucket, "ruler": spec.logs.bucket}, "s3": s3}


def _all(spec: ClusterSpec) -> dict[str, Any]:
    """Return the one binary."""
    size = sizes(spec)
    return {
        **_common(size.loki, "single-binary"),
        "replicas": one_binary(spec),
        "persistence": {"enabled": True, "size": size.loki_volume},
        "terminationGracePeriodSeconds": 300,
    }


def _part(spec: ClusterSpec, key: str, pods: Pods) -> dict[str, Any]:
    """Return one part; those that keep something before it is in the bucket have a volume."""
    name = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in key)
    found = {**_common(pods, name), "replicas": pods.replicas}
    if key in ("ingester", "compactor"):
        claim = {"name": "data", "accessModes": ["ReadWriteOnce"], "size": sizes(spec).loki_volume}
        found["persistence"] = {"enabled": True, "claims": [claim]}
    if key == "ingester":
        found["zoneAwareReplication"] = {"enabled": False}
    if key == "compactor":
        del found["topologySpreadConstraints"], found["podDisruptionBudget"]
    return found


def _common(pods: Pods, component: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "loki", "app.kubernetes.io/component": component}
    return {
        "resources": resources(pods),
        "topologySpreadConstraints": spread(labels),
        "podDisruptionBudget": {"maxUnavailable": 1},
    }
