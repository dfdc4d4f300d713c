"""RKE2 and k3s: one renderer; what differs stands in `rke2` and `k3s`.

Sources: the reference of both distributions' configuration files, their documentation on custom CA certificates, tokens
and hardening, and the CIS self-assessment of RKE2, whose open points on the kubelet are closed here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from haven_iac.bootstrap import audit, authentication, host, known, pod_security, registries, releases, snapshots
from haven_iac.bootstrap.base import Machine, UserData
from haven_iac.bootstrap.facts import BootFacts
from haven_iac.bootstrap.files import ETC, File, cloud_config, quoted, several
from haven_iac.errors import SpecError
from haven_iac.spec import ClusterSpec

AUTHORITIES = {
    "ca": "server-ca",
    "client-ca": "client-ca",
    "request-header-ca": "request-header-ca",
    "etcd-ca": "etcd/server-ca",
    "etcd-peer-ca": "etcd/peer-ca",
}
"""File name in the key material, to file name below the distribution's tls folder."""

KUBELET = (
    "tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,"
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "pod-max-pids=4096",
    "seccomp-default=true",
    "streaming-connection-idle-timeout=5m",
)
"""What CIS 4.2.5 and 4.2.12 to 4.2.14 ask of the kubelet and the distribution leaves open."""

ADMISSION = "enable-admission-plugins=NodeRestriction,DenyServiceExternalIPs"
"""CIS 1.2.3; k3s replaces its own list by this one, so NodeRestriction stands in it."""

_PASSING = frozenset({"token", "agent-token", "node-name", "node-label", "node-taint", "node-ip", "tls-san", "server"})
_PASSING |= {"cluster-init", "etcd-s3-access-key", "etcd-s3-secret-key"}
"""Keys in which machines of one generation differ."""


@dataclass(frozen=True)
class Boot:
    """Everything that one machine's user data rests on."""

    spec: ClusterSpec
    machine: Machine
    keys: Mapping[str, str]
    endpoint: str
    facts: BootFacts

    @property
    def may_start(self) -> bool:
        """Return whether the machine may start the cluster when there is none."""
        return self.machine.first and not self.facts.cluster_exists

    def token(self, user: str) -> str:
        """Return a token that says which authority to believe; `user` is server, or node for agents."""
        word = self.keys["server.token" if user == "server" else "agent.token"].strip()
        return f"K10{authority_hash(self.keys['ca.crt'])}::{user}:{word}"


