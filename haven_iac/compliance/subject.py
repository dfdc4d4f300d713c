"""What the checks look at: the same few facts, taken from a plan or from a live cluster.

One rule a check serves both: prediction and observation differ in where the facts come from and in nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from haven_iac.compliance.catalogue import Inputs, inputs
from haven_iac.plan.model import ClusterPlan, Role
from haven_iac.platform.storage import present

OWN_SERVERS = frozenset({"rke2", "k3s"})
"""Distributions whose servers are nodes of the cluster, so that they can be counted."""


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
class ClassSeen:
    """A StorageClass as the checks see it."""

    name: str
    provisioner: str
    immediate: bool
    """A volume is made when it is claimed, not when a pod first uses it."""


@dataclass(frozen=True)
class Seen:
    """Something that runs, or is planned to."""

    label: str
    """As `Deployment/cert-manager/cert-manager` or `Release/cert-manager`."""
    running: bool = True
    """One pod of it is ready at the least; of what is planned this is taken for granted."""


@dataclass(frozen=True)
class Subject:
    """A cluster as the checks see it, planned or live."""

    nodes: tuple[NodeSeen, ...]
    workers: int
    """Worker nodes that are there at the least: in a plan the autoscaler's minimum counts."""
    minor: str
    platform: str
    """rke2, k3s, aks and so on."""
    hidden_control_plane: bool
    """Somebody else runs the servers, and they are no nodes of the cluster."""
    admin: bool
    """The credential at hand may do everything."""
    rbac: bool
    storage: tuple[ClassSeen, ...]
    certificates: tuple[Seen, ...]
    """cert-manager's controller."""
    certificate_api: bool
    """The API serves cert-manager's kinds."""
    log_store: tuple[Seen, ...]
    log_collector: tuple[Seen, ...]
    other_logs: tuple[Seen, ...]
    """Parts of log stacks other than Loki and Alloy."""
    metrics: tuple[Seen, ...]
    simulated: bool = False
    """Its nodes are simulated."""
    own_credential: bool = True
    """The credential is the stack's own; otherwise one that the user gave."""
    version_from: tuple[str, ...] = ()
    """Where the minor was read."""
    platform_from: tuple[str, ...] = ()
    """Where the platform was read."""
    admin_from: tuple[str, ...] = ()
    """Where the rights were read."""
    rbac_from: tuple[str, ...] = ()
    """Where it was read that the API serves RBAC."""


def recognised(names: Iterable[tuple[str, Seen]], data: Inputs) -> dict[str, tuple[Seen, ...]]:
    """Return what each name is a part of: certificates, log_store, log_collector, metrics, other_logs.

    Args:
        names: name of a workload or a chart, and what to show for it.
        data: says which names mean what.
    """
    found: dict[str, list[Seen]] = {part: [] for part in data.workloads}
    for name, seen in names:
        for part, words in data.workloads.items():
            if words.match(name):
                found[part].append(seen)
    return {part: tuple(items) for part, items in found.items()}


def of_plan(plan: ClusterPlan) -> Subject:
    """Return a planned cluster as the checks see it."""
    spec, facts = plan.spec, plan.facts
    charts = [(release.chart, Seen(f"Release/{release.name}")) for release in plan.releases]
    there = [(one.name, Seen(str(one))) for one in facts.brought.values()]
    found = recognised([*charts, *there], inputs())

    def part(name: str, slot: str) -> tuple[Seen, ...]:
        unnamed = slot in facts.bundled and slot not in facts.brought
        return (Seen(f"what {facts.kind} brings along"),) if unnamed else found[name]

    certificates = part("certificates", "certificates")
    return Subject(
        nodes=tuple(
            NodeSeen(
                n.name,
                n.zone,
                n.role is Role.CONTROL_PLANE,
                n.public or facts.nodes.public_addresses,
                n.os_image or facts.nodes.os_image,
            )
            for n in plan.nodes
        ),
        workers=sum(pool.minimum for pool in plan.pools if pool.role is Role.WORKER),
        minor=spec.kubernetes.version,
        platform=facts.platform or (facts.kind if facts.managed_control_plane else spec.kubernetes.distribution.value),
        hidden_control_plane=facts.managed_control_plane,
        admin=True,
        rbac=True,
        storage=tuple(ClassSeen(c.name, c.provisioner, c.binding_mode == "Immediate") for c in present(spec, facts)),
        certificates=certificates,
        certificate_api=bool(certificates),
        log_store=part("log_store", "logs"),
        log_collector=part("log_collector", "log-collector"),
        other_logs=found["other_logs"],
        metrics=part("metrics", "metrics"),
        simulated=facts.simulated,
        version_from=("kubernetes.version",),
        platform_from=("cloud.kind",) if facts.managed_control_plane else ("kubernetes.distribution",),
        admin_from=("the stack's own credential",),
        rbac_from=("cloud.kind",) if facts.managed_control_plane else ("kubernetes.distribution",),
    )
