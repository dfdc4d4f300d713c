"""A cloud on which everything is in order, and clouds and descriptions with something wrong."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from haven_iac.clouds.openstack import settings_of
from haven_iac.clouds.openstack.probing.judge import Case
from haven_iac.clouds.openstack.probing.snapshot import (
    Flavor,
    FloatingIp,
    Image,
    Kind,
    Named,
    Network,
    Quota,
    Router,
    ShareType,
    Snapshot,
    Subnet,
    Token,
)
from haven_iac.prepare import from_document


def uid(number: int) -> str:
    """Return an id that can be told from others."""
    return f"00000000-0000-4000-8000-{number:012d}"


DOCUMENT: dict[str, Any] = {
    "name": "voorbeeldstad",
    "cloud": {
        "kind": "openstack",
        "zones": ["az1", "az2", "az3"],
        "settings": {"image": "ubuntu-24.04", "externalNetwork": "public"},
    },
    "network": {"nodes": "10.20.0.0/20", "apiAllowedCidrs": ["192.0.2.0/24"]},
    "controlPlane": {"flavor": "m1.medium"},
    "pools": {"general": {"size": 3, "flavor": "m1.large"}},
    "ingress": {"domain": "apps.voorbeeldstad.nl"},
    "storage": {"shared": {"kind": "manila"}},
}

ZONES = frozenset({"az1", "az2", "az3"})
EXTERNAL = Network(uid(1), "public", external=True)
OUTSIDE = Subnet(uid(2), "public-v4", uid(1), "198.51.100.0/24", "198.51.100.1")
OFFICE = Network(uid(3), "office", mtu=1442)
OFFICE_SUBNET = Subnet(uid(4), "office-v4", uid(3), "10.20.0.0/20", "10.20.0.1")
OFFICE_ROUTER = Router(uid(5), "office-router", uid(1), frozenset({uid(4)}))

GOOD = Snapshot(
    token=Token("voorbeeldstad", frozenset({"member", "load-balancer_member"})),
    services=frozenset(
        {"identity", "compute", "image", "network", "load-balancer", "block-storage", "shared-file-system"}
    ),
    region="RegionOne",
    regions=frozenset({"RegionOne"}),
    quotas={kind.value: Quota(10_000_000, 0) for kind in Kind},
    zones=ZONES | {"nova"},
    flavors=(
        Flavor("1", "m1.tiny", 1, 1024, 10),
        Flavor("2", "m1.medium", 4, 8192, 40),
        Flavor("3", "m1.large", 8, 16384, 80),
        Flavor("4", "v1.large", 8, 16384, 0),
    ),
    images=(Image(uid(10), "ubuntu-24.04", distro="ubuntu", version="24.04"),),
    keypairs=frozenset({"beheer"}),
    networks=(EXTERNAL, OFFICE),
    subnets=(OUTSIDE, OFFICE_SUBNET),
    routers=(OFFICE_ROUTER,),
    security_groups=frozenset({uid(6)}),
    floating_ips=(
        FloatingIp(uid(7), "198.51.100.7", uid(1)),
        FloatingIp(uid(8), "198.51.100.8", uid(1), port=uid(9)),
    ),
    providers=frozenset({"amphora", "ovn", "octavia"}),
    balancer_version=(2, 27),
    balancer_flavors=(Named(uid(11), "small"),),
    volume_types=frozenset({"ssd", "ssd-encrypted", "__DEFAULT__"}),
    volume_zones=ZONES,
    share_types=(ShareType("1", "default", default=True), ShareType("2", "servers", share_servers=True)),
    share_zones=frozenset({"nova"}),
    share_networks=(Named(uid(12), "offices"),),
)


@dataclass(frozen=True)
class Wrong:
    """What is different from a cloud and a description in order."""

    document: Mapping[str, Any] = field(default_factory=dict)
    """Laid over the description."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Laid over `cloud.settings`."""
    seen: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the snapshot that are different."""


def case(wrong: Wrong = Wrong()) -> Case:
    """Return a plan and a cloud."""
    document = copy.deepcopy(DOCUMENT) | {key: value for key, value in wrong.document.items() if key != "cloud"}
    document["cloud"] |= wrong.document.get("cloud", {})
    document["cloud"]["settings"] = {**document["cloud"]["settings"], **wrong.settings}
    plan = from_document(document).plan
    return Case(plan, settings_of(plan.spec), replace(GOOD, **wrong.seen))


def limited(kind: Kind, limit: int, used: int = 0) -> dict[str, Any]:
    """Return a snapshot's quotas with one that is limited."""
    return {"quotas": {**GOOD.quotas, kind.value: Quota(limit, used)}}


