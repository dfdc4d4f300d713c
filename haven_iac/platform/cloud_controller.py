"""Cloud controller: tells the cluster what its nodes are, and makes load balancers; where the cloud needs one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import late, slots
from haven_iac.platform.common import NO_ESCALATION, NOT_ROOT, NS_SYSTEM, image, make, resources, workload
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.sizes import Pods
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.CLOUD_CONTROLLER

CHART = "openstack-cloud-controller-manager"
SECRET = "cloud-config"
"""Name of the Secret in kube-system with cloud.conf; the block driver has one of its own."""
FILES = {"cloud.conf": late.CLOUD_CONFIG, "ca.crt": late.CLOUD_CA}
SUM = {"haven-iac/cloud-config": late.late(late.CLOUD_CONFIG_SUM)}
"""Annotation of pods that read cloud.conf once: another file makes other pods."""

SERVERS = {"node-role.kubernetes.io/control-plane": "true"}
TOLERATIONS: tuple[dict[str, str], ...] = (
    {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"},
    {"key": "CriticalAddonsOnly", "operator": "Exists"},
    {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"},
    {"key": "node-role.kubernetes.io/etcd", "operator": "Exists"},
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"},
)
"""Servers before the cloud controller has looked at them, and before there is a pod network."""

PODS = Pods(1, 50, 64, 256)


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return OpenStack's cloud controller on every server; they elect one that works."""
    if facts.controllers.get(slot) != CHART:
        return None
    return make(
        spec,
        facts,
        slot=slot,
        chart=CHART,
        namespace=NS_SYSTEM,
        pod_security=PodSecurity.PRIVILEGED,
        values=_values(spec),
        provides=("cloud-controller",),
        workloads=(workload(PODS, replicas=spec.control_plane.size),),
        secrets=(SecretRef(SECRET, late=FILES),),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()


def _values(spec: ClusterSpec) -> dict[str, Any]:
    return {
        "image": {"repository": image(spec, f"registry.k8s.io/provider-os/{CHART}")},
        # Load balancers are found by name, and the cluster's name is part of it: it has to be nobody else's.
        "cluster": {"name": late.late(late.IDENTITY)},
        "secret": {"enabled": True, "create": False, "name": SECRET},
        "podAnnotations": SUM,
        "enabledControllers": ["cloud-node", "cloud-node-lifecycle", "service"],
        "nodeSelector": SERVERS,
        "tolerations": list(TOLERATIONS),
        # It starts before there is DNS in the cluster.
        "dnsPolicy": "Default",
        "extraVolumes": [],
        "extraVolumeMounts": [],
        "priorityClassName": "system-cluster-critical",
        "resources": resources(PODS),
        "podSecurityContext": {**NOT_ROOT, "runAsUser": 65532},
        "securityContext": dict(NO_ESCALATION),
    }
