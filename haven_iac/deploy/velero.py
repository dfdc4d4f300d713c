"""What a drill asks of Velero: whether it answers, what it makes of a backup or a restore, and why one failed."""

from __future__ import annotations

import base64
import gzip
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.request import urlopen

from haven_iac.errors import DeployError
from haven_iac.kube import KubeError

GROUP = "velero.io/v1"
MOVERS_GROUP = "velero.io/v2alpha1"
PATIENCE = 1800.0
"""Seconds that a backup, and a restore, may take."""
ANSWER = 30.0
"""Seconds within which a Velero that runs answers."""
REMOVAL = 180.0
"""Seconds that a backup may take to go, with its files and snapshots."""
DONE = ("Completed", "PartiallyFailed", "Failed", "FailedValidation", "Deleting")
_MOVERS = {"Backup": ("datauploads", "velero.io/backup-name"), "Restore": ("datadownloads", "velero.io/restore-name")}
"""What moves the data of volumes, and the label with whose."""
_HABITS = (
    "storageLocation",
    "snapshotMoveData",
    "defaultVolumesToFsBackup",
    "snapshotVolumes",
    "csiSnapshotTimeout",
)


class DrillError(DeployError):
    """A drill could not be held, or was not passed."""

    code = "HVN309"


class Cluster(Protocol):
    """What a drill needs of a Kubernetes API."""

    def get(self, path: str) -> dict[str, Any] | None:
        """Return what stands at a path, or None."""

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return every object at a path."""

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make an object."""

    def delete(self, body: Mapping[str, Any]) -> bool:
        """Remove an object."""

    def kinds(self, api_version: str) -> list[dict[str, Any]]:
        """Return what one version of a group serves."""

    def text(self, path: str) -> str:
        """Return what stands at a path as text, such as a log."""


