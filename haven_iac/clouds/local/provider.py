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
from haven_iac.clouds.local.endpoint import choose
from haven_iac.clouds.local.settings import Settings

REPLACES = ("identity", "address", "ports", "pods", "services")
"""What a control plane is born with."""


def _plane(props: Mapping[str, Any]) -> ControlPlane:
    return ControlPlane(Path(str(props["folder"])))


class LocalEndpointProvider(ResourceProvider):
    """Chooses a loopback address once."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Choose an address at which all ports are free."""
        endpoint = choose(str(props["seed"]))
        outs = {**props, "address": endpoint.address, "ports": dict(endpoint.ports), "server": endpoint.server}
        return CreateResult(id_=endpoint.address, outs=outs)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell that nothing ever changes: the address stays for the life of the stack."""
        return DiffResult(changes=False)


class LocalEndpoint(Resource, module="haven", name="LocalEndpoint"):
    """A loopback address of the cluster's own."""

    address: pulumi.Output[str]
    ports: pulumi.Output[dict[str, int]]
    server: pulumi.Output[str]
    """URL of the Kubernetes API."""

    def __init__(self, name: str, seed: str, opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = dict.fromkeys(("address", "ports", "server"))
        super().__init__(LocalEndpointProvider(), name, {"seed": seed, **outputs}, opts)


class LocalControlPlaneProvider(ResourceProvider):
    """Starts and stops the processes of one cluster."""

    def _run(self, props: dict[str, Any]) -> dict[str, Any]:
        settings = Settings.of(props)
        _plane(props).create(settings, props["material"])
        return {**props, "ready": settings.endpoint.server}

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start everything; what a killed run of the same stack left in the folder is taken over."""
        return CreateResult(id_=str(props["identity"]), outs=self._run(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether a process is gone, or something that the processes are started with changed."""
        replaces = [key for key in REPLACES if _olds.get(key) != _news.get(key)]
        changes = bool(replaces) or _olds.get("folder") != _news.get("folder") or not _plane(_news).running
        return DiffResult(changes=changes, replaces=replaces, delete_before_replace=True)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Start what does not run."""
        return UpdateResult(outs=self._run(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """End every process and remove the folder."""
        _plane(_props).destroy()


class LocalControlPlane(Resource, module="haven", name="LocalControlPlane"):
    """etcd, the Kubernetes control plane and kwok on this machine."""

    ready: pulumi.Output[str]
    """Known when the API answers."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["material"])
        super().__init__(
            LocalControlPlaneProvider(), name, {**props, "ready": None}, pulumi.ResourceOptions.merge(opts, secret)
        )
