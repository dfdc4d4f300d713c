"""The restore drill against a cluster in memory, whose Velero can be made to fail in each way that there is."""

from __future__ import annotations

import base64
import copy
import gzip
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from haven_iac.deploy import compare
from haven_iac.deploy.drill import Drill, DrillError, Mark, Report
from haven_iac.deploy.velero import Velero
from haven_iac.kube import KubeError

Body = dict[str, Any]
Change = Callable[[Body], Body | None]
KINDS = {
    "v1": ("ConfigMap", "Secret", "ServiceAccount", "Service", "PersistentVolumeClaim", "Pod", "Namespace", "Event"),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "rbac.authorization.k8s.io/v1": ("Role",),
    "velero.io/v1": ("Backup", "Restore", "BackupStorageLocation", "Schedule", "DeleteBackupRequest"),
}
PLURALS = {"NetworkPolicy": "networkpolicies", "BackupRepository": "backuprepositories"}
DIGEST = "a" * 64


def plural(kind: str) -> str:
    return PLURALS.get(kind, f"{kind.lower()}s")


class Memory:
    """A cluster in memory; what its Velero does with an object on its way back is up to the test."""

    def __init__(self, on_restore: Change = lambda body: body, data: str | None = DIGEST) -> None:
        self.objects: list[Body] = []
        self.phases = {"Backup": "Completed", "Restore": "Completed"}
        self.on_restore = on_restore
        self.data = data
        """Digest that the pod finds after the restore; None when it never runs."""
        self.deleted: list[str] = []
        self.answers = True
        """Whether Velero runs."""
        self.removes = True
        """Whether Velero removes what it is asked to."""
        self.binds: Change = lambda claim: {**claim, "spec": {**claim["spec"], "volumeName": claim["metadata"]["uid"]}}
        self._backed_up: list[Body] = []
        place = {"name": "default", "namespace": "velero"}
        self._put("velero.io/v1", "BackupStorageLocation", place, status={"phase": "Available"})
        template = {"snapshotMoveData": True, "storageLocation": "default", "includedNamespaces": ["*"]}
        self._put("velero.io/v1", "Schedule", {"name": "all", "namespace": "velero"}, spec={"template": template})

    def _put(self, version: str, kind: str, about: Mapping[str, Any], **rest: Any) -> Body:
        body = {"apiVersion": version, "kind": kind, "metadata": dict(about), **rest}
        self.objects.append(body)
        return body

    def of(self, kind: str) -> list[Body]:
        return [one for one in self.objects if one["kind"] == kind]

    def get(self, path: str) -> Body | None:
        if path == "/apis":
            groups = [{"preferredVersion": {"groupVersion": version}} for version in KINDS if "/" in version]
            return {"groups": groups}
        above, _, name = path.rpartition("/")
        return next((one for one in self.items(above) if one["metadata"]["name"] == name), None)

    def items(self, path: str) -> list[Body]:
        words = path.split("/")
        namespace = words[words.index("namespaces") + 1] if "namespaces" in words[:-1] else ""
        if words[-1] == "storageclasses":
            return [{"metadata": {"name": "b", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}]
        return [
            one
            for one in self.objects
            if plural(one["kind"]) == words[-1] and one["metadata"].get("namespace", "") == namespace
        ]

    def kinds(self, version: str) -> list[Body]:
        return [
            {"name": plural(kind), "kind": kind, "namespaced": kind != "Namespace", "verbs": ["list"]}
            for kind in KINDS[version]
        ]

    def text(self, path: str) -> str:
        if "-back/" not in path:
            return f"probe {DIGEST}  -\n"
        if self.data is None:
            raise KubeError(404, "NotFound", "no pod", "read a log")
        return f"probe {self.data}  -\n"

    def create(self, body: Mapping[str, Any]) -> Body:
        made = copy.deepcopy(dict(body))
        made["metadata"] |= {"uid": f"u{len(self.objects)}", "resourceVersion": "1"}
        if made["kind"] == "PersistentVolumeClaim" and (bound := self.binds(made)):
            made = {**bound, "status": {"phase": "Bound"}}
        if made["kind"] == "ServerStatusRequest" and self.answers:
            made["status"] = {"phase": "Processed", "serverVersion": "v1.18.1"}
        if made["kind"] == "DeleteBackupRequest" and self.removes:
            self.objects = [one for one in self.objects if one["kind"] != "Backup"]
        if made["kind"] == "Service":
            made["spec"]["clusterIP"] = f"10.43.0.{len(self.objects)}"
        self.objects.append(made)
        if made["kind"] in self.phases:
            made["status"] = {"phase": self.phases[made["kind"]], "errors": 2}
            self._velero(made)
        return made

    def _velero(self, body: Body) -> None:
        if body["kind"] == "Backup":
            [namespace] = body["spec"]["includedNamespaces"]
            self._backed_up = copy.deepcopy([o for o in self.objects if o["metadata"].get("namespace") == namespace])
        elif body["status"]["phase"] == "Completed":
            [target] = body["spec"]["namespaceMapping"].values()
            for one in copy.deepcopy(self._backed_up):
                one["metadata"]["namespace"] = target
                one.get("spec", {}).pop("volumeName", None)
                one.pop("status", None)
                one["metadata"]["labels"] = {**one["metadata"].get("labels", {}), "velero.io/restore-name": "x"}
                if (back := self.on_restore(one)) is not None:
                    self.create(back)

    def delete(self, body: Mapping[str, Any]) -> bool:
        if body["kind"] == "ServerStatusRequest":
            self.objects = [one for one in self.objects if one["kind"] != body["kind"]]
            return True
        self.deleted.append(f"{body['kind']} {body['metadata']['name']}")
        return True


def drill(cluster: Memory, *, simulated: bool = False) -> Drill:
    ticks: Iterator[int] = itertools.count()
    clock = lambda: float(next(ticks))  # noqa: E731
    return Drill(cluster, "velero", clock=clock, pause=lambda seconds: None, patience=50, simulated=simulated)


def held(cluster: Memory, namespace: str = "") -> Report:
    return drill(cluster).hold(namespace)


def failing(report: Report) -> dict[str, str]:
    return {row.what: row.detail for row in report.rows if row.mark is Mark.FAIL}


def test_a_drill_passes_when_every_object_and_every_byte_came_back() -> None:
    cluster = Memory()
    report = held(cluster)
    assert failing(report) == {}
    assert report.passed
    assert report.whole
    kinds = {row.what.partition("/")[0] for row in report.rows}
    assert {"ConfigMap", "Secret", "Service", "Role", "NetworkPolicy", "PersistentVolumeClaim", "Pod"} <= kinds
    assert {"volume of probe", "data of probe"} <= {row.what for row in report.rows}
    assert report.version == "v1.18.1"
    assert set(report.times) == {"probe", "backup", "restore", "compare", "cleanup"}


def test_it_backs_up_as_the_schedules_do(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Memory()
    made: list[Mapping[str, Any]] = []
    create = cluster.create
    monkeypatch.setattr(cluster, "create", lambda body: (made.append(body), create(body))[1])
    held(cluster)
    [backup] = [one for one in made if one["kind"] == "Backup"]
    assert backup["spec"]["snapshotMoveData"] is True
    assert backup["spec"]["includedNamespaces"] != ["*"]


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "Role", "PersistentVolumeClaim"])
def test_an_object_that_does_not_come_back_fails_the_drill(kind: str) -> None:
    report = held(Memory(lambda body: None if body["kind"] == kind else body))
    assert failing(report)[f"{kind}/probe"] == "it did not come back"
    assert not report.passed


