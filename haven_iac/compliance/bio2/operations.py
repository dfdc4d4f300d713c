"""Measures about networks, vulnerabilities, clouds and changes."""

from __future__ import annotations

from haven_iac.compliance.bio2.subject import Subject, ask, missing
from haven_iac.compliance.model import Look
from haven_iac.compliance.rules.outcome import Outcome
from haven_iac.spec.compliance import Enforce
from haven_iac.versions import minors


def standards(subject: Subject) -> Outcome:
    """5.14.01: what faces the internet keeps to the mandatory open standards."""
    return ask("standards", "ingress.domain", domain=subject.spec.ingress.domain)


def cloud_policy(subject: Subject) -> Outcome:
    """5.23.01: there is a policy for cloud suppliers, and for leaving them."""
    return ask("cloud", "cloud.kind", kind=subject.plan.facts.kind)


def patches(subject: Subject) -> Outcome:
    """8.08.01: what is likely and harmful is mended within a week."""
    known, minor = minors(), subject.spec.kubernetes.version
    if known.lag(minor) > known.behind:
        return missing("too_old", "kubernetes.version", minor=minor)
    return ask("patches", "kubernetes.version", minor=minor)


def tests(subject: Subject) -> Outcome:
    """8.08.04: systems are tested every year, and what faces the internet all the time."""
    if subject.spec.compliance.schedule:
        return ask("scheduled", "compliance.schedule", cron=subject.spec.compliance.schedule.cron)
    return ask("not_scheduled", "compliance.schedule")


def network_logging(subject: Subject) -> Outcome:
    """8.16.04: network components write logs that somebody looks at."""
    return ask("network_logging", "kubernetes.cni", cni=subject.spec.kubernetes.cni.value)


def detection(subject: Subject) -> Outcome:
    """8.21.02: traffic is watched for what is suspicious."""
    return ask("forwarded" if subject.spec.logs.forward else "not_forwarded", "logs.forward")


def segmentation(subject: Subject) -> Outcome:
    """8.22.01: groups that are kept apart have a level of their own."""
    seen = subject.fact("networkpolicies")
    if seen and seen.look is Look.ATTENTION:
        return missing("open_namespaces", *seen.objects, seen=seen.reason)
    if not subject.spec.policy.default_deny:
        return missing("no_default_deny", "policy.defaultDeny")
    return ask("segmented", *(seen.objects if seen else ("policy.defaultDeny",)))


def tested_changes(subject: Subject) -> Outcome:
    """8.31.02: what changes in production was tested before."""
    return ask("tested_changes")


def change_records(subject: Subject) -> Outcome:
    """8.32.01: a change is recorded, with its risk, a way back, and who agreed."""
    if subject.spec.compliance.enforce is Enforce.MANDATORY:
        return ask("enforced", "compliance.enforce")
    return ask("change_records", "compliance.enforce")
