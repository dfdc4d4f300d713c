"""Snapshots of volumes: the controller and its CRDs, where the distribution brings none."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import (
    CRITICAL,
    NO_ESCALATION,
    NOT_ROOT,
    NS_SNAPSHOTS,
    image,
    make,
    name_label,
    resources,
    scraped,
    spread,
    workload,
)
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.sizes import sizes
from haven_iac.platform.storage import snapshot_driver
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.SNAPSHOTS

METRICS_PORT = 8080


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return the snapshot controller, or None where no driver makes snapshots."""
    if not snapshot_driver(spec, facts):
        return None
    pods = sizes(spec).snapshot_controller
    return make(
        spec,
        facts,
        slot=slot,
        chart="snapshot-controller",
        namespace=NS_SNAPSHOTS,
        pod_security=PodSecurity.RESTRICTED,
        values={
            "installCRDs": True,
            "controller": {
                "replicaCount": pods.replicas,
                "image": {"repository": image(spec, "registry.k8s.io/sig-storage/snapshot-controller")},
                "pdb": {"maxUnavailable": 1},
                "topologySpreadConstraints": spread(name_label("snapshot-controller")),
                "priorityClassName": CRITICAL,
                "resources": resources(pods),
                "podSecurityContext": {**NOT_ROOT},
                "securityContext": {**NO_ESCALATION, "runAsNonRoot": True, "runAsUser": 1000},
                "serviceMonitor": {"create": scraped(spec, facts)},
            },
            "webhook": {"enabled": False},
        },
        needs=(slots.MONITORING_CRDS,),
        provides=("snapshots",),
        workloads=(workload(pods),),
        flows=(
            flows.policy(
                NS_SNAPSHOTS, "snapshot-controller", ingress=[flows.scrape(METRICS_PORT)], egress=[flows.api()]
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing: the class for snapshots stands with the other classes."""
    return ()
