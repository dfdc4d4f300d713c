"""The plan of a cluster: everything decided, nothing created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from graphlib import TopologicalSorter

from haven_iac.facts import CloudFacts
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec


class Role(StrEnum):
    """What a node does."""

    CONTROL_PLANE = "control-plane"
    WORKER = "worker"


@dataclass(frozen=True)
class NodePlan:
    """One node."""

    name: str
    """`<cluster>-<pool>-<zone>-<n>`: never depends on any other node, pool or zone."""
    role: Role
    pool: str
    """Pool name; `control-plane` for servers."""
    zone: str
    """Empty where the cloud has no zones."""
    ordinal: int
    """1 for the first of its pool in its zone."""
    address_block: str
    """Range that its address comes from."""
    flavor: str
    labels: tuple[tuple[str, str], ...]
    """Sorted; includes role, pool and zone labels."""
    taints: tuple[tuple[str, str, str], ...]
    """key, value, effect; sorted."""
    first: bool = False
    """True for the server that initialises the cluster."""
    os_image: str = ""
    """Operating system of a node that is there already; of one that is made the cloud's facts tell."""
    public: bool = False
    """A node that is there already has a public address."""


@dataclass(frozen=True)
class PoolPlan:
    """One pool as judged by checks: its nodes and its guaranteed minimum."""

    name: str
    role: Role
    nodes: tuple[NodePlan, ...]
    minimum: int
    """Nodes that are there at the least (the autoscaler's minimum, else the size)."""


@dataclass(frozen=True)
class Notice:
    """Something a person should know; not an error."""

    path: str
    text: str


@dataclass(frozen=True)
class ClusterPlan:
    """Everything about to be built."""

    spec: ClusterSpec
    facts: CloudFacts
    pools: tuple[PoolPlan, ...]
    """The control plane first, then the pools by name."""
    releases: tuple[Release, ...]
    """In the order in which they can be installed."""
    manifests: tuple[Manifest, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def nodes(self) -> tuple[NodePlan, ...]:
        """Return every node, the control plane first."""
        return tuple(node for pool in self.pools for node in pool.nodes)

    @property
    def zones(self) -> tuple[str, ...]:
        """Return the distinct zones that nodes stand in, sorted."""
        return tuple(sorted({node.zone for node in self.nodes if node.zone}))

    def release(self, slot: str) -> Release | None:
        """Return the release in a slot, or None when it is empty."""
        return next((r for r in self.releases if r.slot == slot), None)

    @property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """Return the filled slots that have to be ready before each filled slot, sorted."""
        found: dict[str, set[str]] = {}
        parts: tuple[Release | Manifest, ...] = (*self.releases, *self.manifests)
        for one in parts:
            found.setdefault(one.slot, set()).update(one.needs)
        return {slot: tuple(sorted(before & found.keys())) for slot, before in found.items()}

    @property
    def slots(self) -> tuple[str, ...]:
        """Return every filled slot, in an order in which each one's needs come before it."""
        return tuple(TopologicalSorter(self.needs).static_order())
