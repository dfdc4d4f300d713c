"""The plan: a pure function from a description and a cloud's promise."""

from __future__ import annotations

from datetime import timedelta
from graphlib import CycleError, TopologicalSorter

from haven_iac.errors import HavenError
from haven_iac.facts import CloudFacts
from haven_iac.plan import nodes
from haven_iac.plan.model import ClusterPlan, Notice
from haven_iac.platform import catalogue
from haven_iac.platform.release import Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.cluster import Profile
from haven_iac.spec.model import duration

AUDIT = timedelta(days=180)
"""BIO2 8.18.02 asks for half a year."""


def plan(spec: ClusterSpec, facts: CloudFacts) -> ClusterPlan:
    """Return everything about to be built; touches nothing.

    Raises:
        HavenError: add-ons need each other in a circle, or something that nobody provides.
    """
    releases = in_order(catalogue.releases(spec, facts))
    return ClusterPlan(
        spec=spec,
        facts=facts,
        pools=nodes.pools(spec, facts),
        releases=releases,
        manifests=catalogue.manifests(spec, facts, releases),
        notices=tuple(notices(spec, facts)),
    )


def in_order(releases: tuple[Release, ...]) -> tuple[Release, ...]:
    """Return releases so that what one needs comes before it.

    Raises:
        HavenError: they need each other in a circle.
    """
    slots = {release.slot: release for release in releases}
    order: TopologicalSorter[str] = TopologicalSorter()
    for slot, release in sorted(slots.items()):
        order.add(slot, *sorted(need for need in release.needs if need in slots))
    try:
        return tuple(slots[slot] for slot in order.static_order())
    except CycleError as error:
        raise HavenError(f"add-ons need each other in a circle: {' -> '.join(error.args[1])}") from error


def notices(spec: ClusterSpec, facts: CloudFacts) -> list[Notice]:
    """Return what a person should know about a description that is in order."""
    found = []
    if facts.simulated:
        found.append(Notice("cloud.kind", "nodes and pods are simulated: a rehearsal, never evidence"))
    if spec.compliance.profile is Profile.SANDBOX:
        found.append(Notice("compliance.profile", "a sandbox stands outside the Haven standard"))
    if not spec.network.api_allowed_cidrs:
        found.append(Notice("network.apiAllowedCidrs", "everybody may reach the Kubernetes API"))
    if spec.logs.enabled and duration(spec.logs.audit_retention) < AUDIT:
        found.append(Notice("logs.auditRetention", "audit logs are kept for less than half a year, which BIO2 asks"))
    alerts = spec.monitoring.alerts
    if spec.monitoring.enabled and not (alerts.email or alerts.webhook_secret):
        found.append(Notice("monitoring.alerts", "alerts go nowhere"))
    if not spec.backup.enabled:
        found.append(Notice("backup.enabled", "there are no backups"))
    return found
