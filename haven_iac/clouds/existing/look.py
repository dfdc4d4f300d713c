"""Reads, and only reads, what stands in a cluster that exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from haven_iac.compliance.live import Documents
from haven_iac.compliance.reader import everything
from haven_iac.kube import Document, connect


@dataclass(frozen=True)
class Look:
    """What the API returned, as its JSON has it."""

    uid: str
    """Of the namespace kube-system."""
    seen: Documents
    """What the checks look at."""
    namespaces: Sequence[Document]
    definitions: Sequence[Document]
    """CustomResourceDefinitions."""
    ingress_classes: Sequence[Document]
    gateway_classes: Sequence[Document]
    services: Sequence[Document]
    api_services: Sequence[Document]
    snapshot_classes: Sequence[Document]


def look(kubeconfig: str) -> Look:
    """Return what stands in the cluster behind a kubeconfig.

    Raises:
        UnreachableError: the API does not answer, or refuses the credential.
    """
    with connect(
        kubeconfig, rights="use a credential that may list everything but Secrets; `up` needs cluster-admin"
    ) as kube:
        system = kube.get("/api/v1/namespaces/kube-system") or {}
        return Look(
            uid=str((system.get("metadata") or {}).get("uid", "")),
            seen=everything(kube, own_credential=False),
            namespaces=kube.items("/api/v1/namespaces"),
            definitions=kube.items("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", bare=True),
            ingress_classes=kube.items("/apis/networking.k8s.io/v1/ingressclasses"),
            gateway_classes=kube.items("/apis/gateway.networking.k8s.io/v1/gatewayclasses"),
            services=kube.items("/api/v1/services"),
            api_services=kube.items("/apis/apiregistration.k8s.io/v1/apiservices"),
            snapshot_classes=kube.items("/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses"),
        )
