"""Dashboards of parts of the platform: ingress, certificates, backups, logs."""

from __future__ import annotations

from haven_iac.platform.dashboards import Board, Panel, stat

DAY = 86400
"""Seconds in a day."""
_ENTRIES = "traefik_entrypoint_requests_total"

INGRESS = Board(
    "ingress",
    "Haven: ingress",
    (
        stat("Gateway pods", 'count(up{namespace="gateway"} == 1) or vector(0)', warn=2, bad=1),
        stat("Requests a second", f"sum(rate({_ENTRIES}[5m]))", unit="reqps"),
        stat(
            "Share of errors of ours",
            f'sum(rate({_ENTRIES}{{code=~"5.."}}[5m])) / sum(rate({_ENTRIES}[5m]))',
            unit="percentunit",
            warn=0.01,
            bad=0.05,
        ),
        stat("Connections", "sum(traefik_open_connections)"),
        Panel("Requests by answer", ((f"sum by (code) (rate({_ENTRIES}[5m]))", "{{code}}"),), unit="reqps"),
        Panel(
            "Slowest services, 95 of 100 answers within",
            (
                (
                    "topk(10, histogram_quantile(0.95, "
                    "sum by (le, service) (rate(traefik_service_request_duration_seconds_bucket[5m]))))",
                    "{{service}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            "Requests by service",
            (("topk(10, sum by (service) (rate(traefik_service_requests_total[5m])))", "{{service}}"),),
            unit="reqps",
        ),
        Panel(
            "TLS versions in use",
            (("sum by (tls_version) (rate(traefik_entrypoint_requests_tls_total[5m]))", "{{tls_version}}"),),
            unit="reqps",
        ),
    ),
)

_LEFT = "certmanager_certificate_expiration_timestamp_seconds - time()"

CERTIFICATES = Board(
    "certificates",
    "Haven: certificates",
    (
        stat("Certificates", 'count(certmanager_certificate_ready_status{condition="True"})'),
        stat("Not ready", 'sum(certmanager_certificate_ready_status{condition="False"}) or vector(0)', bad=1),
        stat("First to end", f"min({_LEFT})", unit="s", warn=21 * DAY, bad=14 * DAY),
        stat(
            "First to end at the gateway",
            "min(traefik_tls_certs_not_after) - time()",
            unit="s",
            warn=42 * DAY,
            bad=14 * DAY,
        ),
        Panel(
            "Time left",
            ((f"sort(max by (namespace, name) ({_LEFT}))", "{{namespace}}/{{name}}"),),
            kind="bargauge",
            unit="s",
            warn=21 * DAY,
            bad=14 * DAY,
        ),
        Panel(
            "Time left at the gateway, of supplied ones too",
            (("sort(min by (cn, sans) (traefik_tls_certs_not_after) - time())", "{{cn}} {{sans}}"),),
            kind="bargauge",
            unit="s",
            warn=42 * DAY,
            bad=14 * DAY,
        ),
        Panel(
            "Requests to the ACME issuer",
            (("sum by (status) (rate(certmanager_http_acme_client_request_count[15m]))", "{{status}}"),),
            width=24,
        ),
    ),
)

_GOOD = 'velero_backup_last_successful_timestamp{schedule!=""}'
_TOOK = 'velero_backup_duration_seconds_sum{schedule!=""} / velero_backup_duration_seconds_count{schedule!=""}'

BACKUPS = Board(
    "backups",
    "Haven: backups",
    (
        stat("Age of the last good backup", f"time() - max({_GOOD})", unit="s", warn=26 * 3600, bad=50 * 3600),
        stat("Bucket can be reached", "min(velero_backup_location_status_gauge)", warn=1, bad=0.5),
        stat(
            "Failed in a week",
            "sum(increase(velero_backup_failure_total[7d]) + increase(velero_backup_partial_failure_total[7d]))",
            warn=1,
        ),
        stat("Backups in the bucket", "max(velero_backup_total)"),
        Panel("Age by schedule", ((f"time() - {_GOOD}", "{{schedule}}"),), unit="s"),
        Panel("Took", ((f"max by (schedule) ({_TOOK})", "{{schedule}}"),), unit="s"),
        Panel(
            "Size of the list of objects",
            (('velero_backup_tarball_size_bytes{schedule!=""}', "{{schedule}}"),),
            unit="bytes",
        ),
        Panel(
            "Volumes that could not be copied",
            (("increase(podVolume_data_upload_failure_total[1d])", "{{node}}"),),
        ),
    ),
)

LOGS = Board(
    "logs",
    "Haven: logs",
    (
        stat("Lines a second", "sum(rate(loki_distributor_lines_received_total[5m]))"),
        stat("Bytes a day", "sum(rate(loki_distributor_bytes_received_total[1h])) * 86400", unit="bytes"),
        stat("Refused", "sum(rate(loki_discarded_samples_total[15m])) or vector(0)", warn=0.001),
        stat("Nodes that send", 'count(up{namespace="logging",container="alloy"} == 1)'),
        Panel(
            "Lines that the collectors read",
            (("sum by (instance) (rate(loki_source_file_read_lines_total[5m]))", "{{instance}}"),),
        ),
        Panel(
            "Lines that were given up",
            (("sum by (instance) (rate(loki_write_dropped_entries_total[15m]))", "{{instance}}"),),
            warn=0.001,
        ),
        Panel("Audit log", (('{kind="audit"}', ""),), kind="logs", width=24),
    ),
)
