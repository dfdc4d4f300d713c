"""Driver of block volumes, where the cloud needs one in the cluster: Cinder's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import late, slots
from haven_iac.platform.cloud_controller import FILES, SUM
from haven_iac.platform.common import NO_ESCALATION, NOT_ROOT, NS_SYSTEM, image, make, resources, workload
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.sizes import Pods
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.BLOCK_DRIVER

CHART = "openstack-cinder-csi"
SECRET = "cinder-csi-cloud-config"
CONTROLLER = Pods(2, 60, 192, 512)
NODE = Pods(1, 30, 64, 256)
_SIDECARS = {
    "attacher": "csi-attacher",
    "provisioner": "csi-provisioner",
    "snapshotter": "csi-snapshotter",
    "resizer": "csi-resizer",
    "livenessprobe": "livenessprobe",
    "nodeDriverRegistrar": "csi-node-driver-registrar",
}


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Cinder's driver: a controller, and a part on every node."""
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
        provides=("block-driver",),
        workloads=(workload(CONTROLLER), workload(NODE, per_node=True)),
        secrets=(SecretRef(SECRET, late=FILES),),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing: classes are a slot of their own."""
    return ()


def _values(spec: ClusterSpec) -> dict[str, Any]:
    sidecars = {
        key: {"image": {"repository": image(spec, f"registry.k8s.io/sig-storage/{name}")}}
        for key, name in _SIDECARS.items()
    }
    return {
        "clusterID": late.late(late.IDENTITY),
        "secret": {"enabled": True, "create": False, "hostMount": False, "name": SECRET, "filename": "cloud.conf"},
        # Its classes have no type and bind at once.
        "storageClass": {"enabled": False},
        "priorityClassName": "system-cluster-critical",
        "csi": {
            **sidecars,
            "plugin": {
                "image": {"repository": image(spec, "registry.k8s.io/provider-os/cinder-csi-plugin")},
                "volumes": [],
                "volumeMounts": [{"name": "cloud-config", "mountPath": "/etc/config", "readOnly": True}],
                "resources": resources(NODE),
                "controllerPlugin": {
                    "replicas": CONTROLLER.replicas,
                    "podAnnotations": SUM,
                    "podSecurityContext": {**NOT_ROOT, "runAsUser": 65532, "fsGroup": 65532},
                    "securityContext": dict(NO_ESCALATION),
                },
                "nodePlugin": {"podAnnotations": SUM, "tolerations": [{"operator": "Exists"}]},
            },
        },
    }
