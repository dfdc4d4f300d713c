"""Checks of the categories Fundamental, Cluster and External: rights, version, volumes, conformance."""

from __future__ import annotations

from haven_iac.compliance.catalogue import Inputs
from haven_iac.compliance.rules.outcome import FAIL, NEEDS_EVIDENCE, PASS, RUN, Outcome, count
from haven_iac.compliance.subject import ClassSeen, Subject
from haven_iac.compliance.words import said
from haven_iac.versions import minors, number

BASIC_AUTH_ENDED = 19
"""Minor of Kubernetes that no longer has basic authentication."""


def clusteradmin(subject: Subject, data: Inputs) -> Outcome:
    """Clusteradmin: the credential at hand may do everything."""
    rests = subject.admin_from
    if subject.admin:
        return Outcome(PASS, said("rules.clusteradmin.admin"), objects=rests)
    if not subject.own_credential:
        reason, fix = said("rules.clusteradmin.given"), said("rules.clusteradmin.given_fix")
        return Outcome(NEEDS_EVIDENCE, reason, fix, rests)
    return Outcome(FAIL, said("rules.clusteradmin.own"), said("rules.clusteradmin.own_fix"), rests)


def kubernetesversion(subject: Subject, data: Inputs) -> Outcome:
    """Kubernetesversion: at most three minors behind the newest."""
    known, rests = minors(), subject.version_from
    lag = known.lag(subject.minor)
    about = {"minor": subject.minor, "newest": known.newest, "day": known.as_of, "lag": count(lag, "minor")}
    if lag > known.behind:
        reason = said("rules.kubernetesversion.behind", allowed=known.behind, **about)
        return Outcome(FAIL, reason, said("rules.kubernetesversion.behind_fix", default=known.default), rests)
    which = "newer" if lag < 0 else "newest" if lag == 0 else "last" if lag == known.behind else "fine"
    return Outcome(PASS, said(f"rules.kubernetesversion.{which}", **about), objects=rests)


def rbac(subject: Subject, data: Inputs) -> Outcome:
    """Rbac: the API serves it."""
    if subject.rbac:
        return Outcome(PASS, said("rules.rbac.served"), objects=subject.rbac_from)
    return Outcome(FAIL, said("rules.rbac.missing"), said("rules.rbac.missing_fix"), subject.rbac_from)


def basicauth(subject: Subject, data: Inputs) -> Outcome:
    """Basicauth: the API server takes no basic authentication; only checkers before 12.8 ask."""
    if number(subject.minor) >= BASIC_AUTH_ENDED:
        return Outcome(PASS, said("rules.basicauth.gone", minor=subject.minor), objects=subject.version_from)
    reason, fix = said("rules.basicauth.possible", minor=subject.minor), said("rules.basicauth.possible_fix")
    return Outcome(NEEDS_EVIDENCE, reason, fix, subject.version_from)


def rwxvolumes(subject: Subject, data: Inputs) -> Outcome:
    """Rwxvolumes: a storage class can do ReadWriteMany; how the checker tells is not known."""
    able = [one for one in subject.storage if data.many(one.provisioner)]
    if at_once := [one for one in able if one.immediate]:
        return Outcome(PASS, said("rules.rwxvolumes.by", kinds=_kinds(at_once)), objects=_classes(at_once))
    if able:
        reason, fix = said("rules.rwxvolumes.waits"), said("rules.rwxvolumes.waits_fix")
        return Outcome(NEEDS_EVIDENCE, reason, fix, _classes(able), ours=True)
    if unknown := [one for one in subject.storage if data.many(one.provisioner) is None]:
        reason = said("rules.rwxvolumes.unknown", kinds=_kinds(unknown))
        return Outcome(NEEDS_EVIDENCE, reason, RUN, _classes(unknown))
    reason, fix = said("rules.rwxvolumes.none"), said("rules.rwxvolumes.none_fix")
    return Outcome(FAIL, reason, fix, _classes(subject.storage), ours=True)


def _kinds(classes: list[ClassSeen]) -> tuple[str, ...]:
    return tuple(sorted({one.provisioner for one in classes}))


def _classes(classes: list[ClassSeen] | tuple[ClassSeen, ...]) -> tuple[str, ...]:
    return tuple(f"StorageClass/{one.name}" for one in classes)


def cncf(subject: Subject, data: Inputs) -> Outcome:
    """Cncf: results of conformance are published where the checker looks for them."""
    known, rests = data.conformance.get(subject.platform), (*subject.platform_from, *subject.version_from)
    fix = said("rules.cncf.fix")
    if not known:
        return Outcome(NEEDS_EVIDENCE, said("rules.cncf.unknown", platform=subject.platform), fix, rests)
    where = f"v{subject.minor}/{known.directory}"
    if subject.minor not in known.minors:
        return Outcome(NEEDS_EVIDENCE, said("rules.cncf.absent", where=where), fix, rests)
    if not known.proven:
        return Outcome(NEEDS_EVIDENCE, said("rules.cncf.unproven", where=where), fix, rests)
    return Outcome(PASS, said("rules.cncf.there", where=where), objects=rests)
