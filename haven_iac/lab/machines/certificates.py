"""The certificates of a cluster's users and of its API."""

from __future__ import annotations

import base64
import ipaddress
from pathlib import Path
from typing import Any

from haven_iac.lab.kube import write_kubeconfig
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.pki import AUTHORITIES, Pki
from haven_iac.lab.machines.plan import Plan

_USERS = (
    ("admin", "system:admin", "system:masters"),
    ("controller-manager", "system:kube-controller-manager", None),
    ("scheduler", "system:kube-scheduler", None),
)


def given(plan: Plan, root: Root) -> dict[str, bytes]:
    """Return the authorities that a first server's disk holds, by file name."""
    base = f"{plan.data_dir}/server/tls"
    names = [f"{name}.{end}" for name in AUTHORITIES for end in ("crt", "key")] + ["service.key"]
    return {name: data for name in names if (data := root.read(f"{base}/{name}"))}


def issue(pki: Pki, folder: Path, endpoint: str) -> None:
    """Issue the users' certificates, and write their kubeconfigs.

    Args:
        pki: of the cluster, complete.
        folder: of the cluster.
        endpoint: URL of its API.
    """
    authority = pki.path("server-ca.crt").read_bytes()
    for name, user, group in _USERS:
        pki.client(name, user, group)
        credential = {
            f"client-{kind}-data": base64.b64encode(pki.path(f"{name}.{end}").read_bytes()).decode()
            for kind, end in (("certificate", "crt"), ("key", "key"))
        }
        file = "kubeconfig" if name == "admin" else f"{name}.kubeconfig"
        write_kubeconfig(folder / file, endpoint, authority, name, credential)
    pki.client("auth-proxy", "system:auth-proxy", authority="request-header-ca")


def names(record: dict[str, Any]) -> set[str]:
    """Return the names and addresses that the API of a cluster with this record is called by."""
    service = ipaddress.ip_network(record["service_cidr"].split(",")[0])
    found = {
        "localhost",
        "127.0.0.1",
        record["address"],
        str(service[1]),
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        f"kubernetes.default.svc.{record['cluster_domain']}",
        *record["tls_san"],
    }
    for member in record["members"]:
        if member["role"] == "server":
            found |= {member["address"], member["node"]}
    return found
