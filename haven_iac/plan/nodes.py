"""Which nodes a cluster has, in which zone, and what each is called.

A node's name depends on its pool, its zone and its number in that zone; on nothing else.  So adding or removing
a pool, a zone or a node renames no other node.
"""

from __future__ import annotations

import hashlib

from haven_iac.facts import CloudFacts, FoundNode
from haven_iac.naming import node_name
from haven_iac.plan.model import NodePlan, PoolPlan, Role
from haven_iac.spec import ClusterSpec

CONTROL_PLANE = "control-plane"
"""Pool name of the servers."""

EXISTING = "existing"
"""Pool name of workers that are there already."""

POOL_LABEL = "haven-iac/pool"


def rank(pool: str, zones: tuple[str, ...]) -> list[str]:
    """Return zones in the order in which they get a pool's extra nodes.

    The order of two zones never depends on a third, and differs from pool to pool, so that the extra nodes of
    many pools do not all stand in one zone.
    """
    return sorted(zones, key=lambda zone: hashlib.sha256(f"{pool}/{zone}".encode()).digest())


def spread(pool: str, size: int, zones: tuple[str, ...]) -> dict[str, int]:
    """Return how many nodes of a pool stand in each zone; no two zones differ by more than one."""
    if not zones:
        return {"": size}
    each, extra = divmod(size, len(zones))
    more = set(rank(pool, zones)[:extra])
    return {zone: each + (zone in more) for zone in zones}


def pools(spec: ClusterSpec, facts: CloudFacts) -> tuple[PoolPlan, ...]:
    """Return the control plane and every pool, with their nodes; those that are there already as they are."""
    if facts.found_nodes is not None:
        return _found(facts.found_nodes)
    planned = []
    if not facts.managed_control_plane:
        planned.append(_control_plane(spec, facts))
    for name in sorted(spec.pools):
        pool = spec.pools[name]
        minimum = pool.autoscale.min if pool.autoscale else pool.size
        size = min(max(pool.size, pool.autoscale.min), pool.autoscale.max) if pool.autoscale else pool.size
        labels = {POOL_LABEL: name, **pool.labels}
        taints = tuple(sorted((key, taint.value, taint.effect.value) for key, taint in pool.taints.items()))
        zones = pool.zones or facts.zones
        nodes = _nodes(spec, name, Role.WORKER, size, zones, pool.flavor, labels, taints)
        planned.append(PoolPlan(name, Role.WORKER, nodes, minimum))
    return tuple(planned)


def _found(nodes: tuple[FoundNode, ...]) -> tuple[PoolPlan, ...]:
    """Return nodes that somebody else made, as two pools: servers, and the rest."""
    planned = []
    for pool, role in ((CONTROL_PLANE, Role.CONTROL_PLANE), (EXISTING, Role.WORKER)):
        seen: dict[str, int] = {}
        members = []
        for node in sorted(nodes, key=lambda one: (one.zone, one.name)):
            if node.control_plane is (role is Role.CONTROL_PLANE):
                seen[node.zone] = seen.get(node.zone, 0) + 1
                members.append(_existing(node, role, pool, seen[node.zone]))
        if members:
            planned.append(PoolPlan(pool, role, tuple(members), len(members)))
    return tuple(planned)


def _existing(node: FoundNode, role: Role, pool: str, ordinal: int) -> NodePlan:
    labels = {"kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux"}
    if node.zone:
        labels["topology.kubernetes.io/zone"] = node.zone
    return NodePlan(
        name=node.name,
        role=role,
        pool=pool,
        zone=node.zone,
        ordinal=ordinal,
        address_block="",
        flavor=node.flavor or "as found",
        labels=tuple(sorted(labels.items())),
        taints=(),
        os_image=node.os_image,
        public=node.public,
    )


def _control_plane(spec: ClusterSpec, facts: CloudFacts) -> PoolPlan:
    plane = spec.control_plane
    labels = {
        POOL_LABEL: CONTROL_PLANE,
        "node-role.kubernetes.io/control-plane": "true",
        "node-role.kubernetes.io/etcd": "true",
    }
    # As RKE2 and k3s advise for servers that run nothing else.
    taints = (("CriticalAddonsOnly", "true", "NoExecute"),)
    zones = plane.zones or facts.zones
    nodes = _nodes(spec, CONTROL_PLANE, Role.CONTROL_PLANE, plane.size, zones, plane.flavor, labels, taints)
    first = node_name(spec.name, CONTROL_PLANE, rank(CONTROL_PLANE, zones)[0] if zones else "", 1)
    nodes = tuple(NodePlan(**{**vars(node), "first": True}) if node.name == first else node for node in nodes)
    return PoolPlan(CONTROL_PLANE, Role.CONTROL_PLANE, nodes, plane.size)


def _nodes(
    spec: ClusterSpec,
    pool: str,
    role: Role,
    size: int,
    zones: tuple[str, ...],
    flavor: str,
    labels: dict[str, str],
    taints: tuple[tuple[str, str, str], ...],
) -> tuple[NodePlan, ...]:
    nodes = []
    for zone, count in spread(pool, size, zones).items():
        for ordinal in range(1, count + 1):
            name = node_name(spec.name, pool, zone, ordinal)
            own = {**labels, "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
            if zone:
                own["topology.kubernetes.io/zone"] = zone
            nodes.append(
                NodePlan(
                    name=name,
                    role=role,
                    pool=pool,
                    zone=zone,
                    ordinal=ordinal,
                    address_block=str(spec.network.nodes),
                    flavor=flavor,
                    labels=tuple(sorted(own.items())),
                    taints=taints,
                )
            )
    return tuple(nodes)
