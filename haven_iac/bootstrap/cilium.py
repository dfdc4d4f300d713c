"""Cilium, and how it keeps pods away from the metadata service.

It replaces kube-proxy and talks to the API server of its own node, so that it needs neither kube-proxy nor the load
balancer to start.  RKE2 brings its chart and takes values; k3s installs the chart through its own Helm controller.
"""

from __future__ import annotations

from typing import Any

from haven_iac.bootstrap import releases
from haven_iac.bootstrap.files import quoted
from haven_iac.spec import ClusterSpec

METADATA = "169.254.169.254/32"


def values(spec: ClusterSpec, api_port: int) -> dict[str, Any]:
    """Return values of the chart.

    Args:
        spec: the cluster.
        api_port: port on each node's own loopback address where the API answers.
    """
    found: dict[str, Any] = {
        "kubeProxyReplacement": True,
        "k8sServiceHost": "localhost",
        "k8sServicePort": str(api_port),
        "ipam": {"mode": "kubernetes"},
    }
    if spec.control_plane.size == 1:
        found["operator"] = {"replicas": 1}
    return found


def configured(spec: ClusterSpec, api_port: int) -> dict[str, Any]:
    """Return the object that gives RKE2's own chart its values."""
    return {
        "apiVersion": "helm.cattle.io/v1",
        "kind": "HelmChartConfig",
        "metadata": {"name": "rke2-cilium", "namespace": "kube-system"},
        "spec": {"valuesContent": quoted(values(spec, api_port))},
    }


def installed(spec: ClusterSpec, api_port: int, authority: str = "") -> dict[str, Any]:
    """Return the object that makes k3s install the chart, before any other pod can run.

    Args:
        spec: the cluster.
        api_port: port on each node's own loopback address where the API answers.
        authority: certificate authority in PEM of the mirror of charts; the public ones when empty.
    """
    chart = releases.data()["cilium"]
    source: dict[str, Any] = {"chart": chart["chart"], "repo": chart["repository"]}
    if mirror := spec.mirror.charts:
        base = mirror.rstrip("/")
        source = {"chart": f"{base}/{chart['chart']}"} if base.startswith("oci://") else {**source, "repo": base}
        if authority:
            source["repoCA"] = authority
    return {
        "apiVersion": "helm.cattle.io/v1",
        "kind": "HelmChart",
        "metadata": {"name": "cilium", "namespace": "kube-system"},
        "spec": {
            **source,
            "version": chart["version"],
            "targetNamespace": "kube-system",
            "bootstrap": True,
            "valuesContent": quoted(values(spec, api_port)),
        },
    }


def no_metadata() -> dict[str, Any]:
    """Return the policy that keeps every pod from the metadata service, which tells user data and with it tokens.

    Pods on the host's own network, such as cloud controllers, are not touched; nor is anything else denied.
    """
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumClusterwideNetworkPolicy",
        "metadata": {"name": "haven-iac-no-metadata"},
        "spec": {
            "endpointSelector": {},
            "enableDefaultDeny": {"egress": False, "ingress": False},
            "egressDeny": [{"toCIDR": [METADATA]}],
        },
    }
