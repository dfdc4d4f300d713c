"""Alerts that charts do not bring, or bring late: nodes, quorum, volumes, certificates, backups, logs, versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.boards_cluster import READY, SERVERS
from haven_iac.spec import ClusterSpec
from haven_iac.spec.cron import longest_gap
from haven_iac.spec.ingress import Issuer
from haven_iac.versions import minors

DAY = 86400
"""Seconds in a day."""
HOUR = 3600
WARN_BEFORE = 90
"""Days before a version leaves Haven's window at which it is said."""
SUPPLIED_DAYS = 42
"""Days before a supplied certificate ends: getting a new one from PKIoverheid takes weeks."""

Rule = dict[str, Any]


def rules(spec: ClusterSpec, facts: CloudFacts) -> list[dict[str, Any]]:
    """Return the groups of alerting rules for what this cluster has."""
    groups: dict[str, list[Rule]] = {
        "haven-iac-nodes": list(_nodes(facts)),
        "haven-iac-versions": list(_versions()),
    }
    if slots.filled(spec, facts, slots.CERTIFICATES) or slots.filled(spec, facts, slots.GATEWAY):
        groups["haven-iac-certificates"] = list(_certificates(spec))
    if slots.filled(spec, facts, slots.BACKUP):
        groups["haven-iac-backups"] = list(_backups(spec))
    if slots.filled(spec, facts, slots.LOGS):
        groups["haven-iac-logs"] = list(_logs())
    if slots.filled(spec, facts, slots.VERIFICATION):
        groups["haven-iac-verify"] = list(_verify())
    return [{"name": name, "rules": found} for name, found in groups.items()]


def _verify() -> Iterator[Rule]:
    job = '{namespace="haven-iac",cronjob="haven-iac-verify"}'
    yield _alert(
        "HavenVerifyFails",
        f"kube_cronjob_status_last_schedule_time{job} > "
        f"(kube_cronjob_status_last_successful_time{job} or kube_cronjob_created{job})",
        "30m",
        "warning",
        "The last verify found a mandatory Haven check that fails, or could not look: read its log in haven-iac.",
    )
    yield _alert(
        "HavenVerifyStopped",
        f"time() - kube_cronjob_status_last_schedule_time{job} > {35 * DAY} or kube_cronjob_spec_suspend{job} == 1",
        "1h",
        "warning",
        "No verify has been started for 35 days, or it is suspended.",
    )


def _nodes(facts: CloudFacts) -> Iterator[Rule]:
    yield _alert(
        "NodeDown",
        f"{READY} == 0",
        "5m",
        "critical",
        "Node {{ $labels.node }} has not been ready for 5 minutes.",
    )
    if not facts.managed_control_plane:
        ready = f"sum({READY} * on (node) {SERVERS})"
        yield _alert(
            "QuorumAtRisk",
            f"{ready} <= floor(count({SERVERS}) / 2) + 1 and count({SERVERS}) > 1",
            "5m",
            "critical",
            "Only {{ $value }} servers are ready: the loss of one more stops the Kubernetes API.",
        )
    yield _alert(
        "VolumeFilling",
        "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.15"
        " and kubelet_volume_stats_capacity_bytes > 0",
        "15m",
        "warning",
        "Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has less than 15 percent left.",
    )
    yield _alert(
        "MixedKubeletVersions",
        "count(count by (kubelet_version) (kube_node_info)) > 1",
        "24h",
        "warning",
        "Nodes have run different Kubernetes versions for a day.",
    )


