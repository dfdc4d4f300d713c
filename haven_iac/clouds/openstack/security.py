"""What may reach a node, and why: the least that the distribution, the pod network and load balancers need.

Pure data.  Source of the ports: requirements of RKE2 and k3s, and of Cilium and Canal as RKE2 packs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.platform.gateway_values import NODE_PORTS as GATEWAY_PORTS
from haven_iac.spec import ClusterSpec
from haven_iac.spec.kubernetes import Cni, Distribution

API_PORT = 6443
NODE_PORTS = (30000, 32767)
EVERYWHERE = "0.0.0.0/0"
EVERYWHERE_6 = "::/0"
CLIENT_ADDRESS_PROVIDERS = ("ovn",)
"""Octavia providers whose members see the client itself, instead of an address of the load balancer's subnet."""


class Group(StrEnum):
    """A security group of a cluster."""

    NODES = "nodes"
    """On every node."""
    SERVERS = "servers"
    """On the control plane's nodes, besides the other one."""


@dataclass(frozen=True)
class Rule:
    """One rule of a security group."""

    group: Group
    reason: str
    """Becomes the rule's description."""
    protocol: str = ""
    """tcp, udp or icmp; any when empty."""
    ports: tuple[int, int] | None = None
    """First and last port; any when left out."""
    peers: Group | None = None
    """Whoever is in that group."""
    range: str = ""
    """Addresses in CIDR; for rules without a group."""
    egress: bool = False
    ipv6: bool = False

    @property
    def key(self) -> str:
        """Return a text that tells it from every other rule; part of its Pulumi name, so it never changes."""
        ports = "-".join(map(str, dict.fromkeys(self.ports))) if self.ports else "all"
        peer = self.peers.value if self.peers else self.range.replace("/", "-").replace(":", "-")
        way = "out" if self.egress else "in"
        return "-".join(part for part in (self.group, way, self.protocol or "any", ports, peer) if part)


def rules(spec: ClusterSpec, settings: OpenStackSettings) -> tuple[Rule, ...]:
    """Return every rule of a cluster's groups.

    Traffic from Octavia comes out of the node network, where its address stands; with a provider that passes the
    client's address on, it comes from the client.
    """
    found = [*_out(), *_nodes(spec), *_servers(spec), *_balanced(spec, settings)]
    if settings.ssh.enabled:
        ranges = settings.ssh.allowed_cidrs or (spec.network.nodes,)
        found += [Rule(Group.NODES, "SSH, as asked for in the settings", "tcp", (22, 22), range=str(r)) for r in ranges]
    if settings.ipv6:
        found += list(_ipv6())
    return tuple({rule.key: rule for rule in found}.values())


def _out() -> Iterator[Rule]:
    yield Rule(Group.NODES, "Images, updates, name and time servers, the cloud's API", range=EVERYWHERE, egress=True)


def _nodes(spec: ClusterSpec) -> Iterator[Rule]:
    def among(reason: str, protocol: str, port: int | None = None) -> Rule:
        return Rule(Group.NODES, reason, protocol, (port, port) if port else None, peers=Group.NODES)

    yield among("Kubelets: logs, exec and metrics", "tcp", 10250)
    if spec.monitoring.enabled:
        yield among("Metrics of nodes, for Prometheus", "tcp", 9100)
    yield among("Pod network: VXLAN", "udp", 8472)
    if spec.kubernetes.cni is Cni.CILIUM:
        yield among("Cilium: health of nodes", "tcp", 4240)
        yield among("Cilium: health of nodes by ping", "icmp")
    elif spec.kubernetes.distribution is Distribution.RKE2:
        yield among("Canal: health of Felix", "tcp", 9099)


def _servers(spec: ClusterSpec) -> Iterator[Rule]:
    yield Rule(Group.SERVERS, "etcd among servers", "tcp", (2379, 2380), peers=Group.SERVERS)
    yield Rule(Group.SERVERS, "Kubernetes API, from nodes", "tcp", (API_PORT, API_PORT), peers=Group.NODES)
    if spec.kubernetes.distribution is Distribution.RKE2:
        yield Rule(Group.SERVERS, "Nodes that join, and the tunnel to kubelets", "tcp", (9345, 9345), peers=Group.NODES)
        if spec.monitoring.enabled:
            yield Rule(Group.SERVERS, "Metrics of etcd, for Prometheus", "tcp", (2381, 2381), peers=Group.NODES)


def _balanced(spec: ClusterSpec, settings: OpenStackSettings) -> Iterator[Rule]:
    """Yield what load balancers need to reach their members."""
    inside = str(spec.network.nodes)
    direct = settings.load_balancer.provider in CLIENT_ADDRESS_PROVIDERS
    callers = [str(one) for one in spec.network.api_allowed_cidrs] or [EVERYWHERE]
    api = [inside, *callers] if direct or not settings.load_balancer.enabled else [inside]
    for source in api:
        yield Rule(Group.SERVERS, "Kubernetes API, through its load balancer", "tcp", (API_PORT,) * 2, range=source)
    if spec.kubernetes.distribution is Distribution.RKE2:
        yield Rule(Group.SERVERS, "Nodes that join through the load balancer", "tcp", (9345, 9345), range=inside)
    if not settings.load_balancer.enabled:
        for port in GATEWAY_PORTS.values():
            reason = "The gateway, which has no load balancer before it"
            yield Rule(Group.NODES, reason, "tcp", (port, port), range=EVERYWHERE)
    if settings.load_balancer.enabled and not direct:
        # With such a provider the cloud controller opens each Service's ports itself, to whom the Service allows.
        reason = "Services of type LoadBalancer, from the load balancers' subnet"
        yield Rule(Group.NODES, reason, "tcp", NODE_PORTS, range=inside)
        yield Rule(Group.NODES, reason, "udp", NODE_PORTS, range=inside)


def _ipv6() -> Iterator[Rule]:
    yield Rule(Group.NODES, "Images, updates, name and time servers", range=EVERYWHERE_6, egress=True, ipv6=True)
    yield Rule(Group.NODES, "Nodes among themselves by IPv6", peers=Group.NODES, ipv6=True)
