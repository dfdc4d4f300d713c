"""Reads, and only reads, what the checks look at from a live cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from haven_iac.compliance import metrics
from haven_iac.compliance.evidence import objects
from haven_iac.compliance.live import Documents, Extra, subject
from haven_iac.compliance.subject import Subject
from haven_iac.errors import UnreachableError
from haven_iac.kube import Kube, KubeError, connect
from haven_iac.platform.verification import BESIDE, READING

RIGHTS: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "haven-iac-verify"},
    "rules": [*READING, *BESIDE],
}
"""All that reading needs: the first rules for the checks, the others for security and for the checker's results."""

NEEDED = len(READING)
"""How many of the rules above the checks cannot do without."""

LARGEST_METRICS = 64 * 2**20
"""Bytes of the API server's metrics that are read."""

_RIGHTS_FIX = "use a credential with the rights that `haven-iac verify --print-rbac` prints"


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


def documents(
    kubeconfig: str, *, own_credential: bool = True, folder: Path | None = None, extra: bool = False
) -> Documents:
    """Return what `read` judges, as the API returned it; with `extra` also what the checks do not need."""
    with connect(kubeconfig, folder=folder, rights=_RIGHTS_FIX) as kube:
        try:
            found = everything(kube, own_credential)
            return replace(found, extra=beside(kube, found.groups)) if extra else found
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


def beside(kube: Kube, groups: frozenset[str]) -> Extra:
    """Return what the checks do not need; what may not be read is None."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    results = f"/apis/{objects.GROUP}/{objects.VERSION}/{objects.PLURAL}"
    return Extra(
        anonymous=kube.stranger("/api/v1/namespaces?limit=1"),
        namespaces=_allowed(kube.items, "/api/v1/namespaces"),
        network_policies=_allowed(kube.items, "/apis/networking.k8s.io/v1/networkpolicies"),
        pods=_allowed(kube.items, "/api/v1/pods"),
        cluster_roles=_allowed(kube.items, f"{rbac}/clusterroles"),
        cluster_role_bindings=_allowed(kube.items, f"{rbac}/clusterrolebindings"),
        role_bindings=_allowed(kube.items, f"{rbac}/rolebindings"),
        admission=_allowed(kube.items, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"),
        metrics=_allowed(lambda path: tuple(metrics.chosen(kube.text(path, LARGEST_METRICS))), "/metrics"),
        results=_allowed(kube.items, results) if objects.GROUP in groups else (),
    )


T = TypeVar("T")


def _allowed(call: Callable[[str], T], path: str) -> T | None:
    """Return what stands at a path, or None where the credential may not read it."""
    try:
        return call(path)
    except KubeError as error:
        if error.status == 403:
            return None
        raise


def admin(kube: Kube) -> bool:
    """Return whether the credential may do everything."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}},
    }
    return bool(kube.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)["status"]["allowed"])