def _versions() -> Iterator[Rule]:
    """Yield what is said of each version that we build, so that an upgrade needs no new rules to be judged by."""
    known = minors()
    for minor in known.supported:
        running = f'count(kubernetes_build_info{{job="apiserver",git_version=~"v{minor}[.].*"}}) > 0'
        leaves = known.leaves(minor)
        text = f"Kubernetes {minor} leaves Haven's window about {leaves}"
        yield _alert(
            "VersionLeavesHavenWindow",
            f"{running} and on () vector(time()) > {_seconds(leaves) - WARN_BEFORE * DAY}",
            "1h",
            "warning",
            f"{text}; plan the upgrade.",
            minor=minor,
        )
        yield _alert(
            "VersionOutsideHavenWindow",
            f"{running} and on () vector(time()) > {_seconds(leaves)}",
            "1h",
            "critical",
            f"{text}: the check kubernetesversion fails from then on.",
            minor=minor,
        )


def _certificates(spec: ClusterSpec) -> Iterator[Rule]:
    yield _alert(
        "CertificateExpiring",
        f"certmanager_certificate_expiration_timestamp_seconds - time() < {14 * DAY}",
        "1h",
        "warning",
        "Certificate {{ $labels.namespace }}/{{ $labels.name }} ends within 14 days and was not renewed.",
    )
    yield _alert(
        "CertificateNotReady",
        'certmanager_certificate_ready_status{condition="False"} == 1',
        "1h",
        "critical",
        "Certificate {{ $labels.namespace }}/{{ $labels.name }} could not be issued.",
    )
    supplied = spec.ingress.certificates.issuer is Issuer.SUPPLIED
    for days, severity in ((SUPPLIED_DAYS, "warning"), (14, "critical")) if supplied else ((7, "critical"),):
        yield _alert(
            "GatewayCertificateExpiring",
            f"min by (cn, sans) (traefik_tls_certs_not_after) - time() < {days * DAY}",
            "1h",
            severity,
            f"The gateway's certificate {{{{ $labels.cn }}}} ends within {days} days"
            + ("; put a new chain and key in its secret." if supplied else " and was not renewed."),
        )


def _backups(spec: ClusterSpec) -> Iterator[Rule]:
    every = {"all": spec.backup.schedule, **{name: one.schedule for name, one in spec.backup.schedules.items()}}
    for name, schedule in sorted(every.items()):
        hours = longest_gap(schedule) + 2
        good = f'velero_backup_last_successful_timestamp{{schedule="velero-{name}"}}'
        where = {"schedule": f"velero-{name}"}
        text = f"No backup of the schedule {name} has succeeded for {hours} hours."
        yield _alert("BackupTooOld", f"time() - {good} > {hours * HOUR}", "1h", "critical", text, **where)
        # Where none has ever succeeded there is no time to reckon from.
        yield _alert("BackupMissing", f"absent({good})", f"{hours}h", "critical", text, **where)
    yield _alert(
        "BackupFailed",
        "velero_backup_last_status != 1",
        "15m",
        "warning",
        "The last backup of the schedule {{ $labels.schedule }} was not whole.",
    )
    yield _alert(
        "BackupBucketUnreachable",
        "velero_backup_location_status_gauge == 0",
        "30m",
        "critical",
        "The bucket for backups cannot be reached.",
    )


def _logs() -> Iterator[Rule]:
    yield _alert(
        "NoLogs",
        "sum(rate(loki_distributor_lines_received_total[15m])) == 0 or absent(loki_distributor_lines_received_total)",
        "30m",
        "critical",
        "No log line has arrived for a while.",
    )
    yield _alert(
        "LogsLost",
        "sum by (instance) (increase(loki_write_dropped_entries_total[15m])) > 0",
        "15m",
        "warning",
        "The collector {{ $labels.instance }} gave up log lines that it could not deliver.",
    )
    yield _alert(
        "LogRetentionStopped",
        f"time() - loki_boltdb_shipper_compact_tables_operation_last_successful_run_timestamp_seconds > {3 * HOUR}",
        "1h",
        "warning",
        "Old logs have not been removed for 3 hours.",
    )


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _alert(name: str, expression: str, lasting: str, severity: str, summary: str, **labels: str) -> Rule:
    return {
        "alert": name,
        "expr": expression,
        "for": lasting,
        "labels": {"severity": severity, **labels},
        "annotations": {"summary": summary},
    }
