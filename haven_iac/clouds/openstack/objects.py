"""Object storage: which containers a cluster wants of Swift or Ceph's Object Gateway, and where S3 is there.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from haven_iac.clouds.openstack.settings import ObjectStorage, OpenStackSettings
from haven_iac.facts import ObjectStoreFacts
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import objects, slots
from haven_iac.platform.logs_values import bucket_in
from haven_iac.spec import ClusterSpec

OWNER = "X-Container-Meta-Haven-Iac-Identity"
"""Header that says whose a container is: the identity of the cluster that made it."""
SEGMENTS = "+segments"
"""Ends the name of the container in which Swift keeps the parts of large objects that come by S3."""


@dataclass(frozen=True)
class Container:
    """One container."""

    name: str
    ends: bool
    """Whether what is in it goes when the cluster is destroyed; it stays otherwise."""
    path: str
    """Where the description names it."""


def facts(settings: OpenStackSettings) -> ObjectStoreFacts | None:
    """Return the cloud's own S3 service, or None when it is not to be used."""
    wanted = settings.object_storage
    if wanted.kind is not ObjectStorage.CLOUD:
        return None
    return ObjectStoreFacts(wanted.region, wanted.endpoint or "", settings.ca or "")


def containers(plan: ClusterPlan) -> tuple[Container, ...]:
    """Return the containers that are made with a cluster.

    Backups, and the snapshots of etcd beside them, outlive it: that is what they are for.
    """
    found: dict[str, Container] = {}
    for one in _wanted(plan, plan.spec):
        first = found.setdefault(one.name, one)
        if first.ends and not one.ends:  # one container for both: nothing of it goes
            found[one.name] = one
    return tuple(found.values())


def _wanted(plan: ClusterPlan, spec: ClusterSpec) -> Iterator[Container]:
    if plan.facts.object_store is None:
        return
    logs, backup = bucket_in(spec, plan.facts), objects.store(spec.backup.object_store, plan.facts)
    if plan.release(slots.LOGS) and spec.logs.bucket and logs and logs.own:
        yield Container(spec.logs.bucket, True, "logs.bucket")
    if plan.release(slots.BACKUP) and backup and backup.own:
        yield Container(spec.backup.bucket, False, "backup.bucket")


def s3_url(catalogued: str) -> str:
    """Return the URL of S3 beside that of Swift's own API: the same server, without a path.

    Args:
        catalogued: of the service object-store, as https://objects.example.nl/swift/v1 or .../v1/AUTH_....
    """
    parts = urlsplit(catalogued)
    return f"{parts.scheme}://{parts.netloc}"


def sides(url: str) -> dict[str, str]:
    """Return what is told of a URL apart: `host` with its port, `port`, and whether it is `insecure`."""
    parts = urlsplit(url)
    return {
        "host": parts.netloc,
        "port": str(objects.port_of(url)),
        "insecure": str(parts.scheme == "http").lower(),
    }
