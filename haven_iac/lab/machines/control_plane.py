"""The commands of a cluster's control plane, from its first server's plan."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
from pathlib import Path

import yaml

from haven_iac.lab.kube import write_private
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.nodes import LABEL
from haven_iac.lab.machines.plan import Plan

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")

LEASE_SECONDS = int(os.environ.get("HAVEN_LAB_LEASE_SECONDS", "12"))
"""Of a node; renewed at a quarter of it.  Longer for hundreds of nodes."""

GRACE_SECONDS = LEASE_SECONDS + 8
"""Without renewal for so long, a node is NotReady."""

_STAGES = Path(__file__).parent / "stages.yaml"
_OUTPUTS = ("audit-log-path",)
"""Arguments with paths that components write."""

_CIS_NAMESPACES = ["kube-system", "cis-operator-system", "tigera-operator"]


def binary(name: str) -> str:
    """Return where a tool is.

    Raises:
        FileNotFoundError: it is not on PATH.
    """
    path = shutil.which(name)
    if not path:
        raise FileNotFoundError(f"{name} is not on PATH")
    return path


def cidrs(plan: Plan) -> tuple[str, str]:
    """Return the ranges of pods and services, as lists with commas."""
    return (
        ",".join(plan.many("cluster-cidr")) or "10.42.0.0/16",
        ",".join(plan.many("service-cidr")) or "10.43.0.0/16",
    )


def domain(plan: Plan) -> str:
    """Return the cluster's domain."""
    return plan.one("cluster-domain", "cluster.local")


def commands(plan: Plan, root: Root, folder: Path, address: str, advertise: str) -> dict[str, list[str]]:
    """Return the command of each component; writes the files that the arguments name.

    Args:
        plan: of the first server.
        root: disk of the first server; files that arguments name are copied from it.
        folder: of the cluster.
        address: to listen on, here.
        advertise: address of the first server in its cloud.
    """
    place = _Place(plan, root, folder)
    pki = folder / "pki"
    cluster_cidr, service_cidr = cidrs(plan)
    etcd, peer = f"http://{address}:2379", f"http://{address}:2380"
    return {
        "etcd": [
            binary("etcd"),
            "--name=lab",
            f"--data-dir={folder}/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=lab={peer}",
            "--log-level=warn",
        ],
        "kube-apiserver": _argv("kube-apiserver", _api_server(plan, place, pki, address, advertise, etcd)),
        "kube-controller-manager": _argv(
            "kube-controller-manager",
            place.override(
                {
                    "allocate-node-cidrs": "true",
                    "bind-address": address,
                    "cluster-cidr": cluster_cidr,
                    **_signing(pki),
                    "controllers": "*,tokencleaner",
                    "kubeconfig": f"{folder}/controller-manager.kubeconfig",
                    "leader-elect": "false",
                    "node-monitor-grace-period": f"{GRACE_SECONDS}s",
                    "node-monitor-period": "2s",
                    "profiling": "false",
                    "root-ca-file": f"{pki}/server-ca.crt",
                    "service-account-private-key-file": f"{pki}/service.key",
                    "service-cluster-ip-range": service_cidr,
                    "use-service-account-credentials": "true",
                },
                "kube-controller-manager-arg",
            ),
        ),
        "kube-scheduler": _argv(
            "kube-scheduler",
            place.override(
                {
                    "bind-address": address,
                    "kubeconfig": f"{folder}/scheduler.kubeconfig",
                    "leader-elect": "false",
                    "profiling": "false",
                },
                "kube-scheduler-arg",
            ),
        ),
        "kwok": [
            binary("kwok"),
            f"--config={_STAGES}",
            f"--kubeconfig={folder}/kubeconfig",
            f"--cidr={cluster_cidr.split(',')[0]}",
            f"--manage-nodes-with-label-selector={LABEL}=running",
            # Else kwok can take a node back that it has just let go.
            f"--disregard-status-with-label-selector={LABEL}=stopped",
            f"--node-lease-duration-seconds={LEASE_SECONDS}",
            f"--node-ip={advertise}",
            f"--server-address={address}:10247",
        ],
    }


def _api_server(plan: Plan, place: _Place, pki: Path, address: str, advertise: str, etcd: str) -> dict[str, str]:
    issuer = f"https://kubernetes.default.svc.{domain(plan)}"
    usual = {
        "advertise-address": advertise,
        "allow-privileged": "true",
        "anonymous-auth": "false",
        "api-audiences": f"{issuer},{plan.distribution}",
        "authorization-mode": "Node,RBAC",
        "bind-address": address,
        "client-ca-file": f"{pki}/client-ca.crt",
        "enable-admission-plugins": "NodeRestriction",
        "etcd-servers": etcd,
        "profiling": "false",
        "proxy-client-cert-file": f"{pki}/auth-proxy.crt",
        "proxy-client-key-file": f"{pki}/auth-proxy.key",
        "requestheader-allowed-names": "system:auth-proxy",
        "requestheader-client-ca-file": f"{pki}/request-header-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "secure-port": "6443",
        "service-account-issuer": issuer,
        "service-account-key-file": f"{pki}/service.pub",
        "service-account-signing-key-file": f"{pki}/service.key",
        "service-cluster-ip-range": cidrs(plan)[1],
        "service-node-port-range": plan.one("service-node-port-range", "30000-32767"),
        "tls-cert-file": f"{pki}/kube-apiserver.crt",
        "tls-private-key-file": f"{pki}/kube-apiserver.key",
        **place.secrets_encryption(),
        **place.audit(),
        **place.pod_security(),
    }
    asked = plan.arguments("kube-apiserver-arg")
    if "authentication-config" in asked:  # the file says what is anonymous; both together are refused
        usual.pop("anonymous-auth")
    return place.override(usual, "kube-apiserver-arg")


