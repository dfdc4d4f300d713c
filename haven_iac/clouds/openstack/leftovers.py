"""What a cluster's controllers made in the cloud, as a Pulumi resource that does nothing until it is deleted.

It is made before the platform and after all nodes, so it is deleted while controllers and nodes still run; a plain
`pulumi destroy` is enough. The module's path is part of every stack's state: it must stay importable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from haven_iac.clouds.base import tell
from haven_iac.clouds.openstack.api import Kube
from haven_iac.clouds.openstack.buckets import end
from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.differences import compared
from haven_iac.clouds.openstack.drain import drain
from haven_iac.clouds.openstack.inputs import access, access_from
from haven_iac.clouds.openstack.sweep import sweep

SECONDS = 10.0
"""How long one answer of the cluster's API may take."""


class LeftoversProvider(ResourceProvider):
    """Notes how cluster and cloud are reached; on delete, drains the one and sweeps the other."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make nothing."""
        return CreateResult(id_=str(props["identity"]), outs=props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell that another identity is another cluster; all else is noted."""
        return compared(_olds, _news, replaces=("identity",), noted=("settings", "kubeconfig", "ending"))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Note it."""
        return UpdateResult(outs=_news)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Give back everything that controllers hold in the cloud.

        Raises:
            HavenError: the cloud does not let us in, or something would not go.
        """
        connection = connect(access_from(_props["settings"]))
        drain(Kube(str(_props["kubeconfig"]), SECONDS), tell)
        swept = sweep(connection, str(_props["identity"]), tell)
        end(connection, str(_props["identity"]), _props.get("ending") or ())
        if not swept:
            tell(f"the cloud holds nothing more that the controllers of {_props['identity']} made")


class Leftovers(Resource, module="haven", name="OpenStackLeftovers"):
    """Everything that is in no state, gone before the servers are."""

    def __init__(
        self,
        name: str,
        *,
        identity: pulumi.Input[str],
        kubeconfig: pulumi.Input[str],
        settings: Mapping[str, Any],
        ending: Sequence[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Make it; `ending` are the containers that are emptied when it is deleted."""
        props = {
            "identity": identity,
            "kubeconfig": pulumi.Output.secret(kubeconfig),
            "settings": access(settings),
            "ending": list(ending),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        super().__init__(LeftoversProvider(), name, props, pulumi.ResourceOptions.merge(opts, secret))
