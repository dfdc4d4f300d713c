"""Names that a description may refer to and that are decided elsewhere in this package."""

from __future__ import annotations

CHECKS = (
    "havenversion",
    "clusteradmin",
    "multiaz",
    "hamasters",
    "haworkers",
    "nodehardening",
    "privatenetworking",
    "kubernetesversion",
    "rbac",
    "rwxvolumes",
    "cncf",
    "autocerts",
    "logs",
    "metrics",
    "shavalidation",
    "cis",
    "kubescape",
)
"""Ids of the checks, as the checker prints them; the compliance catalogue says what each one is."""

CONTROLLERS = ("traefik",)
"""What can fill the gateway's slot."""

ENDED = {
    name: "ingress-nginx was retired by the Kubernetes project in March 2026 and gets no security fixes"
    for name in ("nginx", "ingress-nginx", "nginx-ingress")
}
"""Gateways that people may still ask for, and why they are refused."""

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that every cluster has."""

PLATFORM_NAMESPACES: tuple[str, ...] = ()
"""Namespaces of the platform; an application cannot have one of these."""

RESERVED_POOLS = ("control-plane",)
"""Pool names that mean something already."""
