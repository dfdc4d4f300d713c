"""Log collector: Alloy on every node, whatever its taints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, objects, slots
from haven_iac.platform.common import NS_LOGGING, make, name_label, resources, scraped, workload
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.LOG_COLLECTOR

PORT = 12345
_CONFIG = Path(__file__).parent / "files" / "alloy.river"
_SIEM = """
otelcol.receiver.loki "siem" {{
  output {{
    logs = [otelcol.exporter.otlphttp.siem.input]
  }}
}}

otelcol.exporter.otlphttp "siem" {{
  client {{
    endpoint = {endpoint}
  }}
}}
"""


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Alloy as a DaemonSet."""
    pods = sizes(spec).alloy
    values: dict[str, Any] = {
        "crds": {"create": False},
        "controller": {
            "type": "daemonset",
            "tolerations": [{"operator": "Exists"}],
            "priorityClassName": "system-node-critical",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
            "volumes": {"extra": [{"name": "positions", "hostPath": {"path": "/var/lib/alloy"}}]},
        },
        "alloy": {
            "enableReporting": False,
            "configMap": {"create": True, "content": config(spec)},
            "storagePath": "/var/lib/alloy",
            "mounts": {"varlog": True, "extra": [{"name": "positions", "mountPath": "/var/lib/alloy"}]},
            "resources": resources(pods),
        },
        "configReloader": {"enabled": False},
        "rbac": {
            "rules": [],
            "clusterRules": [
                {"apiGroups": [""], "resources": ["pods", "namespaces", "nodes"], "verbs": ["get", "list", "watch"]}
            ],
        },
        "serviceMonitor": {"enabled": scraped(spec, facts)},
    }
    if spec.mirror.images:
        values["global"] = {"image": {"registry": spec.mirror.images.rstrip("/")}}
    return make(
        spec,
        facts,
        slot=slot,
        chart="alloy",
        namespace=NS_LOGGING,
        pod_security=PodSecurity.PRIVILEGED,
        values=values,
        needs=(slots.LOGS, slots.MONITORING_CRDS),
        provides=("log-collector",),
        workloads=(workload(pods, per_node=True),),
        flows=(
            flows.policy(
                NS_LOGGING,
                "alloy",
                name_label("alloy"),
                ingress=[flows.scrape(PORT)],
                egress=[
                    flows.api(),
                    *([flows.outside(objects.port_of(spec.logs.forward))] if spec.logs.forward else []),
                ],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()


def _siem(spec: ClusterSpec) -> list[flows.Rule]:
    return [flows.outside(objects.port_of(spec.logs.forward))] if spec.logs.forward else []


def config(spec: ClusterSpec) -> str:
    """Return Alloy's configuration; the chart reads it as a template, so that double braces are written for that."""
    to = ["loki.write.cluster.receiver", *(["otelcol.receiver.loki.siem.receiver"] if spec.logs.forward else [])]
    text = _CONFIG.read_text().replace("FORWARD", ", ".join(to)).replace("NAMESPACE", NS_LOGGING)
    if spec.logs.forward:
        text += _SIEM.format(endpoint=json.dumps(spec.logs.forward))
    return text.replace("{{", '{{ "{{" }}')
