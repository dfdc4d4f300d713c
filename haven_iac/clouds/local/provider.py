"""A simulated control plane as Pulumi resources.

The module's path is part of every local stack's state: it must stay importable.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from haven_iac.clouds.local.control_plane import ControlPlane
from haven_iac.clouds.local.endpoint import PORTS, choose


def plane(props: Mapping[str, Any]) -> ControlPlane:
    """Return the control plane that a resource's properties describe."""
    return ControlPlane(
        Path(str(props["folder"])),
        str(props["address"]),
        str(props["pods"]),
        str(props["services"]),
        str(props["advertise"]),
    )


class LocalEndpointProvider(ResourceProvider):
    """Chooses a loopback address once."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Choose an address at which all ports are free."""
        address = choose(str(props["seed"]))
        return CreateResult(
            id_=address, outs={**props, "address": address, "server": f"https://{address}:{PORTS['kube-apiserver']}"}
        )

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell that nothing ever changes: the address stays for the life of the stack."""
        return DiffResult(changes=False)


class LocalEndpoint(Resource):
    """A loopback address of the cluster's own."""

    address: pulumi.Output[str]
    server: pulumi.Output[str]

    def __init__(self, name: str, seed: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(LocalEndpointProvider(), name, {"seed": seed, "address": None, "server": None}, opts)


class LocalControlPlaneProvider(ResourceProvider):
    """Starts and stops the processes of one cluster."""

    def _start(self, props: dict[str, Any]) -> dict[str, Any]:
        control = plane(props)
        control.start(props["material"])
        return {**props, "ready": control.server}

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start everything; what a killed run left in the folder is removed first."""
        plane(props).destroy()
        return CreateResult(id_=str(props["name"]), outs=self._start(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether a process has died, or something that the processes are started with changed."""
        replaced = [key for key in ("address", "pods", "services", "identity") if _olds.get(key) != _news.get(key)]
        moved = _olds.get("folder") != _news.get("folder")
        dead = not plane(_olds).running
        return DiffResult(changes=bool(replaced) or moved or dead, replaces=replaced, delete_before_replace=True)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Start what does not run; a folder that moved with its project is taken over where it is now."""
        if _olds.get("folder") != _news.get("folder") and Path(str(_olds["folder"])).exists():
            plane(_olds).stop()
        return UpdateResult(outs=self._start(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """End every process and remove the folder."""
        plane(_props).destroy()


class LocalControlPlane(Resource):
    """etcd, the Kubernetes control plane and kwok on this machine."""

    ready: pulumi.Output[str]

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["material"])
        super().__init__(
            LocalControlPlaneProvider(), name, {**props, "ready": None}, pulumi.ResourceOptions.merge(opts, secret)
        )
