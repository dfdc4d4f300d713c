"""The plan as one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haven_iac.compliance.model import Verdict
    from haven_iac.plan.changes import Change
    from haven_iac.prepare import Prepared


def document(ready: Prepared, verdict: Verdict, found: Sequence[Change] | None) -> dict[str, Any]:
    """Return the plan for JSON output."""
    from dataclasses import asdict

    from haven_iac.compliance.report import as_dict
    from haven_iac.plan.sums import sums

    plan = ready.plan
    total = sums(plan)
    return {
        "stack": ready.stack,
        "cluster": plan.spec.name,
        "cloud": plan.facts.kind,
        "simulated": plan.facts.simulated,
        "kubernetes": plan.spec.kubernetes.version,
        "zones": list(plan.zones),
        "pools": [
            {"name": pool.name, "role": pool.role.value, "size": len(pool.nodes), "minimum": pool.minimum}
            for pool in plan.pools
        ],
        "nodes": [
            {
                "name": node.name,
                "role": node.role.value,
                "pool": node.pool,
                "zone": node.zone,
                "flavor": node.flavor,
                "addressBlock": node.address_block,
                "first": node.first,
                "labels": dict(node.labels),
                "taints": [{"key": key, "value": value, "effect": effect} for key, value, effect in node.taints],
            }
            for node in plan.nodes
        ],
        "releases": [
            {
                "slot": one.slot,
                "name": one.name,
                "chart": one.chart,
                "version": one.version,
                "appVersion": one.app_version,
                "namespace": one.namespace,
                "repo": one.manifest or one.repo,
                "standIn": one.stand_in,
            }
            for one in plan.releases
        ],
        "objects": len(plan.manifests),
        "sums": {
            "pods": total.total.pods,
            "cpuMillis": total.total.cpu_millis,
            "memoryMiB": total.total.memory_mib,
            "everyNode": {"cpuMillis": total.every_node.cpu_millis, "memoryMiB": total.every_node.memory_mib},
            "perWorker": {"cpuMillis": total.per_worker.cpu_millis, "memoryMiB": total.per_worker.memory_mib},
            "volumes": total.volumes,
            "volumeBytes": total.volume_bytes,
        },
        "verdict": as_dict(verdict),
        "notices": [asdict(notice) for notice in plan.notices],
        "changes": None if found is None else [asdict(one) for one in found],
    }
