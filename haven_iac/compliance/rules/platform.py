"""Checks of the category Haven+: what has to run on the cluster."""

from __future__ import annotations

from haven_iac.compliance.catalogue import Inputs
from haven_iac.compliance.rules.outcome import FAIL, NEEDS_EVIDENCE, PASS, Outcome, objects
from haven_iac.compliance.subject import Seen, Subject
from haven_iac.compliance.words import Said, said


def autocerts(subject: Subject, data: Inputs) -> Outcome:
    """Autocerts: cert-manager is there."""
    rests = objects(subject.certificates)
    if subject.certificates and not subject.certificate_api:
        reason, fix = said("rules.autocerts.no_kinds"), said("rules.autocerts.no_kinds_fix")
        return Outcome(NEEDS_EVIDENCE, reason, fix, rests, ours=True)
    if subject.certificate_api and not subject.certificates:
        reason, fix = said("rules.autocerts.no_controller"), said("rules.autocerts.no_controller_fix")
        return Outcome(NEEDS_EVIDENCE, reason, fix, ("APIGroup/cert-manager.io",), ours=True)
    return present(said("rules.present.cert_manager"), subject.certificates, said("rules.autocerts.fix"))


def logs(subject: Subject, data: Inputs) -> Outcome:
    """Logs: Loki and Alloy are there; what else the checker recognises is not known."""
    store, collector, other = subject.log_store, subject.log_collector, subject.other_logs
    if store and collector:
        return present(said("rules.present.loki_and_alloy"), (*store, *collector), "", each=(store, collector))
    parts = {"loki": store, "alloy": collector, "another": other}
    there = tuple(said(f"rules.logs.{name}") for name, found in parts.items() if found)
    if other or collector:
        reason, fix = said("rules.logs.other", parts=there), said("rules.logs.other_fix")
        return Outcome(NEEDS_EVIDENCE, reason, fix, objects((*store, *collector, *other)), ours=True)
    reason = said("rules.logs.store" if store else "rules.logs.none")
    return Outcome(FAIL, reason, said("rules.logs.fix"), objects(store), ours=True)


def metrics(subject: Subject, data: Inputs) -> Outcome:
    """Metrics: metrics-server is there."""
    return present(said("rules.present.metrics_server"), subject.metrics, said("rules.metrics.fix"))


def present(what: Said, found: tuple[Seen, ...], fix: str, each: tuple[tuple[Seen, ...], ...] = ()) -> Outcome:
    """Return the outcome for something that has to be there; when nothing of it runs, that is not known."""
    if not found:
        return Outcome(FAIL, said("rules.present.missing", what=what), fix, ours=True)
    idle = [one for part in (each or (found,)) if not any(seen.running for seen in part) for one in part]
    if idle:
        reason = said("rules.present.idle", objects=objects(idle))
        return Outcome(NEEDS_EVIDENCE, reason, said("rules.present.idle_fix"), objects(idle))
    there = "rules.present.both" if len(each) > 1 else "rules.present.there"
    return Outcome(PASS, said(there, what=what), objects=objects(found))
