"""How big each part of the platform is, by size; the plan adds it up."""

from __future__ import annotations

from dataclasses import dataclass

from haven_iac.spec import ClusterSpec
from haven_iac.spec.platform import Size


@dataclass(frozen=True)
class Pods:
    """How many pods, and what one of them asks for."""

    replicas: int
    cpu_millis: int
    memory_mib: int
    limit_mib: int = 0
    """Memory limit; twice the request when 0."""


@dataclass(frozen=True)
class Sizes:
    """Replicas, requests and volumes of one size."""

    gateway: Pods
    cert_manager: Pods
    cert_manager_webhook: Pods
    cert_manager_cainjector: Pods
    metrics_server: Pods
    loki: Pods
    loki_volume: str
    alloy: Pods
    prometheus: Pods
    prometheus_volume: str
    alertmanager: Pods
    grafana: Pods
    operator: Pods
    kube_state_metrics: Pods
    node_exporter: Pods
    velero: Pods
    node_agent: Pods
    external_dns: Pods
    flux: Pods


_SMALL = Sizes(
    gateway=Pods(2, 100, 128),
    cert_manager=Pods(1, 50, 128),
    cert_manager_webhook=Pods(2, 25, 64),
    cert_manager_cainjector=Pods(1, 25, 128, 512),
    metrics_server=Pods(2, 100, 200),
    loki=Pods(1, 250, 1024),
    loki_volume="20Gi",
    alloy=Pods(1, 50, 128, 512),
    prometheus=Pods(1, 250, 1536, 3072),
    prometheus_volume="30Gi",
    alertmanager=Pods(1, 25, 64),
    grafana=Pods(1, 50, 192, 512),
    operator=Pods(1, 50, 128),
    kube_state_metrics=Pods(1, 25, 96),
    node_exporter=Pods(1, 25, 48),
    velero=Pods(1, 100, 256, 1024),
    node_agent=Pods(1, 50, 256, 1024),
    external_dns=Pods(1, 25, 64),
    flux=Pods(1, 100, 96, 1024),
)

_MEDIUM = Sizes(
    gateway=Pods(3, 250, 256),
    cert_manager=Pods(2, 50, 256),
    cert_manager_webhook=Pods(3, 25, 64),
    cert_manager_cainjector=Pods(2, 25, 256, 1024),
    metrics_server=Pods(2, 100, 400),
    loki=Pods(3, 500, 2048),
    loki_volume="50Gi",
    alloy=Pods(1, 50, 128, 512),
    prometheus=Pods(2, 500, 4096, 6144),
    prometheus_volume="100Gi",
    alertmanager=Pods(3, 25, 64),
    grafana=Pods(1, 100, 256, 512),
    operator=Pods(1, 50, 192),
    kube_state_metrics=Pods(1, 50, 192),
    node_exporter=Pods(1, 25, 48),
    velero=Pods(1, 100, 256, 1024),
    node_agent=Pods(1, 50, 256, 1024),
    external_dns=Pods(1, 25, 64),
    flux=Pods(1, 100, 128, 1024),
)

_LARGE = Sizes(
    gateway=Pods(5, 500, 512),
    cert_manager=Pods(2, 100, 512),
    cert_manager_webhook=Pods(3, 50, 128),
    cert_manager_cainjector=Pods(2, 50, 512, 2048),
    metrics_server=Pods(3, 200, 800),
    loki=Pods(6, 2000, 4096, 8192),
    loki_volume="100Gi",
    alloy=Pods(1, 100, 256, 1024),
    prometheus=Pods(2, 2000, 16384, 24576),
    prometheus_volume="300Gi",
    alertmanager=Pods(3, 50, 128),
    grafana=Pods(1, 200, 512, 1024),
    operator=Pods(1, 100, 256),
    kube_state_metrics=Pods(1, 100, 512),
    node_exporter=Pods(1, 50, 64),
    velero=Pods(1, 200, 512, 2048),
    node_agent=Pods(1, 100, 512, 2048),
    external_dns=Pods(1, 50, 128),
    flux=Pods(1, 200, 256, 2048),
)

_BY_SIZE = {Size.SMALL: _SMALL, Size.MEDIUM: _MEDIUM, Size.LARGE: _LARGE}


def sizes(spec: ClusterSpec) -> Sizes:
    """Return the numbers of the spec's platform size."""
    return _BY_SIZE[spec.platform.size]
