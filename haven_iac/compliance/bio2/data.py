"""Measures about logs, backups, certificates and cryptography."""

from __future__ import annotations

from datetime import timedelta

from haven_iac.compliance.bio2.access import _logged
from haven_iac.compliance.bio2.subject import Subject, ask, missing, shown
from haven_iac.compliance.model import Look
from haven_iac.compliance.rules.outcome import Outcome
from haven_iac.spec.ingress import Issuer
from haven_iac.spec.model import duration

HALF_A_YEAR = timedelta(days=180)
THREE_YEARS = timedelta(days=3 * 365)


def certificates(subject: Subject) -> Outcome:
    """5.14.02: public traffic with sensitive data has a certificate that names the organisation."""
    given, path = subject.spec.ingress.certificates, "ingress.certificates"
    if given.issuer is Issuer.SUPPLIED:
        return shown("supplied", path)
    if given.issuer is Issuer.ACME and given.eab:
        return shown("eab", path, server=given.server)
    return ask("private_ca" if given.issuer is Issuer.PRIVATE_CA else "dv", path)


def incident_data(subject: Subject) -> Outcome:
    """5.28.01: what explains an incident is kept for three years."""
    kept, path = subject.spec.logs.audit_retention, "logs.auditRetention"
    if subject.spec.logs.enabled and duration(kept) >= THREE_YEARS:
        return shown("three_years", path, kept=kept)
    return ask("less_than_three_years", path, kept=kept)


def half_a_year(subject: Subject) -> Outcome:
    """8.18.02: what system tools were used for is logged, and can be looked at for half a year."""
    kept = subject.spec.logs.audit_retention
    if not subject.spec.logs.enabled:
        return missing("no_logs", "logs.enabled")
    if duration(kept) < HALF_A_YEAR:
        return missing("less_than_half_a_year", "logs.auditRetention", kept=kept)
    return _logged(subject, "half_a_year", "logs.auditRetention")


def log_lines(subject: Subject) -> Outcome:
    """8.15.01: a line says who did what to what, from where, when, and with which result."""
    return _logged(subject, "log_lines", "kubernetes.distribution")


def retention(subject: Subject) -> Outcome:
    """8.15.04: how long logs are kept rests on the risk."""
    logs = subject.spec.logs
    if not logs.enabled:
        return missing("no_logs", "logs.enabled")
    return ask("retention", "logs.retention", "logs.auditRetention", kept=logs.retention, audit=logs.audit_retention)


def tampering(subject: Subject) -> Outcome:
    """8.15.05: who changes or removes logs is seen."""
    logs = subject.spec.logs
    if logs.forward:
        return ask("siem", "logs.forward")
    if logs.bucket:
        return ask("bucket", "logs.bucket")
    return missing("only_here", "logs.bucket", "logs.forward")


def integrity(subject: Subject) -> Outcome:
    """8.15.06: whether logs are still what they were is tested, by somebody else than who runs them."""
    return ask("integrity", "logs")


def backup_policy(subject: Subject) -> Outcome:
    """8.13.01: there are backups, and ransomware does not reach them."""
    if not subject.spec.backup.enabled:
        return missing("no_backup", "backup.enabled")
    return ask("backup", "backup", kept=subject.spec.backup.retention)


def loss(subject: Subject) -> Outcome:
    """8.13.02: how much may be lost, and how long recovery may take, is decided."""
    if not subject.spec.backup.enabled:
        return missing("no_backup", "backup.enabled")
    return ask("loss", "backup.schedule", schedule=subject.spec.backup.schedule)


def elsewhere(subject: Subject) -> Outcome:
    """8.13.03: an incident in one place does not reach the backups."""
    backup = subject.spec.backup
    if not backup.enabled:
        return missing("no_backup", "backup.enabled")
    if backup.object_store and backup.object_store.endpoint:
        return shown("elsewhere", "backup.objectStore", endpoint=backup.object_store.endpoint)
    return ask("same_cloud", "backup.objectStore")


def restore_test(subject: Subject) -> Outcome:
    """8.13.04: recovery is tested every year."""
    if not subject.spec.backup.enabled:
        return missing("no_backup", "backup.enabled")
    return ask("restore_test", "backup")


def cryptography(subject: Subject) -> Outcome:
    """8.24.04: cryptography is as strong as the national advice asks."""
    seen = subject.fact("encryption")
    if seen and seen.look is Look.ATTENTION:
        return missing("not_encrypted", *seen.objects, seen=seen.reason)
    if seen:
        return ask("encrypted", *seen.objects, seen=seen.reason)
    if subject.own_servers:
        return ask("encryption_planned", "kubernetes.distribution")
    return ask("encryption_unseen", "cloud")
