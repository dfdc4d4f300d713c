"""The Node object that a machine's kubelet would register; pure."""

from __future__ import annotations

from typing import Any

from haven_iac.lab.machines.plan import Plan

LABEL = "haven.lab/kubelet"
"""On every Node: `running` or `stopped`, as its machine is; kwok plays the running ones."""

_KERNEL = "6.8.0-48-generic"
_OS = "Ubuntu 24.04.1 LTS"
_UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
_ROLE = "node-role.kubernetes.io/"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


class NodeError(Exception):
    """The configuration does not give a valid node."""


def name(server: dict[str, Any], plan: Plan, hostname: str) -> str:
    """Return the node's name."""
    node = plan.one("node-name") or hostname
    if plan.flag("with-node-id"):
        node += f"-{server['id'][:8]}"
    return node.lower()


def build(server: dict[str, Any], plan: Plan, node: str, address: str, version: str) -> dict[str, Any]:
    """Return the Node, as the kubelet posts it.

    Args:
        server: record of the machine.
        plan: configuration of its unit.
        node: name of the node.
        address: of the machine.
        version: of the kubelet.

    Raises:
        NodeError: a taint or label cannot be one.
    """
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/hostname": node,
        LABEL: "running",
    }
    if plan.role == "server":
        labels.update({f"{_ROLE}{role}": "true" for role in ("control-plane", "etcd")})
    taints = [_taint(text) for text in plan.many("node-taint")]
    annotations = {f"{plan.distribution}.io/hostname": node, f"{plan.distribution}.io/internal-ip": address}
    spec: dict[str, Any] = {}
    addresses = [{"type": "Hostname", "address": node}]
    if plan.external_cloud:
        taints.append({"key": _UNINITIALIZED, "value": "true", "effect": "NoSchedule"})
        annotations["alpha.kubernetes.io/provided-node-ip"] = address
    else:  # what the distribution's own cloud controller says
        labels["node.kubernetes.io/instance-type"] = plan.distribution
        labels["beta.kubernetes.io/instance-type"] = plan.distribution
        spec["providerID"] = f"{plan.distribution}://{node}"
        addresses.insert(0, {"type": "InternalIP", "address": address})
    for text in plan.many("node-label"):
        key, _, value = text.partition("=")
        if key.startswith(_ROLE):
            raise NodeError(f"unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [{key}]")
        labels[key] = value
    if taints:
        spec["taints"] = taints
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node, "labels": labels, "annotations": annotations},
        "spec": spec,
        "status": {
            "addresses": addresses,
            "capacity": _resources(server["flavor"], plan, allocatable=False),
            "allocatable": _resources(server["flavor"], plan, allocatable=True),
            "nodeInfo": {
                "machineID": server["disk"],
                "systemUUID": server["id"],
                "bootID": server["id"],
                "kernelVersion": _KERNEL,
                "osImage": _OS,
                "containerRuntimeVersion": "containerd://2.1.4-k3s1",
                "kubeletVersion": version,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }


def _resources(flavor: dict[str, Any], plan: Plan, *, allocatable: bool) -> dict[str, str]:
    # A real machine shows a little less memory than its flavor; the kubelet keeps some for eviction.
    memory = int(flavor["ram_mb"] * 0.97) * 1024 - (100 * 1024 if allocatable else 0)
    return {
        "cpu": str(flavor["vcpus"]),
        "memory": f"{memory}Ki",
        "pods": plan.arguments("kubelet-arg").get("max-pods", "110"),
        "ephemeral-storage": f"{max(1, flavor['disk_gb'])}Gi",
    }


def _taint(text: str) -> dict[str, str]:
    body, _, effect = text.rpartition(":")
    if effect not in _EFFECTS:
        raise NodeError(f"invalid taint effect: {effect}, unsupported taint effect")
    key, _, value = body.partition("=")
    return {"key": key, "value": value, "effect": effect}
