"""What only OpenStack understands: `cloud.settings` where `cloud.kind` is openstack.

Credentials are never here. They come from clouds.yaml (`cloud` names the entry) or from OS_* variables, on every
machine that runs the engine; what the cluster's own controllers log in with is made by the stack, restricted, and held
by Pulumi as a secret.
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv6Network
from typing import Annotated

from pydantic import Field

from haven_iac.spec.model import Duration, Form, Name, Quantity, Range, SpecModel, Text, duration
from haven_iac.spec.storage import HttpUrl

Id = Annotated[
    str,
    Form(
        "an id: 32 hexadecimal digits, with or without dashes",
        "5f0c2c4e-6a3f-4b39-9d0e-2f4c9a1b7d10",
        r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}",
        36,
    ),
]
"""Id of something that exists in the cloud already."""


def _ipv6(text: str) -> None:
    network = IPv6Network(text)
    if network.prefixlen != 64:
        raise ValueError("is not a /64, which nodes need to give themselves addresses")


Range6 = Annotated[str, Form("an IPv6 range", "fd12:3456:789a::/64", r"[0-9a-f:]+/\d{1,3}", 43, _ipv6)]
"""An IPv6 range of 64 bits."""

Pem = Annotated[
    str,
    Form(
        "certificates in PEM",
        "-----BEGIN CERTIFICATE-----...",
        r"(?s)\s*-----BEGIN CERTIFICATE-----.+-----END CERTIFICATE-----\s*",
        65536,
    ),
]
"""One or more certificates; never a key."""

ServerAddress = Annotated[
    str, Form("an IPv4 address", "203.0.113.10", r"(0*(25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}", 15)
]
"""A single IPv4 address."""


Image = Annotated[str, Form("name or id of an image", "ubuntu-24.04", r"\S|\S.*\S", 255)]
"""Something in Glance."""


class ImageSystem(StrEnum):
    """Operating systems whose hardening Haven's checker knows."""

    UBUNTU = "ubuntu"
    DEBIAN = "debian"
    ROCKY = "rocky"
    ALMALINUX = "almalinux"
    RHEL = "rhel"
    FLATCAR = "flatcar"


class Exposure(StrEnum):
    """From where the Kubernetes API can be reached."""

    FLOATING = "floating"
    INTERNAL = "internal"


class ApiSettings(SpecModel):
    """The address of the Kubernetes API; who may reach it is `network.apiAllowedCidrs`."""

    exposure: Exposure = Exposure.FLOATING
    """floating: a public address; internal: the node network's own, for whoever runs `up` inside it."""
    floating_ip: ServerAddress | None = None
    """A floating IP of the project that the API keeps, and that `destroy` leaves; a new one when left out."""


class LoadBalancerSettings(SpecModel):
    """Octavia: the load balancer of the API, and of Services of type LoadBalancer."""

    enabled: bool = True
    """Off where the cloud has no Octavia: kube-vip then holds the API's address, Services of type LoadBalancer get none
    at all, and the gateway answers on ports 30080, 30443 and 30843 of every node."""
    provider: Text = "amphora"
    """Octavia's provider: amphora, ovn, or what the cloud calls its own; amphora when left out, as in the
    controllers' charts. ovn has no PROXY protocol and no HTTP monitors."""
    flavor: Text | None = None
    """Name or id of an Octavia flavor; the provider's own when left out."""
    zone: Text | None = None
    """Octavia's availability zone; the cloud's own choice when left out."""


class SshSettings(SpecModel):
    """Logging in to nodes; nothing in this project needs it."""

    enabled: bool = False
    """Off leaves nodes without a key and port 22 closed."""
    keypair: Text | None = None
    """Name of a key pair in Nova; needed when enabled."""
    allowed_cidrs: tuple[Range, ...] = ()
    """Ranges that may reach port 22; the node network only when left out."""


class EtcdDiskSettings(SpecModel):
    """A volume of its own for etcd on every server."""

    size: Quantity = "20Gi"
    """Size of the volume."""
    type: Text | None = None
    """Cinder volume type, a fast one; Cinder's default when left out."""


class Ipv6Settings(SpecModel):
    """A second subnet on the node network."""

    nodes: Range6
    """Range of the subnet; nodes give themselves addresses in it (SLAAC)."""


class AntiAffinity(StrEnum):
    """What happens when two servers of the control plane do not find hosts of their own."""

    HARD = "hard"
    SOFT = "soft"


class ShareProtocol(StrEnum):
    """How nodes reach shares."""

    NFS = "NFS"
    CEPHFS = "CEPHFS"


class ObjectStorage(StrEnum):
    """Whose S3 holds logs, backups and etcd snapshots."""

    EXTERNAL = "external"
    CLOUD = "cloud"


