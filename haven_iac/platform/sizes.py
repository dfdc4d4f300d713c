"""How big each part of the platform is, by size; the plan adds it up."""

from __future__ import annotations

from collections.abc import Mapping
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
    snapshot_controller: Pods
    nfs_controller: Pods
    nfs_node: Pods
    longhorn_manager: Pods
    longhorn_parts: Pods
    """What Longhorn's manager starts on each node: instance manager, engine image, CSI plugin."""
    dns_solver: Pods
    loki: Pods
    loki_volume: str
    loki_parts: Mapping[str, Pods]
    """Loki's parts, each for itself, by the chart's key; empty where one binary does all."""
    alloy: Pods
    prometheus: Pods
    prometheus_volume: str
    prometheus_retention: str
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
    snapshot_controller=Pods(2, 25, 64, 256),
    nfs_controller=Pods(1, 50, 100, 1000),
    nfs_node=Pods(1, 30, 60, 500),
    longhorn_manager=Pods(1, 100, 256, 1024),
    longhorn_parts=Pods(1, 300, 384, 2048),
    dns_solver=Pods(2, 25, 64),
    loki=Pods(1, 250, 1024),
    loki_volume="20Gi",
    loki_parts={},
    alloy=Pods(1, 50, 128, 512),
    prometheus=Pods(1, 250, 1536, 3072),
    prometheus_volume="30Gi",
    prometheus_retention="15d",
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
    snapshot_controller=Pods(2, 25, 96, 256),
    nfs_controller=Pods(1, 50, 100, 1000),
    nfs_node=Pods(1, 30, 60, 500),
    longhorn_manager=Pods(1, 200, 384, 1536),
    longhorn_parts=Pods(1, 500, 512, 4096),
    dns_solver=Pods(2, 25, 64),
    loki=Pods(3, 500, 2048),
    loki_volume="50Gi",
    loki_parts={},
    alloy=Pods(1, 50, 128, 512),
    prometheus=Pods(2, 500, 4096, 6144),
    prometheus_volume="100Gi",
    prometheus_retention="30d",
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
    snapshot_controller=Pods(2, 50, 128, 512),
    nfs_controller=Pods(1, 50, 100, 1000),
    nfs_node=Pods(1, 30, 60, 500),
    longhorn_manager=Pods(1, 400, 512, 2048),
    longhorn_parts=Pods(1, 1000, 1024, 8192),
    dns_solver=Pods(2, 50, 64),
    loki=Pods(3, 2000, 4096, 8192),
    loki_volume="100Gi",
    loki_parts={
        "distributor": Pods(3, 500, 512, 1024),
        "ingester": Pods(6, 1000, 4096, 8192),
        "querier": Pods(6, 1000, 1024, 3072),
        "queryFrontend": Pods(2, 200, 256, 1024),
        "queryScheduler": Pods(2, 100, 128, 512),
        "indexGateway": Pods(2, 250, 1024, 2048),
        "compactor": Pods(1, 500, 2048, 6144),
    },
    alloy=Pods(1, 100, 256, 1024),
    prometheus=Pods(2, 2000, 16384, 24576),
    prometheus_volume="300Gi",
    prometheus_retention="60d",
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
