"""What a plan takes of a project's quota.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from haven_iac.clouds.openstack.probing.snapshot import Flavor, Kind, called
from haven_iac.clouds.openstack.security import Group, rules
from haven_iac.clouds.openstack.settings import Exposure, OpenStackSettings
from haven_iac.clouds.openstack.storage import manila_wanted
from haven_iac.plan.model import ClusterPlan, Role
from haven_iac.plan.sums import sums
from haven_iac.spec.kubernetes import Distribution
from haven_iac.spec.model import quantity

GIB = 2**30
GATEWAY_LISTENERS = 2
"""Ports of the platform's own Service of type LoadBalancer: http and https."""
DHCP_PORTS = 2
"""Neutron's own on a network, which count as the project's."""
NOTES = 1
"""Ports that only say something: that the cluster has been started."""
DEFAULT_RULES = 2
"""Those that Neutron gives a new group."""


@dataclass(frozen=True)
class Need:
    """How many of one kind the plan takes, and what in the description decides that."""

    amount: int
    path: str


def needs(plan: ClusterPlan, settings: OpenStackSettings, flavors: tuple[Flavor, ...]) -> dict[str, Need]:
    """Return what the cluster takes with its platform, by `Kind`; applications come on top.

    Args:
        plan: the cluster.
        settings: its `cloud.settings`.
        flavors: those that exist; a node whose flavor is not among them counts no cores and no memory.
    """
    found = {
        **_compute(plan, flavors),
        **_network(plan, settings),
        **_balancers(plan, settings),
        **_volumes(plan, settings),
    }
    return {kind: need for kind, need in found.items() if need.amount}


def _compute(plan: ClusterPlan, flavors: tuple[Flavor, ...]) -> dict[str, Need]:
    sizes = [one[0] for node in plan.nodes if (one := called(node.flavor, flavors))]
    biggest = max(plan.pools, key=lambda pool: len(pool.nodes))
    where = "controlPlane.size" if biggest.role is Role.CONTROL_PLANE else f"pools.{biggest.name}.size"
    return {
        Kind.SERVERS: Need(len(plan.nodes), "pools"),
        Kind.CORES: Need(sum(one.cores for one in sizes), "pools"),
        Kind.MEMORY: Need(sum(one.memory for one in sizes), "pools"),
        Kind.SERVER_GROUPS: Need(len(plan.pools), "pools"),
        Kind.GROUP_MEMBERS: Need(len(biggest.nodes), where),
    }


def _network(plan: ClusterPlan, settings: OpenStackSettings) -> dict[str, Need]:
    own_network = not settings.network_id
    own_subnet = not settings.subnet_id
    subnets = int(own_subnet) * (2 if settings.ipv6 else 1)
    groups = 0 if settings.security_group_ids else len(Group)
    balancers = _count_balancers(settings)
    floating = int(_floating(settings) and not settings.api.floating_ip) + int(settings.load_balancer.enabled)
    ports = len(plan.nodes) + subnets + balancers + (DHCP_PORTS if own_network else 0) + NOTES
    if not settings.load_balancer.enabled:
        ports += 1
    return {
        Kind.NETWORKS: Need(int(own_network), "cloud.settings.networkId"),
        Kind.SUBNETS: Need(subnets, "cloud.settings.subnetId"),
        Kind.ROUTERS: Need(int(own_subnet and not settings.router_id), "cloud.settings.routerId"),
        Kind.PORTS: Need(ports, "pools"),
        Kind.SECURITY_GROUPS: Need(groups, "cloud.settings.securityGroupIds"),
        Kind.RULES: Need(
            (len(rules(plan.spec, settings)) + DEFAULT_RULES * groups) if groups else 0,
            "cloud.settings.securityGroupIds",
        ),
        Kind.FLOATING_IPS: Need(floating, "cloud.settings.api"),
    }


def _floating(settings: OpenStackSettings) -> bool:
    return settings.api.exposure is Exposure.FLOATING


def _count_balancers(settings: OpenStackSettings) -> int:
    """Return how many load balancers there will be: the API's, and the gateway's."""
    return 2 if settings.load_balancer.enabled else 0


def _balancers(plan: ClusterPlan, settings: OpenStackSettings) -> dict[str, Need]:
    if not settings.load_balancer.enabled:
        return {}
    api = 2 if plan.spec.kubernetes.distribution is Distribution.RKE2 else 1
    each = api + GATEWAY_LISTENERS
    path = "cloud.settings.loadBalancer"
    return {
        Kind.BALANCERS: Need(_count_balancers(settings), path),
        Kind.LISTENERS: Need(each, path),
        Kind.POOLS: Need(each, path),
        Kind.MONITORS: Need(each, path),
        Kind.MEMBERS: Need(len(plan.nodes), path),
    }


def _volumes(plan: ClusterPlan, settings: OpenStackSettings) -> dict[str, Need]:
    volumes = list(_disks(plan, settings))
    total = sums(plan)
    for row in total.releases:
        for one in row.volumes:
            volumes += [(plan.spec.storage.block.type or "", one.size)] * one.count
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for kind, size in volumes:
        gigabytes = -(-size // GIB)
        for suffix in {"", f" of type {kind}" if kind else ""}:
            counts[f"{Kind.VOLUMES}{suffix}"] += 1
            sizes[f"{Kind.GIGABYTES}{suffix}"] += gigabytes
    found = {kind: Need(amount, "storage.block") for kind, amount in {**counts, **sizes}.items()}
    if manila_wanted(plan.spec):
        found |= {Kind.SHARES: Need(1, "storage.shared"), Kind.SHARE_GIGABYTES: Need(1, "storage.shared")}
    return found


def _disks(plan: ClusterPlan, settings: OpenStackSettings) -> list[tuple[str, int]]:
    """Return type and size in bytes of each volume that a node stands on."""
    found = []
    for pool in plan.pools:
        server = pool.role is Role.CONTROL_PLANE
        disk = plan.spec.control_plane.disk if server else plan.spec.pools[pool.name].disk
        for _ in pool.nodes:
            if disk.type:
                found.append((disk.type, quantity(disk.size)))
            if server and settings.etcd_disk:
                found.append((settings.etcd_disk.type or "", quantity(settings.etcd_disk.size)))
    return found


def missing(wanted: Mapping[str, Need], existing: Mapping[str, int]) -> dict[str, Need]:
    """Return what still has to be made when some of it exists."""
    per_group = {Kind.GROUP_MEMBERS.value, Kind.MEMBERS.value}
    return {
        kind: Need(need.amount - (0 if kind in per_group else existing.get(kind, 0)), need.path)
        for kind, need in wanted.items()
    }
