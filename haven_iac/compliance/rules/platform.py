"""Checks of the category Haven+: what has to run on the cluster."""

from __future__ import annotations

from haven_iac.compliance.catalogue import Inputs
from haven_iac.compliance.rules.outcome import FAIL, NEEDS_EVIDENCE, PASS, RUN, Outcome, objects
from haven_iac.compliance.subject import Seen, Subject


def autocerts(subject: Subject, data: Inputs) -> Outcome:
    """Autocerts: cert-manager is there."""
    if subject.certificates and not subject.certificate_api:
        return Outcome(
            NEEDS_EVIDENCE,
            "cert-manager is there and its CustomResourceDefinitions are not; which of the two counts is not known",
            "install cert-manager's CustomResourceDefinitions",
            objects(subject.certificates),
            ours=True,
        )
    if subject.certificate_api and not subject.certificates:
        return Outcome(
            NEEDS_EVIDENCE,
            "cert-manager's CustomResourceDefinitions are there and its controller is not, so no certificate is "
            "renewed; which of the two counts is not known",
            "put cert-manager's controller back",
            ours=True,
        )
    fix = "platform.addons.certificates.enabled: true"
    return present("cert-manager", subject.certificates, fix)


def logs(subject: Subject, data: Inputs) -> Outcome:
    """Logs: Loki and Alloy are there; what else the checker recognises is not known."""
    store, collector, other = subject.log_store, subject.log_collector, subject.other_logs
    if store and collector:
        return present("Loki and Alloy", (*store, *collector), "", each=(store, collector))
    parts = {"Loki": store, "Alloy": collector, "another log stack": other}
    there = [name for name, found in parts.items() if found]
    if other or collector:
        return Outcome(
            NEEDS_EVIDENCE,
            f"{' and '.join(there)} is there; the checker was seen to pass with Loki and Alloy together",
            f"{RUN}, or logs.enabled: true",
            objects((*store, *collector, *other)),
            ours=True,
        )
    reason = "Loki is there and nothing collects logs for it" if store else "no log aggregation is there"
    fix = "logs.enabled: true, with the add-ons logs and log-collector on"
    return Outcome(FAIL, reason, fix, objects(store), ours=True)


def metrics(subject: Subject, data: Inputs) -> Outcome:
    """Metrics: metrics-server is there."""
    return present("metrics-server", subject.metrics, "platform.addons.metrics.enabled: true")


def present(what: str, found: tuple[Seen, ...], fix: str, each: tuple[tuple[Seen, ...], ...] = ()) -> Outcome:
    """Return the outcome for something that has to be there; when nothing of it runs, that is not known."""
    verb = "are" if len(each) > 1 else "is"
    if not found:
        return Outcome(FAIL, f"{what} {verb} not there", fix, ours=True)
    idle = [one for part in (each or (found,)) if not any(seen.running for seen in part) for one in part]
    if idle:
        return Outcome(
            NEEDS_EVIDENCE,
            f"{', '.join(objects(idle))} has no pod that is ready; whether the checker minds is not known",
            "look why with `haven-iac status` and `kubectl describe`",
            objects(idle),
        )
    return Outcome(PASS, f"{what} {verb} there", objects=objects(found))
