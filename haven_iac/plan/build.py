"""The plan: a pure function from a description and a cloud's promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter

from haven_iac.errors import HavenError, Problem, SpecError
from haven_iac.facts import CloudFacts
from haven_iac.plan import nodes
from haven_iac.plan.advice import advice, tight
from haven_iac.plan.model import ClusterPlan, Notice
from haven_iac.platform import catalogue, slots
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.compliance import Profile
from haven_iac.spec.model import duration
from haven_iac.spec.problems import Code

AUDIT = timedelta(days=180)
"""BIO2 8.18.02 asks for half a year."""


def plan(spec: ClusterSpec, facts: CloudFacts) -> ClusterPlan:
    """Return everything about to be built; touches nothing.

    Raises:
        HavenError: add-ons need each other in a circle, or something that nobody provides.
        SpecError: it would take over a namespace that somebody else made.
    """
    releases = in_order(catalogue.releases(spec, facts))
    manifests = catalogue.manifests(spec, facts, releases)
    if taken := _taken(facts, releases, manifests):
        raise SpecError.of(taken)
    made = ClusterPlan(
        spec=spec,
        facts=facts,
        pools=nodes.pools(spec, facts),
        releases=releases,
        manifests=manifests,
    )
    return replace(made, notices=(*notices(spec, facts), *advice(spec, facts), *tight(made)))


def _taken(facts: CloudFacts, releases: tuple[Release, ...], manifests: tuple[Manifest, ...]) -> list[Problem]:
    """Return each namespace that would be ours, and was there before us with whatever stands in it."""
    found = []
    for body in (one.body for one in manifests if one.body["kind"] == "Namespace"):
        name = body["metadata"]["name"]
        if name in facts.left_alone:
            used = [one.slot for one in releases if name in (one.namespace, *one.namespaces)]
            what = f"the namespace {name} is there already and is not ours"
            off = " and ".join(f"platform.addons.{slot}.enabled: false" for slot in used)
            fix = f"write {off}, or move what is in it elsewhere" if used else "give the tenant another name"
            found.append(Problem(what, fix, Code.CROSS.value, path="platform" if used else f"tenants.{name}"))
    return found


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
    for slot, brought in sorted(facts.brought.items()):
        found.append(Notice(f"platform.addons.{slot}", f"{brought} is there already and is left alone"))
    if facts.own_keys is False and spec.identity.oidc:
        found.append(Notice("identity.oidc", "who runs the control plane has to set this up there; bindings are made"))
    if slots.CERTIFICATES in facts.brought and spec.ingress.certificates.eab:
        what = "make the Secret of the external account binding yourself, beside the cert-manager that is there"
        found.append(Notice("ingress.certificates.eab", what))
    if spec.compliance.profile is Profile.SANDBOX:
        found.append(Notice("compliance.profile", "a sandbox stands outside the Haven standard"))
    if facts.found_nodes is None and not spec.network.api_allowed_cidrs:
        found.append(Notice("network.apiAllowedCidrs", "everybody may reach the Kubernetes API"))
    if spec.logs.enabled and duration(spec.logs.audit_retention) < AUDIT:
        found.append(Notice("logs.auditRetention", "audit logs are kept for less than half a year, which BIO2 asks"))
    alerts = spec.monitoring.alerts
    if spec.monitoring.enabled and not (alerts.email or alerts.webhook_secret):
        found.append(Notice("monitoring.alerts", "alerts go nowhere"))
    if not spec.backup.enabled:
        found.append(Notice("backup.enabled", "there are no backups"))
    return found
