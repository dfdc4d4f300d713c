"""What every add-on writes the same way: a release from the version table, resources, spread, images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.release import Release, Workload
from haven_iac.platform.sizes import Pods
from haven_iac.platform.versions import pinned
from haven_iac.spec import ClusterSpec
from haven_iac.spec.platform import ChartSource, PodSecurity

PRIORITY = "haven-iac-platform"
"""Priority class of what the platform can miss for a while; pods of applications go first when room is short."""
CRITICAL = "system-cluster-critical"
"""Priority class of what applications cannot run without."""
MANAGED_BY = "haven-iac/managed-by"
"""Label of the platform's namespaces; policies for applications leave them alone."""
TENANT = "haven-iac/tenant"
"""Label of a tenant's namespace, with the tenant's name."""
ISSUER = "platform"
"""Name of the ClusterIssuer for everything behind the gateway."""
GATEWAY = "traefik-gateway"
"""Name of the Gateway that routes attach to, in the gateway's namespace."""
TLS_SECRET = "platform-tls"
"""Name of the Secret with the certificate of the platform domain, in the gateway's namespace."""

SOLVER_IMAGE = "quay.io/jetstack/cert-manager-acmesolver"
"""What cert-manager answers an ACME issuer with, in a pod beside the application."""

NS_GATEWAY = "gateway"
NS_CERTIFICATES = "cert-manager"
NS_LOGGING = "logging"
NS_MONITORING = "monitoring"
NS_NODE_METRICS = "monitoring-nodes"
NS_BACKUP = "velero"
NS_DNS = "external-dns"
NS_SNAPSHOTS = "snapshot-controller"
NS_NFS = "nfs-driver"
NS_LONGHORN = "longhorn-system"
NS_GITOPS = "flux-system"
NS_SYSTEM = "kube-system"

NO_ESCALATION: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
NOT_ROOT: Mapping[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def stand_in(spec: ClusterSpec, facts: CloudFacts) -> bool:
    """Return whether the stand-in charts of this package are applied."""
    if spec.platform.charts is not None:
        return spec.platform.charts is ChartSource.STAND_IN
    return facts.stand_in_charts


def make(
    spec: ClusterSpec,
    facts: CloudFacts,
    *,
    slot: str,
    chart: str,
    namespace: str,
    pod_security: PodSecurity,
    values: Mapping[str, Any],
    name: str = "",
    needs: tuple[str, ...] = (),
    images: tuple[str, ...] = (),
    **more: Any,
) -> Release:
    """Return a release with its version and images from the table; `needs` keeps only slots that we fill.

    Args:
        spec: the cluster.
        facts: what its cloud offers.
        slot: what it fills.
        chart: as the table calls it.
        namespace: where to.
        pod_security: of that namespace.
        values: what the chart is told.
        name: of the release; the chart's when left out.
        needs: slots that come before.
        images: what the values choose beside the table's.
        more: other fields of the release.
    """
    row = pinned(spec.kubernetes.version, chart)
    return Release(
        slot=slot,
        name=name or chart,
        chart=chart,
        repo=row.repo,
        version=row.version,
        app_version=row.app_version,
        namespace=namespace,
        pod_security=pod_security,
        values=values,
        needs=tuple(n for n in (slots.NAMESPACES, *needs) if slots.ours(spec, facts, n)),
        images=tuple(sorted({*row.images, *images})),
        stand_in=stand_in(spec, facts),
        manifest="" if stand_in(spec, facts) else row.manifest,
        **more,
    )


def resources(pods: Pods) -> dict[str, Any]:
    """Return requests, and a memory limit; CPU is never throttled."""
    return {
        "requests": {"cpu": f"{pods.cpu_millis}m", "memory": f"{pods.memory_mib}Mi"},
        "limits": {"memory": f"{pods.limit_mib or 2 * pods.memory_mib}Mi"},
    }


def workload(pods: Pods, *, per_node: bool = False, replicas: int | None = None) -> Workload:
    """Return what some pods ask of the nodes, for the sum in the plan."""
    return Workload(pods.replicas if replicas is None else replicas, pods.cpu_millis, pods.memory_mib, per_node)


def spread(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return topology spread over zones and nodes that never keeps a pod from starting."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def name_label(name: str) -> dict[str, str]:
    """Return the label that every chart puts on its pods."""
    return {"app.kubernetes.io/name": name}


def image(spec: ClusterSpec, reference: str) -> str:
    """Return an image with the mirror's host in place of its own.

    Args:
        spec: the cluster, for its mirror.
        reference: registry host, path, and a tag when there is one.
    """
    if not spec.mirror.images:
        return reference
    return f"{spec.mirror.images.rstrip('/')}/{reference.split('/', 1)[1]}"


def registry(spec: ClusterSpec, own: str) -> str:
    """Return the mirror's host, or the registry's own one."""
    return spec.mirror.images.rstrip("/") if spec.mirror.images else own


def scraped(spec: ClusterSpec, facts: CloudFacts) -> bool:
    """Return whether ServiceMonitors have somebody to read them."""
    return slots.filled(spec, facts, slots.MONITORING) and slots.filled(spec, facts, slots.MONITORING_CRDS)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` on top: maps by key, everything else replaced."""
    result = dict(base)
    for key, value in over.items():
        mine = result.get(key)
        both = isinstance(mine, Mapping) and isinstance(value, Mapping)
        result[key] = merged(mine, value) if both else value  # type: ignore[arg-type]
    return result
