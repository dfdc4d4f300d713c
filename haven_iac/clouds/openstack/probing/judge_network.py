"""Networks that are adopted or joined, and ranges that must not meet.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.names import identities
from haven_iac.clouds.openstack.probing.judge import Case, Rule, choose, error, listed, warning
from haven_iac.clouds.openstack.probing.snapshot import Network, Router, Subnet, called
from haven_iac.clouds.openstack.settings import Exposure

_EXTERNAL = "cloud.settings.externalNetwork"
_SUBNET = "cloud.settings.subnetId"
_ROUTER = "cloud.settings.routerId"


def needs_outside(case: Case) -> bool:
    """Return whether the cluster makes or uses anything on an external network."""
    own_router = not (case.settings.subnet_id or case.settings.router_id)
    floating = case.settings.api.exposure is Exposure.FLOATING or case.settings.load_balancer.enabled
    return own_router or floating


def external_networks(case: Case) -> list[Network]:
    """Return the external networks that the settings can mean: one when everything is in order."""
    outside = [one for one in case.seen.networks if one.external]
    wanted = case.settings.external_network
    return called(wanted, outside) if wanted else outside


def external(case: Case) -> Iterator[Finding]:
    """Judge the way out."""
    if not case.seen.read("networks") or not (needs_outside(case) or case.settings.external_network):
        return
    outside = [one.name for one in case.seen.networks if one.external]
    wanted, found = case.settings.external_network, external_networks(case)
    if not found:
        what = f"there is no external network {wanted!r}" if wanted else "this project sees no external network"
        yield error(what, choose(wanted or "", outside, "ask the cloud's operator for one"), _EXTERNAL)
    elif len(found) > 1:
        what = f"{len(found)} external networks are called {wanted!r}" if wanted else "there are more of them"
        names = listed(outside) if not wanted else listed(one.id for one in found)
        yield error(
            what if wanted else "the cloud has more than one external network, and nothing says which",
            f"write one of {names}",
            _EXTERNAL,
        )


def adopted(case: Case) -> Iterator[Finding]:
    """Judge whether what is to be adopted exists and fits."""
    settings, seen = case.settings, case.seen
    network = next((one for one in seen.networks if one.id == settings.network_id), None)
    if settings.network_id and not settings.subnet_id:
        have = [f"{one.id} ({one.cidr})" for one in seen.subnets if one.network == settings.network_id]
        yield error("the network has to be adopted with one of its subnets", f"it has {listed(have)}", _SUBNET)
    if settings.network_id and not network and seen.read("networks"):
        yield error(
            f"there is no network {settings.network_id} that this project may use",
            "`openstack network list` shows all",
            "cloud.settings.networkId",
        )
    subnet = _subnet(case)
    if settings.subnet_id and seen.read("subnets"):
        if not subnet:
            what = f"there is no subnet {settings.subnet_id} that this project may use"
            yield error(what, "`openstack subnet list` shows all", _SUBNET)
        else:
            yield from _fits(case, subnet)
    network = network or next((one for one in seen.networks if subnet and one.id == subnet.network), None)
    if network and not network.port_security:
        yield warning(
            f"ports on network {network.name} have no port security, so security groups do nothing there",
            "turn it on, or take another network",
            "cloud.settings.networkId" if settings.network_id else _SUBNET,
        )
    if settings.ipv6 and settings.subnet_id:
        what = "an existing subnet is taken as it is, and gets none with IPv6 beside it"
        yield error(
            what, "leave ipv6 out; nodes get addresses of IPv6 where the network has them", "cloud.settings.ipv6"
        )
    for position, group in enumerate(settings.security_group_ids):
        if seen.read("security_groups") and group not in seen.security_groups:
            yield error(
                f"there is no security group {group}",
                "`openstack security group list` shows all",
                f"cloud.settings.securityGroupIds[{position}]",
            )


def _subnet(case: Case) -> Subnet | None:
    return next((one for one in case.seen.subnets if one.id == case.settings.subnet_id), None)


def _fits(case: Case, subnet: Subnet) -> Iterator[Finding]:
    if subnet.network != case.settings.network_id:
        said = "is on another network than networkId" if case.settings.network_id else "is adopted without its network"
        yield error(f"subnet {subnet.name} {said}", f"write {subnet.network}", "cloud.settings.networkId")
    if ip_network(subnet.cidr) != case.plan.spec.network.nodes:
        yield error(
            f"nodes get addresses in {subnet.cidr}, the range of subnet {subnet.name}, and the description says "
            f"{case.plan.spec.network.nodes}",
            f"write {subnet.cidr}",
            "network.nodes",
        )
    if not subnet.gateway:
        yield error(f"subnet {subnet.name} has no gateway", "set one, or take another subnet", _SUBNET)
    if not subnet.dhcp:
        what = f"subnet {subnet.name} has no DHCP, and nodes get their addresses by it"
        yield error(what, "turn it on, or take another subnet", _SUBNET)


def router(case: Case) -> Iterator[Finding]:
    """Judge whether nodes have a way out."""
    settings, seen = case.settings, case.seen
    if not seen.read("routers", "networks"):
        return
    outside = {one.id for one in external_networks(case)}
    found = next((one for one in seen.routers if one.id == settings.router_id), None)
    if settings.router_id and not found:
        what = f"there is no router {settings.router_id} that this project may use"
        yield error(what, "`openstack router list` shows all", _ROUTER)
        return
    subnet = _subnet(case)
    if subnet and not settings.router_id:
        found = next((one for one in seen.routers if subnet.id in one.subnets), None)
        if not found and needs_outside(case):
            yield error(
                f"subnet {subnet.name} is at no router, so nodes have no way out",
                "name one as routerId",
                _SUBNET,
            )
            return
    if found and not found.external:
        yield error(f"router {found.name} leads to no external network", "give it a gateway", _at(case))
    elif found and outside and found.external not in outside:
        yield error(
            f"router {found.name} leads to another external network than floating IPs come from",
            "name that one as externalNetwork",
            _EXTERNAL,
        )


def _at(case: Case) -> str:
    return _ROUTER if case.settings.router_id else _SUBNET


def reachable(case: Case) -> dict[str, str]:
    """Return every range that nodes will reach beside their own, with what it is."""
    subnet = _subnet(case)
    routers = [one for one in case.seen.routers if _is_ours(case, one, subnet)]
    network = subnet.network if subnet else ""
    own = re.compile(rf"{identities(case.plan.spec.name)}-subnet(-6)?")
    found = {}
    for one in case.seen.subnets:
        # At an existing router the cluster's own subnets are found too, once they are made.
        if (subnet and one.id == subnet.id) or own.fullmatch(one.name):
            continue
        where = next((router.name for router in routers if one.id in router.subnets), "")
        if where:
            found[one.cidr] = f"subnet {one.name} at router {where}"
        elif network and one.network == network:
            found[one.cidr] = f"subnet {one.name} on the same network"
    for router_ in routers:
        found |= {route: f"a route of router {router_.name}" for route in router_.routes}
    outside = {one.id for one in external_networks(case)}
    found |= {one.cidr: f"external network {one.name}" for one in case.seen.subnets if one.network in outside}
    return found


def _is_ours(case: Case, one: Router, subnet: Subnet | None) -> bool:
    return one.id == case.settings.router_id or (subnet is not None and subnet.id in one.subnets)


def overlaps(case: Case) -> Iterator[Finding]:
    """Judge the cluster's ranges against everything that nodes will reach."""
    network = case.plan.spec.network
    own = {"network.nodes": network.nodes, "network.pods": network.pods, "network.services": network.services}
    for cidr, what in sorted(reachable(case).items()):
        other = ip_network(cidr)
        for path, block in own.items():
            if isinstance(other, IPv4Network) and other.prefixlen and block.overlaps(other):
                fix = f"choose another range; nodes reach {cidr} too"
                yield error(f"{block} overlaps {cidr}: {what}", fix, path)
        ipv6 = case.settings.ipv6
        if ipv6 and isinstance(other, IPv6Network) and IPv6Network(ipv6.nodes).overlaps(other):
            yield error(f"{ipv6.nodes} overlaps {cidr}: {what}", "choose another range", "cloud.settings.ipv6.nodes")


