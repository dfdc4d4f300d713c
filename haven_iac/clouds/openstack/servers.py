"""Machines: a port, and a server that boots our user data, for every planned node.

What a server was born with never replaces it: user data, image, flavor and disks are left alone here, and brought up
to date one node after the other (`haven_iac.clouds.openstack.rolling`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from haven_iac.clouds.openstack import names, network
from haven_iac.clouds.openstack.place import Place
from haven_iac.clouds.openstack.security import CLIENT_ADDRESS_PROVIDERS
from haven_iac.clouds.openstack.settings import AntiAffinity
from haven_iac.clouds.openstack.tokens import Resource, after, make
from haven_iac.clouds.openstack.user_data import generation, user_data
from haven_iac.plan.model import NodePlan, PoolPlan, Role
from haven_iac.spec import ClusterSpec
from haven_iac.spec.model import quantity
from haven_iac.spec.nodes import DiskSpec

GIB = 2**30
BORN_WITH = (
    "userData",
    "imageId",
    "imageName",
    "blockDevices",
    "flavorName",
    "flavorId",
    "schedulerHints",
    "configDrive",
    "keyPair",
    "availabilityZone",
    "metadata",
)
"""Inputs of a server whose change must not touch it."""


def disk(spec: ClusterSpec, pool: PoolPlan) -> DiskSpec:
    """Return the root disk that a pool's nodes should have."""
    return (spec.control_plane if pool.role is Role.CONTROL_PLANE else spec.pools[pool.name]).disk


def group(place: Place, pool: PoolPlan, opts: pulumi.ResourceOptions) -> Resource:
    """Make the server group of a pool: hard anti-affinity for servers unless softened, soft for the others."""
    hard = pool.role is Role.CONTROL_PLANE and place.settings.anti_affinity is AntiAffinity.HARD
    return make(
        "compute/serverGroup:ServerGroup",
        f"{place.plan.spec.name}-{pool.name}",
        {
            "name": place.identity.apply(lambda one: names.named(one, pool.name)),
            "policies": "anti-affinity" if hard else "soft-anti-affinity",
        },
        opts,
    )


def ports(place: Place, nodes: Sequence[NodePlan], opts: pulumi.ResourceOptions) -> dict[str, Resource]:
    """Make a port for each node, by the node's name."""
    direct = place.settings.load_balancer.provider in CLIENT_ADDRESS_PROVIDERS
    # There the cloud controller adds a group of each Service to the ports.
    ignored = pulumi.ResourceOptions(ignore_changes=["securityGroupIds"] if direct else [])
    held = not place.settings.load_balancer.enabled
    made = {}
    for node in nodes:
        key = "servers" if node.role is Role.CONTROL_PLANE else "nodes"
        made[node.name] = make(
            "networking/port:Port",
            node.name,
            {
                "name": place.identity.apply(lambda one, node=node: names.port(one, place.plan.spec.name, node.name)),  # type: ignore[misc]
                "networkId": place.network["network"],
                "fixedIps": [{"subnetId": place.network["subnet"]}],
                "securityGroupIds": place.network[key],
                # A server that holds the API's address sends from it too.
                "allowedAddressPairs": [{"ipAddress": place.endpoint["inside"]}] if held and key == "servers" else None,
                "adminStateUp": True,
                "tags": place.tags,
            },
            pulumi.ResourceOptions.merge(opts, ignored),
            outputs=("allFixedIps",),
        )
    return made


def servers(
    place: Place,
    pool: PoolPlan,
    made: Mapping[str, Resource],
    affinity: Resource,
    opts: pulumi.ResourceOptions,
) -> dict[str, Resource]:
    """Make the servers of a pool, by the node's name.

    Nova keeps hard anti-affinity only for servers that are asked for one after the other, so those in one zone are;
    zones have hosts of their own. Joining needs no order: whoever comes before the first one tries again.

    Args:
        place: what all machines share.
        pool: its nodes, in the plan's order.
        made: their ports, by name.
        affinity: the pool's server group.
        opts: parent.
    """
    chained = pool.role is Role.CONTROL_PLANE and place.settings.anti_affinity is AntiAffinity.HARD
    found: dict[str, Resource] = {}
    last: dict[str, Resource] = {}
    for node in sorted(pool.nodes, key=lambda one: not one.first):
        before = [last[node.zone]] if chained and node.zone in last else []
        alone = pulumi.ResourceOptions(
            ignore_changes=list(BORN_WITH),
            depends_on=[*before, after(place.network["routed"]), after(place.network["ruled"])],
            additional_secret_outputs=["userData"],
        )
        found[node.name] = last[node.zone] = make(
            "compute/instance:Instance",
            node.name,
            _server(place, pool, node, made, affinity),
            pulumi.ResourceOptions.merge(opts, alone),
        )
    return found


