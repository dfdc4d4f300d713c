"""Log collector: Alloy on every node, whatever its taints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, logs_values, objects, slots
from haven_iac.platform.common import NS_LOGGING, make, name_label, resources, scraped, workload
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.logs import Forwarded
from haven_iac.spec.policy import PodSecurity

slot = slots.LOG_COLLECTOR

PORT = 12345
SIEM_SECRET = "siem"
_FILES = Path(__file__).parent / "files"
_READ = ["get", "list", "watch"]


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Alloy as a DaemonSet."""
    pods = sizes(spec).alloy
    siem = [flows.outside(objects.port_of(spec.logs.forward))] if spec.logs.forward else []
    return make(
        spec,
        facts,
        slot=slot,
        chart="alloy",
        namespace=NS_LOGGING,
        pod_security=PodSecurity.PRIVILEGED,  # it reads the nodes' own files
        values=_values(spec, facts),
        needs=(slots.LOGS, slots.MONITORING_CRDS),
        provides=("log-collector",),
        workloads=(workload(pods, per_node=True),),
        secrets=(SecretRef(SIEM_SECRET, {"token": spec.logs.forward_secret}),) if spec.logs.forward_secret else (),
        flows=(
            flows.policy(
                NS_LOGGING,
                "alloy",
                name_label("alloy"),
                ingress=[flows.scrape(PORT)],
                egress=[flows.api(), *siem],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()


def _values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    token = {"secretKeyRef": {"name": SIEM_SECRET, "key": "token"}}
    values: dict[str, Any] = {
        "crds": {"create": False},
        "controller": {
            "type": "daemonset",
            "tolerations": [{"operator": "Exists"}],
            "priorityClassName": "system-node-critical",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
            "volumes": {
                "extra": [
                    {"name": "positions", "hostPath": {"path": "/var/lib/alloy", "type": "DirectoryOrCreate"}},
                ]
            },
        },
        "alloy": {
            "enableReporting": False,
            "configMap": {"create": True, "content": config(spec, facts)},
            "storagePath": "/var/lib/alloy",
            "mounts": {"varlog": True, "extra": [{"name": "positions", "mountPath": "/var/lib/alloy"}]},
            "resources": resources(pods := sizes(spec).alloy),
            # The files belong to root, so it reads as root; it can do nothing else with that.
            "securityContext": {
                "runAsUser": 0,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "extraEnv": [
                {"name": "GOMEMLIMIT", "value": f"{(pods.limit_mib or 2 * pods.memory_mib) * 9 // 10}MiB"},
                *([{"name": "SIEM_TOKEN", "valueFrom": token}] if spec.logs.forward_secret else []),
            ],
        },
        "configReloader": {"enabled": False},
        # The chart's own rules read every Secret from every node. Both lists must have something in them.
        "rbac": {
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": _READ}],
            "clusterRules": [{"apiGroups": [""], "resources": ["namespaces", "nodes"], "verbs": _READ}],
        },
        "serviceMonitor": {"enabled": scraped(spec, facts)},
    }
    if spec.mirror.images:
        values["global"] = {"image": {"registry": spec.mirror.images.rstrip("/")}}
    return values


def config(spec: ClusterSpec, facts: CloudFacts) -> str:
    """Return Alloy's configuration; the chart reads it as a template, so that double braces are written for that."""
    kept = ["loki.write.cluster.receiver"] if slots.filled(spec, facts, slots.LOGS) else []
    sent = ["otelcol.receiver.loki.siem.receiver"] if spec.logs.forward else []
    ordinary = [*kept, *(sent if spec.logs.forward_logs is Forwarded.ALL else [])]
    text = _file("sources").replace("AUDIT_TO", ", ".join([*kept, *sent]))
    text += _file("pods").replace("PODS_TO", ", ".join(ordinary)) if ordinary else ""
    text += _file("cluster").replace("PUSH_URL", json.dumps(logs_values.push_url(spec))) if kept else ""
    if spec.logs.forward:
        token = 'headers  = {"Authorization" = "Bearer " + sys.env("SIEM_TOKEN")}' if spec.logs.forward_secret else ""
        text += _file("siem").replace("ENDPOINT", json.dumps(spec.logs.forward)).replace("    HEADERS\n", _line(token))
    return text.replace("{{", '{{ "{{" }}')


def _line(text: str) -> str:
    return f"    {text}\n" if text else ""


@lru_cache(maxsize=8)
def _file(name: str) -> str:
    return (_FILES / f"{name}.alloy").read_text(encoding="utf-8")