def mtu(case: Case) -> Iterator[Finding]:
    """Judge the packet size against the adopted network's."""
    wanted = case.plan.spec.network.mtu
    network = next((one for one in case.seen.networks if one.id == case.settings.network_id), None)
    if wanted and network and network.mtu and wanted > network.mtu:
        yield error(
            f"network {network.name} carries packets of {network.mtu} bytes, and the description says {wanted}",
            f"write {network.mtu} or less, or leave it out",
            "network.mtu",
        )


def floating_ip(case: Case) -> Iterator[Finding]:
    """Judge the address that the API is to keep."""
    wanted, path = case.settings.api.floating_ip, "cloud.settings.api.floatingIp"
    if not wanted or not case.seen.read("floating_ips"):
        return
    found = next((one for one in case.seen.floating_ips if one.address == wanted), None)
    outside = {one.id for one in external_networks(case)}
    if case.settings.api.exposure is Exposure.INTERNAL:
        yield error("the API is internal, so a floating IP has no use", "leave one of the two out", path)
    elif not found:
        yield error(
            f"the project has no floating IP {ip_address(wanted)}",
            choose("", [one.address for one in case.seen.floating_ips if not one.port], "leave it out for a new one"),
            path,
        )
    elif found.network not in outside:
        yield error(f"{wanted} is on another external network", "name that one as externalNetwork", path)
    elif found.port and not case.seen.exists:
        yield error(f"{wanted} leads to another port already", "free it, or leave it out for a new one", path)


RULES: tuple[Rule, ...] = (external, adopted, router, overlaps, mtu, floating_ip)
