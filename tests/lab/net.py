"""A network with a load balancer for the API, as a cluster has it, and machines in it that boot as ours do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from haven_iac.bootstrap.base import Machine
from haven_iac.bootstrap.facts import BootFacts, Marker
from haven_iac.bootstrap.registry import find
from haven_iac.keys.material import make
from haven_iac.spec import ClusterSpec
from haven_iac.spec.load import parse
from tests.lab.cloud import User, until

RANGE = "10.20.0.0/24"
DELAY, RISE = 2, 2
"""Of the health monitor: seconds between checks, and how many have to pass."""

MARKER = "haven-lab-test-initialised"


def spec(distribution: str = "rke2") -> ClusterSpec:
    """Return a description of a cluster."""
    return parse(
        {
            "name": "test",
            "cloud": {"kind": "local"},
            "kubernetes": {"distribution": distribution},
            "pools": {"general": {}},
            "ingress": {"domain": "test.nl", "certificates": {"issuer": "private-ca"}},
        }
    )


@dataclass
class Net:
    """What servers of one cluster stand in."""

    user: User
    network: str
    subnet: str
    router: str
    group: str
    balancer: str = ""
    vip: str = ""
    vip_port: str = ""
    pool: str = ""
    address: str = ""
    """Floating IP of the API."""
    keys: dict[str, str] = field(default_factory=lambda: dict(make("test-abcde", datetime.now(UTC)).files))
    made: list[str] = field(default_factory=list)
    """Servers."""

    @classmethod
    def create(cls, user: User, name: str = "test") -> Net:
        """Make network, router, security group, load balancer with monitors, and floating IP."""
        public = user.find("network", "/v2.0/networks", "networks", "public")
        network = user.network("network", name=name)["id"]
        subnet = user.network("subnet", name=name, network_id=network, ip_version=4, cidr=RANGE)["id"]
        router = user.network("router", name=name, external_gateway_info={"network_id": public})["id"]
        user.call("PUT", "network", f"/v2.0/routers/{router}/add_router_interface", {"subnet_id": subnet})
        group = user.network("security_group", name=name)["id"]
        made = cls(user, network, subnet, router, group)
        for port in (6443, 9345, 30000):
            made.open(port)
        made._balance(name)
        made.address = user.network("floatingip", floating_network_id=public, port_id=made.vip_port)[
            "floating_ip_address"
        ]
        return made

    def open(self, port: int, source: str = RANGE) -> None:
        """Let the group's machines be reached on a port."""
        self.user.network(
            "security_group_rule",
            security_group_id=self.group,
            direction="ingress",
            ethertype="IPv4",
            protocol="tcp",
            port_range_min=port,
            port_range_max=32767 if port == 30000 else port,
            remote_ip_prefix=source,
        )

    def _balance(self, name: str) -> None:
        user = self.user
        body = {"loadbalancer": {"name": name, "vip_subnet_id": self.subnet}}
        balancer = user.call("POST", "load-balancer", "/v2/lbaas/loadbalancers", body)["loadbalancer"]
        self.balancer, self.vip, self.vip_port = balancer["id"], balancer["vip_address"], balancer["vip_port_id"]
        self.provider = balancer["provider"]
        self._pools: dict[int, str] = {}
        for port in (6443, 9345):
            listener = user.balance(
                "listener", self.balancer, loadbalancer_id=self.balancer, protocol="TCP", protocol_port=port
            )
            pool = user.balance(
                "pool", self.balancer, listener_id=listener["id"], protocol="TCP", lb_algorithm="ROUND_ROBIN"
            )
            monitor: dict[str, Any] = {"type": "TCP"}
            if port == 9345:
                monitor = {"type": "HTTPS", "http_method": "GET", "url_path": "/ping", "expected_codes": "200"}
            user.balance(
                "healthmonitor",
                self.balancer,
                pool_id=pool["id"],
                delay=DELAY,
                timeout=DELAY,
                max_retries=RISE,
                max_retries_down=3,
                **monitor,
            )
            self._pools[port] = pool["id"]
        self.pool = self._pools[9345]

    def port(self, name: str) -> tuple[str, str]:
        """Make a port; return its id and address."""
        made = self.user.network("port", name=name, network_id=self.network, security_groups=[self.group])
        return made["id"], made["fixed_ips"][0]["ip_address"]

    def boot(self, machine: Machine, zone: str, **facts: Any) -> tuple[str, str]:
        """Make a server that boots as ours do; return its id and address."""
        port, address = self.port(machine.name)
        marker = Marker("http://169.254.169.254/openstack/latest/meta_data.json", MARKER)
        known = BootFacts(external_cloud=True, node_ip=address, names=(self.address,), marker=marker, **facts)
        data = find("rke2").user_data(spec(), machine, self.keys, self.vip, known)
        server = self.user.server(machine.name, port, data.packed, availability_zone=zone)
        self.made.append(server)
        if machine.server:
            self.add_members(address)
        return server, address

    def add_members(self, address: str) -> None:
        """Put a machine into every pool."""
        for number, pool in self._pools.items():
            self.user.balance(
                "member",
                self.balancer,
                f"pools/{pool}/members",
                address=address,
                protocol_port=number,
                subnet_id=self.subnet,
            )

    def remove(self) -> None:
        """Remove all of it, and what a cloud controller has made for it."""
        user = self.user
        user.delete(*self.made)
        for balancer in user.get("load-balancer", "/v2/lbaas/loadbalancers")["loadbalancers"]:
            if balancer["vip_subnet_id"] == self.subnet:
                user.call("DELETE", "load-balancer", f"/v2/lbaas/loadbalancers/{balancer['id']}?cascade=true")
        ports = f"/v2.0/ports?network_id={self.network}"
        until("balancers gone", lambda: not [p for p in user.get("network", ports)["ports"] if _of_octavia(p)])
        for address in user.get("network", "/v2.0/floatingips")["floatingips"]:
            if address["router_id"] in (self.router, None):
                user.call("DELETE", "network", f"/v2.0/floatingips/{address['id']}")
        user.call("PUT", "network", f"/v2.0/routers/{self.router}/remove_router_interface", {"subnet_id": self.subnet})
        user.call("DELETE", "network", f"/v2.0/routers/{self.router}")
        for port in user.get("network", ports)["ports"]:
            user.call("DELETE", "network", f"/v2.0/ports/{port['id']}")
        user.call("DELETE", "network", f"/v2.0/networks/{self.network}")
        user.call("DELETE", "network", f"/v2.0/security-groups/{self.group}")

    def pools(self) -> list[str]:
        """Return the pools of the load balancer."""
        return list(self._pools.values())

    def remove_member(self, pool: str, member: str) -> None:
        """Take a member out of a pool."""
        self.user.settle(self.balancer)
        self.user.call("DELETE", "load-balancer", f"/v2/lbaas/pools/{pool}/members/{member}")
        self.user.settle(self.balancer)

    def members(self) -> dict[str, str]:
        """Return address and operating status of the members of the pool for joining."""
        found = self.user.get("load-balancer", f"/v2/lbaas/pools/{self.pool}/members")["members"]
        return {one["address"]: one["operating_status"] for one in found}


def _of_octavia(port: dict[str, Any]) -> bool:
    return str(port["device_owner"]) == "Octavia"