def _signing(pki: Path) -> dict[str, str]:
    found = {}
    for use, authority in (
        ("kube-apiserver-client", "client-ca"),
        ("kubelet-client", "client-ca"),
        ("kubelet-serving", "server-ca"),
    ):
        found[f"cluster-signing-{use}-cert-file"] = f"{pki}/{authority}.nochain.crt"
        found[f"cluster-signing-{use}-key-file"] = f"{pki}/{authority}.key"
    return found


def _argv(name: str, arguments: dict[str, str]) -> list[str]:
    return [binary(name), *(f"--{key}={value}" for key, value in sorted(arguments.items()))]


class _Place:
    """The first server's files, kept with the cluster."""

    def __init__(self, plan: Plan, root: Root, folder: Path) -> None:
        self._plan, self._root, self._folder = plan, root, folder

    def _write(self, name: str, data: object) -> str:
        path = self._folder / name
        write_private(path, yaml.safe_dump(data).encode())
        return str(path)

    def _inside(self, name: str, value: str) -> str:
        """Return a path on the machine as a path here; a file is copied."""
        if not value.startswith("/"):
            return value
        path = self._folder / "root" / os.path.normpath(value).lstrip("/")
        if name in _OUTPUTS:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif (data := self._root.read(value)) is not None:
            write_private(path, data)
        return str(path)

    def override(self, arguments: dict[str, str], key: str) -> dict[str, str]:
        """Return arguments with those that the configuration gives."""
        asked = self._plan.arguments(key)
        return {**arguments, **{name: self._inside(name, value) for name, value in asked.items()}}

    def secrets_encryption(self) -> dict[str, str]:
        """Return the arguments for secrets; RKE2 always encrypts them."""
        if not self._plan.flag("secrets-encryption", default=self._plan.distribution == "rke2"):
            return {}
        path = self._folder / "encryption-config.yaml"
        if not path.exists():
            kind = self._plan.one("secrets-encryption-provider", "aescbc")
            key = {"name": f"{kind}key", "secret": base64.b64encode(secrets.token_bytes(32)).decode()}
            providers = [{kind: {"keys": [key]}}, {"identity": {}}]
            self._write(
                path.name,
                {
                    "apiVersion": "apiserver.config.k8s.io/v1",
                    "kind": "EncryptionConfiguration",
                    "resources": [{"resources": ["secrets"], "providers": providers}],
                },
            )
        return {"encryption-provider-config": str(path)}

    def audit(self) -> dict[str, str]:
        """Return the arguments for an audit log, when there is a policy."""
        policy = self._plan.one("audit-policy-file")
        if not policy:
            return {}
        log = f"{self._plan.data_dir}/server/logs/audit.log"
        return {
            "audit-policy-file": self._inside("", policy),
            "audit-log-path": self._inside("audit-log-path", log),
            "audit-log-maxage": "30",
            "audit-log-maxbackup": "10",
            "audit-log-maxsize": "100",
        }

    def pod_security(self) -> dict[str, str]:
        """Return the argument for Pod Security; restricted with RKE2's `profile: cis`."""
        if given := self._plan.one("pod-security-admission-config-file"):
            return {"admission-control-config-file": self._inside("", given)}
        if self._plan.distribution != "rke2":
            return {}
        strict = self._plan.one("profile").startswith("cis")
        level = "restricted" if strict else "privileged"
        defaults = {mode: level for mode in ("enforce", "audit", "warn")}
        defaults |= {f"{mode}-version": "latest" for mode in ("enforce", "audit", "warn")}
        namespaces = _CIS_NAMESPACES if strict else []
        configuration = {
            "apiVersion": "pod-security.admission.config.k8s.io/v1beta1",
            "kind": "PodSecurityConfiguration",
            "defaults": defaults,
            "exemptions": {"usernames": [], "runtimeClasses": [], "namespaces": namespaces},
        }
        path = self._write(
            "pod-security.yaml",
            {
                "apiVersion": "apiserver.config.k8s.io/v1",
                "kind": "AdmissionConfiguration",
                "plugins": [{"name": "PodSecurity", "configuration": configuration}],
            },
        )
        return {"admission-control-config-file": path}
