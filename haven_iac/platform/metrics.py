"""Metrics: metrics-server, where the distribution brings none."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import NS_SYSTEM, image, make, name_label, resources, scraped, spread, workload
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.METRICS


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return metrics-server in kube-system."""
    pods = sizes(spec).metrics_server
    certified = slots.filled(spec, facts, slots.CERTIFICATES)
    return make(
        spec,
        facts,
        slot=slot,
        chart="metrics-server",
        namespace=NS_SYSTEM,
        pod_security=PodSecurity.PRIVILEGED,
        values={
            "image": {"repository": image(spec, "registry.k8s.io/metrics-server/metrics-server")},
            "replicas": pods.replicas,
            "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
            "resources": resources(pods),
            "topologySpreadConstraints": spread(name_label("metrics-server")),
            "args": ["--kubelet-preferred-address-types=InternalIP"],
            **({"tls": {"type": "cert-manager"}, "apiService": {"insecureSkipTLSVerify": False}} if certified else {}),
            "metrics": {"enabled": scraped(spec, facts)},
            "serviceMonitor": {"enabled": scraped(spec, facts)},
        },
        needs=(slots.MONITORING_CRDS, slots.CERTIFICATES),
        provides=("metrics-server",),
        workloads=(workload(pods),),
        flows=(
            flows.policy(
                NS_SYSTEM,
                "metrics-server",
                name_label("metrics-server"),
                ingress=[flows.anywhere(10250)],
                egress=[flows.anywhere(443, 6443, 10250)],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()