def _server(
    place: Place, pool: PoolPlan, node: NodePlan, made: Mapping[str, Resource], affinity: Resource
) -> dict[str, Any]:
    spec, settings = place.plan.spec, place.settings
    volumes, data = _volumes(place, pool), user_data(place, node, made)
    named = spec.cloud.zones or (spec.control_plane if pool.role is Role.CONTROL_PLANE else spec.pools[pool.name]).zones
    return {
        "name": node.name,
        "flavorName": node.flavor,
        "imageId": None if volumes else place.network["image"],
        "blockDevices": volumes or None,
        "availabilityZone": node.zone if named else None,
        "networks": [{"port": made[node.name].id}],
        "schedulerHints": [{"group": affinity.id}],
        "userData": data.apply(lambda one: one.packed),
        "metadata": pulumi.Output.all(place.identity, generation(data)).apply(
            lambda both: dict(names.metadata(str(both[0]), node.pool, str(both[1])))
        ),
        "configDrive": settings.config_drive or None,
        "keyPair": settings.ssh.keypair if settings.ssh.enabled else None,
        "tags": place.tags,
    }


def _volumes(place: Place, pool: PoolPlan) -> list[dict[str, Any]]:
    """Return the disks that are volumes; none when the flavor's own disk is all there is."""
    spec, settings = place.plan.spec, place.settings
    root, etcd = disk(spec, pool), settings.etcd_disk if pool.role is Role.CONTROL_PLANE else None
    if not root.type and not etcd:
        return []
    boot: dict[str, Any] = {
        "uuid": place.network["image"],
        "sourceType": "image",
        "destinationType": "volume" if root.type else "local",
        "bootIndex": 0,
        "deleteOnTermination": True,
    }
    if root.type:
        boot |= {"volumeSize": gib(root.size), "volumeType": root.type}
    found = [boot]
    if etcd:
        blank = {"sourceType": "blank", "destinationType": "volume", "bootIndex": -1, "deleteOnTermination": True}
        found.append({**blank, "volumeSize": gib(etcd.size), "volumeType": etcd.type})
    return [{key: value for key, value in one.items() if value is not None} for one in found]


def gib(size: str) -> int:
    """Return a size in whole GiB, as Cinder counts, rounded up."""
    return -(-quantity(size) // GIB)


KUBELET_LABELS = ("kubernetes.io/hostname", "kubernetes.io/os", "topology.kubernetes.io/zone")
"""Labels of the plan that the kubelet and the cloud controller set."""


def node_facts(
    place: Place, pool: PoolPlan, made: Mapping[str, Resource], found: Mapping[str, Resource]
) -> dict[str, dict[str, Any]]:
    """Return what `PoolNodes` has to know of each node, by name."""
    return {
        node.name: {
            "server": found[node.name].id,
            "address": network.address(made[node.name]),
            "role": "server" if node.role is Role.CONTROL_PLANE else "agent",
            "first": node.first,
            "labels": {key: value for key, value in node.labels if key not in KUBELET_LABELS},
            "taints": [{"key": key, "value": value, "effect": effect} for key, value, effect in node.taints],
            "generation": generation(user_data(place, node, made)),
            "flavor": node.flavor,
        }
        for node in pool.nodes
    }


def members(
    place: Place,
    nodes: Sequence[NodePlan],
    made: Mapping[str, Resource],
    doors: Mapping[str, int],
    opts: pulumi.ResourceOptions,
) -> list[Resource]:
    """Let the API's load balancer lead to the servers, through each of its doors.

    Octavia locks the load balancer and then the quota for a list of members, and for all else the other way round.  At
    the same time one of the two fails, and for a monitor that reads "TCP is not a valid option for type"; so members
    come when the rest is there.

    Args:
        place: what all machines share.
        nodes: the control plane's.
        made: their ports, by name.
        doors: name of each door, and its TCP port on a server.
        opts: parent.
    """
    return [
        make(
            "loadbalancer/members:Members",
            f"{place.plan.spec.name}-api-{door}",
            {
                "poolId": place.endpoint["pools"][door],
                "members": [
                    {"name": node.name, "address": network.address(made[node.name]), "protocolPort": port}
                    for node in nodes
                ],
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[after(place.endpoint["monitored"])])),
        )
        for door, port in doors.items()
    ]
