"""What a restore drill backs up when no namespace is named: a little of everything, and data that is known."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1"
"""Small, with a shell; name another with --image where a mirror has none."""
POD = "probe"

_SCRIPT = (
    "[ -s /data/probe ] || head -c 1048576 /dev/urandom > /data/probe; sync; "
    'echo "probe $(sha256sum < /data/probe)"; exec sleep 86400'
)
"""Writes once what nobody can know beforehand, and says every time what is there."""


def is_default(storage_class: Mapping[str, Any]) -> bool:
    """Return whether claims that name no class get this one."""
    notes = storage_class["metadata"].get("annotations") or {}
    return bool(notes.get("storageclass.kubernetes.io/is-default-class") == "true")


def written(log: str) -> str:
    """Return the digest that the pod has said, or an empty text."""
    found = re.search(r"^probe ([0-9a-f]{64})", log, re.MULTILINE)
    return found[1] if found else ""


def bodies(name: str, image: str, labels: Mapping[str, str], *, volume: bool) -> list[dict[str, Any]]:
    """Return the objects, the namespace first.

    Args:
        name: of the namespace.
        image: what the pod runs.
        labels: of every object.
        volume: whether there is a class to take a volume from; without one there is no pod either.
    """
    strict = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}

    def about(own: str) -> dict[str, Any]:
        return {"name": own, "namespace": name, "labels": dict(labels)}

    account = {"kind": "ServiceAccount", "name": POD, "namespace": name}
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    rbac = "rbac.authorization.k8s.io"
    found: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {**labels, **strict}}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about(POD), "data": {"random": secrets.token_hex(32)}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": about(POD), "stringData": {"random": secrets.token_hex(32)}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about(POD), "automountServiceAccountToken": False},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": about(POD), "rules": rules},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": about(POD),
            "spec": {"selector": dict(labels), "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": about(POD),
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        },
    ]
    if not volume:
        return found
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    container = {
        "name": POD,
        "image": image,
        "command": ["sh", "-c", _SCRIPT],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    pod = {
        "serviceAccountName": account["name"],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": POD}}],
    }
    return [
        *found,
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": about(POD), "spec": claim},
        {"apiVersion": "v1", "kind": "Pod", "metadata": about(POD), "spec": pod},
    ]
