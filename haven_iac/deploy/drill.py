"""The restore drill: back up, restore beside it, compare, report, clean up. Only what really came back passes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from haven_iac.deploy import compare, probe
from haven_iac.errors import DeployError
from haven_iac.kube import KubeError

T = TypeVar("T")
VELERO = "velero.io/v1"
LABEL = "haven-iac/drill"
"""Label of everything that a drill makes, with its name."""
PATIENCE = 1800.0
"""Seconds that a backup, and a restore, may take."""
DONE = ("Completed", "PartiallyFailed", "Failed", "FailedValidation", "Deleting")


class DrillError(DeployError):
    """A drill could not be held, or was not passed."""

    code = "HVN309"


class Mark(StrEnum):
    """What a row of the report says."""

    PASS = "PASS"
    FAIL = "FAIL"
    NOT_COMPARED = "NOT COMPARED"


@dataclass(frozen=True)
class Row:
    """One thing that had to come back."""

    what: str
    """As `Deployment/winkel`."""
    mark: Mark
    detail: str = ""


@dataclass
class Report:
    """What a drill came to."""

    name: str
    namespace: str
    """What was backed up."""
    scratch: str
    """Where it was restored."""
    rows: list[Row] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    """Seconds of each step."""
    left: list[str] = field(default_factory=list)
    """What could not be removed."""

    @property
    def passed(self) -> bool:
        """Return whether something was compared, and everything that was compared came back."""
        marks = [row.mark for row in self.rows]
        return Mark.PASS in marks and Mark.FAIL not in marks

    @property
    def whole(self) -> bool:
        """Return whether nothing was left out of the comparison."""
        return all(row.mark is not Mark.NOT_COMPARED for row in self.rows)


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


@dataclass
class Drill:
    """One drill.

    Args:
        kube: the cluster.
        velero: namespace that Velero runs in.
        say: is told what is done.
        clock: seconds that pass.
        pause: waits some seconds.
        patience: seconds that a backup, and a restore, may take.
    """

    kube: Cluster
    velero: str
    say: Callable[[str], None] = lambda text: None
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    patience: float = PATIENCE

    def hold(self, namespace: str = "", image: str = probe.IMAGE) -> Report:
        """Back a namespace up, restore it beside itself, compare, and clean up.

        Args:
            namespace: which; a new one with a little of everything, a volume with data too, when empty.
            image: what the pod of that new one runs.

        Raises:
            DrillError: Velero is not there, or is not ready; nothing was made.
        """
        self._check(namespace)
        name = f"haven-drill-{secrets.token_hex(3)}"
        source = namespace or name
        report = Report(name, source, f"{source[:40].rstrip('-')}-{name[-6:]}-back")
        try:
            data = "" if namespace else self._timed(report, "probe", lambda: self._probe(name, image))
            was = self._objects(source)
            self._timed(report, "backup", lambda: self._backup(report))
            if not any(row.mark is Mark.FAIL for row in report.rows):
                self._timed(report, "restore", lambda: self._restore(report))
                self._timed(report, "compare", lambda: self._compare(report, was, data))
        finally:
            self._timed(report, "cleanup", lambda: self._clean(report, namespace))
        return report

    # Steps

    def _check(self, namespace: str) -> None:
        location = f"/apis/{VELERO}/namespaces/{self.velero}/backupstoragelocations"
        places = self.kube.items(location)
        if not places:
            raise DrillError("there is no place to back up to", fix="fill the slot backup, and name its bucket")
        ready = [one for one in places if (one.get("status") or {}).get("phase") == "Available"]
        if not ready:
            said = (places[0].get("status") or {}).get("message") or "Velero has not looked at it: does it run?"
            raise DrillError(
                f"the backup location is not available: {said}", fix="look at bucket, credential and network"
            )
        if namespace and self.kube.get(f"/api/v1/namespaces/{namespace}") is None:
            raise DrillError(f"there is no namespace {namespace}", fix="name one that is there, or none")

    def _probe(self, name: str, image: str) -> str:
        """Make a namespace with a little of everything, and return what its volume holds; empty without a volume."""
        self.say(f"making {name}: objects, and a volume with data")
        classes = self.kube.items("/apis/storage.k8s.io/v1/storageclasses")
        volume = any(probe.is_default(one) for one in classes)
        for body in probe.bodies(name, image, {LABEL: name}, volume=volume):
            self.kube.create(body)
        return self._wait_for_data(name) if volume else ""

    def _wait_for_data(self, namespace: str) -> str:
        deadline = self.clock() + 300
        while self.clock() < deadline:
            with suppress(KubeError):
                if found := probe.written(self.kube.text(f"/api/v1/namespaces/{namespace}/pods/{probe.POD}/log")):
                    return found
            self.pause(1)
        return ""

    def _backup(self, report: Report) -> None:
        self.say(f"backing up {report.namespace} as {report.name}")
        spec = {**self._habits(), "includedNamespaces": [report.namespace], "ttl": "4h0m0s"}
        self._run(report, "Backup", spec)

    def _restore(self, report: Report) -> None:
        self.say(f"restoring it as {report.scratch}")
        spec = {
            "backupName": report.name,
            "includedNamespaces": [report.namespace],
            "namespaceMapping": {report.namespace: report.scratch},
            "restorePVs": True,
        }
        self._run(report, "Restore", spec)

    def _habits(self) -> dict[str, Any]:
        """Return how the schedules here treat volumes, so that the drill does the same."""
        schedules = self.kube.items(f"/apis/{VELERO}/namespaces/{self.velero}/schedules")
        template = ((schedules[0].get("spec") or {}).get("template") or {}) if schedules else {}
        kept = (
            "storageLocation",
            "snapshotMoveData",
            "defaultVolumesToFsBackup",
            "snapshotVolumes",
            "csiSnapshotTimeout",
        )
        return {key: template[key] for key in kept if key in template}

    def _run(self, report: Report, kind: str, spec: Mapping[str, Any]) -> None:
        about = {"name": report.name, "namespace": self.velero, "labels": {LABEL: report.name}}
        self.kube.create({"apiVersion": VELERO, "kind": kind, "metadata": about, "spec": dict(spec)})
        path = f"/apis/{VELERO}/namespaces/{self.velero}/{kind.lower()}s/{report.name}"
        deadline = self.clock() + self.patience
        status: Mapping[str, Any] = {}
        while self.clock() < deadline:
            status = (self.kube.get(path) or {}).get("status") or {}
            if status.get("phase") in DONE:
                break
            self.pause(1)
        phase = status.get("phase") or "nothing happened: does Velero run?"
        if phase == "Completed":
            report.rows.append(Row(f"{kind}/{report.name}", Mark.PASS, "Completed"))
            return
        reasons = [*(status.get("validationErrors") or ()), status.get("failureReason") or ""]
        counted = f"{status.get('errors', 0)} errors, {status.get('warnings', 0)} warnings"
        report.rows.append(Row(f"{kind}/{report.name}", Mark.FAIL, "; ".join(filter(None, [phase, *reasons, counted]))))

    def _compare(self, report: Report, was: Sequence[Mapping[str, Any]], data: str) -> None:
        now = {_key(one): one for one in self._objects(report.scratch)}
        for body in was:
            key = f"{body['kind']}/{body['metadata']['name']}"
            found = now.get(_key(body))
            if found is None:
                report.rows.append(Row(key, Mark.FAIL, "it did not come back"))
            elif paths := compare.differences(body, found):
                report.rows.append(Row(key, Mark.FAIL, f"it came back with another {', '.join(paths[:5])}"))
            else:
                report.rows.append(Row(key, Mark.PASS))
        for claim in (one for one in was if one["kind"] == "PersistentVolumeClaim"):
            report.rows.append(self._data(report, claim["metadata"]["name"], data))

    def _data(self, report: Report, claim: str, data: str) -> Row:
        what = f"data of {claim}"
        if report.namespace != report.name:
            return Row(
                what, Mark.NOT_COMPARED, "nobody here knows what is in it; a drill without --namespace compares data"
            )
        if not data:
            return Row(what, Mark.NOT_COMPARED, "the pod that writes never ran")
        if (back := self._wait_for_data(report.scratch)) == data:
            return Row(what, Mark.PASS, "every byte came back")
        return Row(
            what, Mark.FAIL, "it came back empty or as something else" if back else "the pod that reads never ran"
        )

    def _clean(self, report: Report, namespace: str) -> None:
        self.say("cleaning up")
        place = {"name": report.name, "namespace": self.velero}
        doomed: list[dict[str, Any]] = [_named("v1", "Namespace", {"name": report.scratch})]
        if not namespace:
            doomed.append(_named("v1", "Namespace", {"name": report.name}))
        doomed.append(_named(VELERO, "Restore", place))
        for body in doomed:
            try:
                self.kube.delete(body)
            except DeployError as error:
                report.left.append(f"{body['kind']} {body['metadata']['name']}: {error.what}")
        try:
            # Velero removes a backup, and its files in the bucket, when it is asked to; not when the object goes.
            request = {**_named(VELERO, "DeleteBackupRequest", place), "spec": {"backupName": report.name}}
            self.kube.create(request)
        except DeployError as error:
            report.left.append(f"Backup {report.name}: {error.what}")

    # How

    def _objects(self, namespace: str) -> list[dict[str, Any]]:
        """Return every object of somebody's own in a namespace, with its kind."""
        found = {}
        groups = (self.kube.get("/apis") or {}).get("groups") or []
        for version in ("v1", *(one["preferredVersion"]["groupVersion"] for one in groups)):
            base = f"/apis/{version}" if "/" in version else f"/api/{version}"
            for kind in self.kube.kinds(version):
                if "/" in kind["name"] or not kind["namespaced"] or "list" not in kind["verbs"]:
                    continue
                if kind["kind"] in compare.PASSING or version.startswith(("velero.io/", "metrics.k8s.io/")):
                    continue
                for one in self.kube.items(f"{base}/namespaces/{namespace}/{kind['name']}"):
                    body = {**one, "kind": kind["kind"], "apiVersion": version}
                    if compare.own(body):
                        found[_key(body)] = body
        return list(found.values())

    def _timed(self, report: Report, step: str, do: Callable[[], T]) -> T:
        began = self.clock()
        try:
            return do()
        finally:
            report.times[step] = round(self.clock() - began, 1)


def _named(version: str, kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": dict(about)}


def _key(body: Mapping[str, Any]) -> tuple[str, str]:
    return str(body["kind"]), str(body["metadata"]["name"])
