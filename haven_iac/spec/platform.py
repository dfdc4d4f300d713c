"""The platform as a whole: its size, its charts, its hand-over, and where everything else of it is described."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from haven_iac.spec.backup import BackupSpec
from haven_iac.spec.dns import DnsKind, DnsSpec
from haven_iac.spec.gitops import GitopsSpec
from haven_iac.spec.ingress import CertificatesSpec, EabSpec, IngressSpec, Issuer
from haven_iac.spec.logs import LogsSpec
from haven_iac.spec.model import Form, HttpsUrl, Name, SecretName, SpecModel
from haven_iac.spec.monitoring import AlertsSpec, MonitoringSpec
from haven_iac.spec.policy import PodSecurity, PolicyMode, PolicySpec, Registry
from haven_iac.spec.storage import BlockStorageSpec, ObjectStoreSpec, SharedKind, SharedStorageSpec, StorageSpec
from haven_iac.spec.tenants import TenantSpec

__all__ = [
    "AddOnSpec",
    "AlertsSpec",
    "BackupSpec",
    "BlockStorageSpec",
    "CertificatesSpec",
    "ChartSource",
    "DnsKind",
    "DnsSpec",
    "EabSpec",
    "GitopsSpec",
    "IngressSpec",
    "Issuer",
    "LogsSpec",
    "MirrorSpec",
    "MonitoringSpec",
    "ObjectStoreSpec",
    "PlatformSpec",
    "PodSecurity",
    "PolicyMode",
    "PolicySpec",
    "SharedKind",
    "SharedStorageSpec",
    "Size",
    "StorageSpec",
    "TenantSpec",
]

ChartMirror = Annotated[
    str,
    Form(
        "an address of charts: oci:// or https://",
        "oci://registry.example.nl/charts",
        r"(oci|https)://[^\s/@]+(/\S*)?",
        500,
    ),
]
"""Where charts are mirrored."""


class Size(StrEnum):
    """How big the platform is."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class ChartSource(StrEnum):
    """Which charts are applied."""

    UPSTREAM = "upstream"
    STAND_IN = "stand-in"


class AddOnSpec(SpecModel):
    """Extra say over one add-on; the key in the map is its slot."""

    enabled: bool = True
    """Off leaves the slot empty."""
    values: dict[str, Any] = Field(default_factory=dict)
    """Chart values, merged over ours."""


class PlatformSpec(SpecModel):
    """The platform as a whole."""

    size: Size = Size.SMALL
    """small (6 nodes), medium (20) or large: replicas, requests, and volumes and retention of metrics."""
    charts: ChartSource | None = None
    """upstream charts, or the small stand-ins of this package; the cloud decides when left out."""
    addons: dict[Name, AddOnSpec] = Field(default_factory=dict)
    """Extra say by slot: gateway, certificates, logs, log-collector, metrics, monitoring, backup and so on."""


class MirrorSpec(SpecModel):
    """Where charts and images come from in a closed network."""

    charts: ChartMirror | None = None
    """OCI or https address that replaces every chart repository."""
    images: Registry | None = None
    """Registry host that replaces every image registry."""
    releases: HttpsUrl | None = None
    """Folder that replaces the vendor's releases of the distribution: below it `<release>/<file>`, with the vendor's
    names (v1.36.5+rke2r1/rke2.linux-amd64.tar.gz and sha256sum-amd64.txt)."""
    ca_secret: SecretName | None = None
    """Name of the secret with the mirror's CA in PEM; nodes then trust it for images and releases; the public ones when
    left out."""