def test_an_object_that_comes_back_changed_fails_the_drill() -> None:
    def change(body: Body) -> Body:
        return {**body, "data": {"random": "other"}} if body["kind"] == "ConfigMap" else body

    report = held(Memory(change))
    assert failing(report) == {"ConfigMap/probe": "it came back with another data.random"}


@pytest.mark.parametrize(("data", "words"), [("b" * 64, "as something else"), (None, "never ran")])
def test_data_that_does_not_come_back_fails_the_drill(data: str | None, words: str) -> None:
    report = held(Memory(data=data))
    assert words in failing(report)["data of probe"]
    assert not report.passed


@pytest.mark.parametrize(("kind", "phase"), [("Backup", "PartiallyFailed"), ("Restore", "Failed"), ("Backup", "")])
def test_whatever_is_not_complete_fails_the_drill_and_is_cleaned_up(kind: str, phase: str) -> None:
    cluster = Memory()
    cluster.phases[kind] = phase
    report = held(cluster)
    [(what, detail)] = [one for one in failing(report).items() if one[0].startswith(kind)]
    assert report.name in what
    assert (phase or "does Velero run?") in detail
    assert not report.passed
    assert f"Namespace {report.scratch}" in cluster.deleted


def test_everything_that_a_drill_made_is_removed_and_the_backup_with_its_files() -> None:
    cluster = Memory()
    report = held(cluster)
    gone = [f"Namespace {report.scratch}", f"Namespace {report.name}", f"Restore {report.name}"]
    assert cluster.deleted == gone
    assert [one["spec"]["backupName"] for one in cluster.of("DeleteBackupRequest")] == [report.name]


