"""The whole description of a cluster."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from haven_iac.spec.backup import BackupSpec
from haven_iac.spec.compliance import ComplianceSpec, DeviationSpec, Enforce, Profile
from haven_iac.spec.dns import DnsSpec
from haven_iac.spec.ingress import IngressSpec
from haven_iac.spec.logs import LogsSpec
from haven_iac.spec.model import Form, HttpsUrl, Name, SpecModel, Text
from haven_iac.spec.monitoring import MonitoringSpec
from haven_iac.spec.network import NetworkSpec
from haven_iac.spec.nodes import ControlPlaneSpec, NodePoolSpec, Zone
from haven_iac.spec.platform import GitopsSpec, MirrorSpec, PlatformSpec
from haven_iac.spec.policy import PolicySpec, TenantSpec
from haven_iac.spec.storage import StorageSpec

__all__ = [
    "CloudSpec",
    "ClusterSpec",
    "Cni",
    "ComplianceSpec",
    "DeviationSpec",
    "Distribution",
    "Enforce",
    "KubernetesSpec",
    "OidcSpec",
    "Profile",
]

Minor = Annotated[str, Form("a minor version: 1, a dot and two digits", '"1.36"', r"1\.\d{2}", 4)]
"""A minor version of Kubernetes, in quotes."""


class Distribution(StrEnum):
    """Kubernetes distributions that we bootstrap."""

    RKE2 = "rke2"
    K3S = "k3s"


class Cni(StrEnum):
    """Pod networks."""

    CILIUM = "cilium"
    CANAL = "canal"


class OidcSpec(SpecModel):
    """Who people log in with."""

    issuer: HttpsUrl
    """URL of the identity provider."""
    client_id: Text
    """Client id of the cluster there."""
    groups_claim: Text = "groups"
    """Claim that names a person's groups."""
    admin_groups: tuple[Text, ...] = ()
    """Groups that get cluster-admin."""


class KubernetesSpec(SpecModel):
    """Version and distribution."""

    version: Minor = "1.36"
    """Minor version, in quotes."""
    distribution: Distribution = Distribution.RKE2
    """rke2 or k3s; ignored where the cloud runs the control plane."""
    cni: Cni = Cni.CILIUM
    """Pod network."""
    oidc: OidcSpec | None = None
    """Log-in through an identity provider; certificates only when left out."""


class CloudSpec(SpecModel):
    """Where the cluster runs."""

    kind: Name
    """The adapter: local, openstack, existing; `haven-iac clouds` lists what is installed."""
    zones: tuple[Zone, ...] = ()
    """Availability zones; the adapter's own when left out."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What only this cloud understands; checked by its adapter."""


class ClusterSpec(SpecModel):
    """One cluster, as written under `haven:cluster`."""

    name: Name
    """Name of the cluster; part of every name in the cloud."""
    kubernetes: KubernetesSpec = KubernetesSpec()
    """Version, distribution and pod network of Kubernetes."""
    cloud: CloudSpec
    """Where the cluster runs."""
    network: NetworkSpec = NetworkSpec()
    """Address ranges and who may reach the API."""
    control_plane: ControlPlaneSpec = ControlPlaneSpec()
    """The servers that run etcd and the Kubernetes API."""
    pools: Annotated[dict[Name, NodePoolSpec], Field(min_length=1)]
    """Node pools by name."""
    ingress: IngressSpec
    """How traffic comes in."""
    storage: StorageSpec = StorageSpec()
    """Volumes."""
    logs: LogsSpec = LogsSpec()
    """Log aggregation."""
    monitoring: MonitoringSpec = MonitoringSpec()
    """Metrics and alerts."""
    backup: BackupSpec = BackupSpec()
    """Backups of objects and volumes."""
    policy: PolicySpec = PolicySpec()
    """Rules for everything that runs on the cluster."""
    tenants: dict[Name, TenantSpec] = Field(default_factory=dict)
    """Namespaces for applications, by name."""
    dns: DnsSpec = DnsSpec()
    """Records for gateway and API."""
    gitops: GitopsSpec | None = None
    """Hand-over to Flux; we keep ownership when left out."""
    platform: PlatformSpec = PlatformSpec()
    """The platform as a whole."""
    mirror: MirrorSpec = MirrorSpec()
    """Where charts and images come from in a closed network."""
    compliance: ComplianceSpec = ComplianceSpec()
    """How the Haven verdict is used."""
    deletion_protection: bool = False
    """Refuses `destroy` until it has been set to false and applied."""
