"""Fluent Bit in place of Alloy: the slot `log-collector`, filled by another package.

An add-on is two pure functions. It reads the description and the cloud's facts, and returns plain data.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import NS_LOGGING, image, scraped
from haven_iac.platform.release import Manifest, Release, Workload
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

STAND_IN = Path(__file__).parent / "stand_in"
"""A small chart of the same name, for clusters whose pods are simulated and that reach no repository."""
CPU_MILLIS, MEMORY_MIB = 50, 64
METRICS_PORT = 2020


class FluentBit:
    """Reads the logs of every node and sends them to Loki."""

    slot = slots.LOG_COLLECTOR

    def release(self, spec: ClusterSpec, facts: CloudFacts) -> Release | None:
        """Return the chart with its values."""
        return Release(
            slot=self.slot,
            name="fluent-bit",
            chart="fluent-bit",
            repo="https://fluent.github.io/helm-charts",
            version="0.47.0",
            app_version="3.1.0",
            namespace=NS_LOGGING,
            pod_security=PodSecurity.PRIVILEGED,  # it reads the nodes' own files
            values=_values(spec, facts),
            needs=(slots.LOGS, slots.MONITORING_CRDS),
            provides=("log-collector",),
            workloads=(Workload(1, CPU_MILLIS, MEMORY_MIB, per_node=True),),
            flows=(
                flows.policy(
                    NS_LOGGING,
                    "fluent-bit",
                    {"app.kubernetes.io/name": "fluent-bit"},
                    ingress=[flows.scrape(METRICS_PORT)],
                    egress=[flows.api()],
                ),
            ),
            folder=str(STAND_IN) if facts.simulated else "",
        )

    def manifests(self, spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
        """Return nothing: the chart is all."""
        return ()


def _values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    loki = f"loki.{facts.place(slots.LOGS, NS_LOGGING)}.svc"
    output = f"[OUTPUT]\n    Name loki\n    Match *\n    Host {loki}\n    Port 3100\n    labels job=fluent-bit\n"
    return {
        "kind": "DaemonSet",
        "image": {"repository": image(spec, "cr.fluentbit.io/fluent/fluent-bit")},
        "testFramework": {"enabled": False},
        "tolerations": [{"operator": "Exists"}],
        "priorityClassName": "system-node-critical",
        "resources": {
            "requests": {"cpu": f"{CPU_MILLIS}m", "memory": f"{MEMORY_MIB}Mi"},
            "limits": {"memory": f"{2 * MEMORY_MIB}Mi"},
        },
        "serviceMonitor": {"enabled": scraped(spec, facts)},
        "config": {"outputs": output},
    }


ADD_ON = FluentBit()