def test_somebodys_namespace_is_read_only_and_its_data_is_not_claimed() -> None:
    cluster = Memory()
    cluster._put("v1", "Namespace", {"name": "winkel"})
    cluster._put("v1", "ConfigMap", {"name": "c", "namespace": "winkel"}, data={"a": "b"})
    cluster._put("v1", "PersistentVolumeClaim", {"name": "files", "namespace": "winkel"}, spec={})
    report = held(cluster, "winkel")
    assert report.passed
    assert not report.whole
    assert [row.what for row in report.rows if row.mark is Mark.NOT_COMPARED] == ["data of files"]
    assert "Namespace winkel" not in cluster.deleted


def test_nothing_is_made_where_velero_is_not_ready_or_the_namespace_is_not_there() -> None:
    cluster = Memory()
    count = len(cluster.objects)
    with pytest.raises(DrillError, match="no namespace winkel"):
        held(cluster, "winkel")
    cluster.of("BackupStorageLocation")[0]["status"] = {"phase": "Unavailable", "message": "access denied"}
    with pytest.raises(DrillError, match="access denied"):
        held(cluster)
    cluster.of("BackupStorageLocation")[0].pop("status")
    with pytest.raises(DrillError, match="not looked at it"):
        held(cluster)
    cluster.answers = False
    with pytest.raises(DrillError, match="does it run"):
        held(cluster)
    assert len(cluster.objects) == count


def test_a_report_that_compared_nothing_has_not_passed() -> None:
    assert not Report("n", "a", "b").passed


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ({"spec": {"clusterIP": "10.0.0.1", "ports": []}}, {"spec": {"clusterIP": "10.0.0.2", "ports": []}}, []),
        ({"spec": {"type": "ClusterIP"}}, {"spec": {"type": "LoadBalancer"}}, ["spec.type"]),
        ({"metadata": {"uid": "1"}}, {"metadata": {"uid": "2", "labels": {"velero.io/backup-name": "x"}}}, []),
        ({}, {"metadata": {"annotations": {"backup.velero.io/must-include-additional-items": "true"}}}, []),
        ({"metadata": {"labels": {"app": "a"}}}, {"metadata": {}}, ["labels"]),
        ({"status": {"a": 1}}, {"status": {"a": 2}}, []),
        ({"data": {"a": "b"}}, {"data": {"a": "c"}}, ["data.a"]),
        ({"data": {"a": "b"}}, {}, ["data"]),
    ],
)
def test_only_what_somebody_wrote_is_compared(was: Body, now: Body, expected: list[str]) -> None:
    def service(body: Body) -> Body:
        return {"kind": "Service", **body, "metadata": {"name": "s", **body.get("metadata", {})}}

    assert compare.differences(service(was), service(now)) == expected


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ({}, {"velero.io/dynamic-pv-restore": "winkel.files.abcde"}, []),
        ({"a": "b"}, {"a": "b", "velero.io/dynamic-pv-restore": "winkel.files.abcde"}, []),
        ({"a": "b"}, {"velero.io/dynamic-pv-restore": "winkel.files.abcde"}, ["spec.selector"]),
    ],
)
def test_the_label_by_which_a_data_mover_finds_a_volume_does_not_count(was: Body, now: Body, expected: Body) -> None:
    def claim(labels: Body) -> Body:
        spec = {"selector": {"matchLabels": labels}} if labels else {}
        return {"kind": "PersistentVolumeClaim", "metadata": {"name": "files"}, "spec": spec}

    assert compare.differences(claim(was), claim(now)) == expected


