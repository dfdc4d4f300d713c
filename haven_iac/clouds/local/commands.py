"""The processes of a control plane: their files and their arguments, all relative to the cluster's folder.

Nothing here is absolute, so that a folder that is moved goes on as it is.  The API server is set up as the CIS
benchmark asks, so that what a check reads from this cluster is what the cluster really does.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haven_iac.clouds.local.pki import Pki, write
from haven_iac.clouds.local.settings import DOMAIN, Settings
from haven_iac.keys.kubeconfig import render

TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
SIMULATOR = "simulator"
STORE = TOOLS[:2]
"""What has to answer before the others can start."""
COMPANIONS = (*TOOLS[2:], SIMULATOR)
ORDER = (*STORE, *COMPANIONS)
"""In the order in which they are started."""

KWOK_USER = "haven-iac:kwok"
SIMULATOR_USER = "haven-iac:simulator"

FAKE_NODE = {"kwok.x-k8s.io/node": "fake"}
"""Annotation of the nodes that kwok plays."""


@dataclass(frozen=True)
class Command:
    """How to start one process."""

    name: str
    arguments: tuple[str, ...]
    reads: tuple[str, ...]
    """Files, relative to the folder, that it reads once: when one changes it has to be started again."""

    def fingerprint(self, folder: Path, version: str) -> str:
        """Return a digest of everything that it is started with."""
        digest = hashlib.sha256(json.dumps([self.name, self.arguments, version]).encode())
        for name in self.reads:
            digest.update((folder / name).read_bytes())
        return digest.hexdigest()


def prepare(folder: Path, settings: Settings) -> None:
    """Write everything that the processes read; the key material is there already."""
    pki = Pki(folder / "pki")
    address = settings.endpoint.address
    names = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{DOMAIN}")
    pki.leaf(
        "kube-apiserver",
        "ca",
        "kube-apiserver",
        names=(*names, address, settings.service_address, settings.advertise),
        server=True,
    )
    pki.leaf("etcd", "etcd-ca", "etcd", names=(address,), server=True, client=True)
    pki.leaf("etcd-client", "etcd-ca", "kube-apiserver", client=True)
    pki.leaf("auth-proxy", "request-header-ca", "system:auth-proxy", client=True)
    pki.leaf("probe", "client-ca", "haven-iac:probe", client=True)
    users = {
        "kube-controller-manager": ("system:kube-controller-manager", ()),
        "kube-scheduler": ("system:kube-scheduler", ()),
        "kwok": (KWOK_USER, ("system:masters",)),
        SIMULATOR: (SIMULATOR_USER, ("system:masters",)),
    }
    for name, (user, groups) in users.items():
        pki.leaf(name, "client-ca", user, groups=groups, client=True)
        kubeconfig = render(
            server=settings.endpoint.server,
            ca=pki.read("ca.crt"),
            cert=pki.read(f"{name}.crt"),
            key=pki.read(f"{name}.key"),
            cluster=settings.name,
            user=user,
        )
        write(folder / f"{name}.kubeconfig", kubeconfig)
    for name, document in _documents(pki).items():
        write(folder / name, json.dumps(document, indent=1))
    write(folder / "stages.yaml", (Path(__file__).parent / "stages.yaml").read_text())


def _documents(pki: Pki) -> dict[str, Any]:
    """Return the files of the API server; Kubernetes reads JSON wherever it reads YAML."""
    return {
        "encryption.json": {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [
                {
                    "resources": ["secrets"],
                    "providers": [
                        {"aescbc": {"keys": [{"name": "cluster", "secret": pki.read("encryption.key").strip()}]}},
                        {"identity": {}},
                    ],
                }
            ],
        },
        "audit-policy.json": {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [
                {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
                {
                    "level": "None",
                    "verbs": ["get", "list", "watch"],
                    "users": [KWOK_USER, SIMULATOR_USER, "system:kube-scheduler", "system:apiserver"],
                },
                {"level": "Metadata"},
            ],
        },
    }


def commands(settings: Settings) -> list[Command]:
    """Return every process, in the order in which they are started."""
    address, ports = settings.endpoint.address, settings.endpoint.ports
    store, peer = f"https://{address}:{ports['etcd']}", f"https://{address}:{ports['etcd-peer']}"
    issuer = f"https://kubernetes.default.svc.{DOMAIN}"
    etcd = {
        "name": "local",
        "data-dir": "etcd",
        "unsafe-no-fsync": "true",
        "log-level": "warn",
        "listen-client-urls": store,
        "advertise-client-urls": store,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"local={peer}",
    }
    for prefix in ("", "peer-"):
        etcd |= {
            f"{prefix}cert-file": "pki/etcd.crt",
            f"{prefix}key-file": "pki/etcd.key",
            f"{prefix}trusted-ca-file": "pki/etcd-ca.trust.crt",
            f"{prefix}client-cert-auth": "true",
        }
    server = {
        "advertise-address": settings.advertise,
        "allow-privileged": "true",
        "anonymous-auth": "false",
        "api-audiences": issuer,
        "audit-log-maxage": "30",
        "audit-log-maxbackup": "1",
        "audit-log-maxsize": "20",
        "audit-log-path": "logs/audit.log",
        "audit-policy-file": "audit-policy.json",
        "authorization-mode": "Node,RBAC",
        "bind-address": address,
        "client-ca-file": "pki/client-ca.trust.crt",
        "enable-admission-plugins": "NodeRestriction",
        "encryption-provider-config": "encryption.json",
        "etcd-cafile": "pki/etcd-ca.trust.crt",
        "etcd-certfile": "pki/etcd-client.crt",
        "etcd-keyfile": "pki/etcd-client.key",
        "etcd-servers": store,
        "profiling": "false",
        "proxy-client-cert-file": "pki/auth-proxy.crt",
        "proxy-client-key-file": "pki/auth-proxy.key",
        "requestheader-allowed-names": "system:auth-proxy",
        "requestheader-client-ca-file": "pki/request-header-ca.trust.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "secure-port": str(ports["kube-apiserver"]),
        "service-account-issuer": issuer,
        "service-account-key-file": "pki/service.key",
        "service-account-signing-key-file": "pki/service.key",
        "service-cluster-ip-range": settings.services,
        "tls-cert-file": "pki/kube-apiserver.crt",
        "tls-private-key-file": "pki/kube-apiserver.key",
    }
    manager = {
        "allocate-node-cidrs": "true",
        "cluster-cidr": settings.pods,
        "cluster-signing-cert-file": "pki/client-ca.trust.crt",
        "cluster-signing-key-file": "pki/client-ca.key",
        "kubeconfig": "kube-controller-manager.kubeconfig",
        "leader-elect": "false",
        "profiling": "false",
        "root-ca-file": "pki/ca.crt",
        "secure-port": "0",
        "service-account-private-key-file": "pki/service.key",
        "service-cluster-ip-range": settings.services,
        "use-service-account-credentials": "true",
    }
    scheduler = {
        "kubeconfig": "kube-scheduler.kubeconfig",
        "leader-elect": "false",
        "profiling": "false",
        "secure-port": "0",
    }
    kwok = {
        "config": "stages.yaml",
        "kubeconfig": "kwok.kubeconfig",
        "cidr": settings.pods,
        "manage-nodes-with-annotation-selector": ",".join(f"{k}={v}" for k, v in FAKE_NODE.items()),
        "node-lease-duration-seconds": "40",
    }
    simulator = {"kubeconfig": "simulator.kubeconfig", "seed": address}
    return [
        _command("etcd", etcd),
        _command("kube-apiserver", server, "encryption.json", "audit-policy.json"),
        _command("kube-controller-manager", manager),
        _command("kube-scheduler", scheduler),
        _command("kwok", kwok, "stages.yaml"),
        _command(SIMULATOR, simulator),
    ]


def _command(name: str, values: Mapping[str, str], *reads: str) -> Command:
    named = [values[k] for k in sorted(values) if values[k].startswith("pki/") or values[k].endswith(".kubeconfig")]
    arguments = tuple(f"--{key}={value}" for key, value in sorted(values.items()))
    return Command(name, arguments, (*dict.fromkeys(named), *reads))


def start_of(name: str, locations: Mapping[str, Path]) -> list[str]:
    """Return what comes before the arguments: the tool, or ourselves."""
    if name == SIMULATOR:
        return [sys.executable, "-m", "haven_iac.clouds.local.simulator"]
    return [str(locations[name])]
