"""The restore drill against a real Velero, its node agents and snapshot programs, with its bucket in the lab's Swift.

Nodes and pods are simulated, so what is in a volume is put there by the test, and found again in the restored one.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from haven_iac.clouds.openstack.api import MERGE, Kube
from haven_iac.deploy.velero import Velero
from haven_iac.kube import connect
from haven_iac.toolchain import ensure
from tests.engine.stack import Stack
from tests.lab.conftest import Inside
from tests.lab.front import URL, tls
from tests.lab.stacks import project, settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

VELERO = "/apis/velero.io/v1/namespaces/velero"
BUCKET = "voorbeeldstad-backup"
LOCATION = f"{VELERO}/backupstoragelocations/default"
CREDENTIAL = "/api/v1/namespaces/velero/secrets/velero-object-storage"
CLASSES = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses"


@pytest.fixture(scope="session")
def backup(lab: Inside) -> None:
    """Have the lab run Velero for real, its programs built first where they are not there."""
    if not lab.lab.namespace.here:
        ensure(lab.lab.tools(["backup"]))
        lab.run(lambda: lab.lab.up(more=["backup"]))
    elif "backup" not in lab.lab.extras:
        pytest.fail("this lab runs no Velero: `haven-iac lab up --with backup` first")


@pytest.fixture(scope="module")
def stack(backup: None, inside: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a project with the stack for the lab, made; object storage is behind TLS with an authority of its own."""
    folder = tmp_path_factory.mktemp("lab")
    with tls(folder / "front") as authority, project(folder / "project") as made:
        storage = {"kind": "cloud", "endpoint": URL}
        made.edit(cloud={"settings": {"objectStorage": storage, "ca": authority}}, backup={"volumes": "move"})
        made.run("up", "--yes")
        yield made


@pytest.fixture(scope="module")
def kubeconfig(stack: Stack) -> str:
    """Give a kubeconfig of the cluster, for an hour."""
    return stack.run("kubeconfig", "--ttl", "1h").stdout


@pytest.fixture(scope="module")
def api(kubeconfig: str) -> Kube:
    """Give the cluster's API, as an administrator."""
    return Kube(kubeconfig)


def reached(api: Kube, wanted: str) -> bool:
    """Return whether Velero finds its bucket as wanted, within some minutes; it looks once a minute."""

    def look() -> bool:
        return bool(((api.get(LOCATION) or {}).get("status") or {}).get("phase") == wanted)

    return bool(settled(look, 150))


def files(cloud: Any) -> set[str]:
    """Return the files in the bucket, but for those of the volumes' repository, which stays."""
    return {one.name for one in cloud.object_store.objects(BUCKET) if "/kopia/" not in one.name}


def kept(cloud: Any) -> set[tuple[str, str]]:
    """Return every volume and snapshot of the project."""
    volumes = {("volume", one.id) for one in cloud.block_storage.volumes()}
    return volumes | {("snapshot", one.id) for one in cloud.block_storage.snapshots()}


def results(report: Any) -> dict[str, tuple[str, str]]:
    """Return what a report says, by what it is about."""
    return {row["what"]: (row["result"], row["detail"]) for row in report["rows"]}


def test_shared_volumes_are_made_with_a_private_authority_in_the_drivers_secret(api: Kube) -> None:
    spec = {
        "storageClassName": "shared",
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    claims = "/api/v1/namespaces/default/persistentvolumeclaims"
    api.ask("POST", claims, {"metadata": {"name": "many"}, "spec": spec})
    assert settled(lambda: api.get(f"{claims}/many")["status"].get("phase") == "Bound")
    api.delete(f"{claims}/many")


def claim_with_volume(api: Kube, name: str) -> tuple[str, str]:
    """Make a namespace with a claim and a pod that uses it; return the volume's object and its id in the cloud."""
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": strict}})
    claims = f"/api/v1/namespaces/{name}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    api.ask("POST", claims, {"metadata": {"name": "files"}, "spec": spec})
    container = {
        "name": "c",
        "image": "registry.k8s.io/pause:3.10",
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    pod = {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "files"}}],
    }
    api.ask("POST", f"/api/v1/namespaces/{name}/pods", {"metadata": {"name": "user"}, "spec": pod})
    return volume_of(api, name)


def volume_of(api: Kube, namespace: str) -> tuple[str, str]:
    """Return the volume of the claim in a namespace, and its id in the cloud, as soon as it is bound."""
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/files"
    name = settled(lambda: ((api.get(path) or {}).get("spec") or {}).get("volumeName"), 180)
    assert name, f"{namespace}: not bound"
    return str(name), str(api.get(f"/api/v1/persistentvolumes/{name}")["spec"]["csi"]["volumeHandle"])


def test_a_drill_is_held_with_a_real_velero_and_leaves_nothing_behind(stack: Stack, api: Kube, cloud: Any) -> None:
    assert reached(api, "Available")
    before, there = files(cloud), kept(cloud)
    report = stack.json("drill", "restore")
    assert (report["passed"], report["simulated"], report["velero"]) == (True, True, "v1.18.1"), report
    [left] = report["left"]
    assert left.startswith(f"kopia/{report['drill']} in the bucket")
    assert not [one for one in api.items(f"{VELERO}/backuprepositories") if report["drill"] in one["metadata"]["name"]]
    found = results(report)
    what, why = found.pop("data of probe")
    assert what == "NOT COMPARED"
    assert "SIMULATED" in why
    assert {result for result, _ in found.values()} == {"PASS"}
    assert "1 of 1 operations on volumes" in found[f"Backup/{report['drill']}"][1]
    assert {"ConfigMap/probe", "Secret/probe", "Pod/probe", "PersistentVolumeClaim/probe", "volume of probe"} < set(
        found
    )
    assert files(cloud) == before
    assert settled(lambda: kept(cloud) == there, 120), kept(cloud) ^ there


def test_every_byte_of_a_volume_comes_back_through_the_bucket(
    lab: Inside, api: Kube, cloud: Any, kubeconfig: str
) -> None:
    written = secrets.token_bytes(3 * 2**20)
    _, volume = claim_with_volume(api, "winkel")
    holds = lab.lab.place.state / "volumes"
    (holds / volume / "data").mkdir(parents=True)
    (holds / volume / "data" / "ledger").write_bytes(written)
    with connect(kubeconfig) as kube:
        velero = Velero(kube, "velero", patience=600)
        name = f"bytes-{secrets.token_hex(3)}"
        spec = {**velero.habits(), "includedNamespaces": ["winkel"]}
        assert spec["snapshotMoveData"] is True
        assert velero.run("Backup", name, spec, {}) == (True, "Completed; 1 of 1 operations on volumes")
        api.delete("/api/v1/namespaces/winkel")
        assert settled(lambda: api.get("/api/v1/namespaces/winkel") is None, 120)
        assert settled(lambda: cloud.block_storage.find_volume(volume) is None, 120)
        assert velero.run("Restore", name, {"backupName": name}, {})[0]
        _, restored = volume_of(api, "winkel")
        assert restored != volume
        assert (holds / restored / "data" / "ledger").read_bytes() == written
        assert velero.remove(name) == ""
    api.delete("/api/v1/namespaces/winkel")


def test_a_backup_that_fails_says_why(stack: Stack, api: Kube) -> None:
    [made] = list(api.items(CLASSES))
    name = made["metadata"]["name"]
    api.delete(f"{CLASSES}/{name}")
    try:
        report = stack.json("drill", "restore", expect=5)
    finally:
        about = {key: made["metadata"][key] for key in ("name", "labels", "annotations")}
        api.ask("POST", CLASSES, {**made, "metadata": about})
    result, why = results(report)[f"Backup/{report['drill']}"]
    assert result == "FAIL"
    assert "PartiallyFailed" in why
    assert "VolumeSnapshotClass" in why
    assert report["left"] == []


def test_a_bucket_that_is_gone_and_a_wrong_credential_are_said(stack: Stack, api: Kube) -> None:
    storage = api.get(LOCATION)["spec"]["objectStorage"]
    api.ask("PATCH", LOCATION, {"spec": {"objectStorage": {"bucket": "nobodys"}}}, kind=MERGE)
    try:
        assert reached(api, "Unavailable")
        assert "NoSuchBucket" in stack.run("drill", "restore", expect=5).stderr
    finally:
        api.ask("PATCH", LOCATION, {"spec": {"objectStorage": storage}}, kind=MERGE)
    assert reached(api, "Available")
    data = api.get(CREDENTIAL)["data"]
    wrong = base64.b64encode(b"[default]\naws_access_key_id = a\naws_secret_access_key = b\n").decode()
    api.ask("PATCH", CREDENTIAL, {"data": {"cloud": wrong}}, kind=MERGE)
    try:
        assert reached(api, "Unavailable")
        said = stack.run("drill", "restore", expect=5).stderr
        assert "SignatureDoesNotMatch" in said or "InvalidAccessKeyId" in said
    finally:
        api.ask("PATCH", CREDENTIAL, {"data": data}, kind=MERGE)
    assert reached(api, "Available")