class Rancher(ABC):
    """One distribution of the family."""

    distribution: ClassVar[str]
    join_port: ClassVar[int]
    units: ClassVar[tuple[str, str]]
    """systemd units of a server and of an agent."""

    @property
    def settings(self) -> str:
        """Return the folder of its configuration."""
        return f"/etc/rancher/{self.distribution}"

    @property
    def data(self) -> str:
        """Return the folder of its data."""
        return f"/var/lib/rancher/{self.distribution}"

    @property
    def ours(self) -> str:
        """Return the folder of the files that its configuration names: one that it never writes to itself."""
        return f"{self.settings}/haven-iac"

    @abstractmethod
    def node_config(self, boot: Boot) -> dict[str, Any]:
        """Return what every node's configuration holds in this distribution's own words."""

    @abstractmethod
    def server_config(self, boot: Boot) -> dict[str, Any]:
        """Return what a server's configuration holds in this distribution's own words."""

    @abstractmethod
    def manifests(self, boot: Boot) -> list[dict[str, Any]]:
        """Return objects that every server applies by itself before anything else runs."""

    def own_files(self, boot: Boot) -> Iterator[File]:
        """Yield files that only this distribution needs."""
        yield from ()

    def config(self, boot: Boot) -> dict[str, Any]:
        """Return the configuration file as plain values."""
        join = f"https://{bracketed(boot.endpoint)}:{self.join_port}"
        config = {**self._node(boot), **self.node_config(boot)}
        if not boot.machine.server:
            return {**config, "server": join, "token": boot.token("node")}
        config |= self._server(boot)
        config |= {key: [*config.get(key, ()), *more] for key, more in self._arguments(boot).items()}
        for key, value in self.server_config(boot).items():
            config[key] = [*config[key], *value] if key.endswith("-arg") and key in config else value
        if boot.may_start:
            # Without `server`, and with the password alone: there is nobody to ask and nothing to compare with yet.
            return {**config, "token": boot.keys["server.token"].strip()}
        return {**config, "server": join, "token": boot.token("server")}

    def _node(self, boot: Boot) -> dict[str, Any]:
        machine, external = boot.machine, boot.facts.external_cloud
        found: dict[str, Any] = {"node-name": machine.name}
        if boot.facts.node_ip:
            found["node-ip"] = [boot.facts.node_ip]
        if labels := [f"{key}={value}" for key, value in machine.labels if settable(key, external_cloud=external)]:
            found["node-label"] = labels
        if machine.taints:
            found["node-taint"] = [f"{key}={value}:{effect}" for key, value, effect in machine.taints]
        found["kubelet-arg"] = list(KUBELET)
        if boot.spec.mirror.images:
            found["disable-default-registry-endpoint"] = True
        return found

    def _server(self, boot: Boot) -> dict[str, Any]:
        spec = boot.spec
        found = {
            "agent-token": boot.keys["agent.token"].strip(),
            "tls-san": list(dict.fromkeys(filter(None, [boot.endpoint, *boot.facts.names, spec.api_name]))),
            "cluster-cidr": str(spec.network.pods),
            "service-cidr": str(spec.network.services),
            "write-kubeconfig-mode": "0600",
            "secrets-encryption": True,
            "disable-cloud-controller": boot.facts.external_cloud,
            "disable-kube-proxy": spec.kubernetes.cni.value == "cilium",
            **snapshots.config(spec, boot.facts),
        }
        if registry := registries.system_default(spec):
            found["system-default-registry"] = registry
        return found

    def _arguments(self, boot: Boot) -> dict[str, list[str]]:
        arguments = [*audit.ARGUMENTS, ADMISSION]
        if boot.spec.identity.oidc:
            arguments += [f"authentication-config={self.ours}/authentication.yaml", authentication.NOT_ANONYMOUS]
        return {"kube-apiserver-arg": arguments}

    def _node_files(self, boot: Boot) -> Iterator[File]:
        authority = host.MIRROR_CA if boot.facts.mirror_ca else ""
        if text := registries.text(boot.spec, authority):
            yield File(f"{self.settings}/registries.yaml", text)

    def _server_files(self, boot: Boot) -> Iterator[File]:
        yield File(f"{self.ours}/audit-policy.yaml", audit.text())
        yield File(f"{self.ours}/pod-security.yaml", pod_security.text())
        if oidc := boot.spec.identity.oidc:
            text = authentication.text(oidc, boot.facts.identity_ca)
            yield File(f"{self.ours}/authentication.yaml", text)
        if manifests := self.manifests(boot):
            yield File(f"{self.data}/server/manifests/haven-iac.yaml", several(manifests))
        for name, text in boot.facts.manifests:
            yield File(f"{self.data}/server/manifests/haven-iac-{name}.yaml", text)
        if boot.facts.snapshots and boot.facts.snapshots.access_key and boot.facts.snapshots.ca:
            yield File(snapshots.CA_FILE, boot.facts.snapshots.ca, counts=False)

    def _key_files(self, boot: Boot) -> Iterator[File]:
        tls = f"{self.data}/server/tls"
        for name, target in AUTHORITIES.items():
            yield File(f"{tls}/{target}.crt", boot.keys[f"{name}.crt"], counts=False)
            yield File(f"{tls}/{target}.key", boot.keys[f"{name}.key"], counts=False)
        yield File(f"{tls}/service.key", boot.keys["service.key"], counts=False)
        yield File(f"{ETC}/join-token", boot.token("server") + "\n", counts=False)

    def user_data(
        self,
        spec: ClusterSpec,
        machine: Machine,
        keys: Mapping[str, str],
        endpoint: str,
        facts: BootFacts = BootFacts(),
    ) -> UserData:
        """Return cloud-init user data; every text in the distribution's files is quoted.

        Raises:
            KeyError: the key material lacks a file.
            SpecError: no release of the distribution is known for the version, or it lacks a setting that is needed.
        """
        boot = Boot(spec, machine, keys, endpoint, facts)
        release = releases.of(spec)
        config = self.config(boot)
        role = "server" if machine.server else "agent"
        if wrong := list(known.problems(self.distribution, role, release.name, config)):
            fix = "choose another kubernetes.release, or leave it out"
            raise SpecError("; ".join(wrong), fix=fix, at="kubernetes.release")
        files = [*self._node_files(boot), *self.own_files(boot)]
        if machine.server:
            files += self._server_files(boot)
        if boot.may_start:
            files += self._key_files(boot)
        node = host.Node(
            distribution=self.distribution,
            unit=self.units[0 if machine.server else 1],
            data=self.data,
            settings=self.settings,
            authority=f"{self.data}/server/tls/server-ca.crt",
            join_port=self.join_port,
            server=machine.server,
            may_start=boot.may_start,
        )
        files += host.files(spec, node, endpoint, facts, release)
        settings = File(f"{self.settings}/config.yaml", quoted(config))
        commands = [["systemctl", "daemon-reload"], ["systemctl", "enable", "--now", "--no-block", host.SERVICE]]
        return UserData(cloud_config([settings, *files], commands), _generation(release.name, config, files))


def _generation(release: str, config: Mapping[str, Any], files: list[File]) -> str:
    """Return a short text that stays the same while machines need not be made anew."""
    lasting = {key: value for key, value in config.items() if key not in _PASSING}
    told = [release, lasting, sorted((one.path, one.text) for one in files if one.counts)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


_BY_CLOUD = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region", "node.kubernetes.io/instance-type")
"""Labels that a cloud controller sets, and a kubelet may set where there is none."""


def settable(key: str, *, external_cloud: bool) -> bool:
    """Return whether a kubelet may and should give itself this label."""
    domain, slash, _ = key.rpartition("/")
    if key in _BY_CLOUD:
        return not external_cloud
    return not slash or not domain.endswith(("kubernetes.io", "k8s.io")) or domain.endswith("node.kubernetes.io")


def bracketed(name: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{name}]" if ":" in name else name


def authority_hash(chain: str) -> str:
    """Return what a join token starts with: SHA-256 of the root's DER, the last certificate of the chain."""
    body = chain.strip().split("-----BEGIN CERTIFICATE-----")[-1].split("-----END CERTIFICATE-----")[0]
    return hashlib.sha256(base64.b64decode("".join(body.split()))).hexdigest()
