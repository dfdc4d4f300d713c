"""What a person wants to know of a running cluster: nodes, pods, addresses, volumes; read-only."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from haven_iac.errors import UnreachableError
from haven_iac.kube import last_cause

TIMEOUT = (5, 20)
"""Seconds to connect, and to answer."""


@dataclass(frozen=True)
class NodeState:
    """One node as the cluster sees it."""

    name: str
    zone: str
    roles: str
    version: str
    ready: bool


@dataclass(frozen=True)
class State:
    """A running cluster in short."""

    version: str
    """Version of the API server."""
    nodes: tuple[NodeState, ...]
    pods: Mapping[str, tuple[int, int]]
    """Ready and all pods, by namespace; finished ones not counted."""
    load_balancers: Mapping[str, str]
    """Address by `namespace/name`; empty while there is none."""
    claims: Mapping[str, int]
    """Volume claims by phase."""

    @property
    def ready(self) -> bool:
        """Return whether every node and pod is ready and every load balancer has an address."""
        pods = all(ready == total for ready, total in self.pods.values())
        return pods and all(node.ready for node in self.nodes) and all(self.load_balancers.values())


def read(kubeconfig: str) -> State:
    """Return the state of the cluster behind a kubeconfig.

    Args:
        kubeconfig: YAML text.

    Raises:
        UnreachableError: its API does not answer.
    """
    import urllib3
    import yaml
    from kubernetes import client, config

    document = yaml.safe_load(kubeconfig)
    server = document["clusters"][0]["cluster"]["server"]
    try:
        with config.new_client_from_config_dict(document) as api:  # type: ignore[no-untyped-call]
            api.configuration.retries = False
            core: Any = client.CoreV1Api(api)
            version = client.VersionApi(api).get_code(_request_timeout=TIMEOUT).git_version
            nodes = core.list_node(_request_timeout=TIMEOUT).items
            pods = core.list_pod_for_all_namespaces(_request_timeout=TIMEOUT).items
            services = core.list_service_for_all_namespaces(_request_timeout=TIMEOUT).items
            claims = core.list_persistent_volume_claim_for_all_namespaces(_request_timeout=TIMEOUT).items
    except (urllib3.exceptions.HTTPError, client.ApiException, OSError) as error:
        raise UnreachableError(
            f"the Kubernetes API at {server} does not answer: {_reason(error)}",
            fix="look whether its machines run, and at your network and VPN",
        ) from None
    return State(
        version=version,
        nodes=tuple(sorted(map(_node, nodes), key=lambda node: node.name)),
        pods=_pods(pods),
        load_balancers={
            f"{s.metadata.namespace}/{s.metadata.name}": _address(s) for s in services if s.spec.type == "LoadBalancer"
        },
        claims=dict(Counter(claim.status.phase for claim in claims)),
    )


def _reason(error: Exception) -> str:
    status = getattr(error, "status", None)
    return f"HTTP {status}" if status else last_cause(error) or type(error).__name__


def _node(node: Any) -> NodeState:
    labels = node.metadata.labels or {}
    prefix = "node-role.kubernetes.io/"
    conditions = node.status.conditions or []
    return NodeState(
        name=node.metadata.name,
        zone=labels.get("topology.kubernetes.io/zone", ""),
        roles=", ".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))) or "worker",
        version=node.status.node_info.kubelet_version if node.status.node_info else "",
        ready=any(c.type == "Ready" and c.status == "True" for c in conditions),
    )


def _pods(pods: list[Any]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for pod in pods:
        if pod.status.phase in ("Succeeded", "Failed"):
            continue
        ready, total = found.get(pod.metadata.namespace, (0, 0))
        is_ready = any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])
        found[pod.metadata.namespace] = (ready + is_ready, total + 1)
    return dict(sorted(found.items()))


def _address(service: Any) -> str:
    ingress = (service.status.load_balancer.ingress or []) if service.status.load_balancer else []
    return next((one.ip or one.hostname for one in ingress), "")


def settled(kubeconfig: str, patience: float = 60.0) -> State:
    """Return the state once everything is ready, or as it is when patience ends.

    Args:
        kubeconfig: YAML text.
        patience: seconds to wait at the most.

    Raises:
        UnreachableError: its API does not answer.
    """
    deadline = time.monotonic() + patience
    state = read(kubeconfig)
    while not state.ready and time.monotonic() < deadline:
        time.sleep(0.5)
        state = read(kubeconfig)
    return state
