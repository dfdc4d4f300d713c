"""RKE2: hardened by its own `profile: cis`."""

from __future__ import annotations

from typing import Any, ClassVar

from haven_iac.bootstrap import cilium
from haven_iac.bootstrap.rancher import Boot, Rancher
from haven_iac.spec.kubernetes import Cni


class Rke2(Rancher):
    """RKE2."""

    distribution: ClassVar[str] = "rke2"
    join_port: ClassVar[int] = 9345
    units: ClassVar[tuple[str, str]] = ("rke2-server", "rke2-agent")

    def node_config(self, boot: Boot) -> dict[str, Any]:
        """Return the CIS profile and, on agents too, the cloud provider: it counts for its own node only."""
        found: dict[str, Any] = {"profile": "cis"}
        if boot.facts.external_cloud:
            found["cloud-provider-name"] = "external"
        return found

    def server_config(self, boot: Boot) -> dict[str, Any]:
        """Return pod network, audit and Pod Security; ingress, metrics and snapshots are the platform's own."""
        return {
            "cni": [boot.spec.kubernetes.cni.value],
            "ingress-controller": ["none"],
            "disable": ["rke2-metrics-server", "rke2-snapshot-controller", "rke2-snapshot-controller-crd"],
            "audit-policy-file": f"{self.ours}/audit-policy.yaml",
            "pod-security-admission-config-file": f"{self.ours}/pod-security.yaml",
        }

    def manifests(self, boot: Boot) -> list[dict[str, Any]]:
        """Return values for the Cilium that RKE2 brings, and the policy on the metadata service."""
        if boot.spec.kubernetes.cni is not Cni.CILIUM:
            return []
        return [cilium.configured(boot.spec, api_port=6443), cilium.no_metadata()]


RKE2 = Rke2()
