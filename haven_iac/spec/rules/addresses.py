"""Rules about address ranges."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.rules.issue import Issue, Rule

PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918."""
SHARED = IPv4Network("100.64.0.0/10")
"""RFC 6598; fine inside a cluster, not for nodes."""
NODE_PREFIX = 24
"""Every node takes a block of this size for its pods."""
SPARE = 16
"""Addresses in the node range for gateway, DHCP, load balancers and a node that is being replaced."""
_RANGES = ("nodes", "pods", "services")


def overlap(spec: ClusterSpec) -> Iterator[Issue]:
    """No two of the ranges for nodes, pods and services share an address."""
    ranges = {name: getattr(spec.network, name) for name in _RANGES}
    for first, second in combinations(_RANGES, 2):
        if ranges[first].overlaps(ranges[second]):
            taken = [block for name, block in ranges.items() if name != second]
            yield Issue(
                ("network", second),
                f"{ranges[second]} overlaps network.{first} {ranges[first]}",
                f"take a range apart from it, as in {free(ranges[second].prefixlen, taken)}",
                (("network", first),),
            )


def free(prefix: int, taken: list[IPv4Network]) -> IPv4Network:
    """Return a private range of that size that overlaps none of the taken ones."""
    for block in reversed(PRIVATE):
        if prefix < block.prefixlen:
            continue
        count = min(2 ** (prefix - block.prefixlen), 4096)
        for number in range(count):
            start = int(block.network_address) + number * 2 ** (32 - prefix)
            candidate = IPv4Network((start, prefix))
            if not any(candidate.overlaps(other) for other in taken):
                return candidate
    return IPv4Network("10.42.0.0/16")


def private(spec: ClusterSpec) -> Iterator[Issue]:
    """Nodes, pods and services have private addresses only."""
    for name in _RANGES:
        block = getattr(spec.network, name)
        allowed = PRIVATE if name == "nodes" else (*PRIVATE, SHARED)
        if not any(block.subnet_of(one) for one in allowed):
            yield Issue(
                ("network", name),
                f"{block} is not private",
                f"take a range inside {', '.join(str(one) for one in allowed)}",
            )


def roomy(spec: ClusterSpec) -> Iterator[Issue]:
    """Every node that the cluster may ever have finds an address, and a block for its pods."""
    most = spec.control_plane.size + sum(pool.most for pool in spec.pools.values())
    also = (("pools",), ("controlPlane", "size"))
    network = spec.network
    blocks = 2 ** max(0, NODE_PREFIX - network.pods.prefixlen) if network.pods.prefixlen <= NODE_PREFIX else 0
    if blocks < most:
        yield Issue(
            ("network", "pods"),
            f"{network.pods} has room for {blocks} nodes at a /{NODE_PREFIX} each, and there may be {most}",
            f"take a /{_prefix(most, NODE_PREFIX)} or larger",
            also,
        )
    if network.nodes.num_addresses < most + SPARE:
        yield Issue(
            ("network", "nodes"),
            f"{network.nodes} has {network.nodes.num_addresses} addresses; {most} nodes need {most + SPARE}",
            f"take a /{_prefix(most + SPARE, 32)} or larger",
            also,
        )


def services_fit(spec: ClusterSpec) -> Iterator[Issue]:
    """The range for services has a size that the API server takes."""
    prefix = spec.network.services.prefixlen
    if not 12 <= prefix <= 24:
        side = "large" if prefix < 12 else "small"
        yield Issue(
            ("network", "services"),
            f"{spec.network.services} is too {side} for services",
            "take a /12 to /24, as in 10.43.0.0/16",
        )


def _prefix(count: int, unit: int) -> int:
    """Return the prefix of the smallest range that holds `count` blocks of size /`unit`."""
    return unit - (count - 1).bit_length()


RULES: tuple[Rule, ...] = (overlap, private, roomy, services_fit)
