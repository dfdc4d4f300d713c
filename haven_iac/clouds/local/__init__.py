"""A cluster on this machine: a real Kubernetes API, simulated nodes and pods.  A rehearsal, never evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haven_iac.clouds.base import API, Finding
from haven_iac.facts import (
    Capability,
    CloudFacts,
    FlavorFacts,
    LoadBalancerFacts,
    NodeFacts,
    StorageClassFacts,
    StorageFacts,
)
from haven_iac.plan.model import ClusterPlan
from haven_iac.spec import ClusterSpec
from haven_iac.spec.model import SpecModel
from haven_iac.spec.platform import SharedKind

if TYPE_CHECKING:
    from haven_iac.clouds.base import CloudBuilder

BLOCK_PROVISIONER = "block.local.haven-iac"
SHARED_PROVISIONER = "shared.local.haven-iac"
OS_IMAGE = "Ubuntu 24.04 LTS (simulated)"
FLAVORS = {"default": FlavorFacts(16_000, 64 * 1024)}
"""What a simulated node says it has."""
DEFAULT_ZONES = ("local-1", "local-2", "local-3")
MEMORY_BYTES = 3 * 10**9
DISK_BYTES = 2 * 10**9


class LocalSettings(SpecModel):
    """A local cluster needs no settings."""


class LocalCloud:
    """The simulated cloud."""

    kind = "local"
    api = API
    settings_model: type[SpecModel] = LocalSettings
    tools = ("local",)
    capabilities = frozenset(
        {
            Capability.BLOCK_STORAGE,
            Capability.SHARED_STORAGE,
            Capability.LOAD_BALANCER,
            Capability.ZONES,
            Capability.NODE_POOLS,
        }
    )

    def promise(self, spec: ClusterSpec) -> CloudFacts:
        """Return what a local cluster offers: everything, simulated."""
        classes = [
            StorageClassFacts("block", BLOCK_PROVISIONER, ("ReadWriteOnce",), default=True),
        ]
        if spec.storage.block.encrypted_type:
            parameters = {"type": spec.storage.block.encrypted_type}
            classes.append(
                StorageClassFacts("block-encrypted", BLOCK_PROVISIONER, ("ReadWriteOnce",), parameters=parameters)
            )
        if spec.storage.shared.kind is not SharedKind.NONE:
            classes.append(
                StorageClassFacts("shared", SHARED_PROVISIONER, ("ReadWriteOnce", "ReadWriteMany"), "Immediate")
            )
        return CloudFacts(
            kind=self.kind,
            simulated=True,
            managed_control_plane=False,
            zones=spec.cloud.zones or DEFAULT_ZONES,
            nodes=NodeFacts(os_image=OS_IMAGE, hardening="AppArmor", flavors=dict(FLAVORS)),
            storage=StorageFacts(tuple(classes)),
            load_balancer=LoadBalancerFacts(available=True, proxy_protocol=True),
            stand_in_charts=True,
            capabilities=self.capabilities,
        )

    def probe(self, plan: ClusterPlan) -> list[Finding]:
        """Look whether this machine has room for the control plane's processes."""
        import os
        import shutil

        findings = []
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        available = _available_memory() or free
        if available < MEMORY_BYTES:
            findings.append(
                Finding(
                    "warning",
                    f"{available / 1e9:.1f} GB of memory is available and a local cluster takes about 1.5 GB",
                    "stop another cluster: `haven-iac local list`",
                )
            )
        disk = shutil.disk_usage(os.getcwd()).free
        if disk < DISK_BYTES:
            findings.append(
                Finding(
                    "error", f"{disk / 1e9:.1f} GB of disk is free and a local cluster takes 2 GB", "free some space"
                )
            )
        return findings

    def builder(self, root: str) -> CloudBuilder:
        """Return what makes the cluster; imports Pulumi."""
        from haven_iac.clouds.local.build import LocalBuilder

        return LocalBuilder(root)


def _available_memory() -> int:
    try:
        with open("/proc/meminfo") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


CLOUD = LocalCloud()
