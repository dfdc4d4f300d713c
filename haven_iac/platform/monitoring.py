"""Monitoring: kube-prometheus-stack, with dashboards, and alerts that go somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, objects, slots
from haven_iac.platform.boards import boards
from haven_iac.platform.common import GATEWAY, NS_GATEWAY, NS_MONITORING, NS_NODE_METRICS, make, workload
from haven_iac.platform.dashboards import config_map
from haven_iac.platform.grafana import LOGIN_SECRET, host
from haven_iac.platform.monitoring_values import SMTP_SECRET, WEBHOOK_SECRET, values
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.MONITORING

GRAFANA_PORT = 3000


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Prometheus, Alertmanager and Grafana."""
    size = sizes(spec)
    one = (size.prometheus, size.alertmanager, size.grafana, size.operator, size.kube_state_metrics)
    return make(
        spec,
        facts,
        slot=slot,
        chart="kube-prometheus-stack",
        namespace=NS_MONITORING,
        pod_security=PodSecurity.RESTRICTED,
        values=values(spec, facts),
        needs=(slots.MONITORING_CRDS, slots.CERTIFICATES, slots.BLOCK_STORAGE),
        provides=("monitoring",),
        workloads=(*(workload(pods) for pods in one), workload(size.node_exporter, per_node=True)),
        secrets=_secrets(spec),
        namespaces={NS_NODE_METRICS: PodSecurity.PRIVILEGED},
        flows=_flows(spec),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the dashboards, and Grafana's route where people can log in to it."""
    found = [Manifest(slot, f"dashboard-{board.name}", config_map(board)) for board in boards(spec, facts)]
    if spec.monitoring.login and slots.filled(spec, facts, slots.GATEWAY_API):
        found.append(Manifest(slot, "grafana-route", _route(spec), (slots.GATEWAY,)))
    return tuple(found)


def _route(spec: ClusterSpec) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "grafana", "namespace": NS_MONITORING},
        "spec": {
            "parentRefs": [{"name": GATEWAY, "namespace": NS_GATEWAY}],
            "hostnames": [host(spec)],
            "rules": [{"backendRefs": [{"name": "kube-prometheus-stack-grafana", "port": 80}]}],
        },
    }


def _secrets(spec: ClusterSpec) -> tuple[SecretRef, ...]:
    alerts, login = spec.monitoring.alerts, spec.monitoring.login
    found = []
    if alerts.webhook_secret:
        found.append(SecretRef(WEBHOOK_SECRET, {"url": alerts.webhook_secret}))
    if alerts.smtp_secret:
        found.append(SecretRef(SMTP_SECRET, {"password": alerts.smtp_secret}))
    if login:
        found.append(SecretRef(LOGIN_SECRET, {"client-secret": login.secret}))
    return tuple(found)


def _flows(spec: ClusterSpec) -> tuple[dict[str, Any], ...]:
    """Return what is opened: everything that is scraped, where alerts go, who people log in with."""
    alerts, login = spec.monitoring.alerts, spec.monitoring.login
    out = {443}
    if alerts.smtp_server:
        out.add(int(alerts.smtp_server.rsplit(":", 1)[1]))
    if alerts.webhook_secret:
        out.add(alerts.webhook_port)
    if login:
        out |= {objects.port_of(login.token_url), objects.port_of(login.user_url)}
    ingress = [flows.anywhere(10250)]
    if login:
        ingress.append(flows.namespace_rule("from", NS_GATEWAY, GRAFANA_PORT))
    return (
        flows.policy(
            NS_MONITORING,
            "monitoring",
            ingress=ingress,
            egress=[flows.api(), flows.every_pod("to"), flows.anywhere(*SCRAPED), flows.outside(*sorted(out))],
        ),
    )


SCRAPED = (2381, 9100, 10250)
"""What is scraped on the nodes themselves: etcd, node-exporter, kubelet."""