def fetched(url: str, authority: str) -> bytes:
    """Return what is at an address that Velero has signed.

    Args:
        url: the address.
        authority: certificates of a private authority, PEM; empty for public ones.

    Raises:
        ValueError: it is no address of the web.
        OSError: nobody answers, or not as who they should be.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(url.partition(":")[0])
    context = ssl.create_default_context(cadata=authority or None)
    with urlopen(url, timeout=10, context=context) as answer:  # noqa: S310  (checked above)
        return bytes(answer.read(2**22))


@dataclass
class Velero:
    """A Velero.

    Args:
        kube: the cluster that it is in.
        namespace: that it runs in.
        clock: seconds that pass.
        pause: waits some seconds.
        patience: seconds that a backup, and a restore, may take.
        fetch: gets what is at an address.
    """

    kube: Cluster
    namespace: str
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    patience: float = PATIENCE
    fetch: Callable[[str, str], bytes] = fetched

    def body(self, kind: str, name: str, **more: Any) -> dict[str, Any]:
        """Return an object of Velero's."""
        about = {"name": name, "namespace": self.namespace, **more.pop("metadata", {})}
        return {"apiVersion": GROUP, "kind": kind, "metadata": about, **more}

    def path(self, plural: str, name: str = "") -> str:
        """Return where its objects are."""
        return f"/apis/{GROUP}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def version(self, name: str, seconds: float = ANSWER) -> str:
        """Return the version of the server that answers a question of this name; empty when none does in time."""
        question = self.body("ServerStatusRequest", name, spec={})
        try:
            self.kube.create(question)
        except KubeError as error:
            if error.status == 404:
                return ""
            raise
        try:
            for status in self._statuses("serverstatusrequests", name, seconds):
                if status.get("phase") == "Processed":
                    return str(status.get("serverVersion") or "of an unknown version")
        finally:
            with suppress(DeployError):
                self.kube.delete(question)
        return ""

    def check_location(self) -> None:
        """Look at the places that backups go to.

        Raises:
            DrillError: there is none, or none can be used.
        """
        places = self.kube.items(self.path("backupstoragelocations"))
        if not places:
            raise DrillError("there is no place to back up to", fix="fill the slot backup, and name its bucket")
        if not [one for one in places if (one.get("status") or {}).get("phase") == "Available"]:
            said = (places[0].get("status") or {}).get("message") or "Velero has not looked at it yet"
            raise DrillError(
                f"the backup location is not available: {said}", fix="look at bucket, credential and network"
            )

    def habits(self) -> dict[str, Any]:
        """Return how the schedules here treat volumes, so that a drill does the same."""
        schedules = self.kube.items(self.path("schedules"))
        template = ((schedules[0].get("spec") or {}).get("template") or {}) if schedules else {}
        return {key: template[key] for key in _HABITS if key in template}

    def run(self, kind: str, name: str, spec: Mapping[str, Any], labels: Mapping[str, str]) -> tuple[bool, str]:
        """Have a backup or a restore made; return whether it is complete, and what Velero says of it."""
        self.kube.create(self.body(kind, name, metadata={"labels": dict(labels)}, spec=dict(spec)))
        status: Mapping[str, Any] = {}
        for status in self._statuses(f"{kind.lower()}s", name, self.patience):
            if status.get("phase") in DONE:
                break
        phase = str(status.get("phase") or "nothing happened: does Velero run?")
        if phase == "Completed":
            return True, "; ".join(filter(None, [phase, _volumes(status)]))
        if phase not in DONE:
            phase = f"{phase} after {self.patience:.0f} s"
        reasons = [*(status.get("validationErrors") or ()), status.get("failureReason") or ""]
        counted = f"{status.get('errors', 0)} errors, {status.get('warnings', 0)} warnings"
        if phase == "PartiallyFailed":
            reasons += [*self._moved(kind, name), *self._errors(kind, name)][:3]
        return False, "; ".join(filter(None, [phase, *reasons, counted]))

    def remove(self, name: str) -> str:
        """Have a backup removed, with its files in the bucket; return what is left of it, empty when nothing is.

        Velero removes the files when it is asked to, not when the object goes.
        """
        if self.kube.get(self.path("backups", name)) is None:
            return ""
        self.kube.create(self.body("DeleteBackupRequest", name, spec={"backupName": name}))
        for status in self._statuses("deletebackuprequests", name, REMOVAL):
            if errors := status.get("errors"):
                return "; ".join(map(str, errors))
            if self.kube.get(self.path("backups", name)) is None:
                return ""
        return f"Velero had not removed it after {REMOVAL:.0f} s"

    def forget_repository(self, namespace: str) -> list[str]:
        """Have the repository of a namespace that is gone kept in order no more; return what of it stays.

        Velero makes one for each namespace whose volumes it has copied, and never removes what is in the bucket.
        """
        found = []
        for one in self.kube.items(self.path("backuprepositories")):
            if (one.get("spec") or {}).get("volumeNamespace") == namespace:
                self.kube.delete(self.body("BackupRepository", one["metadata"]["name"]))
                found.append(f"kopia/{namespace} in the bucket: an empty repository, which Velero does not remove")
        return found

    def _moved(self, kind: str, name: str) -> Iterator[str]:
        """Give what the movers of data say of volumes that did not get through."""
        plural, label = _MOVERS[kind]
        for one in self.kube.items(self.path(plural).replace(GROUP, MOVERS_GROUP)):
            status, labels = one.get("status") or {}, one["metadata"].get("labels") or {}
            if labels.get(label) == name and status.get("phase") != "Completed" and status.get("message"):
                yield str(status["message"])[:300]

    def _errors(self, kind: str, name: str) -> list[str]:
        """Return what went wrong in a backup or a restore; empty when that cannot be had."""
        target = {"kind": f"{kind}Results", "name": name}
        question = self.body("DownloadRequest", f"{name}-{kind.lower()}", spec={"target": target})
        with suppress(DeployError, OSError, ValueError):
            self.kube.create(question)
            for status in self._statuses("downloadrequests", question["metadata"]["name"], ANSWER):
                if url := status.get("downloadURL"):
                    found = json.loads(gzip.decompress(self.fetch(url, self._authority())))
                    return list(_texts(found.get("errors") or {}))
        return []

    def _authority(self) -> str:
        """Return the private authority behind the first place for backups, PEM; empty where that is a public one."""
        places = self.kube.items(self.path("backupstoragelocations"))
        given = ((places[0].get("spec") or {}).get("objectStorage") or {}).get("caCert") if places else ""
        return base64.b64decode(given or "").decode()

    def _statuses(self, plural: str, name: str, seconds: float) -> Iterator[Mapping[str, Any]]:
        """Give the status of an object again and again, for so long."""
        deadline = self.clock() + seconds
        while self.clock() < deadline:
            yield (self.kube.get(self.path(plural, name)) or {}).get("status") or {}
            self.pause(1)


def _volumes(status: Mapping[str, Any]) -> str:
    """Return how many volumes went into a backup, or came out of one; empty when none was to."""
    words = {
        "csiVolumeSnapshots": "snapshots of volumes",
        "backupItemOperations": "operations on volumes",
        "restoreItemOperations": "operations on volumes",
    }
    return "; ".join(
        f"{status.get(f'{key}Completed', 0)} of {status[f'{key}Attempted']} {what}"
        for key, what in words.items()
        if status.get(f"{key}Attempted")
    )


def _texts(found: Any) -> Iterator[str]:
    """Give every text in what Velero writes about errors: by itself, of the cluster, and of each namespace."""
    if isinstance(found, str):
        yield found[:300]
    elif isinstance(found, Mapping):
        for one in found.values():
            yield from _texts(one)
    elif isinstance(found, list):
        for one in found:
            yield from _texts(one)
