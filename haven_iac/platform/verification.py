"""Verification: `haven-iac verify` by itself, inside the cluster, with an alert when a check fails.

Off unless the description asks for it, since it needs an image with haven-iac in it, and none is published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import MANAGED_BY, NO_ESCALATION, NOT_ROOT, NS_SYSTEM, PRIORITY
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.VERIFICATION

NAMESPACE = "haven-iac"
NAME = "haven-iac-verify"
"""Of the CronJob, its service account, its role and the ConfigMap with the description."""
RECORDS = "haven-iac-verdicts"
"""ConfigMap in kube-system with what each verify saw."""
FOLDER = "/etc/haven-iac"
FILE = "cluster.json"
LONGEST = 900
"""Seconds that one verify may take."""
_RBAC = "rbac.authorization.k8s.io"

Rule = dict[str, Any]

READING: tuple[Rule, ...] = (
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "daemonsets", "statefulsets"], "verbs": ["list"]},
    {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["list"]},
    {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]},
    {"nonResourceURLs": ["/version", "/version/", "/apis", "/apis/"], "verbs": ["get"]},
)
"""Rights that the checks cannot do without."""

BESIDE: tuple[Rule, ...] = (
    {"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": ["list"]},
    {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["list"]},
    {"apiGroups": [_RBAC], "resources": ["clusterroles", "clusterrolebindings", "rolebindings"], "verbs": ["list"]},
    {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["validatingadmissionpolicybindings"],
        "verbs": ["list"],
    },
    {"apiGroups": ["haven.commonground.nl"], "resources": ["compliancies"], "verbs": ["list"]},
    {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
)
"""Rights for what the checker does not test, and for the results that it leaves."""

OWNER: Rule = {
    "apiGroups": ["scheduling.k8s.io"],
    "resources": ["priorityclasses"],
    "resourceNames": [PRIORITY],
    "verbs": ["get"],
}
"""Right to let the records go when the stack does."""

KEEPING: tuple[Rule, ...] = (
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [RECORDS], "verbs": ["get", "patch"]},
)
"""Rights in kube-system that keeping a record needs."""


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return None: these are objects of our own."""
    return None


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the CronJob with what it needs: namespace, rights, the description, a way to the API."""
    schedule = spec.compliance.schedule
    if schedule is None:
        return ()
    bodies = [
        _namespace(),
        *([*flows.base(NAMESPACE), _way_to_the_api()] if spec.policy.default_deny else [flows.outward(NAMESPACE)]),
        {**_about("v1", "ServiceAccount"), "automountServiceAccountToken": False},
        {**_about(f"{_RBAC}/v1", "ClusterRole", ""), "rules": [*READING, *BESIDE, OWNER]},
        {**_about(f"{_RBAC}/v1", "ClusterRoleBinding", ""), **_bound("ClusterRole")},
        {**_about(f"{_RBAC}/v1", "Role", NS_SYSTEM), "rules": list(KEEPING)},
        {**_about(f"{_RBAC}/v1", "RoleBinding", NS_SYSTEM), **_bound("Role")},
        {**_about("v1", "ConfigMap"), "data": {FILE: _description(spec)}},
        {**_about("batch/v1", "CronJob"), "spec": _job(schedule.image, schedule.cron)},
    ]
    return tuple(Manifest(slot, f"{NAME}-{number}-{body['kind'].lower()}", body) for number, body in enumerate(bodies))


def _about(version: str, kind: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    about = {"name": NAME, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": about}


def _namespace() -> dict[str, Any]:
    modes = ("enforce", "audit", "warn")
    levels = {f"pod-security.kubernetes.io/{mode}": PodSecurity.RESTRICTED.value for mode in modes}
    labels = {**levels, MANAGED_BY: "haven-iac"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def _way_to_the_api() -> dict[str, Any]:
    return flows.policy(NAMESPACE, NAME, ingress=[], egress=[flows.api()])


def _bound(kind: str) -> dict[str, Any]:
    return {
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }


def _description(spec: ClusterSpec) -> str:
    """Return the description: it names secrets and holds none."""
    return json.dumps(spec.model_dump(mode="json", by_alias=True, exclude_unset=True), sort_keys=True)


def _job(image: str, cron: str) -> Mapping[str, Any]:
    container = {
        "name": "verify",
        "image": image,
        "command": ["haven-iac", "verify", "--in-cluster", "--description", f"{FOLDER}/{FILE}"],
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108 - a volume of the pod's own
        "resources": {"requests": {"cpu": "50m", "memory": "192Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": dict(NO_ESCALATION),
        "volumeMounts": [
            {"name": "description", "mountPath": FOLDER, "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
        ],
    }
    pod = {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "restartPolicy": "Never",
        "priorityClassName": PRIORITY,
        "securityContext": {**NOT_ROOT, "runAsUser": 65532, "runAsGroup": 65532},
        "containers": [container],
        "volumes": [
            {"name": "description", "configMap": {"name": NAME}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }
    return {
        "schedule": cron,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": LONGEST,
                "template": {"metadata": {"labels": {"app.kubernetes.io/name": NAME}}, "spec": pod},
            }
        },
    }
