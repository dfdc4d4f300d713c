"""What Nova and Glance have."""

from __future__ import annotations

from urllib.parse import quote

from haven_iac.clouds.openstack.probing.reader import Reader, Unread
from haven_iac.clouds.openstack.probing.snapshot import Flavor, Image, Kind, Quota


def zones(reader: Reader, service: str) -> frozenset[str]:
    """Return the zones of Nova or Cinder that are available."""
    listed = reader.get(service, "/os-availability-zone")["availabilityZoneInfo"]
    return frozenset(one["zoneName"] for one in listed if one["zoneState"]["available"])


def compute_quota(reader: Reader) -> dict[str, Quota]:
    """Return what of servers, cores and memory the project may have."""
    limits = reader.get("compute", "/limits")["limits"]["absolute"]
    pairs = {
        Kind.SERVERS: ("maxTotalInstances", "totalInstancesUsed"),
        Kind.CORES: ("maxTotalCores", "totalCoresUsed"),
        Kind.MEMORY: ("maxTotalRAMSize", "totalRAMUsed"),
        Kind.SERVER_GROUPS: ("maxServerGroups", "totalServerGroupsUsed"),
        Kind.GROUP_MEMBERS: ("maxServerGroupMembers", ""),
    }
    return {kind.value: Quota(limits[most], limits.get(used, 0)) for kind, (most, used) in pairs.items()}


def flavors(reader: Reader) -> tuple[Flavor, ...]:
    """Return every machine size."""
    return tuple(
        Flavor(one["id"], one["name"], one["vcpus"], one["ram"], one["disk"])
        for one in reader.pages("compute", "/flavors/detail", "flavors")
    )


def images(reader: Reader, wanted: str) -> tuple[Image, ...]:
    """Return every image of that name, else the one with that id."""
    listed = reader.pages("image", f"/images?name={quote(wanted, safe='')}&sort=created_at:desc", "images")
    if not listed:
        try:
            listed = [reader.get("image", f"/images/{quote(wanted, safe='')}")]
        except Unread as error:
            if str(error) not in ("HTTP 404", "HTTP 400"):
                raise
    return tuple(
        Image(
            one["id"],
            one["name"] or "",
            one["status"],
            str(one.get("os_distro") or ""),
            str(one.get("os_version") or ""),
            int(one.get("min_disk") or 0),
            int(one.get("min_ram") or 0),
        )
        for one in listed
    )


def image_names(reader: Reader) -> frozenset[str]:
    """Return the names of the images that the project may use."""
    listed = reader.pages("image", "/images?status=active&limit=200", "images")
    return frozenset(one["name"] for one in listed if one["name"])


def keypairs(reader: Reader) -> frozenset[str]:
    """Return the names of the user's key pairs."""
    return frozenset(one["keypair"]["name"] for one in reader.pages("compute", "/os-keypairs", "keypairs"))