def test_what_the_cluster_makes_by_itself_is_no_object_of_somebodys_own() -> None:
    def body(kind: str, name: str = "x", **about: Any) -> Body:
        return {"kind": kind, "metadata": {"name": name, **about}}

    assert compare.own(body("ConfigMap"))
    assert not compare.own(body("ConfigMap", "kube-root-ca.crt"))
    assert not compare.own(body("Pod", ownerReferences=[{"controller": True}]))
    assert not compare.own(body("Event"))
    assert not compare.own({**body("Secret"), "type": "kubernetes.io/service-account-token"})


def test_no_drill_is_held_on_a_simulated_cluster_where_no_velero_answers() -> None:
    cluster = Memory()
    cluster.answers = False
    count = len(cluster.objects)
    with pytest.raises(DrillError, match="prove nothing") as caught:
        drill(cluster, simulated=True).hold()
    assert "SIMULATED" in caught.value.what
    assert "lab up --with backup" in str(caught.value.fix)
    assert len(cluster.objects) == count


def test_data_is_not_waited_for_where_pods_do_not_run() -> None:
    report = drill(Memory(data=None), simulated=True).hold()
    assert report.passed
    assert report.simulated
    [(what, detail)] = [(row.what, row.detail) for row in report.rows if row.mark is Mark.NOT_COMPARED]
    assert what == "data of probe"
    assert "SIMULATED" in detail
    assert report.times["probe"] < 20


@pytest.mark.parametrize(("volume", "words"), [(None, "had none"), ("pv-one", "the one that was backed up")])
def test_a_claim_has_to_come_back_with_a_volume_of_its_own(volume: str | None, words: str) -> None:
    cluster = Memory()
    cluster.binds = lambda claim: {**claim, "spec": {**claim["spec"], "volumeName": "pv-one"}}

    def change(body: Body) -> Body:
        if body["kind"] == "PersistentVolumeClaim" and volume is None:
            cluster.binds = lambda claim: None
        return body

    cluster.on_restore = change
    assert words in failing(held(cluster))["volume of probe"]


def test_what_velero_does_not_remove_is_said() -> None:
    cluster = Memory()
    cluster.removes = False
    [left] = held(cluster).left
    assert "had not removed it" in left


def test_the_repository_of_a_drill_is_kept_in_order_no_more_and_what_stays_of_it_is_said() -> None:
    cluster = Memory()
    name = lambda namespace: {"name": f"{namespace}-default-kopia", "namespace": "velero"}  # noqa: E731
    for namespace in ("winkel", "haven-drill-1"):
        spec = {"volumeNamespace": namespace}
        cluster._put("velero.io/v1", "BackupRepository", name(namespace), spec=spec)
    [left] = Velero(cluster, "velero").forget_repository("haven-drill-1")
    assert left.startswith("kopia/haven-drill-1 in the bucket")
    assert cluster.deleted == ["BackupRepository haven-drill-1-default-kopia"]


def test_why_a_backup_is_incomplete_is_read_from_the_bucket() -> None:
    found = {"errors": {"velero": ["no snapshot class"], "namespaces": {"winkel": ["secret: forbidden"]}}}

    class Partial(Memory):
        def create(self, body: Mapping[str, Any]) -> Body:
            made = super().create(body)
            if made["kind"] == "DownloadRequest":
                assert made["spec"]["target"]["kind"] == "BackupResults"
                made["status"] = {"downloadURL": "https://s3/x"}
            return made

    cluster = Partial()
    cluster.phases["Backup"] = "PartiallyFailed"
    cluster.of("BackupStorageLocation")[0]["spec"] = {"objectStorage": {"caCert": base64.b64encode(b"pem").decode()}}
    asked = []

    def fetch(url: str, authority: str) -> bytes:
        asked.append((url, authority))
        return gzip.compress(json.dumps(found).encode())

    complete, said = Velero(cluster, "velero", pause=lambda _: None, fetch=fetch).run(
        "Backup", "b", {"includedNamespaces": ["x"]}, {}
    )
    assert not complete
    assert said == "PartiallyFailed; no snapshot class; secret: forbidden; 2 errors, 0 warnings"
    assert asked == [("https://s3/x", "pem")]
