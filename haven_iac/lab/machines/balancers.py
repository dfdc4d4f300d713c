"""What a snapshot of the cloud says of its load balancers; pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

Object = dict[str, Any]


def pools(raw: Mapping[str, Any]) -> dict[str, Object]:
    """Return every pool by id, with its members and its monitor."""
    members, monitors = raw["members"], raw.get("monitors", {})
    return {
        pool["id"]: {**pool, "members": members.get(pool["id"], []), "monitor": monitors.get(pool["id"])}
        for pool in raw["pools"]
    }


def working(raw: Mapping[str, Any], ports: Container[str]) -> dict[str, Object]:
    """Return every load balancer that works, by the id of its VIP's port, with its listeners by number."""
    found: dict[str, Object] = {}
    for balancer in raw["loadbalancers"]:
        works = balancer.get("provisioning_status", "ACTIVE") in ("ACTIVE", "PENDING_UPDATE")
        if balancer["vip_port_id"] in ports and balancer["admin_state_up"] and works:
            found[balancer["vip_port_id"]] = {**balancer, "listeners": {}}
    by_id = {balancer["id"]: balancer for balancer in found.values()}
    for listener in raw["listeners"]:
        for reference in listener["loadbalancers"]:
            known = reference["id"] in by_id and listener["admin_state_up"]
            if known and listener["protocol"] in ("TCP", "HTTPS"):
                by_id[reference["id"]]["listeners"][listener["protocol_port"]] = listener
    return found


def of_pools(raw: Mapping[str, Any], balancers: Iterable[Object]) -> dict[str, Object]:
    """Return which of these load balancers each pool belongs to, by the pool's id."""
    by_id = {balancer["id"]: balancer for balancer in balancers}
    found: dict[str, Object] = {}
    for pool in raw["pools"]:
        for reference in pool.get("loadbalancers") or []:
            if reference["id"] in by_id:
                found[pool["id"]] = by_id[reference["id"]]
    return found
