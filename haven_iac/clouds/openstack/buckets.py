"""Containers for logs and backups, as Pulumi resources: nobody's data is taken over, and none goes unasked.

Making one again changes nothing, so a run that was killed leaves nothing behind.  A container that holds something is
kept, unless the cluster that made it for its logs is at its end (`end`).  The module's path is part of every stack's
state: it must stay importable.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

from haven_iac.clouds.base import tell
from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.differences import compared
from haven_iac.clouds.openstack.inputs import access, access_from
from haven_iac.clouds.openstack.objects import OWNER, SEGMENTS
from haven_iac.errors import DeployError

if TYPE_CHECKING:
    from openstack.connection import Connection

ENDS = "X-Container-Meta-Haven-Iac-Ends"
"""Set when that cluster is being destroyed and what the container holds goes with it."""
PATIENCE = 600.0
"""Seconds that a container gets to become empty, while somebody may still write to it."""
PAUSE = 1.0
AT_ONCE = 16
"""Objects that are deleted side by side."""
PAGE = 1000

Props = Mapping[str, Any]


class BucketProvider(ResourceProvider):
    """Makes a container, and takes it away when it is empty or its cluster's end has come."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make it; one that is there already is used, unless it is another's and holds what is to go.

        Raises:
            DeployError: it is another's, or the cloud refuses.
        """
        cloud, name = connect(access_from(props["settings"])), str(props["name"])
        headers = _look(cloud, name)
        if headers is None:
            _ask(cloud, "put", name, {OWNER: str(props["identity"])})
        elif headers.get(OWNER) != props["identity"] and props["ends"]:
            owner = headers.get(OWNER)
            raise DeployError(
                f"the container {name} exists already and is {f'that of {owner}' if owner else 'not ours'}: logs would "
                "be mixed, and go together",
                fix="choose another name for logs.bucket, or delete that container if nobody needs it",
            )
        return CreateResult(id_=name, outs=dict(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell that another name or cluster is another container; all else is noted."""
        return compared(_olds, _news, replaces=("name", "identity"), noted=("settings", "ends"))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Note it."""
        return UpdateResult(outs=_news)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return it, or nothing when somebody has deleted it: the next run makes it again."""
        if _look(connect(access_from(props["settings"])), id_) is None:
            return ReadResult("", {})
        return ReadResult(id_, props)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Take it away, or say what it holds and leave it.

        Raises:
            DeployError: the cloud refuses, or it does not become empty.
        """
        cloud, identity = connect(access_from(_props["settings"])), str(_props["identity"])
        headers = _look(cloud, _id)
        if headers is None:
            return
        if headers.get(OWNER) != identity:
            tell(f"the container {_id} is not this cluster's, and is left as it is")
        elif headers.get(ENDS) == identity:
            _empty(cloud, _id + SEGMENTS)
            _empty(cloud, _id)
        elif int(headers.get("X-Container-Object-Count") or 0) or not _removed(cloud, _id):
            count = int((_look(cloud, _id) or {}).get("X-Container-Object-Count") or 0)
            tell(f"the container {_id} holds {count} objects and is kept; delete it when nobody needs them any more")
        elif _look(cloud, _id + SEGMENTS) is not None:
            _removed(cloud, _id + SEGMENTS)


class Bucket(Resource, module="haven", name="Bucket"):
    """A container in the cloud's object storage."""

    def __init__(
        self,
        resource: str,
        *,
        name: str,
        ends: bool,
        identity: pulumi.Input[str],
        settings: Mapping[str, Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Make it.

        Args:
            resource: name of the Pulumi resource.
            name: of the container.
            ends: whether what it holds goes with the cluster.
            identity: of the cluster.
            settings: `cloud.settings`.
            opts: parent.
        """
        props = {"name": name, "ends": ends, "identity": identity, "settings": access(settings)}
        super().__init__(BucketProvider(), resource, props, opts)


def end(connection: Connection, identity: str, names: Iterable[str]) -> None:
    """Mark the cluster's own containers of these names: what they hold goes when they are deleted."""
    for name in names:
        headers = _look(connection, name)
        if headers is not None and headers.get(OWNER) == identity:
            _ask(connection, "post", name, {OWNER: identity, ENDS: identity})


def _look(cloud: Any, name: str) -> Mapping[str, str] | None:
    """Return the headers of a container, or None when there is none."""
    answer = cloud.object_store.head(f"/{quote(name, safe='')}")
    if answer.status_code == 404:
        return None
    _checked(answer, name)
    headers: Mapping[str, str] = answer.headers
    return headers


def _ask(cloud: Any, method: str, name: str, headers: Mapping[str, str]) -> None:
    _checked(getattr(cloud.object_store, method)(f"/{quote(name, safe='')}", headers=dict(headers)), name)


def _checked(answer: Any, name: str) -> None:
    status = answer.status_code
    if status < 400:
        return
    if status in (401, 403):
        what, fix = "this user may not use it", "ask the cloud's operator for the role that object storage wants"
    elif status == 409:
        what, fix = "the name is taken in this cloud", "choose another name for the bucket"
    elif status in (413, 507):
        what, fix = "the quota is used up", "ask for more, or write external with an S3 of your own"
    else:
        what, fix = f"it answers {status}", "run the same command again when it is well"
    raise DeployError(f"the cloud's object storage refuses the container {name}: {what}", fix=fix)


def _removed(cloud: Any, name: str) -> bool:
    """Delete an empty container; return whether it is gone."""
    answer = cloud.object_store.delete(f"/{quote(name, safe='')}")
    if answer.status_code == 409:
        return False
    if answer.status_code != 404:
        _checked(answer, name)
    return True


def _empty(cloud: Any, name: str) -> None:
    """Delete a container and all that it holds."""
    deadline, gone = time.monotonic() + PATIENCE, 0
    path = f"/{quote(name, safe='')}"
    while not _removed(cloud, name):
        listed = cloud.object_store.get(f"{path}?format=json&limit={PAGE}")
        names = [quote(one["name"], safe="") for one in listed.json()] if listed.status_code == 200 else []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            gone += sum(pool.map(partial(_object, cloud, path), names))
        if names:
            deadline = time.monotonic() + PATIENCE
        elif time.monotonic() > deadline:
            raise DeployError(f"the container {name} does not become empty", fix="run the same command again")
        else:
            time.sleep(PAUSE)
    if gone:
        tell(f"deleted {gone} objects of the container {name}")


def _object(cloud: Any, path: str, name: str) -> bool:
    return bool(cloud.object_store.delete(f"{path}/{name}").status_code < 300)
