"""What a pod of a cloud controller would be started with, moved to this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from haven_iac.lab.controllers import csinode, podspec
from haven_iac.lab.controllers.box import LAST_WORDS, Box
from haven_iac.lab.controllers.cluster import choose, has_kubelet
from haven_iac.lab.controllers.process import Process
from haven_iac.lab.controllers.volumes import MissingError, Volumes

MOUNTS = {"/csi": "/run/socket", "/etc/config": "/run/config", "/etc/config/ca": "/run/ca"}
REGION = "topology.kubernetes.io/region"
CONFIGURED: dict[str, Any] = {
    "metadata": {"namespace": "default"},
    "spec": {"volumes": [{"name": "conf", "configMap": {"name": "cloud"}}]},
}
CONTAINER: dict[str, Any] = {"name": "c", "volumeMounts": [{"name": "conf", "mountPath": "/etc/config"}]}


def test_a_line_of_shell_is_taken_apart() -> None:
    container = {"command": ["/bin/sh", "-c", "exec /bin/manila-csi-plugin --drivername=$(NAME) -v=${LEVEL}"]}
    assert podspec.flags(container, {"NAME": "nfs", "LEVEL": "2"}) == ["--drivername=nfs", "-v=2"]


def test_flags_that_make_sense_in_a_pod_only_are_replaced() -> None:
    words = ["--bind-address", "0.0.0.0", "--secure-port=10258", "--cloud-provider=openstack", "--kubeconfig=/x"]
    assert podspec.out_of_cluster("openstack-cloud-controller-manager", words, "/run", "kube-system") == [
        "--cloud-provider=openstack",
        "--kubeconfig=/run/kubeconfig",
        "--bind-address=127.0.0.1",
        "--secure-port=0",
    ]


def test_a_lease_is_in_the_namespace_of_the_pod() -> None:
    words = podspec.out_of_cluster("csi-provisioner", ["--leader-election", "--http-endpoint=:8080"], "/run", "a")
    assert words == ["--leader-election", "--kubeconfig=/run/kubeconfig", "--leader-election-namespace=a"]


def test_an_image_has_a_name() -> None:
    assert podspec.image_name({"image": "host:5000/a/csi-attacher:v4@sha256:0"}) == "csi-attacher"


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("--a=/etc/config/ca/x,/etc/config/y", "--a=/run/ca/x,/run/config/y"),
        ("unix://csi/csi.sock", "unix:///run/socket/csi.sock"),
        ("/etc/configs /var/csi", "/etc/configs /var/csi"),
    ],
)
def test_paths_follow_the_longest_mount(text: str, moved: str) -> None:
    assert podspec.moved(text, MOUNTS) == moved


def test_mounted_files_name_each_other(tmp_path: Path) -> None:
    found = {"data": {"cloud.conf": "ca-file=/etc/config/ca.crt"}}
    mounts = Volumes(CONFIGURED, tmp_path, lambda *_: found).mount(CONTAINER)
    assert Path(mounts["/etc/config"], "cloud.conf").read_text() == f"ca-file={tmp_path}/c/conf/ca.crt"


def test_a_missing_secret_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="not found"):
        Volumes(CONFIGURED, tmp_path, lambda *_: None).mount(CONTAINER)


def test_one_pod_of_each_owner_is_played() -> None:
    owner = [{"uid": "set", "controller": True}]
    pods = [
        {"metadata": {"uid": uid, "creationTimestamp": created, "ownerReferences": owner}}
        for uid, created in (("old", "1"), ("new", "2"))
    ]
    assert list(choose(pods, {})) == ["new"]
    assert list(choose(pods, {"old": None})) == ["old"]


def test_every_pod_of_a_daemon_set_is_played() -> None:
    owner = [{"uid": "set", "controller": True, "kind": "DaemonSet"}]
    pods = [{"metadata": {"uid": uid, "creationTimestamp": "1", "ownerReferences": owner}} for uid in ("one", "two")]
    assert list(choose(pods, {})) == ["one", "two"]


def test_a_box_has_its_program_and_its_files_where_a_container_has_them(tmp_path: Path) -> None:
    program, secret = tmp_path / "velero", tmp_path / "secret"
    program.touch()
    secret.mkdir()
    box = Box(tmp_path / "root", str(program), "/velero")
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    mounts = {"/credentials": str(secret), "/plugins": str(plugins), "/plugins/aws": str(program)}
    command = box.command(["server"], mounts)
    assert command[:3] == ["unshare", "--mount", "--"]
    assert command[-3:] == ["--", "/velero", "server"]
    pairs = dict(zip(command[7:-3:2], command[6:-3:2], strict=True))
    assert {key: pairs[key] for key in ("/velero", *mounts)} == {"/velero": str(program), **mounts}
    assert (tmp_path / "root" / "velero").is_file()
    assert (tmp_path / "root" / "credentials").is_dir()
    assert (plugins / "aws").is_file()
    assert box.last_words() == ""
    (tmp_path / "root" / LAST_WORDS).write_text("done\n")
    assert box.last_words() == "done"


def test_a_program_in_a_box_gets_no_port_that_another_cluster_has() -> None:
    assert podspec.added_in_box("velero", ["server", "--features=EnableCSI"]) == ("--metrics-address=127.0.0.1:0",)
    assert podspec.added_in_box("velero", ["data-mover", "backup"]) == ()


def test_a_pod_that_never_restarts_ends_with_what_its_program_said(tmp_path: Path) -> None:
    process = Process(["/bin/sh", "-c", "exit 3"], {}, tmp_path / "log", once=True)
    assert process.ended is None
    process.keep()
    process.wait()
    process.keep()
    assert (process.ended, process.restarts) == (3, 0)


def test_a_claim_is_a_folder_where_somebody_looks_into_it(tmp_path: Path) -> None:
    pod = {
        "metadata": {"namespace": "default"},
        "spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "files"}}]},
    }
    container = {"name": "c", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    assert Volumes(pod, tmp_path, lambda *_: None).mount(container) == {}
    found = Volumes(pod, tmp_path, lambda *_: None, lambda name: tmp_path / "held" / name).mount(container)
    assert found == {"/data": f"{tmp_path}/held/files"}
    assert (tmp_path / "held" / "files").is_dir()


def test_a_dead_node_runs_nothing() -> None:
    def node(status: str) -> dict[str, Any]:
        return {"status": {"conditions": [{"type": "Ready", "status": status}]}}

    assert [has_kubelet(node(status)) for status in ("True", "False", "Unknown")] == [True, True, False]
    assert not has_kubelet(None)


def test_a_node_plugin_is_registered_with_the_zone_of_its_node() -> None:
    pod = {
        "spec": {
            "containers": [
                {"image": "lab/csi-node-driver-registrar:v2"},
                {
                    "image": "lab/cinder-csi-plugin:v1",
                    "args": ["--additional-topology=topology.kubernetes.io/region=R"],
                },
            ]
        }
    }
    labels = {"topology.kubernetes.io/zone": "az1"}
    found = csinode.driver(pod, {"metadata": {"labels": labels}, "spec": {"providerID": "openstack:///id"}})
    assert found
    assert (found[0]["name"], found[0]["nodeID"]) == ("cinder.csi.openstack.org", "id")
    assert found[1] == {"topology.cinder.csi.openstack.org/zone": "az1", REGION: "R"}
    assert csinode.driver(pod, {"metadata": {}, "spec": {}}) is None
