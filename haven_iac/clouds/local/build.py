"""Makes a simulated cluster: an address, processes, and one Node object for each planned node."""

from __future__ import annotations

import hashlib
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pulumi

from haven_iac import resources
from haven_iac.clouds.base import SILENT_API, Bare, Explained
from haven_iac.clouds.local.commands import FAKE_NODE
from haven_iac.clouds.local.provider import LocalControlPlane, LocalEndpoint
from haven_iac.clouds.parts import ControlPlaneParts, EndpointParts, KeyParts, MachineParts, NetworkParts, PoolParts
from haven_iac.plan.model import ClusterPlan, PoolPlan
from haven_iac.project import Project

KUBELET = {"rke2": "v{minor}.3+rke2r1", "k3s": "v{minor}.3+k3s1"}
"""What a node of each distribution says it runs."""


def addresses(plan: ClusterPlan) -> dict[str, str]:
    """Return an address for each node: chosen by its name, so that no node's depends on how many there are."""
    block = IPv4Network(plan.spec.network.nodes)
    given: dict[str, str] = {}
    for node in sorted(plan.nodes, key=lambda n: n.name):
        offset = int.from_bytes(hashlib.sha256(node.name.encode()).digest()[:8])
        room = block.num_addresses - 12
        while (address := str(block[10 + offset % room])) in given.values():
            offset += 1
        given[node.name] = address
    return given


def node_objects(plan: ClusterPlan) -> dict[str, dict[str, Any]]:
    """Return the Node object of each planned node, by name; kwok plays its kubelet."""
    where = addresses(plan)
    kubelet = KUBELET[plan.spec.kubernetes.distribution.value].format(minor=plan.spec.kubernetes.version)
    return {
        node.name: {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": node.name,
                "labels": dict(node.labels),
                "annotations": {
                    **FAKE_NODE,
                    "haven-iac/address": where[node.name],
                    "haven-iac/kubelet-version": kubelet,
                    "haven-iac/os-image": plan.facts.nodes.os_image,
                },
            },
            "spec": {"taints": [{"key": k, "value": v, "effect": e} for k, v, e in node.taints]},
        }
        for node in plan.nodes
    }


class LocalBuilder(Bare):
    """Makes a simulated cluster."""

    def __init__(self, root: str) -> None:
        self._root = root

    def explain(self, plan: ClusterPlan, token: str, text: str) -> Explained | None:
        """Return what to do about an API that says nothing: its processes end when this machine restarts."""
        if token != SILENT_API:
            return None
        return Explained(text, "`haven-iac up` starts again what has stopped")

    def api_endpoint(
        self, plan: ClusterPlan, identity: pulumi.Output[str], network: NetworkParts, opts: pulumi.ResourceOptions
    ) -> EndpointParts:
        """Choose a loopback address."""
        seed = f"{self._root}/{pulumi.get_stack()}"
        endpoint = LocalEndpoint(f"{plan.spec.name}-endpoint", hashlib.sha256(seed.encode()).hexdigest()[:16], opts)
        details = pulumi.Output.all(address=endpoint.address, ports=endpoint.ports)
        return EndpointParts(endpoint.server, details)

    def control_plane(
        self,
        plan: ClusterPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        opts: pulumi.ResourceOptions,
    ) -> ControlPlaneParts:
        """Start the processes and wait for the API."""
        control = LocalControlPlane(
            f"{plan.spec.name}-processes",
            {
                "name": plan.spec.name,
                "identity": keys.identity,
                "folder": str(Project(Path(self._root)).local_cluster(pulumi.get_stack())),
                "address": endpoint.details["address"],
                "ports": endpoint.details["ports"],
                "pods": str(plan.spec.network.pods),
                "services": str(plan.spec.network.services),
                "advertise": str(IPv4Network(plan.spec.network.nodes)[5]),
                "material": keys.material,
            },
            opts,
        )
        return ControlPlaneParts(control.ready, (control,))

    def pool(
        self,
        plan: ClusterPlan,
        pool: PoolPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        machines: MachineParts,
        opts: pulumi.ResourceOptions,
    ) -> PoolParts:
        """Make one Node object for each planned node; kwok plays its kubelet."""
        bodies = node_objects(plan)
        nodes = [resources.make(node.name, bodies[node.name], opts) for node in pool.nodes]
        return PoolParts(tuple(nodes))
