"""Reads, and only reads, what the checks look at from a live cluster."""

from __future__ import annotations

import re
from typing import Any

import yaml

from haven_iac.compliance.subject import NodeSeen, Seen, Subject
from haven_iac.errors import ComplianceError, UnreachableError

TIMEOUT = 15
"""Seconds that one call may take."""

RIGHTS = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "haven-iac-verify"},
    "rules": [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["deployments", "daemonsets", "statefulsets"], "verbs": ["list"]},
        {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["list"]},
        {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]},
        {"nonResourceURLs": ["/version", "/apis"], "verbs": ["get"]},
    ],
}
"""All that reading needs."""


def read(kubeconfig: str) -> Subject:
    """Return a live cluster as the checks see it.

    Args:
        kubeconfig: its text.

    Raises:
        UnreachableError: the API does not answer.
        ComplianceError: a right is missing; `haven-iac verify --rights` prints what is needed.
    """
    from kubernetes import client, config
    from urllib3.exceptions import HTTPError

    api = config.new_client_from_config_dict(yaml.safe_load(kubeconfig))  # type: ignore[no-untyped-call]
    api.configuration.retries = False
    try:
        return _read(client, api)
    except client.ApiException as error:
        if error.status in (401, 403):
            raise ComplianceError(
                f"the cluster answers {error.status} {error.reason}",
                fix="use a credential with the rights that `haven-iac verify --rights` prints",
            ) from error
        raise UnreachableError(f"the API answers {error.status} {error.reason}", fix="try again") from error
    except (HTTPError, OSError) as error:
        raise UnreachableError(
            f"the API at {api.configuration.host} does not answer",
            fix="start the cluster (`haven-iac up`), or look at your network and VPN",
        ) from error
    finally:
        api.close()


def _read(client: Any, api: Any) -> Subject:
    wait = {"_request_timeout": TIMEOUT}
    apps = client.AppsV1Api(api)
    nodes = client.CoreV1Api(api).list_node(**wait).items
    version = client.VersionApi(api).get_code(**wait)
    groups = {group.name for group in client.ApisApi(api).get_api_versions(**wait).groups}
    classes = client.StorageV1Api(api).list_storage_class(**wait).items
    workloads = [
        (f"{kind}/{item.metadata.namespace}/{item.metadata.name}", item.metadata.name, item)
        for kind, call in (
            ("Deployment", apps.list_deployment_for_all_namespaces),
            ("DaemonSet", apps.list_daemon_set_for_all_namespaces),
            ("StatefulSet", apps.list_stateful_set_for_all_namespaces),
        )
        for item in call(**wait).items
    ]
    seen = tuple(_node(node) for node in nodes)

    def named(*words: str) -> tuple[str, ...]:
        return tuple(label for label, name, _ in workloads if any(word in name for word in words))

    cert_manager = named("cert-manager") if "cert-manager.io" in groups else ()
    return Subject(
        nodes=seen,
        workers=sum(not node.control_plane for node in seen),
        minor=f"{version.major}.{re.sub(r'[^0-9]', '', version.minor)}",
        platform=_platform(nodes),
        managed_control_plane=not any(node.control_plane for node in seen)
        and _platform(nodes) in ("aks", "eks", "gke"),
        admin=_admin(client, api),
        rbac="rbac.authorization.k8s.io" in groups,
        storage=tuple(Seen(c.provisioner, (f"StorageClass/{c.metadata.name}",)) for c in classes),
        certificates=cert_manager,
        log_store=named("loki"),
        log_collector=named("alloy"),
        metrics=named("metrics-server"),
    )


def _node(node: Any) -> NodeSeen:
    labels = node.metadata.labels or {}
    return NodeSeen(
        name=node.metadata.name,
        zone=labels.get("topology.kubernetes.io/zone", ""),
        control_plane=any(f"node-role.kubernetes.io/{role}" in labels for role in ("control-plane", "master")),
        external=any(address.type == "ExternalIP" for address in node.status.addresses or []),
        os_image=node.status.node_info.os_image if node.status.node_info else "",
    )


def _platform(nodes: list[Any]) -> str:
    for node in nodes:
        version = node.status.node_info.kubelet_version if node.status.node_info else ""
        for mark, platform in (("+rke2", "rke2"), ("+k3s", "k3s"), ("-eks-", "eks"), ("-gke.", "gke")):
            if mark in version:
                return platform
        if "kubernetes.azure.com/cluster" in (node.metadata.labels or {}):
            return "aks"
    return "unknown"


def _admin(client: Any, api: Any) -> bool:
    attributes = client.V1ResourceAttributes(verb="*", group="*", resource="*")
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    made = client.AuthorizationV1Api(api).create_self_subject_access_review(review, _request_timeout=TIMEOUT)
    return bool(made.status.allowed)
