"""Checks of the category Infrastructure: zones, servers, workers, operating systems, addresses."""

from __future__ import annotations

from haven_iac.compliance.catalogue import Inputs
from haven_iac.compliance.rules.outcome import FAIL, NEEDS_EVIDENCE, PASS, RUN, Outcome, count, labels
from haven_iac.compliance.subject import Subject
from haven_iac.compliance.words import said

NEEDED = 3
"""Servers, and workers, that the checker asks for."""


def multiaz(subject: Subject, data: Inputs) -> Outcome:
    """Multiaz: the zone labels of all nodes have two values or more."""
    zones = tuple(sorted({node.zone for node in subject.nodes if node.zone}))
    without = labels(node for node in subject.nodes if not node.zone)
    every = labels(subject.nodes)
    bare = said("rules.multiaz.bare", without=len(without), total=len(every)) if without else ""
    about = {"count": count(len(zones), "zone"), "zones": zones or said("count.none"), "bare": bare}
    if len(zones) < 2:
        reason = said(f"rules.multiaz.few{'_bare' if bare else ''}", **about)
        return Outcome(FAIL, reason, said("rules.multiaz.few_fix"), without or every, ours=True)
    reason = said(f"rules.multiaz.enough{'_bare' if bare else ''}", **about)
    fix = said("rules.multiaz.bare_fix") if bare else ""
    return Outcome(PASS, reason, fix, without or every, bare, ours=True)


def hamasters(subject: Subject, data: Inputs) -> Outcome:
    """Hamasters: three servers or more."""
    names = labels(node for node in subject.nodes if node.control_plane)
    if subject.hidden_control_plane:
        found = data.managed.get(subject.platform)
        why = found.why if found else said("rules.hamasters.nowhere")
        if found and found.known:
            return Outcome(
                PASS, said("rules.hamasters.known", platform=subject.platform, why=why), objects=subject.platform_from
            )
        reason = said("rules.hamasters.unknown", platform=subject.platform, why=why)
        return Outcome(NEEDS_EVIDENCE, reason, RUN, subject.platform_from)
    if len(names) >= NEEDED:
        return Outcome(PASS, said("rules.hamasters.enough", count=count(len(names), "server")), objects=names)
    reason = said("rules.hamasters.few", count=count(len(names), "server"), needed=NEEDED)
    return Outcome(FAIL, reason, said("rules.hamasters.few_fix"), names, ours=True)


def haworkers(subject: Subject, data: Inputs) -> Outcome:
    """Haworkers: three workers or more, at the least size that autoscaling allows."""
    workers = labels(node for node in subject.nodes if not node.control_plane)
    least = "_least" if subject.workers != len(workers) else ""
    number = count(subject.workers, "worker")
    if subject.workers >= NEEDED:
        return Outcome(PASS, said(f"rules.haworkers.enough{least}", count=number), objects=workers)
    reason = said(f"rules.haworkers.few{least}", count=number, needed=NEEDED)
    fix = said("rules.haworkers.least_fix" if least else "rules.haworkers.few_fix")
    return Outcome(FAIL, reason, fix, workers, ours=True)


def nodehardening(subject: Subject, data: Inputs) -> Outcome:
    """Nodehardening: every node's operating system is one whose hardening the checker names."""
    kinds = {node.os_image: data.hardening(node.os_image) for node in subject.nodes}
    soft = labels(node for node in subject.nodes if kinds[node.os_image] == "")
    fix = said("rules.nodehardening.fix")
    if not kinds:
        return Outcome(FAIL, said("rules.nodehardening.empty"), fix)
    if soft:
        images = tuple(sorted(image for image, kind in kinds.items() if kind == ""))
        return Outcome(FAIL, said("rules.nodehardening.soft", images=images), fix, soft)
    unknown = sorted(image for image, kind in kinds.items() if kind is None)
    if unknown:
        names = tuple(image or said("rules.nodehardening.unnamed") for image in unknown)
        nodes = labels(node for node in subject.nodes if node.os_image in unknown)
        reason = said("rules.nodehardening.unknown", images=names)
        return Outcome(NEEDS_EVIDENCE, reason, said("rules.nodehardening.unknown_fix"), nodes)
    known = tuple(f"{image}: {kind}" for image, kind in sorted(kinds.items()))
    return Outcome(PASS, said("rules.nodehardening.hard", kinds=known), objects=labels(subject.nodes))


def privatenetworking(subject: Subject, data: Inputs) -> Outcome:
    """Privatenetworking: no node has an address of type ExternalIP."""
    public = labels(node for node in subject.nodes if node.external)
    if public:
        reason = said("rules.privatenetworking.public", count=count(len(public), "node"))
        return Outcome(FAIL, reason, said("rules.privatenetworking.fix"), public)
    return Outcome(PASS, said("rules.privatenetworking.private"), objects=labels(subject.nodes))
