"""What the checks look at: the same few facts, taken from a plan or from a live cluster.

One rule a check serves both: prediction and observation differ in where the facts come from and in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from haven_iac.plan.model import ClusterPlan, Role

MANAGED = frozenset({"aks", "eks", "gke"})
"""Managed platforms whose hidden control plane the checker knows."""


@dataclass(frozen=True)
class Seen:
    """Something found, and the objects that it was found in."""

    value: str
    objects: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeSeen:
    """A node as the checks see it."""

    name: str
    zone: str
    control_plane: bool
    external: bool
    """It has an address of type ExternalIP."""
    os_image: str


@dataclass(frozen=True)
class Subject:
    """A cluster as the checks see it, planned or live."""

    nodes: tuple[NodeSeen, ...]
    workers: int
    """Worker nodes that are there at the least: the autoscaler's minimum counts."""
    minor: str
    platform: str
    """rke2, k3s, aks and so on."""
    managed_control_plane: bool
    admin: bool
    rbac: bool
    storage: tuple[Seen, ...]
    """Provisioner of each storage class."""
    certificates: tuple[str, ...]
    """Objects that show cert-manager; empty when it is not there."""
    log_store: tuple[str, ...]
    log_collector: tuple[str, ...]
    metrics: tuple[str, ...]


def of_plan(plan: ClusterPlan) -> Subject:
    """Return a planned cluster as the checks see it."""
    spec, facts = plan.spec, plan.facts
    releases = {release.slot: (f"Release/{release.name}",) for release in plan.releases}
    workers = sum(pool.minimum for pool in plan.pools if pool.role is Role.WORKER)
    return Subject(
        nodes=tuple(
            NodeSeen(n.name, n.zone, n.role is Role.CONTROL_PLANE, facts.nodes.public_addresses, facts.nodes.os_image)
            for n in plan.nodes
        ),
        workers=workers,
        minor=spec.kubernetes.version,
        platform=facts.kind if facts.managed_control_plane else spec.kubernetes.distribution.value,
        managed_control_plane=facts.managed_control_plane,
        admin=True,
        rbac=True,
        storage=tuple(Seen(c.provisioner, (f"StorageClass/{c.name}",)) for c in facts.storage.classes),
        certificates=releases.get("certificates", ()),
        log_store=releases.get("logs", ()),
        log_collector=releases.get("log-collector", ()),
        metrics=("bundled",) if "metrics" in facts.bundled else releases.get("metrics", ()),
    )
