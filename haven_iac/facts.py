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
    zones: tuple[str, ...] = ()
    """Zones whose nodes can use its volumes; all of them when empty."""
    mount_options: tuple[str, ...] = ()


@dataclass(frozen=True)
class StorageFacts:
    """What volumes the cluster can offer."""

    classes: tuple[StorageClassFacts, ...] = ()
    snapshot_driver: str | None = None
    shared_ca: str = ""
    """Certificates of the private authority behind the service of shared volumes, in PEM; empty for a public one."""

    def shared(self) -> StorageClassFacts | None:
        """Return the first class that offers ReadWriteMany, or None."""
        return next((c for c in self.classes if "ReadWriteMany" in c.access_modes), None)


@dataclass(frozen=True)
class LoadBalancerFacts:
    """What a Service of type LoadBalancer gets here."""

    available: bool
    proxy_protocol: bool = False
    """The client's address arrives by PROXY protocol; otherwise `externalTrafficPolicy: Local` keeps it."""
    annotations: dict[str, str] = field(default_factory=dict)
    """What the gateway's Service has to carry for that, and for whatever else this load balancer needs to be told."""


@dataclass(frozen=True)
class ObjectStoreFacts:
    """The cloud's own S3 service, in which buckets and a credential are made for the cluster."""

    region: str
    """What its requests are signed for."""
    endpoint: str = ""
    """Its URL; empty where only building tells."""
    ca: str = ""
    """Certificates of the private authority behind it, in PEM; empty for a public one."""


@dataclass(frozen=True)
class FlavorFacts:
    """How big a machine of one flavor is, as far as pods can use it."""

    cpu_millis: int
    """Thousandths of a core."""
    memory_mib: int
    """MiB."""


@dataclass(frozen=True)
class NodeFacts:
    """What nodes look like here."""

    os_image: str
    hardening: str
    """The kernel hardening the checker looks for (`AppArmor`, `SELinux`, `Talos`, `Flatcar`), or empty."""
    public_addresses: bool = False
    flavors: dict[str, FlavorFacts] = field(default_factory=dict)
    """By the cloud's own name; those that are not in it are not known before the cloud has been asked."""


@dataclass(frozen=True)
class FoundNode:
    """A node that is there already."""

    name: str
    zone: str
    """Empty where the cluster knows no zones."""
    control_plane: bool
    os_image: str
    public: bool = False
    """It has an address of type ExternalIP."""
    flavor: str = ""


@dataclass(frozen=True)
class Brought:
    """Something that fills a slot of the platform and is not ours."""

    name: str
    """As its workload, class or chart is called."""
    namespace: str = ""
    version: str = ""

    def __str__(self) -> str:
        """Return it as people say it."""
        named = f"{self.name} {self.version}".strip()
        return f"{named} in {self.namespace}" if self.namespace else named


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
    object_store: ObjectStoreFacts | None = None
    """Where buckets are that the description gives no endpoint for; None where the cloud makes none for the cluster."""
    snapshot_secret: bool = False
    """Whether servers look in the cluster for the bucket that snapshots of etcd go to."""
    controllers: Mapping[str, str] = field(default_factory=dict)
    """Chart of each controller that only this cloud needs in the cluster, by platform slot: cloud-controller,
    block-driver, shared-driver, nfs-driver."""
    images: tuple[str, ...] = ()
    """Images that machines start by themselves, beside those of the distribution and of the platform."""
    bundled: frozenset[str] = frozenset()
    """Platform slots that the cloud or the distribution fills by itself, such as `metrics`."""
    stand_in_charts: bool = False
    """Whether stand-in charts are used when the spec does not say."""
    capabilities: frozenset[Capability] = frozenset()
    platform: str = ""
    """Kubernetes platform as the checker names it, where the kind of cloud and the spec do not tell."""
    own_keys: bool = True
    """The control plane is started with key material of ours; otherwise the cloud hands out the credential."""
    found_nodes: tuple[FoundNode, ...] | None = None
    """Nodes that are there already, so that none are planned; None where we make them."""
    brought: Mapping[str, Brought] = field(default_factory=dict)
    """By slot, what fills those of `bundled`, as far as that is known."""
    left_alone: frozenset[str] = frozenset()
    """Namespaces that were there before us: nothing is put into them, and no policy of ours reaches them."""
    shared: bool = False
    """Others manage objects here too: a field that somebody else has set is never taken over."""

    def place(self, slot: str, own: str) -> str:
        """Return the namespace in which a slot's work is done: that of what is there already, else our own."""
        found = self.brought.get(slot)
        return found.namespace if found and found.namespace else own
