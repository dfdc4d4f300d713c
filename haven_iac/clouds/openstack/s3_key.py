"""The cluster's credential for S3: an EC2 credential in Keystone that may do what its application credential may.

Keystone lets whoever makes one choose its access key.  Ours follows from the application credential, so what a killed
run has made is found and made anew, and the two go together.  The module's path is part of every stack's state: it must
stay importable.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.differences import compared
from haven_iac.clouds.openstack.inputs import access, access_from
from haven_iac.errors import DeployError

_PATH = "/credentials"


class S3KeyProvider(ResourceProvider):
    """Makes an EC2 credential."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make it; what a killed run left of it is taken away, as nobody has seen its secret.

        Raises:
            DeployError: Keystone refuses.
        """
        cloud: Any = connect(access_from(props["settings"]))
        name, secret = access_key(str(props["identity"]), str(props["credential"])), secrets.token_hex(20)
        blob = {"access": name, "secret": secret, "app_cred_id": str(props["credential"])}
        body = {
            "type": "ec2",
            "user_id": cloud.current_user_id,
            "project_id": cloud.current_project_id,
            "blob": json.dumps(blob),
        }
        number = hashlib.sha256(name.encode()).hexdigest()
        answer = cloud.identity.post(_PATH, json={"credential": body})
        if answer.status_code == 409:
            cloud.identity.delete(f"{_PATH}/{number}")
            answer = cloud.identity.post(_PATH, json={"credential": body})
        if answer.status_code >= 400:
            raise DeployError(
                f"Keystone makes no credential for S3: it answers {answer.status_code}",
                fix="log in with user and password; else ask the cloud's operator, or write external with an S3 of "
                "your own",
            )
        told = {"access": name, "secret": secret, "user": cloud.current_user_id}
        return CreateResult(id_=number, outs={**props, **told})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell that another application credential wants another one; all else is noted."""
        return compared(_olds, _news, replaces=("identity", "credential"), noted=("settings",))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Note it."""
        return UpdateResult(outs={**_news, **{key: _olds[key] for key in ("access", "secret", "user")}})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return it, or nothing when somebody has deleted it: the next run makes another."""
        cloud: Any = connect(access_from(props["settings"]))
        return ReadResult(id_, props) if _there(cloud, id_, str(props["user"])) else ReadResult("", {})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Take it away.

        Raises:
            DeployError: Keystone refuses.
        """
        cloud: Any = connect(access_from(_props["settings"]))
        status = cloud.identity.delete(f"{_PATH}/{_id}").status_code
        if status >= 400 and _there(cloud, _id, str(_props["user"])):
            raise DeployError(
                f"Keystone does not delete the credential for S3: it answers {status}",
                fix="log in as the user who made the cluster, or as an administrator",
            )


def access_key(identity: str, credential: str) -> str:
    """Return the access key that goes with an application credential; no secret."""
    return hashlib.sha256(f"haven-iac {identity} {credential}".encode()).hexdigest()[:32]


def _there(cloud: Any, number: str, user: str) -> bool:
    """Return whether the user has that credential; Keystone forbids to ask for one that is not there."""
    listed = cloud.identity.get(f"{_PATH}?type=ec2&user_id={user}")
    return listed.status_code >= 400 or any(one["id"] == number for one in listed.json()["credentials"])


class S3Key(Resource, module="haven", name="S3Key"):
    """The cluster's credential for S3."""

    access: pulumi.Output[str]
    secret: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        identity: pulumi.Input[str],
        credential: pulumi.Input[str],
        settings: Mapping[str, Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Make it.

        Args:
            name: of the Pulumi resource.
            identity: of the cluster.
            credential: id of the application credential whose rights it has.
            settings: `cloud.settings`.
            opts: parent; depends on the containers, so that nobody writes when these go.
        """
        props = {"identity": identity, "credential": credential, "settings": access(settings)}
        outs = dict.fromkeys(("access", "secret", "user"))
        secret = pulumi.ResourceOptions(additional_secret_outputs=["secret"])
        super().__init__(S3KeyProvider(), name, {**props, **outs}, pulumi.ResourceOptions.merge(opts, secret))
