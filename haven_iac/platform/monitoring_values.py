"""What kube-prometheus-stack is told."""

from __future__ import annotations

from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import grafana, slots
from haven_iac.platform.alerts import rules
from haven_iac.platform.common import NO_ESCALATION, NS_NODE_METRICS, PRIORITY, resources, spread
from haven_iac.platform.sizes import Pods, sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.kubernetes import Distribution
from haven_iac.spec.model import quantity

WEBHOOK_SECRET = "alert-webhook"
SMTP_SECRET = "alert-mail"
VOLUME_SHARE = 0.85
"""Part of the volume that metrics may fill before the oldest go."""

_OFF = {"enabled": False}
_RELOADER = Pods(1, 10, 32)
_SEVERITIES = (("critical", "4h"), ("warning", "24h"))
"""How often an alert is said again while it lasts."""
_SAME = (
    ("NodeDown", "KubeNodeNotReady", ("node",)),
    ("VolumeFilling", "KubePersistentVolumeFillingUp", ("namespace", "persistentvolumeclaim")),
)
"""Alerts of ours, those of the chart that say the same later, and by which labels they are about the same."""


def values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    """Return the values of the chart."""
    size = sizes(spec)
    certified = slots.filled(spec, facts, slots.CERTIFICATES)
    webhooks = {"failurePolicy": "Ignore", "patch": _OFF, "certManager": {"enabled": True}}
    given: dict[str, Any] = {
        "crds": _OFF,
        **_sources(spec, facts),
        "additionalPrometheusRulesMap": {"platform": {"groups": rules(spec, facts)}},
        "prometheusOperator": {
            # Without cert-manager only a hook could make the webhooks' certificates.
            "admissionWebhooks": webhooks if certified else _OFF,
            **({} if certified else {"tls": _OFF}),
            "kubeletEndpointsEnabled": False,
            "kubeletEndpointSliceEnabled": True,
            "resources": resources(size.operator),
            "prometheusConfigReloader": {"resources": resources(_RELOADER)},
            "priorityClassName": PRIORITY,
        },
        "prometheus": _prometheus(spec),
        "alertmanager": _alertmanager(spec),
        "grafana": grafana.values(spec, facts),
        "kube-state-metrics": {"resources": resources(size.kube_state_metrics), "priorityClassName": PRIORITY},
        "nodeExporter": {"operatingSystems": {"aix": _OFF, "darwin": _OFF}},
        "prometheus-node-exporter": {
            "namespaceOverride": NS_NODE_METRICS,
            "tolerations": [{"operator": "Exists"}],
            "resources": resources(size.node_exporter),
            "containerSecurityContext": NO_ESCALATION,
            "priorityClassName": "system-node-critical",
        },
    }
    if spec.mirror.images:
        given["global"] = {"imageRegistry": spec.mirror.images.rstrip("/")}
    return given


def _sources(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    """Return which parts of Kubernetes are scraped: those that can be reached where the servers are ours."""
    etcd = spec.kubernetes.distribution is Distribution.RKE2 and not facts.managed_control_plane
    return {
        "kubeEtcd": {"enabled": etcd},
        "kubeProxy": _OFF,
        "kubeScheduler": _OFF,
        "kubeControllerManager": _OFF,
        "kubelet": {"serviceMonitor": {"cAdvisorInterval": "30s"}},
    }


def _prometheus(spec: ClusterSpec) -> dict[str, Any]:
    size = sizes(spec)
    volume = spec.monitoring.storage or size.prometheus_volume
    fill = int(quantity(volume) * VOLUME_SHARE) // 2**20
    everything = {
        f"{kind}SelectorNilUsesHelmValues": False
        for kind in ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    }
    return {
        "podDisruptionBudget": {"enabled": size.prometheus.replicas > 1},
        "prometheusSpec": {
            "replicas": size.prometheus.replicas,
            "retention": spec.monitoring.retention or size.prometheus_retention,
            "retentionSize": f"{fill}MB",
            "externalLabels": {"cluster": spec.name},
            "storageSpec": {"volumeClaimTemplate": _volume(volume)},
            "serviceDiscoveryRole": "EndpointSlice",
            "podAntiAffinity": "hard",
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "prometheus"}),
            "priorityClassName": PRIORITY,
            "resources": resources(size.prometheus),
            **everything,
        },
    }


def _alertmanager(spec: ClusterSpec) -> dict[str, Any]:
    size, alerts = sizes(spec), spec.monitoring.alerts
    held = [name for name, used in ((WEBHOOK_SECRET, alerts.webhook_secret), (SMTP_SECRET, alerts.smtp_secret)) if used]
    return {
        "config": receivers(spec),
        "podDisruptionBudget": {"enabled": size.alertmanager.replicas > 1},
        "alertmanagerSpec": {
            "replicas": size.alertmanager.replicas,
            "storage": {"volumeClaimTemplate": _volume("1Gi")},
            "podAntiAffinity": "hard",
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "alertmanager"}),
            "priorityClassName": PRIORITY,
            "resources": resources(size.alertmanager),
            "secrets": held,
        },
    }


def _volume(size: str) -> dict[str, Any]:
    return {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}}


def receivers(spec: ClusterSpec) -> dict[str, Any]:
    """Return Alertmanager's configuration; without a receiver alerts stay in its own list."""
    alerts = spec.monitoring.alerts
    receiver: dict[str, Any] = {"name": "platform"}
    if alerts.email:
        mail: dict[str, Any] = {
            "to": alerts.email,
            "from": f"alerts@{spec.ingress.domain}",
            "smarthost": alerts.smtp_server,
            "require_tls": alerts.smtp_tls,
            "send_resolved": True,
        }
        if alerts.smtp_user:
            mail["auth_username"] = alerts.smtp_user
        if alerts.smtp_secret:
            mail["auth_password_file"] = f"/etc/alertmanager/secrets/{SMTP_SECRET}/password"
        receiver["email_configs"] = [mail]
    if alerts.webhook_secret:
        hook = {"url_file": f"/etc/alertmanager/secrets/{WEBHOOK_SECRET}/url", "send_resolved": True}
        receiver["webhook_configs"] = [hook]
    silent = {"receiver": "null", "matchers": ['alertname =~ "Watchdog|InfoInhibitor"']}
    by_severity = [
        {"receiver": "platform", "matchers": [f'severity = "{severity}"'], "repeat_interval": again}
        for severity, again in _SEVERITIES
    ]
    return {
        "route": {
            "receiver": "null",
            "group_by": ["namespace", "alertname"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "24h",
            "routes": [silent, *by_severity],
        },
        "inhibit_rules": [
            {
                "source_matchers": ['severity = "critical"'],
                "target_matchers": ['severity = "warning"'],
                "equal": ["namespace", "alertname"],
            },
            *(
                {
                    "source_matchers": [f'alertname = "{ours}"'],
                    "target_matchers": [f'alertname = "{theirs}"'],
                    "equal": list(equal),
                }
                for ours, theirs, equal in _SAME
            ),
        ],
        "receivers": [{"name": "null"}, receiver],
    }
