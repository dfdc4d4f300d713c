"""What Neutron has."""

from __future__ import annotations

from haven_iac.clouds.openstack.probing.reader import Reader
from haven_iac.clouds.openstack.probing.snapshot import FloatingIp, Kind, Network, Quota, Router, Subnet


def network_quota(reader: Reader, project: str) -> dict[str, Quota]:
    """Return what of networks, ports and so on the project may have."""
    names = {
        "network": Kind.NETWORKS,
        "subnet": Kind.SUBNETS,
        "router": Kind.ROUTERS,
        "port": Kind.PORTS,
        "security_group": Kind.SECURITY_GROUPS,
        "security_group_rule": Kind.RULES,
        "floatingip": Kind.FLOATING_IPS,
    }
    found = reader.get("network", f"/quotas/{project}/details")["quota"]
    return {
        kind.value: Quota(found[name]["limit"], found[name]["used"] + found[name].get("reserved", 0))
        for name, kind in names.items()
        if name in found
    }


def networks(reader: Reader) -> tuple[Network, ...]:
    """Return every network that the project sees."""
    return tuple(
        Network(
            one["id"],
            one["name"],
            bool(one.get("router:external")),
            bool(one.get("port_security_enabled", True)),
            int(one.get("mtu") or 0),
        )
        for one in reader.pages("network", "/networks", "networks")
    )


def subnets(reader: Reader) -> tuple[Subnet, ...]:
    """Return every subnet that the project sees."""
    return tuple(
        Subnet(
            one["id"],
            one["name"],
            one["network_id"],
            one["cidr"],
            one.get("gateway_ip") or "",
            bool(one["enable_dhcp"]),
        )
        for one in reader.pages("network", "/subnets", "subnets")
    )


def routers(reader: Reader) -> tuple[Router, ...]:
    """Return every router, with the subnets at it."""
    at: dict[str, set[str]] = {}
    owners = "&".join(
        f"device_owner=network:{owner}"
        for owner in ("router_interface", "router_interface_distributed", "ha_router_replicated_interface")
    )
    for port in reader.pages("network", f"/ports?{owners}&fields=device_id&fields=fixed_ips", "ports"):
        at.setdefault(port["device_id"], set()).update(ip["subnet_id"] for ip in port["fixed_ips"])
    return tuple(
        Router(
            one["id"],
            one["name"],
            (one.get("external_gateway_info") or {}).get("network_id") or "",
            frozenset(at.get(one["id"], ())),
            tuple(route["destination"] for route in one.get("routes") or []),
        )
        for one in reader.pages("network", "/routers", "routers")
    )


def floating_ips(reader: Reader) -> tuple[FloatingIp, ...]:
    """Return the floating IPs of the project."""
    return tuple(
        FloatingIp(
            one["id"],
            one["floating_ip_address"],
            one["floating_network_id"],
            one.get("port_id") or "",
            one.get("description") or "",
        )
        for one in reader.pages("network", "/floatingips", "floatingips")
    )


def security_groups(reader: Reader) -> frozenset[str]:
    """Return the ids of the security groups."""
    return frozenset(one["id"] for one in reader.pages("network", "/security-groups?fields=id", "security_groups"))
