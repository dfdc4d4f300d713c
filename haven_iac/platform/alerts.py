"""Alerts that the charts do not bring: certificates, backups, logs, versions."""

from __future__ import annotations

from typing import Any

from haven_iac.spec import ClusterSpec

DAYS = 86400
"""Seconds in a day."""


def rules(spec: ClusterSpec) -> list[dict[str, Any]]:
    """Return the groups of alerting rules for what this cluster has."""
    alerts = [
        _alert(
            "CertificateExpiring",
            f"certmanager_certificate_expiration_timestamp_seconds - time() < {14 * DAYS}",
            "1h",
            "warning",
            "A certificate ends within 14 days and was not renewed.",
        ),
        _alert(
            "CertificateNotReady",
            'certmanager_certificate_ready_status{condition="False"} == 1',
            "1h",
            "critical",
            "A certificate could not be issued.",
        ),
        _alert(
            "MixedKubeletVersions",
            "count(count by (kubelet_version) (kube_node_info)) > 1",
            "24h",
            "warning",
            "Nodes have run different Kubernetes versions for a day.",
        ),
    ]
    if spec.backup.enabled:
        alerts += [
            _alert(
                "BackupTooOld",
                'time() - velero_backup_last_successful_timestamp{schedule!=""} > ' + str(26 * 3600),
                "15m",
                "critical",
                "No backup has succeeded for 26 hours.",
            ),
            _alert(
                "BackupBucketUnreachable",
                "velero_backup_location_status_gauge == 0",
                "30m",
                "critical",
                "The bucket for backups cannot be reached.",
            ),
        ]
    if spec.logs.enabled:
        alerts.append(
            _alert(
                "NoLogs",
                "sum(rate(loki_distributor_lines_received_total[15m])) == 0",
                "30m",
                "critical",
                "No log line has arrived for a while.",
            )
        )
    return [{"name": "haven-iac", "rules": alerts}]


def _alert(name: str, expression: str, lasting: str, severity: str, summary: str) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": lasting,
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }
