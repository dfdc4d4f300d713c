"""Waits until the Kubernetes API answers, and says why it does not.

The module's path is part of every stack's state: it must stay importable.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from haven_iac.clouds.openstack.api import Kube
from haven_iac.clouds.openstack.consoles import told
from haven_iac.clouds.openstack.differences import compared
from haven_iac.clouds.openstack.inputs import access, access_from
from haven_iac.errors import DeployError, UnreachableError

PAUSE = 1.0
REPORT = 30.0


class ApiReadyProvider(ResourceProvider):
    """Asks the API whether it is ready."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait for the API.

        Raises:
            DeployError: it does not answer in time; with the end of the consoles of the servers.
        """
        wait(props)
        return CreateResult(id_=str(props["identity"]), outs={**props, "ready": props["identity"]})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell that only another cluster is waited for anew; another credential is just noted."""
        return compared(_olds, _news, replaces=("identity",), noted=("kubeconfig", "servers", "settings"))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Wait for the API, as for a new one: what comes after needs it."""
        wait(_news)
        return UpdateResult(outs={**_news, "ready": _news["identity"]})


def wait(props: Mapping[str, Any]) -> None:
    """Return when the API says that it is ready.

    Raises:
        DeployError: it does not in time.
    """
    patience = access_from(props["settings"]).boot_seconds
    deadline, reason = time.monotonic() + patience, ""
    api = Kube(str(props["kubeconfig"]), seconds=5)
    while time.monotonic() < deadline:
        try:
            api.ask("GET", "/readyz")
            return
        except UnreachableError as error:
            reason = error.what
        time.sleep(PAUSE)
    servers = [str(one) for one in props["servers"]]
    raise DeployError(
        f"the Kubernetes API is not ready after {patience:.0f} s: {reason}{told(props['settings'], servers)}",
        fix="see the consoles; what was made stays, and the next run goes on waiting",
    )


class ApiReady(Resource, module="haven", name="ApiReady"):
    """Known when the Kubernetes API answers."""

    ready: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        identity: pulumi.Input[str],
        kubeconfig: pulumi.Input[str],
        servers: Sequence[pulumi.Input[str]],
        settings: Mapping[str, Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        props = {
            "identity": identity,
            "kubeconfig": pulumi.Output.secret(kubeconfig),
            "servers": list(servers),
            "settings": access(settings),
            "ready": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        super().__init__(ApiReadyProvider(), name, props, pulumi.ResourceOptions.merge(opts, secret))
