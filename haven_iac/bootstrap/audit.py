"""What the Kubernetes API writes to its audit log.

Who did what is always there; contents of Secrets, tokens and of what people only read never are.  Changes are written
with what was asked for; the endless small talk of the cluster's own parts is left out, so that half a year fits.
Sources: the audit documentation of Kubernetes; CIS benchmark 3.2.2, which wants Secrets, ConfigMaps and TokenReviews at
Metadata only, and pods/exec, pods/portforward, pods/proxy and services/proxy seen.
"""

from __future__ import annotations

from typing import Any

from haven_iac.bootstrap.files import quoted

LOG = "/var/log/kubernetes/audit/audit.log"
"""Where the log is; the log collector reads this folder on every node."""

DAYS, FILES, MEGABYTES = 30, 10, 100
"""How long, how many and how big: at most 1 GB on a server; the log store keeps them longer."""

ARGUMENTS = (
    f"audit-log-path={LOG}",
    f"audit-log-maxage={DAYS}",
    f"audit-log-maxbackup={FILES}",
    f"audit-log-maxsize={MEGABYTES}",
)
"""Arguments of the API server; RKE2 has the last three by itself."""

_ENTERING = ("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy")
_SECRET = ("secrets", "configmaps", "serviceaccounts/token")
_CHANGES = ("create", "update", "patch", "delete", "deletecollection")
_OWN = ("system:kube-controller-manager", "system:kube-scheduler", "system:apiserver")
_LOOKS = ("get", "list", "watch")


def _core(*resources: str) -> dict[str, Any]:
    return {"group": "", "resources": list(resources)} if resources else {"group": ""}


def policy() -> dict[str, Any]:
    """Return the policy; the first rule that fits a request counts."""
    rules: list[dict[str, Any]] = [
        {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi*"]},
        {"level": "None", "resources": [_core("events"), {"group": "events.k8s.io", "resources": ["events"]}]},
        {
            "level": "None",
            "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}],
            "userGroups": ["system:nodes", "system:serviceaccounts"],
        },
        {
            "level": "None",
            "users": [*_OWN],
            "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}],
        },
        {
            "level": "None",
            "users": [*_OWN],
            "verbs": list(_LOOKS),
            "resources": [_core("endpoints", "namespaces", "nodes", "pods")],
        },
        {
            "level": "None",
            "users": ["system:kube-proxy"],
            "verbs": list(_LOOKS),
            "resources": [_core("nodes", "services"), {"group": "discovery.k8s.io", "resources": ["endpointslices"]}],
        },
        {
            "level": "None",
            "userGroups": ["system:nodes"],
            "verbs": list(_LOOKS),
            "resources": [_core("nodes", "nodes/status", "pods", "services")],
        },
        {
            "level": "Metadata",
            "resources": [_core(*_SECRET), {"group": "authentication.k8s.io", "resources": ["tokenreviews"]}],
        },
        {"level": "Request", "resources": [_core(*_ENTERING, "pods/ephemeralcontainers")]},
        {
            "level": "None",
            "userGroups": ["system:nodes"],
            "verbs": ["update", "patch"],
            "resources": [_core("nodes/status", "pods/status")],
        },
        {
            "level": "RequestResponse",
            "verbs": list(_CHANGES),
            "resources": [{"group": "rbac.authorization.k8s.io"}, {"group": "admissionregistration.k8s.io"}],
        },
        {
            "level": "Request",
            "verbs": list(_CHANGES),
            "resources": [
                _core(),
                *({"group": group} for group in ("apps", "batch", "networking.k8s.io", "gateway.networking.k8s.io")),
                *({"group": group} for group in ("policy", "storage.k8s.io", "cilium.io", "certificates.k8s.io")),
            ],
        },
        {"level": "Metadata"},
    ]
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "omitManagedFields": True,
        "rules": rules,
    }


def text() -> str:
    """Return the policy as a file."""
    return quoted(policy())
