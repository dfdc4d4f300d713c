"""Checks of the category Infrastructure: zones, servers, workers, operating systems, addresses."""

from __future__ import annotations

from haven_iac.compliance.catalogue import Inputs
from haven_iac.compliance.rules.outcome import FAIL, NEEDS_EVIDENCE, PASS, RUN, Outcome, count, labels
from haven_iac.compliance.subject import Subject

NEEDED = 3
"""Servers, and workers, that the checker asks for."""


def multiaz(subject: Subject, data: Inputs) -> Outcome:
    """Multiaz: the zone labels of all nodes have two values or more."""
    zones = sorted({node.zone for node in subject.nodes if node.zone})
    bare = labels(node for node in subject.nodes if not node.zone)
    if len(zones) < 2:
        missing = f"; {len(bare)} of {len(subject.nodes)} nodes have no label topology.kubernetes.io/zone"
        return Outcome(
            FAIL,
            f"nodes stand in {count(len(zones), 'zone')} ({', '.join(zones) or 'none'}) and 2 are needed"
            + (missing if bare else ""),
            "cloud.zones: name at least two zones that the cloud really has",
            bare,
            ours=True,
        )
    flaw = f"{len(bare)} of {len(subject.nodes)} nodes have no label topology.kubernetes.io/zone" if bare else ""
    reason = f"nodes stand in {len(zones)} zones ({', '.join(zones)})" + (f"; {flaw}" if flaw else "")
    return Outcome(PASS, reason, "put the zone label back on every node" if bare else "", bare, flaw, ours=True)


def hamasters(subject: Subject, data: Inputs) -> Outcome:
    """Hamasters: three servers or more."""
    names = labels(node for node in subject.nodes if node.control_plane)
    if subject.hidden_control_plane:
        if subject.platform in data.managed:
            return Outcome(PASS, f"the checker knows that {subject.platform} runs the control plane itself")
        return Outcome(
            NEEDS_EVIDENCE, f"whether the checker knows the control plane of {subject.platform} is not known", RUN
        )
    if len(names) >= NEEDED:
        return Outcome(PASS, count(len(names), "server"), objects=names)
    return Outcome(
        FAIL, f"{count(len(names), 'server')}, and {NEEDED} are needed", "controlPlane.size: 3", names, ours=True
    )


def haworkers(subject: Subject, data: Inputs) -> Outcome:
    """Haworkers: three workers or more, at the least size that autoscaling allows."""
    workers = labels(node for node in subject.nodes if not node.control_plane)
    least = " at the autoscaler's minimum" if subject.workers != len(workers) else ""
    if subject.workers >= NEEDED:
        return Outcome(PASS, f"{count(subject.workers, 'worker')}{least}", objects=workers)
    return Outcome(
        FAIL,
        f"{count(subject.workers, 'worker')}{least}, and {NEEDED} are needed",
        "pools.<name>.autoscale.min: 3" if least else "pools.<name>.size: 3",
        workers,
        ours=True,
    )


def nodehardening(subject: Subject, data: Inputs) -> Outcome:
    """Nodehardening: every node's operating system is one whose hardening the checker names."""
    kinds = {node.os_image: data.hardening(node.os_image) for node in subject.nodes}
    fix = "let every node run an image with AppArmor, SELinux, Talos or Flatcar, such as Ubuntu 24.04"
    soft = labels(node for node in subject.nodes if kinds[node.os_image] == "")
    if soft or not kinds:
        images = ", ".join(sorted(image for image, kind in kinds.items() if kind == ""))
        return Outcome(FAIL, f"{images} was seen to fail" if soft else "there are no nodes", fix, soft)
    unknown = sorted(image for image, kind in kinds.items() if kind is None)
    if unknown:
        names = ", ".join(image or "an operating system that the node does not name" for image in unknown)
        nodes = labels(node for node in subject.nodes if node.os_image in unknown)
        return Outcome(NEEDS_EVIDENCE, f"whether {names} counts as hardened is not known", f"{RUN}, or {fix}", nodes)
    return Outcome(PASS, ", ".join(f"{image}: {kind}" for image, kind in sorted(kinds.items())))


def privatenetworking(subject: Subject, data: Inputs) -> Outcome:
    """Privatenetworking: no node has an address of type ExternalIP."""
    public = labels(node for node in subject.nodes if node.external)
    if public:
        return Outcome(
            FAIL,
            f"{count(len(public), 'node')} with an address of type ExternalIP",
            "take the public address off the nodes; they get out through a router or NAT gateway",
            public,
        )
    return Outcome(PASS, "no node has an address of type ExternalIP")
