"""Who can reach whom: networks, routers, security groups, load balancers; pure.

A snapshot of what the cloud holds, and `dial`, which follows a connection from a source to the machine and port that
would answer it, or says why none would.  No packet is involved.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven_iac.lab.machines import balancers
from haven_iac.lab.machines.security_groups import Net, SecurityGroups

Object = dict[str, Any]

OUTSIDE = "127.0.0.1"
"""Who connects to public addresses from outside the cloud."""

EMPTY: Mapping[str, Any] = {
    **dict.fromkeys(
        (
            *("ports", "floatingips", "security-group-rules", "subnets", "networks", "routers"),
            *("loadbalancers", "listeners", "pools"),
        ),
        (),
    ),
    "members": {},
    "monitors": {},
}
"""A cloud with nothing in it."""

_turn = itertools.count()


class UnreachableError(Exception):
    """No connection; the text is what a TCP client would see."""


@dataclass(frozen=True)
class Source:
    """Where a connection comes from; no port means from outside."""

    address: str = OUTSIDE
    port: str | None = None
    """Its Neutron port."""


@dataclass(frozen=True)
class Target:
    """Who answers."""

    machine: str
    """Server id."""
    port: int


class Network:
    """What the cloud holds.

    Args:
        raw: collections of Neutron and Octavia, by name; members by pool.
        serves: says whether a machine answers on a port.
        healthy: says whether a pool's monitor lets traffic to a member; without it, all get some.
    """

    def __init__(
        self,
        raw: Mapping[str, Any],
        serves: Callable[[str, int], bool],
        healthy: Callable[[Object, Object], bool] = lambda pool, member: True,
    ) -> None:
        self._serves, self._healthy = serves, healthy
        self.ports: dict[str, Object] = {port["id"]: port for port in raw["ports"]}
        self._subnets: dict[str, Net] = {one["id"]: ipaddress.ip_network(one["cidr"]) for one in raw["subnets"]}
        self._subnet_network = {one["id"]: one["network_id"] for one in raw["subnets"]}
        self._external = {network["id"] for network in raw["networks"] if network["router:external"]}
        self._groups = SecurityGroups(raw["security-group-rules"])
        self._fips = {fip["floating_ip_address"]: fip for fip in raw["floatingips"] if fip["port_id"] in self.ports}
        self._join_networks(raw)
        self._by_address: dict[str, list[Object]] = defaultdict(list)
        for port in raw["ports"]:
            for ip in port["fixed_ips"]:
                self._by_address[ip["ip_address"]].append(port)
        self.pools = balancers.pools(raw)
        self.balancers = balancers.working(raw, self.ports)
        """By the id of their VIP's port."""
        self._balancer_of_pool = balancers.of_pools(raw, self.balancers.values())

    def _join_networks(self, raw: Mapping[str, Any]) -> None:
        """Networks that a router joins form one domain; some have a way out."""
        self._domain: dict[str, str] = {network["id"]: network["id"] for network in raw["networks"]}
        self._gateway: dict[str, str] = {}  # network, to its router's outer address
        inside: dict[str, list[str]] = defaultdict(list)
        for port in raw["ports"]:
            if port["device_owner"].startswith(("network:router_interface", "network:ha_router")):
                inside[port["device_id"]].append(port["network_id"])
        for router in raw["routers"]:
            networks = inside[router["id"]]
            for network in networks[1:]:
                old, new = self._domain[network], self._domain[networks[0]]
                for key, value in self._domain.items():
                    if value == old:
                        self._domain[key] = new
            info = router["external_gateway_info"] or {}
            for ip in info.get("external_fixed_ips", [])[:1]:
                self._gateway.update(dict.fromkeys(networks, ip["ip_address"]))

    # What listens on public addresses

    def public_endpoints(self, machine_ports: Sequence[int]) -> Iterator[tuple[str, int]]:
        """Yield the pairs of address and port to open on this machine."""
        public = [(address, self.ports[fip["port_id"]]) for address, fip in self._fips.items()]
        public += [
            (ip["ip_address"], self.ports[port_id])
            for port_id in self.balancers
            for ip in self.ports[port_id]["fixed_ips"]
            if self.ports[port_id]["network_id"] in self._external
        ]
        for address, port in public:
            balancer = self.balancers.get(port["id"])
            for number in balancer["listeners"] if balancer else machine_ports:
                if balancer or self._answers(port, number):
                    yield address, number

    def _answers(self, port: Object, number: int) -> bool:
        try:
            return self._serves(port["device_id"] or self._announcer(port, number)["device_id"], number)
        except UnreachableError:
            return False

    # Following a connection

    def source_of(self, interfaces: Sequence[Object]) -> Source:
        """Return a machine's side of a connection: its first interface.

        Raises:
            UnreachableError: it has none.
        """
        for interface in interfaces:
            if interface["port_id"] in self.ports and interface["fixed_ips"]:
                return Source(interface["fixed_ips"][0], interface["port_id"])
        raise UnreachableError("network is unreachable")

    def way_out(self, interfaces: Sequence[Object]) -> bool:
        """Return whether a machine reaches what is beyond the cloud."""
        try:
            return bool(self._outer(self.source_of(interfaces)))
        except UnreachableError:
            return False

    def dial(self, source: Source, address: str, number: int) -> Target:
        """Return who answers.

        Raises:
            UnreachableError: nobody does.
        """
        if source.port:
            self._check_rules(self.ports[source.port], "egress", number, ipaddress.ip_network(address), [])
        if fip := self._fips.get(address):
            return self._enter(self._outer(source), self.ports[fip["port_id"]], number)
        for port in self._by_address.get(address, []):
            network = port["network_id"]
            if network in self._external:
                return self._enter(self._outer(source), port, number)
            if source.port and self._domain[network] == self._domain[self.ports[source.port]["network_id"]]:
                return self._enter(source, port, number)
        raise UnreachableError("no route to host")

    def _outer(self, source: Source) -> Source:
        """Return a source as the external network sees it."""
        if not source.port:
            return source
        for address, fip in self._fips.items():
            if fip["port_id"] == source.port:
                return Source(address)
        network = self.ports[source.port]["network_id"]
        if network in self._external:
            return Source(source.address)
        if network not in self._gateway:
            raise UnreachableError("no route to host")
        return Source(self._gateway[network])

    def _enter(self, source: Source, port: Object, number: int) -> Target:
        if balancer := self.balancers.get(port["id"]):
            return self._balance(source, balancer, number)
        groups = self.ports[source.port]["security_groups"] if source.port else []
        if not port["device_id"]:
            port = self._announcer(port, number)
        self._check_rules(port, "ingress", number, ipaddress.ip_network(source.address), groups)
        if not self._serves(port["device_id"], number):
            raise UnreachableError("connection refused")
        return Target(port["device_id"], number)

    def _announcer(self, reserved: Object, number: int) -> Object:
        """Return who answers for a reserved address (kube-vip, keepalived).

        It is a serving machine whose port has that address among its allowed address pairs.
        """
        addresses = {ip["ip_address"] for ip in reserved["fixed_ips"]}
        for port in self.ports.values():
            pairs = {pair["ip_address"].removesuffix("/32") for pair in port["allowed_address_pairs"]}
            near = port["network_id"] == reserved["network_id"] and addresses & pairs
            if near and self._serves(port["device_id"], number):
                return port
        raise UnreachableError("no route to host")

    def _balance(self, source: Source, balancer: Object, number: int) -> Target:
        listener = balancer["listeners"].get(number)
        if not listener:
            raise UnreachableError("connection refused")
        name = listener["name"] or listener["id"]
        allowed = listener["allowed_cidrs"] or []
        address = ipaddress.ip_address(source.address)
        if allowed and not any(address in ipaddress.ip_network(cidr, strict=False) for cidr in allowed):
            raise UnreachableError(f"i/o timeout (listener {name} does not allow {source.address})")
        pool = self.pools.get(listener["default_pool_id"] or "")
        targets, reasons = [], []
        for member in pool["members"] if pool else []:
            try:
                if pool and not self._healthy(pool, member):
                    raise UnreachableError("is not ONLINE for its monitor")
                targets.append(self.member(balancer, member))
            except UnreachableError as error:
                reasons.append(f"{member['address']}:{member['protocol_port']} {error}")
        if not targets:
            why = "; ".join(reasons) or "it has none"
            raise UnreachableError(f"EOF (no member of listener {name} answers: {why})")
        return targets[next(_turn) % len(targets)]

    def balancer_of(self, pool: Object) -> Object | None:
        """Return the working load balancer that a pool belongs to, or None."""
        return self._balancer_of_pool.get(pool["id"])

    def member(self, balancer: Object, member: Object, number: int | None = None) -> Target:
        """Return a pool member's target, reached from the VIP's subnet.

        Args:
            balancer: the load balancer.
            member: the member.
            number: another port than the member's, as a monitor may use.

        Raises:
            UnreachableError: it is not.
        """
        active = member["provisioning_status"] in ("ACTIVE", "PENDING_UPDATE")
        if not member["admin_state_up"] or not member["weight"] or not active:
            raise UnreachableError("is not active")
        number = number or member["protocol_port"]
        near = self._subnet_network.get(member["subnet_id"]) or balancer["vip_network_id"]
        vip = self.ports[balancer["vip_port_id"]]
        for port in self._by_address.get(member["address"], []):
            network = port["network_id"]
            if network == near or self._domain[network] == self._domain.get(near):
                subnet = self._subnets.get(balancer["vip_subnet_id"], ipaddress.ip_network(balancer["vip_address"]))
                self._check_rules(port, "ingress", number, subnet, vip["security_groups"])
                if self._serves(port["device_id"], number):
                    return Target(port["device_id"], number)
                raise UnreachableError("connection refused")
        raise UnreachableError("no route to host")

    def _check_rules(self, port: Object, direction: str, number: int, other: Net, groups: Sequence[str]) -> None:
        """Let a rule of the port's security groups admit tcp/number.

        Raises:
            UnreachableError: none does.
        """
        if not self._groups.admit(port, direction, number, other, groups):
            raise UnreachableError(
                f"i/o timeout (no security group rule of port {port['id']} admits {direction} tcp/{number} "
                f"with {other})"
            )
