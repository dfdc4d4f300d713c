"""k3s: it knows no CIS profile, so what RKE2's does is written out as arguments.

Not the same as RKE2: no network policies in kube-system of its own, and one process instead of static pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from haven_iac.bootstrap import cilium
from haven_iac.bootstrap.files import File
from haven_iac.bootstrap.rancher import Boot, Rancher
from haven_iac.spec.kubernetes import Cni

_UNIT = """\
[Unit]
Description=Lightweight Kubernetes ({role})
Documentation=https://docs.k3s.io
Wants=network-online.target
After=network-online.target

[Service]
Type={kind}
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s {role}

[Install]
WantedBy=multi-user.target
"""


class K3s(Rancher):
    """k3s."""

    distribution: ClassVar[str] = "k3s"
    join_port: ClassVar[int] = 6443
    units: ClassVar[tuple[str, str]] = ("k3s", "k3s-agent")

    def node_config(self, boot: Boot) -> dict[str, Any]:
        """Return the kernel check and, on agents too, the cloud provider as an argument of the kubelet."""
        found: dict[str, Any] = {"protect-kernel-defaults": True}
        if boot.facts.external_cloud:
            found["kubelet-arg"] = [*self._node(boot)["kubelet-arg"], "cloud-provider=external"]
        return found

    def server_config(self, boot: Boot) -> dict[str, Any]:
        """Return what RKE2's profile does, as arguments; what the platform brings itself is left out."""
        found: dict[str, Any] = {
            "disable": ["servicelb", "traefik", "local-storage", "metrics-server"],
            "kube-apiserver-arg": [
                f"admission-control-config-file={self.ours}/pod-security.yaml",
                f"audit-policy-file={self.ours}/audit-policy.yaml",
                "service-account-extend-token-expiration=false",
            ],
            "kube-controller-manager-arg": ["terminated-pod-gc-threshold=1000"],
        }
        if boot.may_start:
            found["cluster-init"] = True
        if boot.spec.kubernetes.cni is Cni.CILIUM:
            found |= {"flannel-backend": "none", "disable-network-policy": True}
        return found

    def manifests(self, boot: Boot) -> list[dict[str, Any]]:
        """Return Cilium as a chart for the Helm controller of k3s, and the policy on the metadata service."""
        if boot.spec.kubernetes.cni is not Cni.CILIUM:
            return []
        return [cilium.installed(boot.spec, 6444, boot.facts.mirror_ca), cilium.no_metadata()]

    def own_files(self, boot: Boot) -> Iterator[File]:
        """Yield the unit: only RKE2's release holds one."""
        role, unit = ("server", self.units[0]) if boot.machine.server else ("agent", self.units[1])
        yield File(
            f"/etc/systemd/system/{unit}.service",
            _UNIT.format(role=role, kind="notify" if role == "server" else "exec"),
            "0644",
            counts=False,
        )


K3S = K3s()
