"""The address of the Kubernetes API, inside the node network and perhaps outside it.

It is that of a load balancer of Octavia's, or, where there is none, one that the servers hold (`virtual_address`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from haven_iac.bootstrap.registry import find
from haven_iac.clouds.openstack import names, network, virtual_address
from haven_iac.clouds.openstack.security import API_PORT, CLIENT_ADDRESS_PROVIDERS
from haven_iac.clouds.openstack.settings import Exposure, OpenStackSettings
from haven_iac.clouds.openstack.tokens import Resource, after, look, make
from haven_iac.clouds.parts import EndpointParts
from haven_iac.plan.model import ClusterPlan

IDLE_MS = 600_000
"""Milliseconds that a connection may be silent: watches of the API are, for minutes."""
MONITOR = {"delay": 5, "timeout": 3, "maxRetries": 2, "maxRetriesDown": 3}
"""Seconds, and tries: how soon a server that is gone gets no more connections."""


@dataclass(frozen=True)
class Door:
    """One port of the load balancer."""

    name: str
    port: int
    public: bool
    """Whether those may come in who may reach the API; only nodes otherwise."""


def doors(plan: ClusterPlan) -> tuple[Door, ...]:
    """Return the API's port, and where the distribution has one, the port that nodes join through."""
    join = find(plan.spec.kubernetes.distribution.value).join_port
    api = Door("api", API_PORT, public=True)
    return (api,) if join == API_PORT else (api, Door("join", join, public=False))


def build(
    plan: ClusterPlan,
    settings: OpenStackSettings,
    identity: pulumi.Output[str],
    placed: Any,
    opts: pulumi.ResourceOptions,
) -> EndpointParts:
    """Make the address; it is known before any server is there.

    Args:
        plan: the cluster.
        settings: of the cloud.
        identity: of the cluster.
        placed: what `network.build` returned.
        opts: parent.
    """
    if not settings.load_balancer.enabled:
        return _held(plan, settings, identity, placed, opts)
    made = _balancer(plan, settings, identity, placed, opts)
    inside = made.out("vipAddress")
    led = {door.name: _door(plan, settings, identity, made.id, door, opts) for door in doors(plan)}
    outside = inside
    if settings.api.exposure is Exposure.FLOATING:
        outside = _floating(plan, settings, identity, placed, made.out("vipPortId"), opts)
    server = outside.apply(lambda address: f"https://{address}:{API_PORT}")
    facts = {
        "inside": inside,
        "outside": outside,
        "pools": {name: pool.id for name, (pool, _) in led.items()},
        "monitored": pulumi.Output.all(*(monitor.id for _, monitor in led.values())),
        "loadBalancer": made.id,
    }
    return EndpointParts(server, facts)


def _held(
    plan: ClusterPlan,
    settings: OpenStackSettings,
    identity: pulumi.Output[str],
    placed: Any,
    opts: pulumi.ResourceOptions,
) -> EndpointParts:
    """Reserve the address that the servers hold by themselves."""
    reserved = virtual_address.port(plan, settings, identity, placed, opts)
    inside = network.address(reserved)
    outside = inside
    if settings.api.exposure is Exposure.FLOATING:
        outside = _floating(plan, settings, identity, placed, reserved.id, opts)
    server = outside.apply(lambda address: f"https://{address}:{API_PORT}")
    return EndpointParts(server, {"inside": inside, "outside": outside, "pools": {}})


def _balancer(
    plan: ClusterPlan,
    settings: OpenStackSettings,
    identity: pulumi.Output[str],
    placed: Any,
    opts: pulumi.ResourceOptions,
) -> Resource:
    own = not settings.subnet_id
    flavor: Any = settings.load_balancer.flavor
    if flavor and not network.is_id(flavor):
        flavor = look("loadbalancer/getLbFlavorDeprecated:getLbFlavorDeprecated", {"name": flavor}, opts.parent)["id"]
    return make(
        "loadbalancer/loadBalancer:LoadBalancer",
        f"{plan.spec.name}-api",
        {
            "name": identity.apply(lambda one: names.named(one, "api")),
            "description": names.described(f"Kubernetes API of the cluster {plan.spec.name}"),
            "vipSubnetId": placed["subnet"],
            # In a network of our own it is known beforehand, so that servers can boot while the amphora does.
            "vipAddress": network.api_address(plan) if own else None,
            "loadbalancerProvider": settings.load_balancer.provider,
            "flavorId": flavor,
            "availabilityZone": settings.load_balancer.zone,
            "tags": identity.apply(lambda one: [names.tag(one)]),
        },
        opts,
        outputs=("vipAddress", "vipPortId"),
    )


def _door(
    plan: ClusterPlan,
    settings: OpenStackSettings,
    identity: pulumi.Output[str],
    balancer: pulumi.Output[str],
    door: Door,
    opts: pulumi.ResourceOptions,
) -> tuple[Resource, Resource]:
    """Make listener, pool and monitor of one port; return the last two."""
    name = f"{plan.spec.name}-api-{door.name}"
    called = identity.apply(lambda one: names.named(one, "api", door.name))
    direct = settings.load_balancer.provider in CLIENT_ADDRESS_PROVIDERS
    listener = make(
        "loadbalancer/listener:Listener",
        name,
        {
            "name": called,
            "loadbalancerId": balancer,
            "protocol": "TCP",
            "protocolPort": door.port,
            # Such a provider refuses them; security groups keep the list there.
            "allowedCidrs": None if direct else _allowed(plan, door),
            "timeoutClientData": None if direct else IDLE_MS,
            "timeoutMemberData": None if direct else IDLE_MS,
            "tags": identity.apply(lambda one: [names.tag(one)]),
        },
        opts,
    )
    pool = make(
        "loadbalancer/pool:Pool",
        name,
        {
            "name": called,
            "listenerId": listener.id,
            "protocol": "TCP",
            "lbMethod": "SOURCE_IP_PORT" if direct else "ROUND_ROBIN",
        },
        opts,
    )
    monitor = make(
        "loadbalancer/monitor:Monitor",
        name,
        {"name": called, "poolId": pool.id, "type": "TCP", **MONITOR},
        opts,
    )
    return pool, monitor


def _allowed(plan: ClusterPlan, door: Door) -> list[str]:
    """Return who may connect, in the order in which Octavia gives it back; nodes always may."""
    nodes = str(plan.spec.network.nodes)
    if not door.public:
        return [nodes]
    outside = {str(one) for one in plan.spec.network.api_allowed_cidrs}
    return sorted({*outside, nodes}) if outside else []


def _floating(
    plan: ClusterPlan,
    settings: OpenStackSettings,
    identity: pulumi.Output[str],
    placed: Any,
    port: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Return a public address that leads to a port: one of our own, or one that the project keeps."""
    address: pulumi.Output[str]
    if settings.api.floating_ip:
        address = pulumi.Output.from_input(settings.api.floating_ip)
    else:
        made = make(
            "networking/floatingIp:FloatingIp",
            f"{plan.spec.name}-api",
            {
                "pool": placed["externalName"],
                "description": identity.apply(lambda one: names.described(f"Kubernetes API of {one}")),
                "tags": identity.apply(lambda one: [names.tag(one)]),
            },
            # Which port it leads to is a resource of its own: the address is known before the load balancer is.
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["portId", "fixedIp"])),
            outputs=("address",),
        )
        address = made.out("address")
    make(
        "networking/floatingIpAssociate:FloatingIpAssociate",
        f"{plan.spec.name}-api",
        {"floatingIp": address, "portId": port},
        # Neutron gives a public address only to what a router leads to the outside.
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[after(placed["routed"])])),
    )
    return address
