"""Namespaces: of the platform and of tenants, each with its Pod Security level, network policies and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, identity, slots, tenants
from haven_iac.platform.common import MANAGED_BY, NS_GATEWAY, NS_MONITORING, PRIORITY
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.known import SYSTEM_NAMESPACES
from haven_iac.spec.policy import PodSecurity

slot = slots.NAMESPACES

PRIORITY_VALUE = 1_000_000
"""Above applications, whose default is 0, and far below what Kubernetes itself runs."""

_STRICTNESS = (PodSecurity.PRIVILEGED, PodSecurity.BASELINE, PodSecurity.RESTRICTED)


def manifests(spec: ClusterSpec, facts: CloudFacts, releases: Sequence[Release]) -> Sequence[Manifest]:
    """Return every namespace that the releases and tenants need, with what stands in it from the start."""
    found = [Manifest(slot, PRIORITY, _priority_class())]
    found += [Manifest(slot, f"{body['metadata']['name']}-role", body) for body in tenants.roles(spec)]
    for body in (*identity.bodies(spec.identity), *(() if facts.own_keys else identity.access())):
        suffix = {"ClusterRole": "-role", "ServiceAccount": "-account"}.get(body["kind"], "")
        found.append(Manifest(slot, f"{body['metadata']['name']}{suffix}", body))
    for name, level in levels(releases).items():
        found.append(Manifest(slot, f"namespace-{name}", _namespace(name, level, {MANAGED_BY: "haven-iac"})))
        found += _policies(spec, facts, name, [dict(flow) for one in releases for flow in one.flows if _in(flow, name)])
    for name, tenant in sorted(spec.tenants.items()):
        body = _namespace(name, tenant.pod_security, tenants.labels(name, tenant))
        found.append(Manifest(slot, f"namespace-{name}", body))
        found += _policies(spec, facts, name, tenants.policies(spec, name, tenant), tenant=True)
        for body in tenants.bodies(spec, name, tenant):
            own = "" if body["metadata"]["name"] == "tenant" else f"-{body['metadata']['name']}"
            found.append(Manifest(slot, f"{name}-{body['kind'].lower()}{own}", body))
    return found


def levels(releases: Sequence[Release]) -> dict[str, PodSecurity]:
    """Return the Pod Security level of each namespace of the platform: the widest that one of its releases needs."""
    found: dict[str, PodSecurity] = {}
    for release in releases:
        for name, level in {release.namespace: release.pod_security, **release.namespaces}.items():
            if name not in SYSTEM_NAMESPACES:
                found[name] = min(found.get(name, level), level, key=_STRICTNESS.index)
    return dict(sorted(found.items()))


def _in(flow: Mapping[str, Any], namespace: str) -> bool:
    return bool(flow["metadata"]["namespace"] == namespace)


def _policies(
    spec: ClusterSpec, facts: CloudFacts, name: str, own: Sequence[dict[str, Any]], *, tenant: bool = False
) -> list[Manifest]:
    places = {NS_GATEWAY: facts.place(slots.GATEWAY, NS_GATEWAY)}
    places[NS_MONITORING] = facts.place(slots.MONITORING, NS_MONITORING)
    every = [*flows.base(name, tenant=tenant), *own] if spec.policy.default_deny else [flows.outward(name)]
    bodies = [flows.placed(one, places) for one in every]
    return [Manifest(slot, f"{name}-{body['metadata']['name']}", body) for body in bodies]


def _namespace(name: str, level: PodSecurity, labels: Mapping[str, str]) -> dict[str, Any]:
    modes = {f"pod-security.kubernetes.io/{mode}": level.value for mode in ("enforce", "audit", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {**modes, **labels}}}


def _priority_class() -> dict[str, Any]:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": PRIORITY},
        "value": PRIORITY_VALUE,
        "description": "The platform of a Haven cluster; applications give way to it.",
    }
