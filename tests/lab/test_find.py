"""Everything that was created and not recorded is found again, by the inputs that the state has of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from haven_iac.clouds.openstack.find import LOOKS, find
from haven_iac.clouds.openstack.names import IDENTITY_KEY

pytestmark = pytest.mark.lab

ME = "zoek-bcdfg"
RULE = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}


@pytest.fixture(scope="module")
def made(cloud: Any, provider: str) -> Iterator[dict[str, tuple[str, dict[str, Any]]]]:
    """Give id and inputs, as a state has them, of one object of each type."""
    net, lb = cloud.network, cloud.load_balancer
    external = next(iter(net.networks(is_router_external=True)))
    network = net.create_network(name=f"{ME}-network")
    subnet = net.create_subnet(name=f"{ME}-subnet", network_id=network.id, cidr="10.61.0.0/24", ip_version=4)
    router = net.create_router(name=f"{ME}-router", external_gateway_info={"network_id": external.id})
    interface = net.put(f"/routers/{router.id}/add_router_interface", json={"subnet_id": subnet.id}).json()
    port = net.create_port(name=f"{ME}-port", network_id=network.id)
    group = net.create_security_group(name=f"{ME}-nodes")
    rule = net.create_security_group_rule(
        security_group_id=group.id, **RULE, port_range_min=6443, port_range_max=6443, remote_ip_prefix="10.61.0.0/24"
    )
    address = net.create_ip(floating_network_id=external.id, description=f"Kubernetes API of {ME}", port_id=port.id)
    affinity = cloud.compute.create_server_group(name=f"{ME}-general", policy="soft-anti-affinity")
    server = cloud.compute.create_server(
        name="zoek-general-az1-1",
        flavor_id=cloud.compute.find_flavor("m1.tiny").id,
        image_id=cloud.image.find_image("haven-linux").id,
        networks=[{"uuid": network.id}],
        metadata={IDENTITY_KEY: ME},
    )
    volume = cloud.block_storage.create_volume(size=1, name=f"{ME}-etcd")
    balancer = lb.create_load_balancer(name=f"{ME}-api", vip_subnet_id=subnet.id, provider=provider)
    lb.wait_for_load_balancer(balancer.id, interval=0.3, wait=60)
    listener = lb.create_listener(
        name=f"{ME}-api-api", load_balancer_id=balancer.id, protocol="TCP", protocol_port=6443
    )
    lb.wait_for_load_balancer(balancer.id, interval=0.3, wait=60)
    pool = lb.create_pool(name=f"{ME}-api-api", listener_id=listener.id, protocol="TCP", lb_algorithm="ROUND_ROBIN")
    lb.wait_for_load_balancer(balancer.id, interval=0.3, wait=60)
    monitor = lb.create_health_monitor(
        name=f"{ME}-api-api", pool_id=pool.id, type="TCP", delay=5, timeout=3, max_retries=2
    )
    lb.wait_for_load_balancer(balancer.id, interval=0.3, wait=60)
    member = lb.create_member(pool, address="10.61.0.9", protocol_port=6443)
    yield {
        "networking/network:Network": (network.id, {"name": network.name}),
        "networking/subnet:Subnet": (subnet.id, {"name": subnet.name, "networkId": network.id}),
        "networking/router:Router": (router.id, {"name": router.name}),
        "networking/routerInterface:RouterInterface": (
            interface["port_id"],
            {"routerId": router.id, "subnetId": subnet.id},
        ),
        "networking/port:Port": (port.id, {"name": port.name, "networkId": network.id}),
        "networking/secGroup:SecGroup": (group.id, {"name": group.name}),
        "networking/secGroupRule:SecGroupRule": (
            rule.id,
            {
                "securityGroupId": group.id,
                **RULE,
                "portRangeMin": 6443.0,
                "portRangeMax": 6443.0,
                "remoteIpPrefix": "10.61.0.0/24",
            },
        ),
        "networking/floatingIp:FloatingIp": (address.id, {"description": address.description, "pool": "public"}),
        "networking/floatingIpAssociate:FloatingIpAssociate": (
            address.id,
            {"floatingIp": address.floating_ip_address, "portId": port.id},
        ),
        "compute/serverGroup:ServerGroup": (affinity.id, {"name": affinity.name}),
        "compute/instance:Instance": (server.id, {"name": server.name, "metadata": {IDENTITY_KEY: ME}}),
        "blockstorage/volume:Volume": (volume.id, {"name": volume.name}),
        "loadbalancer/loadBalancer:LoadBalancer": (balancer.id, {"name": balancer.name}),
        "loadbalancer/listener:Listener": (listener.id, {"name": listener.name, "protocolPort": 6443.0}),
        "loadbalancer/pool:Pool": (pool.id, {"name": pool.name}),
        "loadbalancer/monitor:Monitor": (monitor.id, {"name": monitor.name}),
        "loadbalancer/member:Member": (
            member.id,
            {"poolId": pool.id, "address": "10.61.0.9", "protocolPort": 6443.0},
        ),
    }
    lb.wait_for_load_balancer(balancer.id, interval=0.3, wait=60)
    lb.delete_load_balancer(balancer, cascade=True)
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=0.3, wait=60)
    cloud.compute.delete_server_group(affinity)
    cloud.block_storage.delete_volume(volume)
    net.delete_ip(address)
    lb.wait_for_delete(balancer, interval=0.3, wait=60)
    net.delete_port(port)
    net.put(f"/routers/{router.id}/remove_router_interface", json={"subnet_id": subnet.id})
    net.delete_router(router)
    net.delete_subnet(subnet)
    net.delete_network(network)
    net.delete_security_group(group)


def test_every_type_is_found_by_its_inputs(cloud: Any, made: dict[str, tuple[str, dict[str, Any]]]) -> None:
    for kind, (identifier, inputs) in made.items():
        assert find(cloud, f"openstack:{kind}", inputs) == identifier, kind


def test_what_is_recorded_already_is_not_it(cloud: Any, made: dict[str, tuple[str, dict[str, Any]]]) -> None:
    for kind, (identifier, inputs) in made.items():
        assert find(cloud, f"openstack:{kind}", inputs, {identifier}) is None, kind


def test_another_name_or_key_is_not_it(cloud: Any, made: dict[str, tuple[str, dict[str, Any]]]) -> None:
    for kind, (_, inputs) in made.items():
        other = {key: f"{value}-2" if isinstance(value, str) else value for key, value in inputs.items()}
        assert find(cloud, f"openstack:{kind}", other) is None, kind


def test_a_server_of_another_cluster_with_the_same_name_is_not_it(
    cloud: Any, made: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    _, inputs = made["compute/instance:Instance"]
    other = {**inputs, "metadata": {IDENTITY_KEY: "zoek-hjkmn"}}
    assert find(cloud, "openstack:compute/instance:Instance", other) is None


def test_every_type_that_is_looked_up_was_tried(made: dict[str, tuple[str, dict[str, Any]]]) -> None:
    elsewhere = {
        "identity/applicationCredential:ApplicationCredential",  # below
        "sharedfilesystem/shareNetwork:ShareNetwork",
        "objectstorage/container:Container",  # the lab has no Swift
    }
    assert set(LOOKS) - set(made) == elsewhere


def test_a_credential_whose_secret_is_lost_is_taken_away(cloud: Any) -> None:
    made = cloud.identity.create_application_credential(cloud.current_user_id, f"{ME}-controllers-0")
    kind = "openstack:identity/applicationCredential:ApplicationCredential"
    assert find(cloud, kind, {"name": made.name}) is None
    names = [one.name for one in cloud.identity.application_credentials(cloud.current_user_id)]
    assert made.name not in names


def test_a_group_with_the_rules_that_neutron_gives_is_found_without_them(cloud: Any) -> None:
    group = cloud.network.create_security_group(name=f"{ME}-bare")
    kind = "openstack:networking/secGroup:SecGroup"
    try:
        assert find(cloud, kind, {"name": group.name, "deleteDefaultRules": True}) == group.id
        assert cloud.network.get_security_group(group.id).security_group_rules == []
    finally:
        cloud.network.delete_security_group(group)
