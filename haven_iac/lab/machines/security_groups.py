"""What the rules of security groups admit; pure."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

Object = dict[str, Any]
Net = ipaddress.IPv4Network | ipaddress.IPv6Network

_TCP = (None, "tcp", "any", "6", "0")


class SecurityGroups:
    """Every security group of a cloud.

    Args:
        rules: of all of them, as Neutron lists them.
    """

    def __init__(self, rules: Iterable[Object]) -> None:
        self._rules: dict[str, list[Object]] = defaultdict(list)
        for rule in rules:
            self._rules[rule["security_group_id"]].append(rule)

    def admit(self, port: Object, direction: str, number: int, other: Net, groups: Sequence[str]) -> bool:
        """Return whether a rule of a port's groups admits tcp/number, with an address or group of the other side."""
        if not port["port_security_enabled"]:
            return True
        for group in port["security_groups"]:
            for rule in self._rules[group]:
                if rule["direction"] == direction and _matches(rule, number, other, groups):
                    return True
        return False


def _matches(rule: Object, number: int, other: Net, groups: Sequence[str]) -> bool:
    if rule["ethertype"] != f"IPv{other.version}" or rule["protocol"] not in _TCP:
        return False
    low, high = rule["port_range_min"], rule["port_range_max"]
    if low is not None and not low <= number <= high:
        return False
    if rule["remote_group_id"]:
        return rule["remote_group_id"] in groups
    if rule["remote_ip_prefix"]:
        network = ipaddress.ip_network(rule["remote_ip_prefix"])
        if isinstance(network, ipaddress.IPv4Network):
            return isinstance(other, ipaddress.IPv4Network) and other.subnet_of(network)
        return isinstance(other, ipaddress.IPv6Network) and other.subnet_of(network)
    return True
