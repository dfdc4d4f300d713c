"""Containers and the credential for them: whose they are, what goes with a cluster, and what reaches the charts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from haven_iac.clouds.openstack import buckets, s3_endpoint, s3_key
from haven_iac.clouds.openstack.buckets import ENDS, PAGE, BucketProvider, end
from haven_iac.clouds.openstack.objects import OWNER, Container, containers, s3_url, sides
from haven_iac.clouds.openstack.s3_endpoint import S3EndpointProvider
from haven_iac.clouds.openstack.s3_key import S3KeyProvider, access_key
from haven_iac.errors import DeployError
from haven_iac.platform import late
from haven_iac.prepare import from_document
from tests.unit.openstack_cases import DOCUMENT

ME = "voorbeeldstad-abcde"
CLOUD = {**DOCUMENT["cloud"]["settings"], "objectStorage": {"kind": "cloud"}}


def planned(settings: Mapping[str, Any] = CLOUD, **given: Any) -> Any:
    cloud = {**DOCUMENT["cloud"], "settings": dict(settings)}
    backup = {"bucket": "stad-backup", **given.pop("backup", {})}
    return from_document({**DOCUMENT, "cloud": cloud, "logs": {"bucket": "stad-logs"}, "backup": backup, **given}).plan


@dataclass
class Answer:
    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def json(self) -> Any:
        return self.body


class Swift:
    """Containers with objects, behind the calls that are made."""

    def __init__(self, held: Mapping[str, tuple[str, int]]) -> None:
        self.held = {name: {"headers": {OWNER: owner}, "objects": count} for name, (owner, count) in held.items()}
        self.asked: list[str] = []

    @property
    def object_store(self) -> Swift:
        return self

    def head(self, path: str) -> Answer:
        found = self.held.get(path.strip("/"))
        if found is None:
            return Answer(404)
        return Answer(204, {**found["headers"], "X-Container-Object-Count": str(found["objects"])})

    def put(self, path: str, headers: Mapping[str, str]) -> Answer:
        self.held[path.strip("/")] = {"headers": dict(headers), "objects": 0}
        return Answer(201)

    def post(self, path: str, headers: Mapping[str, str]) -> Answer:
        self.held[path.strip("/")]["headers"] |= headers
        return Answer(204)

    def get(self, path: str) -> Answer:
        count = self.held[path.split("?")[0].strip("/")]["objects"]
        return Answer(200, body=[{"name": f"chunk {number}"} for number in range(min(count, PAGE))])

    def delete(self, path: str) -> Answer:
        name, _, item = path.strip("/").partition("/")
        if name not in self.held:
            return Answer(404)
        if item:
            self.held[name]["objects"] -= 1
            return Answer(204)
        if self.held[name]["objects"]:
            return Answer(409)
        del self.held[name]
        return Answer(204)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(buckets, "tell", said.append)
    return said


def within(monkeypatch: pytest.MonkeyPatch, **held: tuple[str, int]) -> Swift:
    made = Swift(held)
    monkeypatch.setattr(buckets, "connect", lambda settings: made)
    return made


def props(name: str, *, ends: bool) -> dict[str, Any]:
    return {"name": name, "ends": ends, "identity": ME, "settings": CLOUD}


def test_logs_go_with_the_cluster_and_backups_stay() -> None:
    assert containers(planned()) == (
        Container("stad-logs", ends=True, path="logs.bucket"),
        Container("stad-backup", ends=False, path="backup.bucket"),
    )


def test_one_container_for_both_is_kept() -> None:
    [one] = containers(planned(backup={"bucket": "stad-logs"}))
    assert not one.ends


def test_a_bucket_elsewhere_is_not_made() -> None:
    elsewhere = {"objectStore": {"endpoint": "https://s3.example.nl"}}
    assert [one.name for one in containers(planned(backup=elsewhere))] == ["stad-logs"]
    assert containers(planned(DOCUMENT["cloud"]["settings"], backup=elsewhere)) == ()
    assert [one.name for one in containers(planned(backup={"enabled": False}))] == ["stad-logs"]


@pytest.mark.parametrize(
    ("catalogued", "url"),
    [
        ("https://objects.example.nl/swift/v1/AUTH_0a", "https://objects.example.nl"),
        ("http://127.0.0.1:8080/v1/AUTH_0a", "http://127.0.0.1:8080"),
        ("https://objects.example.nl:8443/swift/v1", "https://objects.example.nl:8443"),
    ],
)
def test_s3_is_at_the_root_of_the_server_that_the_catalogue_names(catalogued: str, url: str) -> None:
    assert s3_url(catalogued) == url


def test_what_is_told_of_the_url() -> None:
    assert sides("http://10.0.0.1:8080") == {"host": "10.0.0.1:8080", "port": "8080", "insecure": "true"}
    assert sides("https://s3.example.nl") == {"host": "s3.example.nl", "port": "443", "insecure": "false"}


def test_a_container_is_made_once_and_carries_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    swift = within(monkeypatch)
    for _ in range(2):
        assert BucketProvider().create(props("logs", ends=True)).id == "logs"
    assert swift.held["logs"]["headers"] == {OWNER: ME}


def test_logs_never_go_into_the_container_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    within(monkeypatch, logs=("elders-bcdfg", 3), mine=("", 5))
    for name in ("logs", "mine"):
        with pytest.raises(DeployError, match="exists already"):
            BucketProvider().create(props(name, ends=True))
        BucketProvider().create(props(name, ends=False))


def test_what_holds_data_is_kept_and_said(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    swift = within(monkeypatch, backup=(ME, 7), logs=(ME, 2))
    for name, ends in (("backup", False), ("logs", True)):
        BucketProvider().delete(name, props(name, ends=ends))
    assert set(swift.held) == {"backup", "logs"}
    assert "holds 7 objects and is kept" in told[0]


def test_an_empty_one_goes_with_what_swift_put_beside_it(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    swift = within(monkeypatch, backup=(ME, 0), **{"backup%2Bsegments": ("", 0)})
    BucketProvider().delete("backup", props("backup", ends=False))
    assert (swift.held, told) == ({}, [])


def test_at_the_clusters_end_its_logs_go_and_nobody_elses(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    held = {"logs": (ME, PAGE + 5), "elders": ("elders-bcdfg", 3), "logs%2Bsegments": ("", 4)}
    swift = within(monkeypatch, **held)
    end(swift, ME, ["logs", "elders", "gone"])  # type: ignore[arg-type]
    assert swift.held["logs"]["headers"][ENDS] == ME
    for name in ("logs", "elders"):
        BucketProvider().delete(name, props(name, ends=True))
    assert set(swift.held) == {"elders"}
    assert f"deleted {PAGE + 5} objects of the container logs" in told


def test_one_that_somebody_deleted_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    within(monkeypatch, logs=(ME, 0))
    assert BucketProvider().read("logs", props("logs", ends=True)).id == "logs"
    assert not BucketProvider().read("backup", props("backup", ends=False)).id


class Keystone:
    current_user_id, current_project_id = "user", "project"

    def __init__(self, *, taken: bool) -> None:
        self.taken, self.made, self.deleted = taken, {}, []  # type: ignore[var-annotated]

    @property
    def identity(self) -> Keystone:
        return self

    object_store = identity

    def get_endpoint(self) -> str:
        return "https://objects.example.nl/swift/v1"

    def post(self, path: str, json: Any) -> Answer:
        if self.taken:
            return Answer(409)
        self.made = json["credential"]
        return Answer(201)

    def delete(self, path: str) -> Answer:
        self.taken = False
        self.deleted.append(path)
        return Answer(204)


@pytest.mark.parametrize("taken", [False, True])
def test_the_credential_may_what_the_application_credential_may(monkeypatch: pytest.MonkeyPatch, taken: bool) -> None:
    keystone = Keystone(taken=taken)
    monkeypatch.setattr(s3_key, "connect", lambda settings: keystone)
    monkeypatch.setattr(s3_endpoint, "connect", lambda settings: keystone)
    found = S3EndpointProvider().create({"identity": ME, "settings": CLOUD})
    made = S3KeyProvider().create({"identity": ME, "credential": "app-1", "settings": CLOUD})
    blob = json.loads(keystone.made["blob"])
    assert blob["app_cred_id"] == "app-1"
    assert made.outs is not None
    assert (made.outs["access"], made.outs["secret"]) == (blob["access"], blob["secret"])
    assert found.outs
    assert found.outs["url"] == "https://objects.example.nl"
    assert keystone.deleted == ([f"/credentials/{made.id}"] if taken else [])
    assert access_key(ME, "app-1") != access_key(ME, "app-2")


def test_charts_get_the_credential_through_secrets_only() -> None:
    plan = planned()
    refs = {ref.name: ref for slot in ("logs", "backup") for ref in plan.release(slot).secrets}
    assert set(refs) == {"loki-object-storage", "velero-object-storage", "haven-iac-etcd-snapshots"}
    assert not any(ref.entries for ref in refs.values())
    snapshots = refs["haven-iac-etcd-snapshots"]
    assert (snapshots.namespace, snapshots.type) == ("kube-system", "etcd.k3s.cattle.io/s3-config-secret")
    assert snapshots.plain["etcd-s3-bucket"] == "stad-backup"
    keys = {late.OBJECT_ACCESS_KEY, late.OBJECT_SECRET_KEY}
    for slot in ("logs", "backup"):
        assert not late.found(plan.release(slot).values) & keys


def test_snapshots_of_etcd_go_where_backups_go_with_a_secret_of_ones_own() -> None:
    store = {"objectStore": {"endpoint": "https://s3.example.nl:9000", "region": "ams", "secret": "elsewhere"}}
    [_, one] = planned(backup=store).release("backup").secrets
    assert one.plain["etcd-s3-endpoint"] == "s3.example.nl:9000"
    assert one.plain["etcd-s3-insecure"] == "false"
    assert dict(one.entries) == {"etcd-s3-access-key": "elsewhere", "etcd-s3-secret-key": "elsewhere"}
    assert planned(DOCUMENT["cloud"]["settings"]).release("backup").secrets == ()


def test_a_private_authority_is_trusted_for_the_bucket() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    plan = planned({**CLOUD, "ca": pem})
    loki, velero = plan.release("logs"), plan.release("backup")
    assert loki.values["loki"]["storage"]["s3"]["http_config"] == {"ca_file": "/etc/loki/object-storage/ca.crt"}
    assert loki.secrets[1].plain == {"ca.crt": pem}
    assert velero.values["configuration"]["backupStorageLocation"][0]["caCert"]


def test_a_port_that_only_building_tells_becomes_a_number() -> None:
    [policy] = planned().release("logs").flows
    assert late.found(policy) == {late.OBJECT_PORT}
    filled = late.filled(policy, {late.OBJECT_PORT: "8080"})
    assert filled["spec"]["egress"][0]["ports"] == [{"protocol": "TCP", "port": 8080}]
    known = planned({**CLOUD, "objectStorage": {"kind": "cloud", "endpoint": "https://s3.cloud.nl"}})
    assert late.found(known.release("logs").flows) == frozenset()


def test_the_plan_says_when_nobody_says_where_a_bucket_is() -> None:
    said = {one.path for one in planned(DOCUMENT["cloud"]["settings"]).notices}
    assert {"logs.objectStore", "backup.objectStore"} <= said
    assert not {"logs.objectStore", "backup.objectStore"} & {one.path for one in planned().notices}


def test_the_plan_says_what_is_made_and_what_stays() -> None:
    said = {one.path: one.text for one in planned().notices}
    assert "goes with the cluster" in said["logs.bucket"]
    assert "stays when the cluster is destroyed" in said["backup.bucket"]
