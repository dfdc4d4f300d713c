"""A control plane on this machine that no stack made: somebody else's cluster, with or without things in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from haven_iac.clouds.local import BLOCK_PROVISIONER, OS_IMAGE, SHARED_PROVISIONER
from haven_iac.clouds.local.commands import FAKE_NODE
from haven_iac.clouds.local.control_plane import ControlPlane
from haven_iac.clouds.local.endpoint import choose
from haven_iac.clouds.local.settings import Settings
from haven_iac.keys.authority import Pair, certificate
from haven_iac.keys.kubeconfig import render
from haven_iac.keys.material import make
from haven_iac.kube import Kube, connect

NODES = {f"theirs-{role}-{n}": (role, f"zone-{n}") for role in ("server", "worker") for n in (1, 2, 3)}
"""Names, with their role and zone."""


class OtherCluster:
    """A running control plane in a folder of its own."""

    def __init__(self, folder: Path, name: str = "theirs") -> None:
        self.name = name
        self._plane = ControlPlane(folder)
        now = datetime.now(UTC)
        files = make(f"{name}-xxxxx", now).files
        settings = Settings(name, choose(str(folder)), "10.42.0.0/16", "10.43.0.0/16", "10.20.0.5")
        try:
            self._plane.create(settings, files)
        except BaseException:
            self._plane.destroy()
            raise
        client = Pair(files["client-ca.crt"], files["client-ca.key"])
        admin = certificate(client, "admin", now, timedelta(hours=2), groups=["system:masters"], client=True)
        self.kubeconfig = render(
            server=settings.endpoint.server, ca=files["ca.crt"], cert=admin.cert, key=admin.key, cluster=name
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._plane.destroy()

    @contextmanager
    def api(self) -> Iterator[Kube]:
        """Give a connection with all rights."""
        with connect(self.kubeconfig) as kube:
            yield kube

    def furnish(self) -> None:
        """Give it nodes in three zones and two storage classes, as a cloud would."""
        with self.api() as kube:
            for body in (*map(_node, NODES), *_classes()):
                kube.create(body)

    def install(self, *objects: Mapping[str, Any]) -> None:
        """Make objects, as somebody else would."""
        with self.api() as kube:
            for body in objects:
                kube.create(body)


def _node(name: str) -> dict[str, Any]:
    role, zone = NODES[name]
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}
    if role == "server":
        labels["node-role.kubernetes.io/control-plane"] = "true"
    notes = {**FAKE_NODE, "haven-iac/kubelet-version": "v1.36.3+rke2r1", "haven-iac/os-image": OS_IMAGE}
    address = f"10.20.0.{10 + sorted(NODES).index(name)}"
    about = {"name": name, "labels": labels, "annotations": {**notes, "haven-iac/address": address}}
    taints = [{"key": "CriticalAddonsOnly", "value": "true", "effect": "NoExecute"}] if role == "server" else []
    return {"apiVersion": "v1", "kind": "Node", "metadata": about, "spec": {"taints": taints}}


def _classes() -> Iterator[dict[str, Any]]:
    for name, provisioner, mode, default in (
        ("standard", BLOCK_PROVISIONER, "WaitForFirstConsumer", "true"),
        ("files", SHARED_PROVISIONER, "Immediate", "false"),
    ):
        yield {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": default}},
            "provisioner": provisioner,
            "volumeBindingMode": mode,
        }


def namespace(name: str) -> dict[str, Any]:
    """Return a namespace of theirs."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def deployment(name: str, where: str, image: str) -> dict[str, Any]:
    """Return a Deployment of theirs, as a chart of another hand would make it."""
    labels = {"app.kubernetes.io/name": name}
    pod = {"containers": [{"name": name, "image": image}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    about = {"name": name, "namespace": where, "labels": labels}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": about, "spec": spec}


def definition(group: str, version: str, kind: str, plural: str, scope: str = "Namespaced") -> dict[str, Any]:
    """Return a CustomResourceDefinition that takes anything."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    versions = [{"name": version, "served": True, "storage": True, "schema": schema}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": scope, "names": names, "versions": versions},
    }


def cert_manager() -> list[dict[str, Any]]:
    """Return a cert-manager of theirs, in a namespace of its own name."""
    return [
        namespace("certificaten"),
        definition("cert-manager.io", "v1", "Certificate", "certificates"),
        definition("cert-manager.io", "v1", "ClusterIssuer", "clusterissuers", "Cluster"),
        deployment("cert-manager", "certificaten", "quay.io/jetstack/cert-manager-controller:v1.19.2"),
    ]


def metrics_server() -> list[dict[str, Any]]:
    """Return a metrics-server of theirs."""
    return [deployment("metrics-server", "kube-system", "registry.k8s.io/metrics-server/metrics-server:v0.8.0")]
