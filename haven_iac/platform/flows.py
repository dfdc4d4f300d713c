"""NetworkPolicies: deny everything, then open what is needed.

Where the Kubernetes API or a node is at the other end, only ports are named: with Cilium, address ranges match
neither nodes nor the API server.  Port 80 of any address stays closed, and with it the metadata service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from haven_iac.platform.common import NS_GATEWAY, NS_MONITORING, NS_SYSTEM

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
NOT_PUBLIC = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
"""Private, shared, loopback and link-local addresses; the metadata service among the last."""
METADATA = "169.254.169.254/32"

Rule = dict[str, Any]


def policy(
    namespace: str,
    name: str,
    pods: Mapping[str, str] | None = None,
    *,
    ingress: Sequence[Rule] | None = None,
    egress: Sequence[Rule] | None = None,
) -> dict[str, Any]:
    """Return a NetworkPolicy; a direction that is None is left alone, an empty one lets nothing through."""
    spec: dict[str, Any] = {"podSelector": {"matchLabels": dict(pods)} if pods else {}, "policyTypes": []}
    for kind, rules in (("Ingress", ingress), ("Egress", egress)):
        if rules is not None:
            spec["policyTypes"].append(kind)
            if rules:
                spec[kind.lower()] = list(rules)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def _ports(ports: Sequence[int | str | tuple[int, int]], protocols: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"protocol": protocol, "port": port[0], "endPort": port[1]}
        if isinstance(port, tuple)
        else {"protocol": protocol, "port": port}
        for port in ports
        for protocol in protocols
    ]


def anywhere(*ports: int | tuple[int, int]) -> Rule:
    """Return a rule for these TCP ports, whoever is at the other end."""
    return {"ports": _ports(ports, ("TCP",))}


def outside(*ports: int | str, protocols: Sequence[str] = ("TCP",), side: str = "to") -> Rule:
    """Return a rule for addresses outside the cluster, the metadata service left out; a port may be the mark of one."""
    return {
        side: [{"ipBlock": {"cidr": "0.0.0.0/0", "except": [METADATA]}}],
        "ports": _ports(ports, protocols),
    }


def range_rule(block: IPv4Network, *ports: int) -> Rule:
    """Return egress to one range of addresses, the metadata service left out where it lies in it."""
    inside = IPv4Network(METADATA).subnet_of(block)
    peer: dict[str, Any] = {"cidr": str(block), **({"except": [METADATA]} if inside else {})}
    return {"to": [{"ipBlock": peer}], "ports": _ports(ports, ("TCP",))}


def public(*ports: int) -> Rule:
    """Return egress to public addresses."""
    peer = {"cidr": "0.0.0.0/0", "except": list(NOT_PUBLIC)}
    return {"to": [{"ipBlock": peer}], "ports": _ports(ports, ("TCP",))}


def namespace_rule(side: str, namespace: str, *ports: int, protocols: Sequence[str] = ("TCP",)) -> Rule:
    """Return a rule for the pods of one namespace; all ports when none is given."""
    rule: Rule = {side: [{"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: namespace}}}]}
    if ports:
        rule["ports"] = _ports(ports, protocols)
    return rule


def every_pod(side: str) -> Rule:
    """Return a rule for every pod of the cluster, on every port."""
    return {side: [{"namespaceSelector": {}}]}


def api() -> Rule:
    """Return egress to the Kubernetes API, wherever it answers."""
    return anywhere(443, 6443)


def scrape(*ports: int) -> Rule:
    """Return ingress for Prometheus."""
    return namespace_rule("from", NS_MONITORING, *ports)


def outward(namespace: str) -> dict[str, Any]:
    """Return the policy for where nothing else is denied: out to everywhere but the metadata service.

    It yields the user data of a node, and with that a token to join the cluster.
    """
    anywhere_else = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": [METADATA]}}, {"namespaceSelector": {}}]}
    return policy(namespace, "no-metadata-service", egress=[anywhere_else, api()])


def placed(body: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, Any]:
    """Return a policy whose peers stand in other namespaces than ours.

    Args:
        body: a NetworkPolicy.
        places: name of a namespace of ours, to where its work is done here.
    """

    def peer(one: Mapping[str, Any]) -> dict[str, Any]:
        labels = (one.get("namespaceSelector") or {}).get("matchLabels") or {}
        name = str(labels.get(NAMESPACE_LABEL, ""))
        if name not in places:
            return dict(one)
        return {**one, "namespaceSelector": {"matchLabels": {**labels, NAMESPACE_LABEL: places[name]}}}

    def rule(one: Mapping[str, Any]) -> dict[str, Any]:
        return {key: [peer(p) for p in value] if key in ("from", "to") else value for key, value in one.items()}

    spec = {
        key: [rule(one) for one in value] if key in ("ingress", "egress") else value
        for key, value in body["spec"].items()
    }
    return {**body, "spec": spec}


def base(namespace: str, *, tenant: bool = False) -> list[dict[str, Any]]:
    """Return what every namespace starts with: nothing in or out but DNS.

    Platform namespaces also talk within themselves; tenants are reached by the gateway and by Prometheus.
    """
    dns = namespace_rule("to", NS_SYSTEM, 53, protocols=("UDP", "TCP"))
    within: Rule = {"podSelector": {}}
    if tenant:
        reach: list[Rule] = [namespace_rule("from", NS_GATEWAY), namespace_rule("from", NS_MONITORING)]
        allow = policy(namespace, "allow-platform", ingress=reach, egress=[dns])
    else:
        allow = policy(namespace, "allow-platform", ingress=[{"from": [within]}], egress=[dns, {"to": [within]}])
    return [policy(namespace, "default-deny", ingress=[], egress=[]), allow]
