"""What the platform takes of the nodes, and what is left to say about it when nobody knows how big they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from haven_iac.plan.model import ClusterPlan, Role
from haven_iac.platform.release import Release, Workload
from haven_iac.spec.model import quantity


@dataclass(frozen=True)
class Ask:
    """Requests of some pods together."""

    pods: int = 0
    cpu_millis: int = 0
    """Thousandths of a core."""
    memory_mib: int = 0
    """MiB."""

    def __add__(self, other: Ask) -> Ask:
        """Return both together."""
        return Ask(self.pods + other.pods, self.cpu_millis + other.cpu_millis, self.memory_mib + other.memory_mib)


@dataclass(frozen=True)
class Volumes:
    """Volumes of one release."""

    count: int
    size: int
    """Bytes of each."""


@dataclass(frozen=True)
class ReleaseSum:
    """What one release asks for."""

    slot: str
    name: str
    ask: Ask
    volumes: tuple[Volumes, ...]

    @property
    def volume_bytes(self) -> int:
        """Return the size of its volumes together, in bytes."""
        return sum(one.count * one.size for one in self.volumes)


@dataclass(frozen=True)
class Sums:
    """What the platform asks for."""

    releases: tuple[ReleaseSum, ...]
    """Only those that ask for anything, in the plan's order."""
    total: Ask
    every_node: Ask
    """What each node gets, servers too: the pods of DaemonSets."""
    per_worker: Ask
    """Room that each worker must have when pods are spread evenly: its own part, and its share of the rest."""
    workers: int
    nodes: int
    volumes: int
    volume_bytes: int


def sums(plan: ClusterPlan) -> Sums:
    """Return what the platform asks for; applications come on top."""
    nodes, workers = len(plan.nodes), sum(node.role is Role.WORKER for node in plan.nodes)
    rows = []
    every = Ask()
    spread = Ask()
    for release in plan.releases:
        ask = Ask()
        for workload in release.workloads:
            if workload.per_node:
                every += _ask(workload, 1)
                ask += _ask(workload, nodes)
            else:
                spread += _ask(workload, 1)
                ask += _ask(workload, 1)
        volumes = tuple(_volumes(release))
        if ask.pods or volumes:
            rows.append(ReleaseSum(release.slot, release.name, ask, volumes))
    share = max(1, workers)
    part = Ask(-(-spread.pods // share), -(-spread.cpu_millis // share), -(-spread.memory_mib // share))
    return Sums(
        releases=tuple(rows),
        total=sum((row.ask for row in rows), Ask()),
        every_node=every,
        per_worker=every + part,
        workers=workers,
        nodes=nodes,
        volumes=sum(one.count for row in rows for one in row.volumes),
        volume_bytes=sum(row.volume_bytes for row in rows),
    )


def _ask(workload: Workload, times: int) -> Ask:
    pods = workload.replicas * times
    return Ask(pods, pods * workload.cpu_millis, pods * workload.memory_mib)


def _volumes(release: Release) -> Iterator[Volumes]:
    """Yield the volumes that a release's values ask for.

    Charts say it in two ways: a `persistence` that is enabled, with its `size`, and a `volumeClaimTemplate`. Each
    stands below the `replicas` that it is made for, once for each of them.
    """
    yield from _within(release.values, 1)


def _within(values: Mapping[str, Any], replicas: int) -> Iterator[Volumes]:
    own = values.get("replicas")
    replicas = own if isinstance(own, int) and not isinstance(own, bool) else replicas
    for key, inner in values.items():
        if not isinstance(inner, Mapping):
            continue
        size = ""
        if key == "persistence" and inner.get("enabled"):
            claims = inner.get("claims") or [inner]
            size = str(claims[0].get("size", ""))
        elif key == "volumeClaimTemplate":
            size = str(((inner.get("spec") or {}).get("resources") or {}).get("requests", {}).get("storage", ""))
        if size and replicas:
            try:
                yield Volumes(replicas, quantity(size))
            except ValueError:
                continue
        elif not size:
            yield from _within(inner, replicas)


def cores(millis: int) -> str:
    """Return thousandths of a core as people say them: `1.5 cores`, `1 core`."""
    text = f"{millis / 1000:.3f}".rstrip("0").rstrip(".")
    return f"{text} core" if text == "1" else f"{text} cores"


def mebibytes(amount: int) -> str:
    """Return MiB as people say them: `512 MiB`, `7.2 GiB`."""
    return f"{amount} MiB" if amount < 1024 else f"{amount / 1024:.1f} GiB".replace(".0 ", " ")


def size(amount: int) -> str:
    """Return bytes as people say them: `51 GiB`."""
    return mebibytes(amount // 2**20)


def _known(plan: ClusterPlan | None) -> str:
    """Return what is known of the machines that this has to fit on."""
    known = plan.facts.nodes.flavors if plan else {}
    named = {node.flavor for node in plan.nodes if node.role is Role.WORKER} if plan else set()
    sizes = {name: known[name] for name in sorted(named & set(known))}
    if not sizes:
        return "flavors are the cloud's own names, so whether that fits is seen there"
    each = [f"{name} has {cores(one.cpu_millis)} and {mebibytes(one.memory_mib)}" for name, one in sizes.items()]
    return ", ".join(each)


def in_words(found: Sums, plan: ClusterPlan | None = None) -> list[str]:
    """Return the sums as sentences; with the plan, beside how big its machines are, as far as that is known."""
    ask, each, worker = found.total, found.every_node, found.per_worker
    lines = [
        f"The platform asks for {cores(ask.cpu_millis)} and {mebibytes(ask.memory_mib)} of memory in {ask.pods} pods.",
        f"Each of the {found.nodes} nodes runs {each.pods} of them: {cores(each.cpu_millis)}, "
        f"{mebibytes(each.memory_mib)}.",
    ]
    if found.workers:
        lines.append(
            f"Each of the {found.workers} workers needs about {cores(worker.cpu_millis)} and "
            f"{mebibytes(worker.memory_mib)} for it, before any application; "
            f"{_known(plan)}."
        )
    else:
        lines.append("There is no worker to run it.")
    lines.append(f"It keeps {found.volumes} volumes, {size(found.volume_bytes)} together.")
    return lines
