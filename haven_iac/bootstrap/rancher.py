"""RKE2 and k3s: one renderer, two sets of paths.

Sources: the reference of both distributions' configuration files and their documentation on custom CA certificates.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haven_iac.bootstrap.base import Machine, UserData
from haven_iac.bootstrap.facts import BootFacts
from haven_iac.spec import ClusterSpec

_SCRIPTS = Path(__file__).parent / "scripts"

_AUTHORITIES = {
    "ca": "server-ca",
    "client-ca": "client-ca",
    "request-header-ca": "request-header-ca",
    "etcd-ca": "etcd/server-ca",
    "etcd-peer-ca": "etcd/peer-ca",
}
"""File name in the key material, to file name below the distribution's tls folder."""

_SYSCTL = "vm.panic_on_oom=0\nvm.overcommit_memory=1\nkernel.panic=10\nkernel.panic_on_oops=1\n"
"""What `profile: cis` and `protect-kernel-defaults` ask of the kernel."""


@dataclass(frozen=True)
class Rancher:
    """One distribution of the family."""

    distribution: str
    join_port: int
    units: tuple[str, str]
    """systemd units of a server and of an agent."""
    installer: str
    """Where its own installer is published."""
    hardened: bool
    """Whether it knows `profile: cis`."""

    @property
    def settings(self) -> str:
        """Return the folder of its configuration."""
        return f"/etc/rancher/{self.distribution}"

    @property
    def tls(self) -> str:
        """Return the folder of a server's certificates."""
        return f"/var/lib/rancher/{self.distribution}/server/tls"

    def config(self, spec: ClusterSpec, machine: Machine, keys: Mapping[str, str], endpoint: str) -> dict[str, Any]:
        """Return its configuration file as plain values."""
        join = f"https://{endpoint}:{self.join_port}"
        common: dict[str, Any] = {
            "node-name": machine.name,
            "node-label": [f"{k}={v}" for k, v in machine.labels if not k.startswith(_REFUSED)],
            "node-taint": [f"{key}={value}:{effect}" for key, value, effect in machine.taints],
        }
        if self.hardened:
            common["profile"] = "cis"
        else:
            common["protect-kernel-defaults"] = True
        if not machine.server:
            password = keys["agent.token"].strip()
            return {**common, "server": join, "token": f"K10{authority_hash(keys['ca.crt'])}::node:{password}"}
        config = {
            **common,
            "token": keys["server.token"].strip(),
            "agent-token": keys["agent.token"].strip(),
            "tls-san": [endpoint],
            "cluster-cidr": str(spec.network.pods),
            "service-cidr": str(spec.network.services),
            "write-kubeconfig-mode": "0600",
        }
        if self.hardened:
            config["cni"] = [spec.kubernetes.cni.value]
        else:
            config |= {"secrets-encryption": True, "disable": ["servicelb", "traefik", "local-storage"]}
        if not machine.first:
            config["server"] = join
        elif not self.hardened:
            config["cluster-init"] = True
        return config

    def user_data(
        self,
        spec: ClusterSpec,
        machine: Machine,
        keys: Mapping[str, str],
        endpoint: str,
        facts: BootFacts = BootFacts(),
    ) -> UserData:
        """Return cloud-init user data; every string in it is quoted.

        Raises:
            KeyError: the key material lacks a file.
        """
        files = {
            f"{self.settings}/config.yaml": json.dumps(self.config(spec, machine, keys, endpoint), indent=1),
            "/etc/sysctl.d/60-kubernetes-cis.conf": _SYSCTL,
            "/usr/local/sbin/haven-iac-join": self._script(spec, machine, endpoint),
        }
        if machine.first:
            for name, target in _AUTHORITIES.items():
                files[f"{self.tls}/{target}.crt"] = keys[f"{name}.crt"]
                files[f"{self.tls}/{target}.key"] = keys[f"{name}.key"]
            files[f"{self.tls}/service.key"] = keys["service.key"]
        document = {
            "write_files": [
                {
                    "path": path,
                    "permissions": "0700" if path.startswith("/usr/local/sbin/") else "0600",
                    "encoding": "b64",
                    "content": base64.b64encode(content.encode()).decode(),
                }
                for path, content in files.items()
            ],
            "runcmd": [["/usr/local/sbin/haven-iac-join"]],
        }
        return UserData("#cloud-config\n" + json.dumps(document, indent=1) + "\n")

    def _script(self, spec: ClusterSpec, machine: Machine, endpoint: str) -> str:
        values = {
            "DISTRIBUTION": self.distribution,
            "CHANNEL": f"v{spec.kubernetes.version}",
            "INSTALLER": self.installer,
            "UNIT": self.units[0 if machine.server else 1],
            "TYPE": "server" if machine.server else "agent",
            "SETTINGS": self.settings,
            "AUTHORITY": f"{self.tls}/server-ca.crt",
            "JOIN": f"https://{endpoint}:{self.join_port}",
            "FIRST": "yes" if machine.first else "no",
        }
        head = "".join(f"{name}='{value}'\n" for name, value in values.items())
        return "#!/bin/sh\n" + head + (_SCRIPTS / "join.sh").read_text().removeprefix("#!/bin/sh\n")


_REFUSED = ("node-role.kubernetes.io/", "kubernetes.io/", "topology.kubernetes.io/")
"""Labels that a kubelet may not or need not give itself: the distribution and the cloud controller do."""


def authority_hash(chain: str) -> str:
    """Return what a join token starts with: SHA-256 of the root's DER, the last certificate of the chain."""
    body = chain.strip().split("-----BEGIN CERTIFICATE-----")[-1].split("-----END CERTIFICATE-----")[0]
    return hashlib.sha256(base64.b64decode("".join(body.split()))).hexdigest()


RKE2 = Rancher("rke2", 9345, ("rke2-server", "rke2-agent"), "https://get.rke2.io", hardened=True)
K3S = Rancher("k3s", 6443, ("k3s", "k3s-agent"), "https://get.k3s.io", hardened=False)
