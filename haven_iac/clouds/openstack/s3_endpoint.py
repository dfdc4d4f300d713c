"""Where the cloud's S3 is, looked up once: it stays known to every preview, whatever becomes of the credential.

The module's path is part of every stack's state: it must stay importable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.differences import compared
from haven_iac.clouds.openstack.inputs import access, access_from
from haven_iac.clouds.openstack.objects import s3_url
from haven_iac.errors import DeployError


class S3EndpointProvider(ResourceProvider):
    """Reads the cloud's catalogue."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Look.

        Raises:
            DeployError: the catalogue has no object storage.
        """
        return CreateResult(id_=str(props["identity"]), outs={**props, "url": _url(props)})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell that another cluster's is looked up anew; a preview would not know the address of one that changes."""
        return compared(_olds, _news, replaces=("identity",), noted=())


def _url(props: Mapping[str, Any]) -> str:
    cloud: Any = connect(access_from(props["settings"]))
    found = cloud.object_store.get_endpoint()
    if not found:
        raise DeployError("the cloud's catalogue has no object storage", fix="write external, with an S3 of your own")
    return s3_url(str(found))


class S3Endpoint(Resource, module="haven", name="S3Endpoint"):
    """Where the cloud's S3 is."""

    url: pulumi.Output[str]

    def __init__(
        self, name: str, *, identity: pulumi.Input[str], settings: Mapping[str, Any], opts: pulumi.ResourceOptions
    ) -> None:
        """Make it.

        Args:
            name: of the Pulumi resource.
            identity: of the cluster.
            settings: `cloud.settings`.
            opts: parent.
        """
        props = {"identity": identity, "settings": access(settings), "url": None}
        super().__init__(S3EndpointProvider(), name, props, opts)
