"""The node network: made, or adopted by id; with its way out and its security groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from ipaddress import IPv4Network
from typing import Any

import pulumi

from haven_iac.clouds.openstack import names, security
from haven_iac.clouds.openstack.settings import Ipv6Settings, OpenStackSettings
from haven_iac.clouds.openstack.tokens import Resource, look, make
from haven_iac.plan.model import ClusterPlan

GATEWAY = 1
"""Host number of the router in the nodes' range."""
API = 5
"""Host number of the API's address inside the node network, so that it is known before there is a load balancer."""
FIRST, LAST = 10, -2
"""Host numbers that Neutron gives away: the first ones stay ours."""

_ID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")

Details = Mapping[str, pulumi.Input[Any]]


def build(
    plan: ClusterPlan, settings: OpenStackSettings, identity: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> Details:
    """Return what the other parts need, each known as soon as it can be.

    `network`, `subnet`, `external` and `image` are ids; `routed` is known when the subnet has its way out; `servers`
    and `nodes` are the security groups of either, and `ruled` is known when these have their rules.
    """
    parent = opts.parent
    external = look("networking/getNetwork:getNetwork", _external(settings), parent)
    image = look("images/getImageIds:getImageIds", _image(settings), parent) if not is_id(settings.image) else None
    network, subnet, routed = _placed(plan, settings, identity, external["id"], opts)
    return {
        "network": network,
        "subnet": subnet,
        "routed": routed,
        "external": external["id"],
        "externalName": external["name"],
        "image": image["ids"][0] if image else settings.image,
        **_groups(plan, settings, identity, opts),
    }


def is_id(text: str) -> bool:
    """Return whether a text is the id of something."""
    return bool(_ID.fullmatch(text))


def _external(settings: OpenStackSettings) -> dict[str, Any]:
    wanted = settings.external_network
    if wanted is None:
        return {"external": True}
    return {"networkId": wanted} if is_id(wanted) else {"name": wanted, "external": True}


def _image(settings: OpenStackSettings) -> dict[str, Any]:
    return {"name": settings.image, "sort": "created_at:desc"}


def address(port: Resource) -> pulumi.Output[str]:
    """Return the address of a port: the first one, which is of IPv4."""
    return port.out("allFixedIps").apply(lambda found: str(next(one for one in found if ":" not in one)))


def api_address(plan: ClusterPlan) -> str:
    """Return the API's address inside a node network of our own."""
    return str(IPv4Network(plan.spec.network.nodes)[API])


def _placed(
    plan: ClusterPlan,
    settings: OpenStackSettings,
    identity: pulumi.Output[str],
    external: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[str]]:
    """Return the network, the subnet, and what is known when the subnet has its way out."""
    name, spec = plan.spec.name, plan.spec
    tags = identity.apply(lambda one: [names.tag(one)])

    def named(part: str) -> pulumi.Output[str]:
        return identity.apply(lambda one: names.named(one, part))

    def subnet_of(inside: pulumi.Output[str], part: str, said: dict[str, Any]) -> pulumi.Output[str]:
        about = {"name": named(part), "description": names.described(f"Nodes of the cluster {name}"), "tags": tags}
        return make("networking/subnet:Subnet", f"{name}-{part}", {**about, "networkId": inside, **said}, opts).id

    network: pulumi.Output[str]
    subnet: pulumi.Output[str]
    if settings.network_id and settings.subnet_id:
        network, subnet = pulumi.Output.from_input(settings.network_id), pulumi.Output.from_input(settings.subnet_id)
    else:
        made = make(
            "networking/network:Network",
            f"{name}-network",
            {
                "name": named("network"),
                "description": names.described(f"Nodes of the cluster {name}"),
                "adminStateUp": True,
                "mtu": spec.network.mtu,
                "tags": tags,
            },
            opts,
        )
        network, subnet = made.id, subnet_of(made.id, "subnet", _range(plan))
    if settings.subnet_id and not settings.router_id:
        return network, subnet, subnet
    router: pulumi.Input[str] = settings.router_id or _router(plan, named, tags, external, opts).id

    def interface(part: str, inside: pulumi.Output[str]) -> pulumi.Output[str]:
        led = {"routerId": router, "subnetId": inside}
        return make("networking/routerInterface:RouterInterface", f"{name}-{part}", led, opts).id

    if settings.ipv6 and not settings.subnet_id:
        interface("router-interface-6", subnet_of(network, "subnet-6", _range_6(settings.ipv6)))
    return network, subnet, interface("router-interface", subnet)


def _range(plan: ClusterPlan) -> dict[str, Any]:
    """Return what is said of the nodes' own subnet."""
    block = IPv4Network(plan.spec.network.nodes)
    return {
        "cidr": str(block),
        "ipVersion": 4,
        "gatewayIp": str(block[GATEWAY]),
        "allocationPools": [{"start": str(block[FIRST]), "end": str(block[LAST])}],
        "dnsNameservers": list(plan.spec.network.dns_servers),
    }


def _range_6(wanted: Ipv6Settings) -> dict[str, Any]:
    """Return what is said of the one with IPv6: nodes make their addresses from what the router tells."""
    return {"cidr": wanted.nodes, "ipVersion": 6, "ipv6AddressMode": "slaac", "ipv6RaMode": "slaac"}


def _router(
    plan: ClusterPlan,
    named: Any,
    tags: pulumi.Output[list[str]],
    external: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> Resource:
    return make(
        "networking/router:Router",
        f"{plan.spec.name}-router",
        {
            "name": named("router"),
            "description": names.described(f"Way out of the cluster {plan.spec.name}"),
            "adminStateUp": True,
            "externalNetworkId": external,
            "tags": tags,
        },
        opts,
    )


def _groups(
    plan: ClusterPlan, settings: OpenStackSettings, identity: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Input[Any]]:
    """Return the ids of the security groups of servers and of all other nodes, and what is known with their rules."""
    if settings.security_group_ids:
        given: list[pulumi.Input[str]] = list(settings.security_group_ids)
        return {"servers": given, "nodes": given, "ruled": given}
    name, made = plan.spec.name, {}
    for group in security.Group:
        made[group] = make(
            "networking/secGroup:SecGroup",
            f"{name}-{group}",
            {
                "name": identity.apply(partial(_group_name, group)),
                "description": names.described(f"{group.value.capitalize()} of the cluster {name}"),
                "deleteDefaultRules": True,
                "tags": identity.apply(lambda one: [names.tag(one)]),
            },
            opts,
        )
    ids = {group: one.id for group, one in made.items()}
    rules = [_rule(f"{name}-{rule.key}", rule, ids, opts).id for rule in security.rules(plan.spec, settings)]
    nodes, servers = ids[security.Group.NODES], ids[security.Group.SERVERS]
    return {"servers": [nodes, servers], "nodes": [nodes], "ruled": pulumi.Output.all(*rules)}


def _group_name(group: security.Group, identity: str) -> str:
    return names.named(identity, group.value)


def _rule(
    name: str, rule: security.Rule, ids: Mapping[security.Group, pulumi.Output[str]], opts: pulumi.ResourceOptions
) -> Resource:
    return make(
        "networking/secGroupRule:SecGroupRule",
        name,
        {
            "securityGroupId": ids[rule.group],
            "description": rule.reason,
            "direction": "egress" if rule.egress else "ingress",
            "ethertype": "IPv6" if rule.ipv6 else "IPv4",
            "protocol": rule.protocol or None,
            "portRangeMin": rule.ports[0] if rule.ports else None,
            "portRangeMax": rule.ports[1] if rule.ports else None,
            "remoteGroupId": ids[rule.peers] if rule.peers else None,
            "remoteIpPrefix": rule.range or None,
        },
        opts,
    )
