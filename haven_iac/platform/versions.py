"""Which version of each chart goes with which Kubernetes minor, with dates and sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class ChartVersion:
    """One pinned chart."""

    chart: str
    version: str
    app_version: str
    published: date
    repo: str
    """https URL of a chart repository, or the oci:// prefix that the chart's name is put after."""
    manifest: str = ""
    """URL of a plain YAML file, where upstream publishes no chart."""


_GATEWAY_API = "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.1/standard-install.yaml"
_PROMETHEUS = "oci://ghcr.io/prometheus-community/charts"

_SAME_ON_EVERY_MINOR = (
    ChartVersion("gateway-api", "1.6.1", "1.6.1", date(2026, 7, 16), "", _GATEWAY_API),
    ChartVersion("traefik", "41.3.0", "3.7.11", date(2026, 8, 21), "oci://ghcr.io/traefik/helm"),
    ChartVersion("cert-manager", "v1.21.1", "v1.21.1", date(2026, 7, 29), "oci://quay.io/jetstack/charts"),
    ChartVersion(
        "metrics-server", "3.13.1", "0.8.1", date(2026, 2, 27), "https://kubernetes-sigs.github.io/metrics-server/"
    ),
    ChartVersion("loki", "18.11.0", "3.7.6", date(2026, 8, 20), "oci://ghcr.io/grafana-community/helm-charts"),
    ChartVersion("alloy", "1.11.1", "1.18.1", date(2026, 8, 6), "https://grafana.github.io/helm-charts"),
    ChartVersion("prometheus-operator-crds", "31.0.1", "0.93.1", date(2026, 8, 10), _PROMETHEUS),
    ChartVersion("kube-prometheus-stack", "88.5.3", "0.93.1", date(2026, 8, 21), _PROMETHEUS),
    ChartVersion("velero", "12.1.0", "1.18.1", date(2026, 6, 19), "https://vmware-tanzu.github.io/helm-charts"),
    ChartVersion(
        "external-dns", "1.21.1", "0.21.0", date(2026, 4, 30), "https://kubernetes-sigs.github.io/external-dns/"
    ),
    ChartVersion(
        "csi-driver-nfs", "4.13.4", "4.13.4", date(2026, 7, 1), "https://kubernetes-csi.github.io/csi-driver-nfs"
    ),
    ChartVersion("flux2", "2.18.3", "2.8.5", date(2026, 4, 14), "https://fluxcd-community.github.io/helm-charts"),
)

_OPENSTACK = "https://kubernetes.github.io/cloud-provider-openstack"


def _openstack(chart: str, *releases: tuple[str, str, str, date]) -> dict[str, ChartVersion]:
    """Return the rows of one chart by Kubernetes minor: minor, version, what it installs, day."""
    return {minor: ChartVersion(chart, version, app, day, _OPENSTACK) for minor, version, app, day in releases}


_BY_MINOR = (
    _openstack(
        "openstack-cloud-controller-manager",
        ("1.34", "2.34.2", "v1.34.1", date(2026, 1, 16)),
        ("1.35", "2.35.0", "v1.35.0", date(2026, 1, 23)),
        ("1.36", "2.36.0", "v1.36.0", date(2026, 5, 13)),
    ),
    _openstack(
        "openstack-cinder-csi",
        ("1.34", "2.34.3", "v1.34.1", date(2026, 1, 21)),
        ("1.35", "2.35.0", "v1.35.0", date(2026, 1, 23)),
        ("1.36", "2.36.0", "v1.36.0", date(2026, 5, 13)),
    ),
    _openstack(
        "openstack-manila-csi",
        ("1.34", "2.34.2", "v1.34.1", date(2026, 1, 21)),
        ("1.35", "2.35.0", "v1.35.0", date(2026, 1, 23)),
        ("1.36", "2.36.0", "v1.36.0", date(2026, 5, 13)),
    ),
)
"""Charts that go with one minor of Kubernetes each."""

_TABLE = {
    minor: {row.chart: row for row in (*_SAME_ON_EVERY_MINOR, *(chart[minor] for chart in _BY_MINOR))}
    for minor in ("1.34", "1.35", "1.36")
}


def minors() -> tuple[str, ...]:
    """Return the Kubernetes minors that have a row, oldest first."""
    return tuple(_TABLE)


def pinned(minor: str, chart: str) -> ChartVersion:
    """Return the version of a chart for one Kubernetes minor.

    A minor without a row of its own takes the nearest newer row, else the newest.

    Raises:
        KeyError: no such chart.
    """
    wanted = _number(minor)
    row = next((name for name in _TABLE if _number(name) >= wanted), list(_TABLE)[-1])
    return _TABLE[row][chart]


def table(minor: str) -> tuple[ChartVersion, ...]:
    """Return every chart that goes with one Kubernetes minor."""
    return tuple(pinned(minor, chart) for chart in _TABLE[minors()[-1]])


def _number(minor: str) -> int:
    return int(minor.split(".")[1])
