"""What a cloud promises before anything exists, as plain values.

In-cluster components and checks use these facts and never ask which cloud it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Capability(StrEnum):
    """An ability that only some clouds have."""

    BLOCK_STORAGE = "block storage"
    SHARED_STORAGE = "shared storage"
    LOAD_BALANCER = "load balancer"
    ZONES = "zones"
    OBJECT_STORAGE = "object storage"
    MANAGED_CONTROL_PLANE = "managed control plane"
    NODE_POOLS = "node pools"


@dataclass(frozen=True)
class StorageClassFacts:
    """One StorageClass that the cluster will have."""

    name: str
    provisioner: str
    access_modes: tuple[str, ...]
    """As Kubernetes writes them: ReadWriteOnce, ReadWriteMany."""
    binding_mode: str = "WaitForFirstConsumer"
    default: bool = False
    parameters: dict[str, str] = field(default_factory=dict)
    expandable: bool = True


@dataclass(frozen=True)
class StorageFacts:
    """What volumes the cluster can offer."""

    classes: tuple[StorageClassFacts, ...] = ()
    snapshot_driver: str | None = None

    def shared(self) -> StorageClassFacts | None:
        """Return the first class that offers ReadWriteMany, or None."""
        return next((c for c in self.classes if "ReadWriteMany" in c.access_modes), None)


@dataclass(frozen=True)
class LoadBalancerFacts:
    """What a Service of type LoadBalancer gets here."""

    available: bool
    proxy_protocol: bool = False
    """The client's address arrives by PROXY protocol; otherwise `externalTrafficPolicy: Local` keeps it."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """What a Service of ours needs to get what is promised here."""


@dataclass(frozen=True)
class NodeFacts:
    """What nodes look like here."""

    os_image: str
    hardening: str
    """The kernel hardening the checker looks for (`AppArmor`, `SELinux`, `Talos`, `Flatcar`), or empty."""
    public_addresses: bool = False


@dataclass(frozen=True)
class CloudFacts:
    """Everything a cloud promises."""

    kind: str
    simulated: bool
    """True when nodes and pods are simulated: a rehearsal, never evidence."""
    managed_control_plane: bool
    zones: tuple[str, ...]
    nodes: NodeFacts
    storage: StorageFacts
    load_balancer: LoadBalancerFacts
    controllers: Mapping[str, str] = field(default_factory=dict)
    """Chart of each controller that only this cloud needs in the cluster, by platform slot: cloud-controller,
    block-driver, shared-driver, nfs-driver."""
    bundled: frozenset[str] = frozenset()
    """Platform slots that the cloud or the distribution fills by itself, such as `metrics`."""
    stand_in_charts: bool = False
    """Whether stand-in charts are used when the spec does not say."""
    capabilities: frozenset[Capability] = frozenset()
