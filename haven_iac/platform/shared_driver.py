"""Driver of shared volumes, where the cloud needs one in the cluster: Manila's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import late, slots
from haven_iac.platform.common import NS_SYSTEM, image, make, resources, workload
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.sizes import Pods
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.SHARED_DRIVER

CHART = "openstack-manila-csi"
CONTROLLER = Pods(1, 60, 160, 512)
NODE = Pods(1, 20, 48, 192)
NFS_SOCKET = {"dir": "/var/lib/kubelet/plugins/csi-nfsplugin", "sockFile": "csi.sock"}
"""Where the NFS driver listens on each node; mounts are its work."""
CEPHFS_SOCKET = {"dir": "/var/lib/kubelet/plugins/cephfs.csi.ceph.com", "sockFile": "csi.sock"}


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Manila's driver, for the protocol that the promised class is of."""
    shared = facts.storage.shared()
    if facts.controllers.get(slot) != CHART or shared is None:
        return None
    secret = shared.parameters["csi.storage.k8s.io/provisioner-secret-name"]
    return make(
        spec,
        facts,
        slot=slot,
        chart=CHART,
        namespace=NS_SYSTEM,
        pod_security=PodSecurity.PRIVILEGED,
        values=_values(spec, shared.provisioner),
        needs=(slots.NFS_DRIVER,),
        provides=("shared-driver",),
        workloads=(workload(CONTROLLER), workload(NODE, per_node=True)),
        secrets=(
            SecretRef(
                secret,
                # The certificate itself, as the chart mounts no file; an empty one is refused.
                plain={"os-certAuthority": facts.storage.shared_ca} if facts.storage.shared_ca else {},
                late={f"os-{key}": f"shared-{key.lower()}" for key in SECRET_KEYS},
            ),
        ),
    )


SECRET_KEYS = ("authURL", "region", "applicationCredentialID", "applicationCredentialSecret")
"""What the driver wants in its Secret, behind `os-`; late values are named `shared-<key in lower case>`."""


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing: classes are a slot of their own."""
    return ()


def _values(spec: ClusterSpec, provisioner: str) -> dict[str, Any]:
    protocol, driver = provisioner.split(".", 1)
    nfs = protocol == "nfs"

    def sidecar(name: str) -> dict[str, Any]:
        return {"image": {"repository": image(spec, f"registry.k8s.io/sig-storage/{name}")}}

    return {
        "driverName": driver,
        "shareProtocols": [
            {
                "protocolSelector": protocol.upper(),
                "fsGroupPolicy": "None",
                "fwdNodePluginEndpoint": NFS_SOCKET if nfs else CEPHFS_SOCKET,
            }
        ],
        "csimanila": {
            # Without it a share does not say whose it is.
            "clusterID": late.late(late.IDENTITY),
            "image": {"repository": image(spec, "registry.k8s.io/provider-os/manila-csi-plugin")},
        },
        "nodeplugin": {
            "registrar": sidecar("csi-node-driver-registrar"),
            "nodeplugin": {"resources": resources(NODE)},
            "tolerations": [{"operator": "Exists"}],
            "priorityClassName": "system-node-critical",
        },
        "controllerplugin": {
            "provisioner": {**sidecar("csi-provisioner"), "extraCreateMetadata": True},
            "snapshotter": sidecar("csi-snapshotter"),
            "resizer": sidecar("csi-resizer"),
            "nodeplugin": {"resources": resources(CONTROLLER)},
        },
    }
