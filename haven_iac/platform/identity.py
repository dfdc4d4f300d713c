"""Identity: the bindings of groups that may do something on the whole cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.platform.common import NS_SYSTEM
from haven_iac.spec.identity import IdentitySpec

RBAC = "rbac.authorization.k8s.io"
ADMINISTRATORS = "haven-iac-administrators"
"""Binding of the groups that may do everything."""
VIEWERS = "haven-iac-viewers"
"""Binding of the groups that may look at what stands in namespaces, but not at Secrets."""
CLUSTER_VIEWERS = "haven-iac-cluster-viewers"
"""Role, and its binding, for looking at what stands in no namespace: nodes, volumes, classes."""

ACCESS = "haven-iac-access"
"""Service account, and binding, of short-lived credentials where the control plane is not ours."""
ACCESS_GROUP = "haven-iac:administrators"
"""Group of certificates that the cluster's own API signs; nobody gets one without the right to approve it."""

_LOOK = ["get", "list", "watch"]
_SEEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("nodes", "namespaces", "persistentvolumes")),
    ("storage.k8s.io", ("storageclasses", "volumeattachments", "csidrivers", "csinodes")),
    ("snapshot.storage.k8s.io", ("volumesnapshotclasses", "volumesnapshotcontents")),
    ("networking.k8s.io", ("ingressclasses",)),
    ("gateway.networking.k8s.io", ("gatewayclasses",)),
    ("scheduling.k8s.io", ("priorityclasses",)),
    ("apiextensions.k8s.io", ("customresourcedefinitions",)),
    ("admissionregistration.k8s.io", ("validatingadmissionpolicies", "validatingadmissionpolicybindings")),
    ("cert-manager.io", ("clusterissuers",)),
    ("metrics.k8s.io", ("nodes", "pods")),
)


def bodies(identity: IdentitySpec) -> list[dict[str, Any]]:
    """Return the bindings of administrators and viewers; none for groups that are not named."""
    found = []
    if identity.admins:
        found.append(binding(ADMINISTRATORS, "cluster-admin", subjects(identity, identity.admins)))
    if identity.viewers:
        people = subjects(identity, identity.viewers)
        found += [
            binding(VIEWERS, "view", people),
            _cluster_viewer(),
            binding(CLUSTER_VIEWERS, CLUSTER_VIEWERS, people),
        ]
    return found


def access() -> list[dict[str, Any]]:
    """Return what `haven-iac kubeconfig` needs where the cluster's own API gives the credential."""
    account = {"kind": "ServiceAccount", "name": ACCESS, "namespace": NS_SYSTEM}
    people = [account, {"apiGroup": RBAC, "kind": "Group", "name": ACCESS_GROUP}]
    about = {"name": ACCESS, "namespace": NS_SYSTEM}
    made = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about, "automountServiceAccountToken": False}
    return [made, binding(ACCESS, "cluster-admin", people)]


def subjects(identity: IdentitySpec, groups: Sequence[str]) -> list[dict[str, str]]:
    """Return groups as subjects of a binding, named as the API server sees them."""
    return [{"apiGroup": RBAC, "kind": "Group", "name": identity.group(name)} for name in groups]


def binding(name: str, role: str, people: Sequence[dict[str, str]], namespace: str = "") -> dict[str, Any]:
    """Return a binding of a ClusterRole, for one namespace or, when that is empty, for the whole cluster."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": list(people),
    }


def _cluster_viewer() -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": CLUSTER_VIEWERS},
        "rules": [{"apiGroups": [group], "resources": list(names), "verbs": _LOOK} for group, names in _SEEN],
    }
