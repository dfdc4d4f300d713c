"""Tenants: what stands in the namespace of an application from the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.platform import flows, identity
from haven_iac.platform.common import TENANT
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity
from haven_iac.spec.tenants import TenantSpec

ROUTES = {"edit": "haven-iac-routes-edit", "view": "haven-iac-routes-view"}
"""ClusterRoles for Gateway API and certificates, which Kubernetes' own `edit` and `view` know nothing of."""

_LOOK = ["get", "list", "watch"]
_CHANGE = [*_LOOK, "create", "update", "patch", "delete"]
_KINDS = (
    ("gateway.networking.k8s.io", ["httproutes", "grpcroutes", "tlsroutes", "tcproutes", "backendtlspolicies"]),
    ("cert-manager.io", ["certificates", "issuers"]),
)


def labels(name: str, tenant: TenantSpec) -> dict[str, str]:
    """Return a tenant's labels; whatever its level, its people are warned of what `restricted` would refuse."""
    strictest = PodSecurity.RESTRICTED.value
    warned = {f"pod-security.kubernetes.io/{mode}": strictest for mode in ("audit", "warn")}
    return {"pod-security.kubernetes.io/enforce": tenant.pod_security.value, **warned, TENANT: name}


def roles(spec: ClusterSpec) -> list[dict[str, Any]]:
    """Return the ClusterRoles that tenants' groups are bound to, beside Kubernetes' own; none without groups."""
    if not any(t.groups.admin or t.groups.edit or t.groups.view for t in spec.tenants.values()):
        return []
    return [_role(ROUTES["edit"], _CHANGE), _role(ROUTES["view"], _LOOK)]


def bodies(spec: ClusterSpec, name: str, tenant: TenantSpec) -> list[dict[str, Any]]:
    """Return quota, limits and role bindings of one tenant."""
    return [_quota(name, tenant), _limits(name, tenant), *_bindings(spec, name, tenant)]


def policies(spec: ClusterSpec, name: str, tenant: TenantSpec) -> list[dict[str, Any]]:
    """Return the network policies of one tenant, on top of those that every tenant starts with."""
    network, found = tenant.network, []
    inside: flows.Rule = {"podSelector": {}}
    if network.within:
        found.append(flows.policy(name, "allow-within", ingress=[{"from": [inside]}], egress=[{"to": [inside]}]))
    if network.from_:
        rules = [flows.namespace_rule("from", other) for other in network.from_]
        found.append(flows.policy(name, "allow-tenants", ingress=rules))
    if senders := [other for other, one in sorted(spec.tenants.items()) if name in one.network.from_]:
        rules = [flows.namespace_rule("to", other) for other in senders]
        found.append(flows.policy(name, "allow-to-tenants", egress=rules))
    if network.internet:
        found.append(flows.policy(name, "allow-internet", egress=[flows.public(80, 443)]))
    if network.to:
        rules = [flows.range_rule(one.cidr, *one.ports) for one in network.to]
        found.append(flows.policy(name, "allow-outside", egress=rules))
    return found


def _quota(name: str, tenant: TenantSpec) -> dict[str, Any]:
    quota = tenant.quota
    hard = {
        "requests.cpu": str(quota.cpu),
        "requests.memory": quota.memory,
        "requests.storage": quota.storage,
        "pods": str(quota.pods),
        "persistentvolumeclaims": str(quota.claims),
        "services.loadbalancers": str(quota.load_balancers),
        "services.nodeports": str(quota.load_balancers),  # each port of a load balancer takes one
    }
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": _place(name), "spec": {"hard": hard}}


def _limits(name: str, tenant: TenantSpec) -> dict[str, Any]:
    limits = tenant.limits
    container: dict[str, Any] = {
        "type": "Container",
        "defaultRequest": {"cpu": limits.cpu, "memory": limits.memory},
        "default": {"memory": limits.memory_limit},
        **({"max": {"memory": limits.most_memory}} if limits.most_memory else {}),
    }
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": _place(name), "spec": {"limits": [container]}}


def _bindings(spec: ClusterSpec, name: str, tenant: TenantSpec) -> list[dict[str, Any]]:
    found = []
    for role in ("admin", "edit", "view"):
        groups: Sequence[str] = getattr(tenant.groups, role)
        if groups:
            people = identity.subjects(spec.identity, groups)
            routes = ROUTES["view" if role == "view" else "edit"]
            found += [identity.binding(f"tenant-{role}", role, people, name)]
            found += [identity.binding(f"tenant-{role}-routes", routes, people, name)]
    return found


def _role(name: str, verbs: list[str]) -> dict[str, Any]:
    return {
        "apiVersion": f"{identity.RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [{"apiGroups": [group], "resources": kinds, "verbs": verbs} for group, kinds in _KINDS],
    }


def _place(namespace: str) -> dict[str, str]:
    return {"name": "tenant", "namespace": namespace}
