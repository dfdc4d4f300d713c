"""What a cluster has in the cloud already, so that its own part of the quota is not held against it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from haven_iac.clouds.openstack.names import IDENTITY_KEY, identities, tag
from haven_iac.clouds.openstack.probing.reader import Reader
from haven_iac.clouds.openstack.probing.snapshot import Flavor, Kind, Snapshot, called
from haven_iac.plan.model import ClusterPlan


def with_existing(reader: Reader, plan: ClusterPlan, seen: Snapshot) -> Snapshot:
    """Return a snapshot that tells what this cluster has already: by names and tags, which carry its identity."""
    identity = identities(plan.spec.name)
    ours = re.compile(rf"(kube_service_)?{identity}([-_].*)?")
    tagged = re.compile(re.escape(tag("")) + identity)

    def mine(one: Mapping[str, Any]) -> bool:
        tags = one.get("tags") or []
        description = str(one.get("description") or "")
        return (
            ours.fullmatch(str(one.get("name") or "")) is not None
            or any(tagged.fullmatch(text) for text in tags)
            or re.search(rf" cluster {identity}$", description) is not None
        )

    def count(service: str, path: str, key: str) -> Any:
        return lambda r: sum(1 for one in r.pages(service, path, key) if mine(one))

    nodes = {node.name for node in plan.nodes}
    parts = {
        "servers": lambda r: _servers(r, plan.spec.name, nodes, seen.flavors),
        Kind.SERVER_GROUPS: count("compute", "/os-server-groups", "server_groups"),
        Kind.NETWORKS: count("network", "/networks", "networks"),
        Kind.SUBNETS: count("network", "/subnets", "subnets"),
        Kind.ROUTERS: count("network", "/routers", "routers"),
        Kind.FLOATING_IPS: count("network", "/floatingips", "floatingips"),
        Kind.PORTS: lambda r: _ports(r, mine),
        "groups": lambda r: _groups(r, mine),
        Kind.BALANCERS: count("load_balancer", "/lbaas/loadbalancers", "loadbalancers"),
        "volumes": lambda r: _volumes(r, mine, plan.spec.name),
    }
    if "load-balancer" not in seen.services:
        del parts[Kind.BALANCERS]
    found = reader.all(parts)
    existing: dict[str, int] = {}
    for kind, value in found.items():
        existing |= value if isinstance(value, dict) else {str(kind): value}
    return replace(seen, existing=existing, exists=bool(existing.get(Kind.SERVERS)))


def _servers(reader: Reader, cluster: str, nodes: set[str], flavors: tuple[Flavor, ...]) -> dict[str, int]:
    found: Counter[str] = Counter()
    identity = re.compile(identities(cluster))
    for one in reader.pages("compute", f"/servers/detail?name={cluster}-", "servers"):
        belongs = identity.fullmatch(str((one.get("metadata") or {}).get(IDENTITY_KEY, "")))
        if one["name"] not in nodes and not belongs:
            continue
        found[Kind.SERVERS] += 1
        size = one["flavor"]
        flavor = next(iter(called(str(size.get("id") or size.get("original_name")), flavors)), None)
        found[Kind.CORES] += size.get("vcpus") or (flavor.cores if flavor else 0)
        found[Kind.MEMORY] += size.get("ram") or (flavor.memory if flavor else 0)
    return {str(kind): amount for kind, amount in found.items()}


def _ports(reader: Reader, mine: Any) -> int:
    networks = {one["id"] for one in reader.pages("network", "/networks", "networks") if mine(one)}
    ports = reader.pages("network", "/ports?fields=name&fields=tags&fields=network_id&fields=description", "ports")
    return sum(1 for one in ports if mine(one) or one["network_id"] in networks)


def _groups(reader: Reader, mine: Any) -> dict[str, int]:
    groups = [one for one in reader.pages("network", "/security-groups", "security_groups") if mine(one)]
    rules = sum(len(one.get("security_group_rules") or []) for one in groups)
    return {Kind.SECURITY_GROUPS.value: len(groups), Kind.RULES.value: rules}


def _volumes(reader: Reader, mine: Any, cluster: str) -> dict[str, int]:
    identity = re.compile(identities(cluster))
    listed = reader.pages("block_storage", "/volumes/detail", "volumes")
    ours = [one for one in listed if mine(one) or _belongs(one.get("metadata") or {}, identity)]
    found: Counter[str] = Counter()
    for one in ours:
        for suffix in ("", f" of type {one['volume_type']}"):
            found[f"{Kind.VOLUMES}{suffix}"] += 1
            found[f"{Kind.GIGABYTES}{suffix}"] += int(one["size"])
    return dict(found)


def _belongs(metadata: Mapping[str, str], identity: re.Pattern[str]) -> bool:
    keys: Iterable[str] = ("cinder.csi.openstack.org/cluster", IDENTITY_KEY)
    return any(identity.fullmatch(str(metadata.get(key, ""))) for key in keys)
