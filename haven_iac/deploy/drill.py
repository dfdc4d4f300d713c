"""The restore drill: back up, restore beside it, compare, report, clean up. Only what really came back passes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from haven_iac.deploy import compare, probe
from haven_iac.deploy.velero import ANSWER, PATIENCE, Cluster, DrillError, Velero
from haven_iac.errors import DeployError
from haven_iac.kube import KubeError

__all__ = ["Drill", "DrillError", "Mark", "Report", "Row"]

T = TypeVar("T")
LABEL = "haven-iac/drill"
"""Label of everything that a drill makes, with its name."""
SOON = 10.0
"""Seconds within which a Velero answers on a lab, which has one or has none."""
START = 300.0
"""Seconds that a pod may take to run, and a volume to be there."""


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
    version: str = ""
    """Of the Velero that answered."""
    simulated: bool = False
    """Whether pods do not run there, so that no data of volumes could be compared."""

    @property
    def passed(self) -> bool:
        """Return whether something was compared, and everything that was compared came back."""
        marks = [row.mark for row in self.rows]
        return Mark.PASS in marks and Mark.FAIL not in marks

    @property
    def whole(self) -> bool:
        """Return whether nothing was left out of the comparison."""
        return all(row.mark is not Mark.NOT_COMPARED for row in self.rows)


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
        simulated: pods do not run there, so that nothing gets into volumes; Velero may run all the same.
    """

    kube: Cluster
    velero: str
    say: Callable[[str], None] = lambda text: None
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    patience: float = PATIENCE
    simulated: bool = False

    @property
    def _server(self) -> Velero:
        return Velero(self.kube, self.velero, self.clock, self.pause, self.patience)

    def hold(self, namespace: str = "", image: str = probe.IMAGE) -> Report:
        """Back a namespace up, restore it beside itself, compare, and clean up.

        Args:
            namespace: which; a new one with a little of everything, a volume with data too, when empty.
            image: what the pod of that new one runs.

        Raises:
            DrillError: Velero is not there, or is not ready; nothing was made.
        """
        name = f"haven-drill-{secrets.token_hex(3)}"
        version = self._check(name, namespace)
        source = namespace or name
        scratch = f"{source[:40].rstrip('-')}-{name[-6:]}-back"
        report = Report(name, source, scratch, version=version, simulated=self.simulated)
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

    def _check(self, name: str, namespace: str) -> str:
        """Return the version of the Velero that answers.

        Raises:
            DrillError: none does, it cannot reach its bucket, or there is no such namespace.
        """
        if namespace and self.kube.get(f"/api/v1/namespaces/{namespace}") is None:
            raise DrillError(f"there is no namespace {namespace}", fix="name one that is there, or none")
        version = self._server.version(name, SOON if self.simulated else ANSWER)
        if not version and self.simulated:
            raise DrillError(
                "SIMULATED: no Velero runs on this cluster, so a drill would prove nothing",
                fix="hold it on a cluster that is real, or on a lab that was started with `haven-iac lab up --with "
                "backup`",
            )
        if not version:
            raise DrillError(f"no Velero answers in {self.velero}: does it run?", fix="look at its pod and its log")
        self._server.check_location()
        return version

    def _probe(self, name: str, image: str) -> str:
        """Make a namespace with a little of everything, and return what its volume holds; empty without a volume."""
        self.say(f"making {name}: objects, and a volume with data")
        classes = self.kube.items("/apis/storage.k8s.io/v1/storageclasses")
        volume = any(probe.is_default(one) for one in classes)
        for body in probe.bodies(name, image, {LABEL: name}, volume=volume):
            self.kube.create(body)
        if volume:
            self._bound(name, probe.POD)
        return self._wait_for_data(name) if volume and not self.simulated else ""

    def _bound(self, namespace: str, claim: str) -> str:
        """Return the volume that a claim gets, within some minutes; empty when it gets none."""
        deadline = self.clock() + START
        while self.clock() < deadline:
            found = self.kube.get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}") or {}
            if (found.get("status") or {}).get("phase") == "Bound":
                return str((found.get("spec") or {}).get("volumeName") or "")
            self.pause(1)
        return ""

    def _wait_for_data(self, namespace: str) -> str:
        deadline = self.clock() + START
        while self.clock() < deadline:
            with suppress(KubeError):
                if found := probe.written(self.kube.text(f"/api/v1/namespaces/{namespace}/pods/{probe.POD}/log")):
                    return found
            self.pause(1)
        return ""

    def _backup(self, report: Report) -> None:
        self.say(f"backing up {report.namespace} as {report.name}")
        spec = {**self._server.habits(), "includedNamespaces": [report.namespace], "ttl": "4h0m0s"}
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

    def _run(self, report: Report, kind: str, spec: Mapping[str, Any]) -> None:
        complete, said = self._server.run(kind, report.name, spec, {LABEL: report.name})
        report.rows.append(Row(f"{kind}/{report.name}", Mark.PASS if complete else Mark.FAIL, said))

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
            if (volume := (claim.get("spec") or {}).get("volumeName")) and _key(claim) in now:
                report.rows.append(self._volume(report, claim["metadata"]["name"], volume))
            report.rows.append(self._data(report, claim["metadata"]["name"], data))

    def _volume(self, report: Report, claim: str, before: str) -> Row:
        what = f"volume of {claim}"
        if not (after := self._bound(report.scratch, claim)):
            return Row(what, Mark.FAIL, f"the claim had none after {START:.0f} s")
        if after == before:
            return Row(what, Mark.FAIL, "it is the one that was backed up")
        return Row(what, Mark.PASS, "a new one")

    def _data(self, report: Report, claim: str, data: str) -> Row:
        what = f"data of {claim}"
        if self.simulated:
            return Row(what, Mark.NOT_COMPARED, "SIMULATED: pods do not run here, so nothing was written")
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
        doomed: list[dict[str, Any]] = [_namespace(report.scratch)]
        if not namespace:
            doomed.append(_namespace(report.name))
        doomed.append(self._server.body("Restore", report.name))
        for body in doomed:
            try:
                self.kube.delete(body)
            except DeployError as error:
                report.left.append(f"{body['kind']} {body['metadata']['name']}: {error.what}")
        try:
            left = self._server.remove(report.name)
        except DeployError as error:
            left = error.what
        if left:
            report.left.append(f"Backup {report.name}: {left}")
        if not namespace:
            with suppress(DeployError):
                report.left += self._server.forget_repository(report.name)

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


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _key(body: Mapping[str, Any]) -> tuple[str, str]:
    return str(body["kind"]), str(body["metadata"]["name"])
