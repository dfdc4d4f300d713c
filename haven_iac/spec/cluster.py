"""The whole description of a cluster."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from haven_iac.spec.model import Name, SpecModel
from haven_iac.spec.network import NetworkSpec
from haven_iac.spec.nodes import ControlPlaneSpec, NodePoolSpec
from haven_iac.spec.platform import (
    BackupSpec,
    DnsSpec,
    GitopsSpec,
    IngressSpec,
    LogsSpec,
    MirrorSpec,
    MonitoringSpec,
    PlatformSpec,
    PolicySpec,
    StorageSpec,
    TenantSpec,
)


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

    issuer: Annotated[str, Field(pattern=r"^https://")]
    """URL of the identity provider."""
    client_id: str
    """Client id of the cluster there."""
    groups_claim: str = "groups"
    """Claim that names a person's groups."""
    admin_groups: tuple[str, ...] = ()
    """Groups that get cluster-admin."""


class KubernetesSpec(SpecModel):
    """Version and distribution."""

    version: Annotated[str, Field(pattern=r"^1\.\d{2}$", examples=["1.36"])] = "1.36"
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
    zones: tuple[str, ...] = ()
    """Availability zones; the adapter's own when left out."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What only this cloud understands; checked by its adapter."""


class Enforce(StrEnum):
    """What a failing mandatory check does."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"


class Profile(StrEnum):
    """What the cluster is for."""

    HAVEN = "haven"
    SANDBOX = "sandbox"


class DeviationSpec(SpecModel):
    """A recorded reason for a failing check; it never changes the result."""

    owner: str
    """Who answers for it."""
    reason: str
    """Why."""
    until: date
    """Last day."""


class ComplianceSpec(SpecModel):
    """How the Haven verdict is used."""

    profile: Profile = Profile.HAVEN
    """haven, or sandbox: outside the standard, and said so."""
    enforce: Enforce = Enforce.ADVISORY
    """mandatory stops `up` before the first change when a mandatory check fails."""
    deviations: dict[str, DeviationSpec] = Field(default_factory=dict)
    """By check id."""


class ClusterSpec(SpecModel):
    """One cluster, as written under `haven:cluster`."""

    name: Name
    """Name of the cluster; part of every name in the cloud."""
    kubernetes: KubernetesSpec = KubernetesSpec()
    cloud: CloudSpec
    network: NetworkSpec = NetworkSpec()
    control_plane: ControlPlaneSpec = ControlPlaneSpec()
    pools: Annotated[dict[Name, NodePoolSpec], Field(min_length=1)]
    """Node pools by name."""
    ingress: IngressSpec
    storage: StorageSpec = StorageSpec()
    logs: LogsSpec = LogsSpec()
    monitoring: MonitoringSpec = MonitoringSpec()
    backup: BackupSpec = BackupSpec()
    policy: PolicySpec = PolicySpec()
    tenants: dict[Name, TenantSpec] = Field(default_factory=dict)
    """Namespaces for applications, by name."""
    dns: DnsSpec = DnsSpec()
    gitops: GitopsSpec | None = None
    """Hand-over to Flux; we keep ownership when left out."""
    platform: PlatformSpec = PlatformSpec()
    mirror: MirrorSpec = MirrorSpec()
    compliance: ComplianceSpec = ComplianceSpec()
    deletion_protection: bool = False
    """Refuses `destroy` until it has been set to false and applied."""
