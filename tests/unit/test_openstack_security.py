"""Which ports of a node are open, to whom, and why."""

from __future__ import annotations

from typing import Any

import pytest

from haven_iac.clouds.openstack import settings_of
from haven_iac.clouds.openstack.security import EVERYWHERE, Group, Rule, rules
from haven_iac.platform.common import merged
from haven_iac.spec.load import parse
from tests.unit.openstack_cases import DOCUMENT

NODES = "10.20.0.0/20"


def made(**changes: Any) -> tuple[Rule, ...]:
    spec = parse(merged(DOCUMENT, changes))
    return rules(spec, settings_of(spec))


def settings(**given: Any) -> dict[str, Any]:
    return {"settings": {**DOCUMENT["cloud"]["settings"], **given}}


def opened(found: tuple[Rule, ...]) -> set[tuple[str, str, str]]:
    """Return who may come in: group, port, and peer."""
    return {
        (rule.group.value, "-".join(map(str, rule.ports or ("any",))), str(rule.peers or rule.range))
        for rule in found
        if not rule.egress
    }


def test_the_least_that_rke2_with_cilium_needs() -> None:
    assert opened(made(monitoring={"enabled": False})) == {
        ("nodes", "10250-10250", "nodes"),
        ("nodes", "8472-8472", "nodes"),
        ("nodes", "4240-4240", "nodes"),
        ("nodes", "any", "nodes"),  # ping
        ("nodes", "30000-32767", NODES),
        ("servers", "2379-2380", "servers"),
        ("servers", "6443-6443", "nodes"),
        ("servers", "6443-6443", NODES),
        ("servers", "9345-9345", "nodes"),
        ("servers", "9345-9345", NODES),
    }


def test_nothing_comes_from_outside_unless_the_load_balancer_passes_clients_on() -> None:
    assert not {peer for _, _, peer in opened(made())} & {"192.0.2.0/24", EVERYWHERE}
    through = opened(made(cloud=settings(loadBalancer={"provider": "ovn"})))
    assert ("servers", "6443-6443", "192.0.2.0/24") in through
    assert not [one for one in through if one[1] == "30000-32767"]  # the cloud controller opens each Service's own


def test_without_octavia_the_api_is_reached_directly_and_node_ports_stay_closed() -> None:
    found = opened(made(cloud=settings(loadBalancer={"enabled": False})))
    assert ("servers", "6443-6443", "192.0.2.0/24") in found
    assert not [one for one in found if one[1] == "30000-32767"]


@pytest.mark.parametrize(
    ("ssh", "peers"),
    [
        ({"enabled": False}, set()),
        ({"enabled": True, "keypair": "beheer"}, {NODES}),
        ({"enabled": True, "keypair": "beheer", "allowedCidrs": ["192.0.2.8/29"]}, {"192.0.2.8/29"}),
    ],
)
def test_ssh_is_closed_until_it_is_asked_for(ssh: dict[str, Any], peers: set[str]) -> None:
    assert {peer for _, port, peer in opened(made(cloud=settings(ssh=ssh))) if port == "22-22"} == peers


def test_k3s_has_no_port_of_its_own_for_joining() -> None:
    ports = {port for _, port, _ in opened(made(kubernetes={"distribution": "k3s"}))}
    assert "9345-9345" not in ports
    assert "6443-6443" in ports


def test_every_rule_has_a_reason_that_neutron_takes_and_a_key_of_its_own() -> None:
    found = made(cloud=settings(ipv6={"nodes": "fd12:3456:789a::/64"}, ssh={"enabled": True, "keypair": "k"}))
    assert all(0 < len(rule.reason) <= 255 for rule in found)
    assert len({rule.key for rule in found}) == len(found)
    assert all(rule.group is Group.NODES for rule in found if rule.egress)
