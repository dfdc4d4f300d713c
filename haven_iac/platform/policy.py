"""Policy: ValidatingAdmissionPolicies for everything that is not the platform or Kubernetes itself.

They are built into the API server: no webhook that can be down, and no chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.common import MANAGED_BY, SOLVER_IMAGE, image
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.ingress import Issuer
from haven_iac.spec.known import SYSTEM_NAMESPACES
from haven_iac.spec.policy import PolicyMode

slot = slots.POLICY

PINNED = "^.+@sha256:[0-9a-f]{64}$|^(.+/)?[^/:@]+:[^/:@]+$"
"""An image with a digest, or with a tag behind its last slash."""

_WORKLOADS = [
    {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods", "pods/ephemeralcontainers"]},
    {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments", "daemonsets", "statefulsets"]},
    {"apiGroups": ["batch"], "apiVersions": ["v1"], "resources": ["jobs"]},
]
_POD = {
    "name": "pod",
    "expression": "object.kind == 'Pod' ? object.spec : object.spec.template.spec",
}
_CONTAINERS = {
    "name": "containers",
    "expression": (
        "variables.pod.containers + (has(variables.pod.initContainers) ? variables.pod.initContainers : [])"
    ),
}
_IMAGES = {
    "name": "images",
    "expression": (
        "variables.containers.map(c, c.image) + (has(variables.pod.ephemeralContainers) "
        "? variables.pod.ephemeralContainers.map(c, c.image) : [])"
    ),
}


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return None: policies are objects of our own."""
    return None


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return each policy with its binding."""
    policies = [
        _policy(
            "pinned-images",
            [_POD, _CONTAINERS, _IMAGES],
            f"variables.images.all(i, i.matches('{PINNED}') && !i.endsWith(':latest'))",
            "every image needs a tag other than latest, or a digest",
        ),
        _policy(
            "no-host-namespaces",
            [_POD],
            "!(has(variables.pod.hostNetwork) && variables.pod.hostNetwork) "
            "&& !(has(variables.pod.hostPID) && variables.pod.hostPID) "
            "&& !(has(variables.pod.hostIPC) && variables.pod.hostIPC)",
            "a pod may not share the node's network, processes or IPC",
        ),
        _policy(
            "requests-set",
            [_POD, _CONTAINERS],
            "variables.containers.all(c, has(c.resources) && has(c.resources.requests) "
            "&& 'cpu' in c.resources.requests && 'memory' in c.resources.requests)",
            "every container needs requests for cpu and memory",
        ),
    ]
    if spec.policy.registries:
        allowed = " || ".join(f"i.startsWith('{prefix}')" for prefix in _allowed(spec))
        policies.append(
            _policy(
                "allowed-registries",
                [_POD, _CONTAINERS, _IMAGES],
                f"variables.images.all(i, {allowed})",
                f"images come from {', '.join(spec.policy.registries)} only",
            )
        )
    actions = ["Deny", "Audit"] if spec.policy.mode is PolicyMode.DENY else ["Warn", "Audit"]
    found = []
    for policy in policies:
        name = str(policy["metadata"]["name"])
        found += [
            Manifest(slot, name, policy),
            Manifest(slot, f"{name}-binding", _binding(name, actions, sorted(facts.left_alone))),
        ]
    return found


def _allowed(spec: ClusterSpec) -> list[str]:
    """Return how an image may start; with http-01 cert-manager answers by a pod of its own beside the application."""
    found = [f"{registry.rstrip('/')}/" for registry in spec.policy.registries]
    if spec.ingress.certificates.issuer is Issuer.ACME:
        found.append(image(spec, f"{SOLVER_IMAGE}:"))
    return found


def _policy(name: str, variables: list[dict[str, str]], expression: str, message: str) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": f"haven-iac-{name}"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [{**rule, "operations": ["CREATE", "UPDATE"]} for rule in _WORKLOADS]
            },
            "variables": variables,
            "validations": [{"expression": expression, "message": message}],
        },
    }


def _binding(name: str, actions: list[str], left_alone: list[str]) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {
            "policyName": name,
            "validationActions": actions,
            "matchResources": {
                "namespaceSelector": {
                    "matchExpressions": [
                        {"key": MANAGED_BY, "operator": "DoesNotExist"},
                        {
                            "key": "kubernetes.io/metadata.name",
                            "operator": "NotIn",
                            "values": [*SYSTEM_NAMESPACES, *left_alone],
                        },
                    ]
                }
            },
        },
    }
