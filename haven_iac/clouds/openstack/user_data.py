"""What a machine boots with: what only building tells of it, and the user data made from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from haven_iac.bootstrap.base import Machine, UserData
from haven_iac.bootstrap.facts import BootFacts
from haven_iac.bootstrap.registry import find
from haven_iac.clouds.openstack import CLOUD, authorities, founding, network, virtual_address
from haven_iac.clouds.openstack.place import Place
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.clouds.openstack.tokens import Resource
from haven_iac.plan.model import NodePlan, Role
from haven_iac.platform import objects
from haven_iac.spec import ClusterSpec

ETCD_DEVICES = ("/dev/vdb", "/dev/sdb", "/dev/xvdb")
"""Where a server finds the volume for etcd, if it has one: that is for the bus of its image (`hw_disk_bus`) to say."""


def machine(node: NodePlan) -> Machine:
    """Return what bootstrapping needs to know of a node."""
    return Machine(node.name, node.role is Role.CONTROL_PLANE, node.first, node.labels, node.taints)


def boot_facts(
    spec: ClusterSpec,
    settings: OpenStackSettings,
    *,
    server: bool,
    address: str,
    inside: str,
    outside: str,
    peers: Sequence[str],
    trusted: Mapping[str, str],
    exists: bool = False,
) -> BootFacts:
    """Return what only building tells about a machine.

    Args:
        spec: the cluster.
        settings: of the cloud.
        server: whether it is part of the control plane.
        address: its own, on the node network.
        inside: the API's address for nodes.
        outside: the API's address for everybody else.
        peers: addresses of the other servers.
        trusted: certificates of private authorities, by use (`authorities`).
        exists: whether the cluster is known to run, so that even the first server joins it.
    """
    held = not settings.load_balancer.enabled
    return BootFacts(
        external_cloud=True,
        cluster_exists=exists,
        node_ip=address,
        peers=tuple(peers),
        names=(outside,) if server else (),
        marker=founding.marker(settings) if server else None,
        etcd_disk=ETCD_DEVICES if server and settings.etcd_disk else (),
        snapshots=objects.snapshots(spec, CLOUD.promise(spec)) if server else None,
        manifests=((virtual_address.FILE, virtual_address.manifest(spec, inside)),) if server and held else (),
        mirror_ca=trusted.get(authorities.MIRROR, ""),
        identity_ca=trusted.get(authorities.IDENTITY, "") if server else "",
    )


def user_data(place: Place, node: NodePlan, made: Mapping[str, Resource]) -> pulumi.Output[UserData]:
    """Return what a server boots with; secret."""
    is_server = node.role is Role.CONTROL_PLANE
    bootstrap = find(place.plan.spec.kubernetes.distribution.value)
    others = [network.address(port) for name, port in made.items() if is_server and name != node.name]

    def render(known: list[Any]) -> UserData:
        material, inside, outside, trusted, exists, own, *peers = known
        spec = place.plan.spec
        facts = boot_facts(
            spec,
            place.settings,
            server=is_server,
            address=own,
            inside=inside,
            outside=outside,
            peers=peers,
            trusted=trusted,
            exists=exists,
        )
        return bootstrap.user_data(spec, machine(node), material, inside, facts)

    told = pulumi.Output.all(
        place.material,
        place.endpoint["inside"],
        place.endpoint["outside"],
        place.authorities,
        place.exists,
        network.address(made[node.name]),
        *others,
    )
    return pulumi.Output.secret(told.apply(render))


def generation(data: pulumi.Output[UserData]) -> pulumi.Output[str]:
    """Return what a machine is made from, as a short text that gives nothing away."""
    return pulumi.Output.unsecret(data.apply(lambda one: one.generation))


def joining(material: Mapping[str, str]) -> dict[str, str]:
    """Return the key material that machines join with: no authority's key, and none that signs tokens."""
    return {name: text for name, text in material.items() if name == "ca.crt" or name.endswith(".token")}
