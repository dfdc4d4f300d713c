"""What controllers made for one cluster goes, and nothing of any other cluster in the project."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from haven_iac.clouds.openstack.names import named
from haven_iac.clouds.openstack.sweep import CINDER_KEY, MANILA_KEY, remaining, sweep

pytestmark = pytest.mark.lab

OURS = "voorbeeld-bcdfg"
OTHERS = ("voorbeeld-2-bcdfg", "voorbeeld-bcdfg-hjkmn")
"""Identities of clusters that are called nearly the same."""


def played(cloud: Any, subnet: Any, external: Any, identity: str, provider: str) -> None:
    """Make what the controllers of one cluster make, with the names and marks that they give."""
    service = "default_web"
    balancer = cloud.load_balancer.create_load_balancer(
        name=f"kube_service_{identity}_{service}", vip_subnet_id=subnet.id, provider=provider
    )
    described = f"Floating IP for Kubernetes external service default/web from cluster {identity}"
    cloud.network.create_ip(floating_network_id=external.id, description=described)
    cloud.network.create_security_group(
        name=f"lb-sg-{uuid.uuid4()}-default-web", description=f"Security Group for default/web in cluster {identity}"
    )
    volume = cloud.block_storage.create_volume(size=1, name="pvc-1", metadata={CINDER_KEY: identity})
    cloud.block_storage.wait_for_status(volume, "available", failures=["error"], interval=0.3, wait=60)
    cloud.block_storage.create_snapshot(volume_id=volume.id, name="snapshot-1", metadata={CINDER_KEY: identity})
    cloud.shared_file_system.create_share(
        share_protocol="NFS", size=1, share_type="default", name="pvc-2", metadata={MANILA_KEY: identity}
    )
    cloud.load_balancer.wait_for_load_balancer(balancer.id, interval=0.3, wait=60)


def listing(cloud: Any) -> set[tuple[str, str]]:
    """Return everything in the project that a cluster may leave behind."""
    lists = {
        "floating IP": cloud.network.ips(),
        "load balancer": cloud.load_balancer.load_balancers(),
        "security group": cloud.network.security_groups(),
        "port": cloud.network.ports(),
        "snapshot": cloud.block_storage.snapshots(),
        "volume": cloud.block_storage.volumes(),
        "share": cloud.shared_file_system.shares(),
    }
    return {(kind, one.id) for kind, found in lists.items() for one in found}


@pytest.fixture(scope="module")
def clusters(cloud: Any, provider: str) -> Iterator[Any]:
    """Give a project with what three clusters left, each on a network of its own; all of it goes in the end."""
    external = next(iter(cloud.network.networks(is_router_external=True)))

    def make(identity: str) -> Any:
        network = cloud.network.create_network(name=named(identity, "network"))
        subnet = cloud.network.create_subnet(network_id=network.id, cidr="10.60.0.0/24", ip_version=4)
        cloud.network.create_port(network_id=network.id, name=f"octavia-lb-{uuid.uuid4()}")
        played(cloud, subnet, external, identity, provider)
        return network

    with ThreadPoolExecutor() as pool:
        made = list(pool.map(make, (OURS, *OTHERS)))
    yield cloud
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda identity: sweep(cloud, identity, print), (OURS, *OTHERS)))
    for network in made:
        for subnet in cloud.network.subnets(network_id=network.id):
            cloud.network.delete_subnet(subnet)
        cloud.network.delete_network(network)


def test_exactly_one_cluster_is_swept_among_three_with_nearly_its_name(clusters: Any) -> None:
    before = listing(clusters)
    kept = {identity: remaining(clusters, identity) for identity in OTHERS}
    said: list[str] = []
    began = time.monotonic()
    swept = sweep(clusters, OURS, said.append)
    assert time.monotonic() - began < 60
    assert len(swept) == 7
    assert any("kube_service_voorbeeld-bcdfg_default_web" in text for text in said)
    assert remaining(clusters, OURS) == []
    assert {identity: remaining(clusters, identity) for identity in OTHERS} == kept
    gone = before - listing(clusters)
    # A load balancer takes its own port with it.
    assert sorted(kind for kind, _ in gone) == [
        "floating IP",
        "load balancer",
        "port",
        "port",
        "security group",
        "share",
        "snapshot",
        "volume",
    ]


def test_sweeping_again_finds_nothing(clusters: Any) -> None:
    assert sweep(clusters, OURS, print) == []


def test_a_volume_that_a_server_still_has_is_taken_from_it(clusters: Any) -> None:
    identity = "voorbeeld-wxzbc"
    network = clusters.network.find_network(named(OURS, "network"))
    server = clusters.compute.create_server(
        name="voorbeeld-general-az1-1",
        flavor_id=clusters.compute.find_flavor("m1.tiny").id,
        image_id=clusters.image.find_image("haven-linux").id,
        networks=[{"uuid": network.id}],
    )
    try:
        clusters.compute.wait_for_server(server, interval=0.5, wait=120)
        volume = clusters.block_storage.create_volume(size=1, metadata={CINDER_KEY: identity})
        clusters.block_storage.wait_for_status(volume, "available", failures=["error"], interval=0.3, wait=60)
        clusters.compute.create_volume_attachment(server, volume_id=volume.id)
        assert len(sweep(clusters, identity, print)) == 1
        assert clusters.block_storage.find_volume(volume.id) is None
    finally:
        clusters.compute.delete_server(server)
        clusters.compute.wait_for_delete(server, interval=0.5, wait=120)
