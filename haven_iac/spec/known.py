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

PLATFORM_NAMESPACES = (
    "cert-manager",
    "external-dns",
    "flux-system",
    "gateway",
    "haven-iac",
    "logging",
    "longhorn-system",
    "monitoring",
    "monitoring-nodes",
    "nfs-driver",
    "snapshot-controller",
    "velero",
)
"""Namespaces of the platform; an application cannot have one of these."""

SLOTS = (
    "gateway-api",
    "monitoring-crds",
    "certificates",
    "dns-solver",
    "gateway",
    "cloud-controller",
    "block-driver",
    "shared-driver",
    "nfs-driver",
    "snapshots",
    "block-storage",
    "shared-storage",
    "logs",
    "log-collector",
    "metrics",
    "monitoring",
    "backup",
    "policy",
    "dns",
    "gitops",
    "verification",
)
"""Slots of the platform that can be emptied or given values of one's own; other packages may add more."""

ADD_ON_GROUP = "haven_iac.addons"
"""Entry-point group of add-ons; each is named after the slot that it fills."""

RESERVED_POOLS = ("control-plane",)
"""Pool names that mean something already."""
