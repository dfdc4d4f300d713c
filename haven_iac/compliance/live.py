"""A live cluster as the checks see it: a pure function of the documents that its API returned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven_iac.compliance.catalogue import inputs
from haven_iac.compliance.subject import OWN_SERVERS, ClassSeen, NodeSeen, Seen, Subject, recognised

Document = Mapping[str, Any]

ROLES = ("control-plane", "master", "controlplane")
"""Words after `node-role.kubernetes.io/` that a server has."""

ZONE = "topology.kubernetes.io/zone"
SIMULATED = "kwok.x-k8s.io/node"
"""Annotation of a node that is simulated."""

_KUBELETS = (("+rke2", "rke2"), ("+k3s", "k3s"), ("+k0s", "k0s"), ("-eks-", "eks"), ("-gke.", "gke"))
"""Parts of a kubelet's version, and the platform that writes them."""
_LABELS = (
    ("kubernetes.azure.com/cluster", "aks"),
    ("eks.amazonaws.com/nodegroup", "eks"),
    ("cloud.google.com/gke-nodepool", "gke"),
    ("worker.gardener.cloud/pool", "gardener"),
    ("magnum.openstack.org/nodegroup", "magnum"),
    ("k8s.scaleway.com/pool", "scaleway"),
    ("node.openshift.io/os_id", "openshift"),
)
"""Labels of a node, and the platform that puts them there."""
_RUNNING = ("readyReplicas", "numberReady")
_WAITS = "WaitForFirstConsumer"


Metric = tuple[str, Mapping[str, str], float]
"""Name, labels and value of one metric."""


@dataclass(frozen=True)
class Extra:
    """What the checks do not need; a part that could not be read is None."""

    anonymous: int | None
    """HTTP status of a request without a credential; None when there was no answer."""
    namespaces: Sequence[Document] | None
    network_policies: Sequence[Document] | None
    pods: Sequence[Document] | None
    cluster_roles: Sequence[Document] | None
    cluster_role_bindings: Sequence[Document] | None
    role_bindings: Sequence[Document] | None
    admission: Sequence[Document] | None
    """Bindings of validating admission policies."""
    metrics: Sequence[Metric] | None
    """Of the API server; only those that are looked at."""
    results: Sequence[Document] | None
    """Objects that the checker left in the cluster."""

    @property
    def identity(self) -> str:
        """Return the uid of the namespace kube-system: the identity of a cluster; empty when it could not be read."""
        for one in self.namespaces or ():
            if one["metadata"]["name"] == "kube-system":
                return str(one["metadata"].get("uid", ""))
        return ""


@dataclass(frozen=True)
class Documents:
    """What the API returned, as its JSON has it."""

    version: Document
    """Of the server, from `/version`."""
    groups: frozenset[str]
    """API groups that are served."""
    nodes: Sequence[Document]
    classes: Sequence[Document]
    """StorageClasses."""
    workloads: Mapping[str, Sequence[Document]]
    """Deployments, DaemonSets and StatefulSets, by kind."""
    admin: bool
    """The API says that the credential may do everything."""
    own_credential: bool = True
    """The credential is the stack's own; otherwise one that the user gave."""
    extra: Extra | None = None
    """What the checks do not need; None where nobody asked for it."""


def subject(found: Documents) -> Subject:
    """Return a live cluster as the checks see it."""
    nodes = tuple(_node(node) for node in found.nodes)
    platform, platform_from = _platform(found.nodes)
    parts = recognised(_workloads(found.workloads), inputs())
    servers = any(node.control_plane for node in nodes)
    return Subject(
        nodes=nodes,
        workers=sum(not node.control_plane for node in nodes),
        minor=_minor(found.version),
        platform=platform,
        hidden_control_plane=bool(nodes) and not servers and platform not in OWN_SERVERS,
        admin=found.admin,
        rbac="rbac.authorization.k8s.io" in found.groups,
        storage=tuple(
            ClassSeen(c["metadata"]["name"], c.get("provisioner", ""), c.get("volumeBindingMode") != _WAITS)
            for c in found.classes
        ),
        certificates=parts["certificates"],
        certificate_api="cert-manager.io" in found.groups,
        log_store=parts["log_store"],
        log_collector=parts["log_collector"],
        other_logs=parts["other_logs"],
        metrics=parts["metrics"],
        simulated=any(SIMULATED in (node["metadata"].get("annotations") or {}) for node in found.nodes),
        own_credential=found.own_credential,
        version_from=("/version",),
        platform_from=platform_from,
        admin_from=("SelfSubjectAccessReview *.* *",),
        rbac_from=("/apis",),
    )


def _node(node: Document) -> NodeSeen:
    labels = node["metadata"].get("labels") or {}
    status = node.get("status") or {}
    return NodeSeen(
        name=node["metadata"]["name"],
        zone=labels.get(ZONE, ""),
        control_plane=any(f"node-role.kubernetes.io/{role}" in labels for role in ROLES),
        external=any(address.get("type") == "ExternalIP" for address in status.get("addresses") or ()),
        os_image=_plain((status.get("nodeInfo") or {}).get("osImage", "")),
    )


def _plain(text: str) -> str:
    """Return what a node says of itself without anything that a terminal would obey."""
    return "".join(letter for letter in str(text) if letter.isprintable())[:100]


def _platform(nodes: Sequence[Document]) -> tuple[str, tuple[str, ...]]:
    """Return the platform, and the node that shows it."""
    for node in nodes:
        kubelet = ((node.get("status") or {}).get("nodeInfo") or {}).get("kubeletVersion", "")
        labels = node["metadata"].get("labels") or {}
        marks = [platform for mark, platform in _KUBELETS if mark in kubelet]
        marks += [platform for label, platform in _LABELS if label in labels]
        if marks:
            return marks[0], (f"Node/{node['metadata']['name']}",)
    return "unknown", tuple(f"Node/{node['metadata']['name']}" for node in nodes)


def _minor(version: Document) -> str:
    digits = re.match(r"\d+", str(version.get("minor", "")))
    return f"{version.get('major', '1')}.{digits[0] if digits else '0'}"


def _workloads(found: Mapping[str, Sequence[Document]]) -> Iterable[tuple[str, Seen]]:
    for kind, items in found.items():
        for item in items:
            name, namespace = item["metadata"]["name"], item["metadata"].get("namespace", "")
            status = item.get("status") or {}
            running = any(int(status.get(key) or 0) > 0 for key in _RUNNING)
            yield name, Seen(f"{kind}/{namespace}/{name}", running)