class ObjectStorageSettings(SpecModel):
    """S3 for logs, backups and etcd snapshots."""

    kind: ObjectStorage = ObjectStorage.EXTERNAL
    """external: what `logs.objectStore` and `backup.objectStore` say; cloud: containers and a credential are made in
    the cloud's own Swift or Ceph Object Gateway for what has no `objectStore`; `destroy` empties that of the logs and
    keeps what that of the backups holds."""
    endpoint: HttpUrl | None = None
    """URL of the cloud's S3 API; found in its catalogue when left out."""
    region: Text = "us-east-1"
    """Region that its S3 API signs with; us-east-1, which Swift and Ceph take, when left out."""


class ControllerSettings(SpecModel):
    """The application credential of the cloud controller and the volume drivers: made by the stack, and restricted."""

    auth_url: HttpUrl | None = None
    """URL of Keystone as nodes reach it; that of clouds.yaml or OS_AUTH_URL when left out."""
    roles: tuple[Text, ...] = ()
    """Roles that the credential gets; all that the user has in the project when left out."""
    rotation: Annotated[int, Field(ge=0, le=100000)] = 0
    """Raise it by one, and the next `up` makes a new credential and takes the old one away."""


class AccessSettings(SpecModel):
    """How this machine reaches the cloud, and how long it waits for it."""

    cloud: Text | None = None
    """Entry in clouds.yaml; OS_CLOUD when left out, and the OS_* variables where there is neither. Name and password
    never stand here."""
    region: Text | None = None
    """Region; that of clouds.yaml or OS_REGION_NAME when left out."""
    boot_timeout: Duration = "15m"
    """How long a server may take from its boot to an API that answers, or a node that joins; 15m when left out. A run
    that gives up leaves everything as it is, and the next one goes on waiting."""

    @property
    def boot_seconds(self) -> float:
        """Return `boot_timeout` in seconds."""
        return duration(self.boot_timeout).total_seconds()


class OpenStackSettings(AccessSettings):
    """Settings of a cluster on OpenStack."""

    ca: Pem | None = None
    """Certificates of the private authority behind the cloud's own addresses, for the controllers in the cluster;
    public authorities when left out. Runs on this machine use `cacert` of clouds.yaml or OS_CACERT."""

    image: Image
    """Name or id of the nodes' image in Glance; a new image replaces no node that exists."""
    image_system: ImageSystem = ImageSystem.UBUNTU
    """Operating system in that image, which Haven's node hardening is judged by; ubuntu when left out."""
    config_drive: bool = False
    """Gives user data on a drive of the machine, for clouds without a metadata service."""
    anti_affinity: AntiAffinity = AntiAffinity.HARD
    """hard refuses two servers of the control plane on one host; soft only avoids it. Pools are always soft."""
    etcd_disk: EtcdDiskSettings | None = None
    """A volume of its own for etcd; it stands on the root disk when left out.
    A server that exists keeps what it has."""
    ssh: SshSettings = SshSettings()
    """Logging in to nodes; off when left out."""

    external_network: Text | None = None
    """Name or id of the network that floating IPs come from; the only external network when left out."""
    network_id: Id | None = None
    """An existing network for the nodes, left by `destroy`; a new one when left out. Goes with `subnetId`."""
    subnet_id: Id | None = None
    """An existing subnet of that network, whose range is `network.nodes`; a new one when left out. Goes with
    `networkId`."""
    router_id: Id | None = None
    """An existing router, left by `destroy`; a new one when left out, and none for an existing subnet that has one."""
    security_group_ids: tuple[Id, ...] = ()
    """Existing security groups for every node, instead of those made here; they have to let in what the distribution
    needs."""
    ipv6: Ipv6Settings | None = None
    """A second subnet with IPv6, at the same router; IPv4 only when left out. Not beside an existing subnet."""

    api: ApiSettings = ApiSettings()
    """Address of the Kubernetes API; a floating IP when left out."""
    load_balancer: LoadBalancerSettings = LoadBalancerSettings()
    """Octavia; its amphora provider when left out."""

    volume_types: dict[Name, Text] = Field(default_factory=dict)
    """More StorageClasses: name of the class to Cinder's volume type; only those of `storage.block` when left out."""
    ignore_volume_zone: bool = False
    """True where Cinder's zones are not Nova's: volumes are made in Cinder's own zone and used in every zone."""
    volume_zone: Text | None = None
    """Cinder's zone for every volume, where zones are ignored; Cinder's own choice when left out."""
    share_network_id: Id | None = None
    """Manila's share network, for share types that manage share servers; none when left out."""
    share_zone: Text | None = None
    """Manila's zone for every share; Manila's own choice when left out."""
    share_protocol: ShareProtocol = ShareProtocol.NFS
    """NFS or CEPHFS; NFS when left out, which is open to the node network only."""
    object_storage: ObjectStorageSettings = ObjectStorageSettings()
    """S3 for logs, backups and etcd snapshots; an external one when left out."""

    controllers: ControllerSettings = ControllerSettings()
    """How the cluster's own controllers log in."""

    simulated: bool = False
    """True on the lab (`haven-iac lab`), whose servers boot and whose nodes and pods are simulated: stand-in charts are
    used, and everything says that it is no evidence."""
