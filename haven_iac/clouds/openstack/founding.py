"""Whether a cluster exists, noted outside its servers, so that none of them ever starts a second one.

Once the API has answered, a port without an address keeps its name in the node network: whoever makes the first server
anew finds it there, and gives that server no key.  The first server that has keys is told besides, in its metadata,
for the day on which somebody rebuilds it by hand.  The module's path is part of every stack's state: it must stay
importable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from haven_iac.bootstrap.facts import Marker
from haven_iac.clouds.openstack import names
from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.differences import compared
from haven_iac.clouds.openstack.inputs import access, access_from
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.clouds.openstack.tokens import look, make
from haven_iac.plan.model import ClusterPlan

KEY = "haven-iac-founded"
"""Key in the metadata of a first server whose cluster has been started; stands nowhere else in what it is told."""
METADATA = "http://169.254.169.254/openstack/latest/meta_data.json"


def marker(settings: OpenStackSettings) -> Marker | None:
    """Return where a first server looks whether its cluster exists; None where metadata stands on a drive for good."""
    return None if settings.config_drive else Marker(METADATA, KEY)


def exists(identity: pulumi.Output[str], parent: pulumi.Resource | None) -> pulumi.Output[bool]:
    """Return whether the cluster has been started already."""
    asked = {"name": identity.apply(lambda one: names.named(one, "founded"))}
    found = look("networking/getPortIds:getPortIds", asked, parent)
    return found.apply(lambda answer: bool(answer.get("ids")))


def note(
    plan: ClusterPlan,
    identity: pulumi.Output[str],
    placed: Any,
    first: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Note that the cluster exists.

    Args:
        plan: the cluster.
        identity: of the cluster.
        placed: what `network.build` returned.
        first: id of the first server.
        opts: parent; depends on the API's answer.
    """
    make(
        "networking/port:Port",
        f"{plan.spec.name}-founded",
        {
            "name": identity.apply(lambda one: names.named(one, "founded")),
            "description": names.described(f"Says that the cluster {plan.spec.name} has been started"),
            "networkId": placed["network"],
            "noFixedIp": True,
            "noSecurityGroups": True,
            "adminStateUp": False,
            "tags": identity.apply(lambda one: [names.tag(one)]),
        },
        opts,
    )
    Founded(f"{plan.spec.name}-founded", identity=identity, server=first, settings=plan.spec.cloud.settings, opts=opts)


class FoundedProvider(ResourceProvider):
    """Tells the first server that its cluster exists."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Tell it."""
        _tell(props)
        return CreateResult(id_=str(props["identity"]), outs=dict(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell that another server has to be told; another way to the cloud is just noted."""
        return compared(_olds, _news, replaces=(), noted=("identity", "server", "settings"))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Tell it."""
        _tell(_news)
        return UpdateResult(outs=dict(_news))


def _tell(props: Mapping[str, Any]) -> None:
    cloud: Any = connect(access_from(props["settings"]))
    cloud.compute.set_server_metadata(str(props["server"]), **{KEY: str(props["identity"])})


class Founded(Resource, module="haven", name="Founded"):
    """The first server knows that its cluster exists."""

    def __init__(
        self,
        name: str,
        *,
        identity: pulumi.Input[str],
        server: pulumi.Input[str],
        settings: Mapping[str, Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        props = {"identity": identity, "server": server, "settings": access(settings)}
        super().__init__(FoundedProvider(), name, props, opts)
