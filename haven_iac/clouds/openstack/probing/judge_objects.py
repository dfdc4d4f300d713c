"""The cloud's own object storage: whether it is there, speaks S3, and has room for our containers.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.names import identities
from haven_iac.clouds.openstack.objects import containers
from haven_iac.clouds.openstack.probing.judge import Case, Rule, error, warning
from haven_iac.clouds.openstack.settings import ObjectStorage
from haven_iac.platform.backup_values import volumes
from haven_iac.platform.slots import BACKUP
from haven_iac.spec.backup import VolumeBackup

_PATH = "cloud.settings.objectStorage.kind"
_OUTSIDE = "write external, and where it is in logs.objectStore and backup.objectStore"


def service(case: Case) -> Iterator[Finding]:
    """Judge whether there is object storage with S3, and whether we may use it."""
    if case.settings.object_storage.kind is not ObjectStorage.CLOUD:
        return
    if "object-store" not in case.seen.services:
        yield error("the cloud has no object storage", _OUTSIDE, _PATH)
    elif case.seen.unreadable.get("containers") in ("HTTP 401", "HTTP 403"):
        yield error(
            "this user may not use the cloud's object storage",
            f"ask for the role that it wants, or {_OUTSIDE}",
            _PATH,
        )
    elif not case.seen.s3:
        yield error(
            "the cloud's object storage has no S3 API", f"ask the cloud's operator for it, or {_OUTSIDE}", _PATH
        )


def names(case: Case) -> Iterator[Finding]:
    """Judge whether a container of that name is somebody else's."""
    ours = re.compile(identities(case.plan.spec.name))
    for one in containers(case.plan):
        owner = case.seen.containers.get(one.name)
        if owner is None or ours.fullmatch(owner):
            continue
        whose = f"that of the cluster {owner}" if owner else "not made by a cluster of ours"
        if one.ends:
            yield error(
                f"the container {one.name} exists already and is {whose}: logs would be mixed, and go together",
                "choose another name",
                one.path,
            )
        else:
            yield warning(
                f"the container {one.name} exists already and is {whose}: backups go beside what is there",
                "choose another name, if that is not meant",
                one.path,
            )


def moving(case: Case) -> Iterator[Finding]:
    """Judge whether the data of volumes can be sent to it: over plain HTTP that is done in a way that Swift refuses."""
    wanted, spec = case.settings.object_storage, case.plan.spec
    if wanted.kind is not ObjectStorage.CLOUD or not case.plan.release(BACKUP) or spec.backup.object_store:
        return
    url = str(wanted.endpoint or case.seen.s3)
    if url.startswith("http:") and volumes(spec, case.plan.facts) is VolumeBackup.MOVE:
        yield warning(
            "the cloud's object storage is reached without TLS: Swift refuses what data movers send then, and backups "
            "can be read on their way",
            "write its https address in cloud.settings.objectStorage.endpoint, or snapshot in backup.volumes",
            "backup.volumes",
        )


RULES: tuple[Rule, ...] = (service, names, moving)
