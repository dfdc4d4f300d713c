"""Two clusters in one project: one of k3s, one of five servers in a single zone, in a network that was there before.

The first one is at somebody else's router, with addresses of IPv6 and packets of another size.

The second one has no load balancers: its servers hold the address of the API themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from haven_iac.clouds.openstack.api import Kube
from tests.engine.stack import Stack
from tests.lab.stacks import everything, project

pytestmark = [pytest.mark.lab, pytest.mark.timeout(2400)]

NODES = "10.30.0.0/20"
RANGE_6 = "fd12:3456:789a::/64"


@pytest.fixture(scope="module")
def there(cloud: Any) -> Iterator[dict[str, str]]:
    """Give a network with a subnet and a router of somebody else's."""
    public = cloud.network.find_network("public")
    network = cloud.network.create_network(name="house")
    subnet = cloud.network.create_subnet(network_id=network.id, ip_version=4, cidr=NODES, name="house")
    router = cloud.network.create_router(name="house", external_gateway_info={"network_id": public.id})
    cloud.network.add_interface_to_router(router, subnet.id)
    yield {"networkId": network.id, "subnetId": subnet.id, "routerId": router.id}
    cloud.network.remove_interface_from_router(router, subnet.id)
    cloud.network.delete_router(router)
    cloud.network.delete_network(network)


@pytest.fixture(scope="module")
def k3s(cloud: Any, there: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a project for a cluster of k3s, with both kinds of addresses, at the router that is there."""
    with project(tmp_path_factory.mktemp("k3s") / "project") as made:
        settings = {"routerId": there["routerId"], "ipv6": {"nodes": RANGE_6}}
        made.edit(
            name="kaas",
            kubernetes={"distribution": "k3s"},
            network={"mtu": 1400, "dnsServers": ["192.0.2.53"]},
            cloud={"settings": settings},
            **buckets("kaas"),
        )
        yield made


@pytest.fixture(scope="module")
def five(cloud: Any, there: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a project for a cluster of five servers in one zone, in the network that is there."""
    with project(tmp_path_factory.mktemp("five") / "project") as made:
        adopted = {key: there[key] for key in ("networkId", "subnetId")}
        settings = {**adopted, "antiAffinity": "soft", "loadBalancer": {"enabled": False}}
        made.edit(
            name="vijf",
            network={"nodes": NODES},
            cloud={"zones": ["az1"], "settings": settings},
            controlPlane={"size": 5},
            compliance={"enforce": "advisory"},
            **buckets("vijf"),
        )
        yield made


def buckets(name: str) -> dict[str, Any]:
    """Return descriptions of the containers of one cluster; logs of two never go into one."""
    return {"logs": {"bucket": f"{name}-logs"}, "backup": {"bucket": f"{name}-backup"}}


def nodes(stack: Stack) -> list[Any]:
    """Return a cluster's nodes."""
    return list(Kube(stack.run("kubeconfig", "--ttl", "1h").stdout).items("/api/v1/nodes"))


def multiaz(found: Any, half: str) -> str:
    """Return the status of the check on zones."""
    [status] = [one["status"] for one in found[half]["results"] if one["id"] == "multiaz"]
    return str(status)


def test_both_run_beside_each_other_and_one_goes_without_the_other(
    cloud: Any, there: dict[str, str], k3s: Stack, five: Stack
) -> None:
    before = everything(cloud)

    found = k3s.json("up", "--yes")
    assert len(nodes(k3s)) == 6
    assert (multiaz(found, "predicted"), multiaz(found, "observed")) == ("PASS", "PASS")
    k3s.run("up", "--yes", "--expect-no-changes")
    assert k3s.json("plan", "--online")["cloudFindings"] == []
    [own] = [one for one in cloud.network.networks() if one.name.startswith("kaas-")]
    assert own.mtu == 1400
    assert [one.dns_nameservers for one in cloud.network.subnets(network_id=own.id, ip_version=4)] == [["192.0.2.53"]]
    ports = list(cloud.network.ports(network_id=own.id, device_owner="compute:az1"))
    assert len(ports) == 2
    for port in ports:
        assert len([one for one in port.fixed_ips if one["ip_address"].startswith("fd12:3456:789a:")]) == 1
    first = everything(cloud)

    found = five.json("up", "--yes")
    assert len(nodes(five)) == 8
    assert {one[1] for one in everything(cloud) if one[0] == "load balancer"} == {
        one[1] for one in first if one[0] == "load balancer"
    }
    assert {one["metadata"]["labels"]["topology.kubernetes.io/zone"] for one in nodes(five)} == {"az1"}
    assert (multiaz(found, "predicted"), multiaz(found, "observed")) == ("FAIL", "FAIL")
    five.run("up", "--yes", "--expect-no-changes")
    k3s.run("up", "--yes", "--expect-no-changes")

    five.run("destroy", "--yes")
    assert everything(cloud) == first
    k3s.run("up", "--yes", "--expect-no-changes")
    k3s.run("destroy", "--yes")
    assert everything(cloud) == before
    assert cloud.network.find_network(there["networkId"])
