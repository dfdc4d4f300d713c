"""What Octavia has."""

from __future__ import annotations

from urllib.parse import urlsplit

from haven_iac.clouds.openstack.probing.reader import Reader
from haven_iac.clouds.openstack.probing.snapshot import Kind, Named, Quota


def quota(reader: Reader, project: str) -> dict[str, Quota]:
    """Return what of load balancers the project may have; they are counted only where that is limited."""
    names = {
        "load_balancer": Kind.BALANCERS,
        "listener": Kind.LISTENERS,
        "pool": Kind.POOLS,
        "member": Kind.MEMBERS,
        "health_monitor": Kind.MONITORS,
    }
    found = reader.get("load_balancer", f"/lbaas/quotas/{project}")["quota"]
    limits = {kind: found.get(name) for name, kind in names.items()}
    if all(limit in (None, -1) for limit in limits.values()):
        return {kind.value: Quota(-1) for kind in limits}
    used = {
        Kind.BALANCERS: len(reader.pages("load_balancer", "/lbaas/loadbalancers?fields=id", "loadbalancers")),
        Kind.LISTENERS: len(reader.pages("load_balancer", "/lbaas/listeners?fields=id", "listeners")),
        Kind.POOLS: len(reader.pages("load_balancer", "/lbaas/pools?fields=id", "pools")),
        Kind.MONITORS: len(reader.pages("load_balancer", "/lbaas/healthmonitors?fields=id", "healthmonitors")),
        Kind.MEMBERS: 0,
    }
    # Since Rocky the limit of members is for each pool.
    return {kind.value: Quota(-1 if limit is None else limit, used[kind]) for kind, limit in limits.items()}


def version(reader: Reader) -> tuple[int, int]:
    """Return the newest version of the API."""
    endpoint = urlsplit(reader.connection.load_balancer.get_endpoint() or "")
    root = f"{endpoint.scheme}://{endpoint.netloc}{endpoint.path.split('/v2')[0]}/"
    listed = [one["id"].lstrip("v").split(".") for one in reader.get("load_balancer", root)["versions"]]
    return max((int(major), int(minor)) for major, minor in listed)


def providers(reader: Reader) -> frozenset[str]:
    """Return the names of the providers that are enabled."""
    return frozenset(one["name"] for one in reader.pages("load_balancer", "/lbaas/providers", "providers"))


def flavors(reader: Reader) -> tuple[Named, ...]:
    """Return Octavia's flavors."""
    return tuple(Named(one["id"], one["name"]) for one in reader.pages("load_balancer", "/lbaas/flavors", "flavors"))


def zones(reader: Reader) -> frozenset[str]:
    """Return Octavia's availability zones."""
    listed = reader.pages("load_balancer", "/lbaas/availabilityzones", "availability_zones")
    return frozenset(one["name"] for one in listed)
