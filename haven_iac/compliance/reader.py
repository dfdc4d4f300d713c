"""Reads, and only reads, what the checks look at from a live cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from haven_iac.compliance.live import Documents, subject
from haven_iac.compliance.subject import Subject
from haven_iac.errors import UnreachableError
from haven_iac.kube import Kube, connect

RIGHTS: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "haven-iac-verify"},
    "rules": [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["deployments", "daemonsets", "statefulsets"], "verbs": ["list"]},
        {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["list"]},
        {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]},
        {"nonResourceURLs": ["/version", "/version/", "/apis", "/apis/"], "verbs": ["get"]},
    ],
}
"""All that reading needs."""

_RIGHTS_FIX = "use a credential with the rights that `haven-iac verify --rights` prints"


def read(kubeconfig: str, *, own_credential: bool = True, folder: Path | None = None) -> Subject:
    """Return a live cluster as the checks see it.

    Args:
        kubeconfig: its text.
        own_credential: it is the stack's own, not one that the user gave.
        folder: where files that it names are; the current one when left out.

    Raises:
        UnreachableError: the API does not answer, or refuses the credential; or the text is no kubeconfig.
    """
    return subject(documents(kubeconfig, own_credential=own_credential, folder=folder))


def documents(kubeconfig: str, *, own_credential: bool = True, folder: Path | None = None) -> Documents:
    """Return what `read` judges, as the API returned it."""
    with connect(kubeconfig, folder=folder, rights=_RIGHTS_FIX) as kube:
        try:
            return everything(kube, own_credential)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnreachableError(
                f"what answers at {kube.host} is no Kubernetes API",
                fix="look at the server in the kubeconfig, and at what stands between here and there",
            ) from None


def everything(kube: Kube, own_credential: bool) -> Documents:
    """Return what the checks look at."""
    apps = {"Deployment": "deployments", "DaemonSet": "daemonsets", "StatefulSet": "statefulsets"}
    groups = (kube.get("/apis/") or {})["groups"]
    return Documents(
        version=kube.get("/version/") or {},
        groups=frozenset(group["name"] for group in groups),
        nodes=kube.items("/api/v1/nodes"),
        classes=kube.items("/apis/storage.k8s.io/v1/storageclasses"),
        workloads={kind: kube.items(f"/apis/apps/v1/{plural}") for kind, plural in apps.items()},
        admin=admin(kube),
        own_credential=own_credential,
    )


def admin(kube: Kube) -> bool:
    """Return whether the credential may do everything."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}},
    }
    return bool(kube.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)["status"]["allowed"])
