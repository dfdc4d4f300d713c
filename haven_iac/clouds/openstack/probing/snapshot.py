"""What a probe saw of an OpenStack, as plain values: everything that judging needs, and nothing that is secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

UNLIMITED = -1


class Kind(StrEnum):
    """Something that a project may have only so many of."""

    SERVERS = "servers"
    CORES = "cores"
    MEMORY = "MiB of memory"
    SERVER_GROUPS = "server groups"
    GROUP_MEMBERS = "members of one server group"
    NETWORKS = "networks"
    SUBNETS = "subnets"
    ROUTERS = "routers"
    PORTS = "ports"
    SECURITY_GROUPS = "security groups"
    RULES = "security group rules"
    FLOATING_IPS = "floating IPs"
    BALANCERS = "load balancers"
    LISTENERS = "listeners"
    POOLS = "load balancer pools"
    MEMBERS = "load balancer members"
    MONITORS = "health monitors"
    VOLUMES = "volumes"
    GIGABYTES = "GB of volumes"
    SHARES = "shares"
    SHARE_GIGABYTES = "GB of shares"


@dataclass(frozen=True)
class Quota:
    """How many of one kind a project may have."""

    limit: int
    """-1 for as many as it wants."""
    used: int = 0

    @property
    def left(self) -> int | None:
        """Return how many more there may be; None for as many as one wants."""
        return None if self.limit < 0 else max(0, self.limit - self.used)


@dataclass(frozen=True)
class Token:
    """Who we are."""

    project: str
    roles: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset({"password"})
    """How the log-in was done: password, application_credential, mapped, ..."""
    restricted: bool = False
    """Whether the log-in is by an application credential that cannot make another."""


@dataclass(frozen=True)
class Flavor:
    """A machine size."""

    id: str
    name: str
    cores: int
    memory: int
    """MiB."""
    disk: int
    """GiB; 0 where a volume is needed."""


@dataclass(frozen=True)
class Image:
    """A disk to boot from."""

    id: str
    name: str
    status: str = "active"
    distro: str = ""
    """Property `os_distro`; empty when nobody set it."""
    version: str = ""
    """Property `os_version`."""
    min_disk: int = 0
    """GiB."""
    min_memory: int = 0
    """MiB."""


@dataclass(frozen=True)
class Network:
    """A network."""

    id: str
    name: str
    external: bool = False
    port_security: bool = True
    mtu: int = 0


@dataclass(frozen=True)
class Subnet:
    """A range on a network."""

    id: str
    name: str
    network: str
    """Id of its network."""
    cidr: str
    gateway: str = ""
    dhcp: bool = True


@dataclass(frozen=True)
class Router:
    """A router, and the subnets at it."""

    id: str
    name: str
    external: str = ""
    """Id of the external network; empty when it leads nowhere."""
    subnets: frozenset[str] = frozenset()
    """Ids."""
    routes: tuple[str, ...] = ()
    """Ranges that its static routes lead to."""


@dataclass(frozen=True)
class FloatingIp:
    """A public address of the project."""

    id: str
    address: str
    network: str
    """Id of the external network."""
    port: str = ""
    """Id of the port it leads to; empty while free."""
    description: str = ""


@dataclass(frozen=True)
class ShareType:
    """A sort of share."""

    id: str
    name: str
    default: bool = False
    share_servers: bool = False
    """Whether Manila makes a server for each share network: then one has to be named."""


@dataclass(frozen=True)
class Named:
    """Anything with an id and a name."""

    id: str
    name: str


class HasName(Protocol):
    """Anything with an id and a name."""

    @property
    def id(self) -> str:
        """Return its id."""

    @property
    def name(self) -> str:
        """Return its name."""


N = TypeVar("N", bound=HasName)


def called(wanted: str, among: Iterable[N]) -> list[N]:
    """Return what has that id, else everything of that name."""
    listed = list(among)
    return [one for one in listed if one.id == wanted] or [one for one in listed if one.name == wanted]


@dataclass(frozen=True)
class Snapshot:
    """One look at a project."""

    token: Token
    services: frozenset[str]
    """Types in the catalogue, by their official names: compute, network, load-balancer, ..."""
    region: str = ""
    """The one that is meant; empty when nothing says."""
    regions: frozenset[str] = frozenset()
    """All of the cloud."""
    credentials_listed: bool = True
    """Whether Keystone shows the user's application credentials."""
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    """By `Kind`; for a volume type also `volumes of type <name>` and `GB of volumes of type <name>`."""

    zones: frozenset[str] = frozenset()
    """Nova's, those that are available."""
    flavors: tuple[Flavor, ...] = ()
    images: tuple[Image, ...] = ()
    """Those that have the wanted name or id, newest first."""
    image_names: frozenset[str] = frozenset()
    """All that the project may use; read only when the wanted one is not there."""
    keypairs: frozenset[str] = frozenset()

    networks: tuple[Network, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    routers: tuple[Router, ...] = ()
    security_groups: frozenset[str] = frozenset()
    """Ids."""
    floating_ips: tuple[FloatingIp, ...] = ()

    providers: frozenset[str] = frozenset()
    """Octavia's."""
    balancer_version: tuple[int, int] = (2, 0)
    """Newest version of Octavia's API."""
    balancer_flavors: tuple[Named, ...] = ()
    balancer_zones: frozenset[str] = frozenset()

    volume_types: frozenset[str] = frozenset()
    volume_zones: frozenset[str] = frozenset()
    share_types: tuple[ShareType, ...] = ()
    share_zones: frozenset[str] = frozenset()
    share_networks: tuple[Named, ...] = ()

    containers: Mapping[str, str] = field(default_factory=dict)
    """The wanted containers that are there already, and the identity of the cluster that made each; empty for none."""
    s3: str = "https:"
    """Where the object storage has S3's API, as far as it says; empty when it has none."""

    exists: bool = False
    """Whether servers of this cluster are there already."""
    existing: Mapping[str, int] = field(default_factory=dict)
    """What this cluster has already, by `Kind`; read only where the quota does not obviously suffice."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """What could not be read, and why; what depends on it is not judged."""

    def read(self, *parts: str) -> bool:
        """Return whether all these parts could be read."""
        return not any(part in self.unreadable for part in parts)