def adopting(subnet: Subnet = OFFICE_SUBNET, router: Router | None = OFFICE_ROUTER, **seen: Any) -> Wrong:
    """Return a description that adopts the office's network, and what is seen of it."""
    routers = (router,) if router else ()
    return Wrong(
        settings={"networkId": uid(3), "subnetId": uid(4)},
        seen={"subnets": (OUTSIDE, subnet), "routers": routers, **seen},
    )


WITHOUT = {service: frozenset(GOOD.services - {service}) for service in GOOD.services}

WRONG: dict[str, Wrong] = {
    "no such image": Wrong(settings={"image": "ubuntu-26.04"}, seen={"images": (), "image_names": {"ubuntu-24.04"}}),
    "an image that is being deactivated": Wrong(
        seen={"images": (replace(GOOD.images[0], status="deactivated"),)},
    ),
    "an image with another system": Wrong(seen={"images": (replace(GOOD.images[0], distro="rocky"),)}),
    "an image that cannot be hardened": Wrong(seen={"images": (replace(GOOD.images[0], distro="cirros"),)}),
    "an image too big for the disk": Wrong(seen={"images": (replace(GOOD.images[0], min_disk=60),)}),
    "a zone mistyped": Wrong({"cloud": {"zones": ["az1", "az2", "az-3"]}}),
    "no such flavor": Wrong({"controlPlane": {"flavor": "m1.medum"}}),
    "a flavor without a disk": Wrong({"pools": {"general": {"flavor": "v1.large"}}}),
    "SSH without a key pair": Wrong(settings={"ssh": {"enabled": True}}),
    "no such key pair": Wrong(settings={"ssh": {"enabled": True, "keypair": "beheerder"}}),
    "servers: quota one short": Wrong(seen=limited(Kind.SERVERS, 10, 5)),
    "cores: quota one short": Wrong(seen=limited(Kind.CORES, 35)),
    "memory: quota too small": Wrong(seen=limited(Kind.MEMORY, 65536)),
    "ports: quota too small": Wrong(seen=limited(Kind.PORTS, 50, 45)),
    "security group rules: the usual quota": Wrong(seen=limited(Kind.RULES, 20, 4)),
    "security groups: quota too small": Wrong(seen=limited(Kind.SECURITY_GROUPS, 10, 9)),
    "server groups: quota too small": Wrong(seen=limited(Kind.SERVER_GROUPS, 10, 9)),
    "a pool bigger than a server group": Wrong(
        {"pools": {"general": {"size": 12, "flavor": "m1.large"}}}, seen=limited(Kind.GROUP_MEMBERS, 10)
    ),
    "floating IPs: one left": Wrong(seen=limited(Kind.FLOATING_IPS, 5, 4)),
    "load balancers: one left": Wrong(seen=limited(Kind.BALANCERS, 3, 2)),
    "volumes: quota too small": Wrong(seen=limited(Kind.VOLUMES, 10, 9)),
    "gigabytes: quota too small": Wrong(seen=limited(Kind.GIGABYTES, 100, 95)),
    "shares: none allowed": Wrong(seen=limited(Kind.SHARES, 0)),
    "no external network": Wrong(seen={"networks": (), "subnets": ()}),
    "an external network mistyped": Wrong(settings={"externalNetwork": "publik"}),
    "two external networks": Wrong(
        settings={"externalNetwork": None},
        seen={"networks": (EXTERNAL, replace(EXTERNAL, id=uid(20), name="dmz"))},
    ),
    "nodes overlap the external network": Wrong(
        {"network": {"nodes": "10.99.0.0/20"}},
        seen={
            "subnets": (replace(OUTSIDE, cidr="10.99.8.0/24"),),
        },
    ),
    "pods overlap what the adopted router reaches": adopting(
        router=replace(OFFICE_ROUTER, subnets=frozenset({uid(4), uid(21)}), routes=("10.43.128.0/20",)),
        subnets=(OUTSIDE, OFFICE_SUBNET, Subnet(uid(21), "printers", uid(22), "10.42.7.0/24", "10.42.7.1")),
    ),
    "an adopted subnet with another range": adopting(replace(OFFICE_SUBNET, cidr="10.21.0.0/20")),
    "an adopted subnet without DHCP": adopting(replace(OFFICE_SUBNET, dhcp=False)),
    "an adopted subnet without a router": adopting(router=None),
    "a router that leads nowhere": adopting(router=replace(OFFICE_ROUTER, external="")),
    "IPv6 beside a subnet that exists": Wrong(
        {"network": {"nodes": "10.20.0.0/20"}},
        settings={"networkId": uid(3), "subnetId": uid(4), "ipv6": {"nodes": "fd12:3456:789a::/64"}},
    ),
    "a network without its subnet": Wrong(settings={"networkId": uid(3)}),
    "no such subnet": Wrong(settings={"networkId": uid(3), "subnetId": uid(99)}),
    "no such security group": Wrong(settings={"securityGroupIds": [uid(6), uid(98)]}),
    "packets too big for the network": Wrong(
        {"network": {"mtu": 1500, "nodes": "10.20.0.0/20"}}, settings={"networkId": uid(3), "subnetId": uid(4)}
    ),
    "a floating IP of somebody else": Wrong(settings={"api": {"floatingIp": "203.0.113.5"}}),
    "a floating IP in use": Wrong(settings={"api": {"floatingIp": "198.51.100.8"}}),
    "no Octavia": Wrong(seen={"services": WITHOUT["load-balancer"]}),
    "no right to use Octavia": Wrong(seen={"unreadable": {"providers": "HTTP 403", "balancer quota": "HTTP 403"}}),
    "a provider that is not enabled": Wrong(settings={"loadBalancer": {"provider": "amphorav2"}}),
    "ovn, with nothing to limit who reaches the API": Wrong(
        settings={"loadBalancer": {"provider": "ovn"}, "securityGroupIds": [uid(6)]}
    ),
    "ovn with a flavor": Wrong(
        {"network": {"nodes": "10.20.0.0/20"}}, settings={"loadBalancer": {"provider": "ovn", "flavor": "small"}}
    ),
    "an Octavia that cannot limit who reaches the API": Wrong(seen={"balancer_version": (2, 10)}),
    "no such volume type": Wrong(
        {"storage": {"block": {"type": "sdd"}, "shared": {"kind": "manila"}}},
        settings={"etcdDisk": {"type": "nvme"}, "volumeTypes": {"archive": "hdd"}},
    ),
    "Cinder has other zones": Wrong(seen={"volume_zones": frozenset({"nova"})}),
    "one zone for volumes, and pods everywhere": Wrong(settings={"volumeZone": "az1"}),
    "no Manila": Wrong(seen={"services": WITHOUT["shared-file-system"]}),
    "no such share type": Wrong({"storage": {"shared": {"kind": "manila", "type": "cephfs"}}}),
    "a share type that needs a share network": Wrong({"storage": {"shared": {"kind": "manila", "type": "servers"}}}),
    "Manila has other zones": Wrong(settings={"shareZone": "az1"}),
    "user data too long": Wrong(
        {
            "pools": {
                "general": {"flavor": "m1.large", "labels": {f"example.nl/{i}": str(i**30)[:60] for i in range(6000)}}
            }
        }
    ),
    "no permission to make application credentials": Wrong(
        seen={
            "token": Token(
                "voorbeeldstad", frozenset({"member"}), frozenset({"application_credential"}), restricted=True
            )
        }
    ),
    "Keystone forbids application credentials": Wrong(seen={"credentials_listed": False}),
    "a role to look only": Wrong(seen={"token": Token("voorbeeldstad", frozenset({"reader"}))}),
    "a role that cannot be given on": Wrong(settings={"controllers": {"roles": ["membre"]}}),
    "a region mistyped": Wrong(settings={"region": "RegionTwo"}),
    "two regions": Wrong(seen={"region": "", "regions": frozenset({"ams", "rtm"})}),
    "object storage that is not there": Wrong(settings={"objectStorage": {"kind": "cloud"}}),
    "object storage without S3": Wrong(
        settings={"objectStorage": {"kind": "cloud"}}, seen={"services": GOOD.services | {"object-store"}, "s3": ""}
    ),
    "object storage that we may not use": Wrong(
        settings={"objectStorage": {"kind": "cloud"}},
        seen={"services": GOOD.services | {"object-store"}, "unreadable": {"containers": "HTTP 403"}},
    ),
    "a container for logs that is another cluster's": Wrong(
        {"logs": {"bucket": "logs"}},
        settings={"objectStorage": {"kind": "cloud"}},
        seen={
            "services": GOOD.services | {"object-store"},
            "containers": {"logs": "elders-bcdfg", "backup": ""},
        },
    ),
    "seven things at once": Wrong(
        {"cloud": {"zones": ["az1", "az2", "az4"]}, "pools": {"general": {"flavor": "huge"}}},
        settings={"image": "nope", "loadBalancer": {"provider": "f5"}, "externalNetwork": "x"},
        seen={"images": (), **limited(Kind.PORTS, 5), "volume_zones": frozenset({"nova"})},
    ),
}
