"""A cluster that exists as a Pulumi resource: nothing is made, but it has to be the one that was found.

The module's path is part of every such stack's state: it must stay importable.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from haven_iac.clouds.existing.credential import server_of
from haven_iac.errors import CloudError
from haven_iac.kube import connect


def check_it_is(kubeconfig: str, uid: str) -> None:
    """Refuse another cluster than the one that was found.

    Raises:
        CloudError: it is another one.
        UnreachableError: its API does not answer.
    """
    with connect(kubeconfig) as kube:
        system = kube.get("/api/v1/namespaces/kube-system") or {}
    if (system.get("metadata") or {}).get("uid") != uid:
        raise CloudError(
            f"what answers at {server_of(kubeconfig)} is another cluster than the one that was found",
            fix="mend the kubeconfig or context; for another cluster make another stack",
            at="cloud.settings",
        )


class ExistingClusterProvider(ResourceProvider):
    """Looks whether the cluster is there."""

    def _run(self, props: dict[str, Any]) -> dict[str, Any]:
        check_it_is(str(props["kubeconfig"]), str(props["cluster"]))
        return {**props, "ready": server_of(str(props["kubeconfig"]))}

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Look whether it is there, and is the right one."""
        return CreateResult(id_=str(props["cluster"]), outs=self._run(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether the way to it changed.

        Raises:
            CloudError: the stack was made for another cluster.
        """
        if _olds.get("cluster") != _news.get("cluster"):
            raise CloudError(
                "this stack was made for another cluster",
                fix="for another cluster make another stack; what this one made stays in the first",
            )
        return DiffResult(changes=_olds.get("kubeconfig") != _news.get("kubeconfig"))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Look again."""
        return UpdateResult(outs=self._run(_news))


class ExistingCluster(Resource, module="haven", name="ExistingCluster"):
    """A cluster that somebody else made; `destroy` leaves it."""

    ready: pulumi.Output[str]
    """URL of the API, known once it has answered."""

    def __init__(
        self, name: str, kubeconfig: pulumi.Input[str], cluster: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        props = {"kubeconfig": pulumi.Output.secret(kubeconfig), "cluster": cluster, "ready": None}
        super().__init__(ExistingClusterProvider(), name, props, pulumi.ResourceOptions.merge(opts, secret))
