"""The whole description of a cluster."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from haven_iac.spec.backup import BackupSpec
from haven_iac.spec.compliance import ComplianceSpec
from haven_iac.spec.dns import DnsKind, DnsSpec
from haven_iac.spec.gitops import GitopsSpec
from haven_iac.spec.identity import IdentitySpec
from haven_iac.spec.ingress import IngressSpec
from haven_iac.spec.kubernetes import KubernetesSpec
from haven_iac.spec.logs import LogsSpec
from haven_iac.spec.model import Name, SpecModel
from haven_iac.spec.monitoring import MonitoringSpec
from haven_iac.spec.network import NetworkSpec
from haven_iac.spec.nodes import ControlPlaneSpec, NodePoolSpec, Zone
from haven_iac.spec.platform import MirrorSpec, PlatformSpec
from haven_iac.spec.policy import PolicySpec
from haven_iac.spec.storage import StorageSpec
from haven_iac.spec.tenants import TenantSpec


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
    pools: dict[Name, NodePoolSpec] = Field(default_factory=dict)
    """Node pools by name; one at the least, unless the nodes are there already."""
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
    identity: IdentitySpec = IdentitySpec()
    """Who people are, and which of their groups may do what."""
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

    @property
    def api_name(self) -> str:
        """Return the name of the Kubernetes API in the zone; empty where no records are kept."""
        return "" if self.dns.kind is DnsKind.NONE else f"api.{self.ingress.domain}"
