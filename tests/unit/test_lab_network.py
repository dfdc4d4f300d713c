"""Who reaches whom in a lab, and why not."""

from __future__ import annotations

from typing import Any

import pytest

from haven_iac.lab.machines.network import Network, Source, Target, UnreachableError

A = Source("10.0.0.1", "a")
B = Target("b", 6443)
OUT = {"direction": "egress"}


def port(name: str, address: str, **more: Any) -> dict[str, Any]:
    pairs = more.pop("pairs", ())
    return {
        "id": name,
        "network_id": "net",
        "security_groups": ["sg"],
        "fixed_ips": [{"ip_address": address, "subnet_id": "net"}],
        "device_id": name,
        "device_owner": "compute:az1",
        "port_security_enabled": True,
        "allowed_address_pairs": [{"ip_address": one} for one in pairs],
        **more,
    }


def rule(number: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "security_group_id": "sg",
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp" if number else None,
        "port_range_min": number,
        "port_range_max": number,
        "remote_ip_prefix": None,
        "remote_group_id": None,
        **more,
    }


LISTENER: dict[str, Any] = {
    "id": "li",
    "name": "api",
    "loadbalancers": [{"id": "lb"}],
    "admin_state_up": True,
    "protocol": "TCP",
    "protocol_port": 443,
    "allowed_cidrs": None,
    "default_pool_id": "pool",
}


def cloud(healthy: bool = True, **changes: Any) -> Network:
    """Return a and b in 10.0.0.0/24 behind a router, and a load balancer before b."""
    raw: dict[str, Any] = {
        "networks": [{"id": "net", "router:external": False}, {"id": "out", "router:external": True}],
        "subnets": [
            {"id": "net", "network_id": "net", "cidr": "10.0.0.0/24"},
            {"id": "out", "network_id": "out", "cidr": "127.77.0.0/24"},
        ],
        "routers": [{"id": "router", "external_gateway_info": {"external_fixed_ips": [{"ip_address": "127.77.0.9"}]}}],
        "ports": [
            port("a", "10.0.0.1"),
            port("b", "10.0.0.2"),
            port("vip", "10.0.0.3", security_groups=["lb"], device_owner="Octavia"),
            port("gw", "10.0.0.254", device_owner="network:router_interface", device_id="router"),
        ],
        "floatingips": [{"floating_ip_address": "127.77.0.3", "port_id": "vip", "fixed_ip_address": "10.0.0.3"}],
        "security-group-rules": [rule(**OUT), rule(6443, remote_ip_prefix="10.0.0.0/24")],
        "loadbalancers": [
            {
                "id": "lb",
                "vip_port_id": "vip",
                "vip_address": "10.0.0.3",
                "vip_subnet_id": "net",
                "vip_network_id": "net",
                "admin_state_up": True,
            }
        ],
        "listeners": [LISTENER],
        "pools": [{"id": "pool", "members": [{"id": "m"}], "loadbalancers": [{"id": "lb"}]}],
        "members": {
            "pool": [
                {
                    "id": "m",
                    "address": "10.0.0.2",
                    "protocol_port": 6443,
                    "weight": 1,
                    "subnet_id": "net",
                    "admin_state_up": True,
                    "provisioning_status": "ACTIVE",
                }
            ]
        },
        **changes,
    }
    return Network(raw, lambda machine, number: (machine, number) == ("b", 6443), lambda pool, member: healthy)


def refused(net: Network, reason: str, source: Source, address: str, number: int) -> None:
    with pytest.raises(UnreachableError, match=reason):
        net.dial(source, address, number)


def test_machines_reach_each_other_as_rules_say() -> None:
    net = cloud()
    assert net.dial(A, "10.0.0.2", 6443) == B
    refused(net, "no security group rule", A, "10.0.0.2", 22)
    refused(net, "no route", A, "10.9.9.9", 6443)
    refused(net, "no route", Source(), "10.0.0.2", 6443)


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ([rule(**OUT), rule(remote_group_id="sg")], None),
        ([rule(**OUT), rule(remote_group_id="other")], "ingress"),
        ([rule(**OUT), rule(6443, protocol="udp")], "ingress"),
        ([rule(**OUT), rule(6443, remote_ip_prefix="fd00::/8", ethertype="IPv6")], "ingress"),
        ([rule()], "egress"),
    ],
)
def test_both_directions_need_a_rule(rules: list[dict[str, Any]], reason: str | None) -> None:
    net = cloud(**{"security-group-rules": rules})
    if reason:
        refused(net, reason, A, "10.0.0.2", 6443)
    else:
        assert net.dial(A, "10.0.0.2", 6443) == B


def test_a_load_balancer_is_reached_from_inside_and_outside() -> None:
    net = cloud()
    for source, address in ((A, "10.0.0.3"), (Source(), "127.77.0.3"), (A, "127.77.0.3")):
        assert net.dial(source, address, 443) == B
    assert list(net.public_endpoints((22, 6443))) == [("127.77.0.3", 443)]
    refused(net, "connection refused", A, "10.0.0.3", 444)


def test_a_member_that_its_monitor_does_not_call_online_gets_nothing() -> None:
    refused(cloud(healthy=False), "is not ONLINE for its monitor", Source(), "127.77.0.3", 443)


def test_a_load_balancer_that_failed_answers_nothing() -> None:
    broken = {**cloud().balancers["vip"], "provisioning_status": "ERROR"}
    refused(cloud(loadbalancers=[broken]), "no security group rule|refused", Source(), "127.77.0.3", 443)


def test_members_need_a_rule_for_the_whole_subnet_of_the_address() -> None:
    net = cloud(**{"security-group-rules": [rule(6443, remote_ip_prefix="10.0.0.3/32")]})
    refused(net, "no security group rule", Source(), "127.77.0.3", 443)


def test_allowed_ranges_see_the_router_behind_a_floating_address() -> None:
    net = cloud(listeners=[{**LISTENER, "allowed_cidrs": ["127.77.0.9/32", "10.0.0.0/24"]}])
    assert net.dial(A, "127.77.0.3", 443) == B
    assert net.dial(A, "10.0.0.3", 443) == B
    refused(net, "does not allow 127.0.0.1", Source(), "127.77.0.3", 443)


def test_without_a_router_there_is_no_way_out() -> None:
    interfaces = [{"port_id": "a", "fixed_ips": ["10.0.0.1"]}]
    assert cloud().way_out(interfaces)
    assert not cloud(routers=[]).way_out(interfaces)
    refused(cloud(routers=[]), "no route", A, "127.77.0.3", 443)


def test_a_reserved_address_is_answered_by_who_announces_it() -> None:
    ports = [
        port("a", "10.0.0.1"),
        port("b", "10.0.0.2", pairs=["10.0.0.9"]),
        port("kube-vip", "10.0.0.9", device_id=""),
    ]
    net = cloud(ports=ports, floatingips=[], loadbalancers=[], listeners=[])
    assert net.dial(A, "10.0.0.9", 6443) == B
