"""Monitoring: kube-prometheus-stack, with alerts that go somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.alerts import rules
from haven_iac.platform.common import (
    NS_MONITORING,
    NS_NODE_METRICS,
    PRIORITY,
    make,
    resources,
    spread,
    workload,
)
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.kubernetes import Distribution
from haven_iac.spec.model import quantity
from haven_iac.spec.policy import PodSecurity

slot = slots.MONITORING

WEBHOOK_SECRET = "alert-webhook"
VOLUME_SHARE = 0.85
"""Part of the volume that metrics may fill before the oldest go."""


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Prometheus, Alertmanager and Grafana."""
    size = sizes(spec)
    webhook = spec.monitoring.alerts.webhook_secret
    one = (size.prometheus, size.alertmanager, size.grafana, size.operator, size.kube_state_metrics)
    return make(
        spec,
        facts,
        slot=slot,
        chart="kube-prometheus-stack",
        namespace=NS_MONITORING,
        pod_security=PodSecurity.RESTRICTED,
        values=_values(spec, facts),
        needs=(slots.MONITORING_CRDS, slots.CERTIFICATES, slots.BLOCK_STORAGE),
        provides=("monitoring",),
        workloads=(*(workload(pods) for pods in one), workload(size.node_exporter, per_node=True)),
        secrets=(SecretRef(WEBHOOK_SECRET, {"url": webhook}),) if webhook else (),
        namespaces={NS_NODE_METRICS: PodSecurity.PRIVILEGED},
        flows=(
            flows.policy(
                NS_MONITORING,
                "monitoring",
                ingress=[flows.anywhere(10250)],
                egress=[flows.api(), flows.every_pod("to"), flows.anywhere(9100, 10250), flows.outside(443, 587)],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()


def _volume(size: str) -> dict[str, Any]:
    return {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}}


def _receivers(spec: ClusterSpec) -> dict[str, Any]:
    """Return Alertmanager's configuration; without a receiver alerts stay in its own list."""
    alerts = spec.monitoring.alerts
    receiver: dict[str, Any] = {"name": "platform"}
    if alerts.email:
        mail = {"to": alerts.email, "from": f"alerts@{spec.ingress.domain}", "smarthost": alerts.smtp_server}
        receiver["email_configs"] = [mail]
    if alerts.webhook_secret:
        receiver["webhook_configs"] = [{"url_file": f"/etc/alertmanager/secrets/{WEBHOOK_SECRET}/url"}]
    silent = {"receiver": "null", "matchers": ['alertname =~ "Watchdog|InfoInhibitor"']}
    return {
        "route": {
            "receiver": "platform",
            "group_by": ["namespace", "alertname"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [silent],
        },
        "receivers": [{"name": "null"}, receiver],
    }


def _values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    size = sizes(spec)
    webhook = spec.monitoring.alerts.webhook_secret
    off = {"enabled": False}
    etcd = spec.kubernetes.distribution is Distribution.RKE2 and not facts.managed_control_plane
    volume = spec.monitoring.storage or size.prometheus_volume
    fill = int(quantity(volume) * VOLUME_SHARE) // 2**20
    everything = {
        f"{kind}SelectorNilUsesHelmValues": False
        for kind in ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    }
    values: dict[str, Any] = {
        "crds": off,
        "kubeEtcd": {"enabled": etcd},
        "kubeProxy": off,
        "kubeScheduler": off,
        "kubeControllerManager": off,
        "kubelet": {"serviceMonitor": {"cAdvisorInterval": "30s"}},
        "additionalPrometheusRulesMap": {"platform": {"groups": rules(spec)}},
        "prometheusOperator": {
            "admissionWebhooks": {
                "failurePolicy": "Ignore",
                "patch": off,
                "certManager": {"enabled": True},
            },
            "kubeletEndpointsEnabled": False,
            "kubeletEndpointSliceEnabled": True,
            "resources": resources(size.operator),
            "priorityClassName": PRIORITY,
        },
        "prometheus": {
            "podDisruptionBudget": {"enabled": size.prometheus.replicas > 1},
            "prometheusSpec": {
                "replicas": size.prometheus.replicas,
                "retention": spec.monitoring.retention,
                "retentionSize": f"{fill}MB",
                "storageSpec": {"volumeClaimTemplate": _volume(volume)},
                "serviceDiscoveryRole": "EndpointSlice",
                "podAntiAffinity": "hard",
                "topologySpreadConstraints": spread({"app.kubernetes.io/name": "prometheus"}),
                "priorityClassName": PRIORITY,
                "resources": resources(size.prometheus),
                **everything,
            },
        },
        "alertmanager": {
            "config": _receivers(spec),
            "podDisruptionBudget": {"enabled": size.alertmanager.replicas > 1},
            "alertmanagerSpec": {
                "replicas": size.alertmanager.replicas,
                "storage": {"volumeClaimTemplate": _volume("1Gi")},
                "priorityClassName": PRIORITY,
                "resources": resources(size.alertmanager),
                "secrets": [WEBHOOK_SECRET] if webhook else [],
            },
        },
        "grafana": {
            "resources": resources(size.grafana),
            "priorityClassName": PRIORITY,
            "testFramework": off,
            "rbac": {"namespaced": True},
            "sidecar": {"dashboards": {"searchNamespace": NS_MONITORING}},
            # No password to keep: whoever may forward a port to it may look, and nobody may change.
            "env": {"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true"},
            "grafana.ini": {
                "auth": {"disable_login_form": True},
                "auth.anonymous": {"enabled": True, "org_role": "Viewer"},
            },
        },
        "kube-state-metrics": {"resources": resources(size.kube_state_metrics), "priorityClassName": PRIORITY},
        "prometheus-node-exporter": {
            "namespaceOverride": NS_NODE_METRICS,
            "tolerations": [{"operator": "Exists"}],
            "resources": resources(size.node_exporter),
            "priorityClassName": "system-node-critical",
        },
    }
    if spec.mirror.images:
        values["global"] = {"imageRegistry": spec.mirror.images.rstrip("/")}
    return values
