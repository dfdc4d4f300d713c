"""Changes to a cluster that runs: the plan ranks them, preview names them, `up` does just that and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from haven_iac.clouds.openstack.api import Kube
from haven_iac.clouds.openstack.names import GENERATION_KEY
from tests.engine.stack import Stack
from tests.lab.stacks import project, settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def stack(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a cluster that runs, with disks of its servers' own for system and etcd."""
    with project(tmp_path_factory.mktemp("change") / "project") as made:
        disk = {"size": "20Gi", "type": "standard"}
        etcd = {"size": "10Gi", "type": "fast"}
        made.edit(controlPlane={"disk": disk}, cloud={"settings": {"etcdDisk": etcd}})
        made.run("up", "--yes")
        yield made


@pytest.fixture(scope="module")
def api(stack: Stack) -> Kube:
    """Give the cluster's API, as an administrator."""
    return Kube(stack.run("kubeconfig", "--ttl", "2h").stdout)


def servers(cloud: Any) -> dict[str, str]:
    """Return the servers' ids by name."""
    return {one.name: one.id for one in cloud.compute.servers()}


def change(stack: Stack, disruption: str, **edits: Any) -> tuple[set[str], Mapping[str, int]]:
    """Make a change; return the types that preview named, and what `up` did.

    The plan has to rank it as given, and `up` has to do as much as preview said.
    """
    stack.edit(**edits)
    ranks = ["none", "rolling", "disruptive"]
    found = [one["disruption"] for one in stack.json("plan")["changes"]]
    assert max(found, key=ranks.index) == disruption, found
    seen = stack.json("preview")
    done = stack.json("up", "--yes", "--allow-disruption")["changes"]
    assert {**seen["changes"], "same": 0} == {**done, "same": 0}
    stack.run("up", "--yes", "--expect-no-changes")
    return {one["type"].rsplit(":", 1)[-1] for one in seen["steps"]}, done


def test_a_pool_comes_grows_and_goes(stack: Stack, api: Kube, cloud: Any) -> None:
    before = servers(cloud)
    pool = {"size": 1, "flavor": "m1.large", "labels": {"tier": "extra"}, "zones": ["az1"]}
    _, done = change(stack, "none", pools={"extra": pool})
    assert "delete" not in done
    assert len(servers(cloud)) == 7
    change(stack, "none", pools={"extra": {"size": 2}})
    assert len(servers(cloud)) == 8
    assert {n["metadata"]["name"] for n in api.items("/api/v1/nodes")} == set(servers(cloud))
    document = stack.file.read_text()
    stack.drop("pools", "extra")
    stack.run("up", "--yes", "--allow-disruption")
    assert document != stack.file.read_text()
    assert servers(cloud) == before
    assert {n["metadata"]["name"] for n in api.items("/api/v1/nodes")} == set(before)


def test_the_list_of_the_api_changes_the_listener_alone(stack: Stack, cloud: Any) -> None:
    before = servers(cloud)
    types, _ = change(stack, "none", network={"apiAllowedCidrs": ["127.0.0.0/8", "192.0.2.0/24"]})
    assert types == {"Listener"}
    [listener] = [one for one in cloud.load_balancer.listeners() if one.protocol_port == 6443]
    assert set(listener.allowed_cidrs) == {"127.0.0.0/8", "192.0.2.0/24", "10.20.0.0/20"}
    assert servers(cloud) == before


def test_credentials_are_rotated_and_the_old_one_is_gone(stack: Stack, api: Kube, cloud: Any) -> None:
    before = servers(cloud)
    old = {one.id for one in cloud.identity.application_credentials(cloud.current_user_id)}
    types, done = change(stack, "rolling", cloud={"settings": {"controllers": {"rotation": 1}}})
    assert types == {"ApplicationCredential", "S3Key", "Secret", "DaemonSet", "Deployment", "StatefulSet"}
    assert "create" not in done
    assert "delete" not in done
    new = {one.id for one in cloud.identity.application_credentials(cloud.current_user_id)}
    assert len(new) == len(old)
    assert not new & old
    assert servers(cloud) == before
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "after", "namespace": "default"},
        "spec": {
            "storageClassName": "shared",
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    api.ask("POST", "/api/v1/namespaces/default/persistentvolumeclaims", claim)
    path = "/api/v1/namespaces/default/persistentvolumeclaims/after"
    assert settled(lambda: api.get(path)["status"].get("phase") == "Bound")


def disks(cloud: Any) -> dict[str, list[tuple[int, str, str]]]:
    """Return size, type and id of the volumes that machines were born with, by their server's name."""
    volumes = {one.id: (one.size, one.volume_type, one.id) for one in cloud.block_storage.volumes()}
    found = {}
    for server in cloud.compute.servers():
        born = [one for one in cloud.compute.volume_attachments(server) if one.delete_on_termination]
        found[server.name] = [volumes[one.volume_id] for one in sorted(born, key=lambda one: one.device)]
    return found


def test_disks_that_a_description_changes_are_for_machines_to_come(stack: Stack, cloud: Any) -> None:
    before = disks(cloud)
    sizes = {name: [one[:2] for one in born] for name, born in before.items()}
    for name, born in sizes.items():
        assert born == ([(20, "standard"), (10, "fast")] if "control-plane" in name else [])
    stack.edit(controlPlane={"disk": {"size": "30Gi"}})
    stack.drop("cloud", "settings", "etcdDisk")
    found = stack.json("plan")["changes"]
    assert {one["disruption"] for one in found} == {"none"}
    assert any("disk 20Gi standard → 30Gi standard, once made anew," in one["detail"] for one in found)
    stack.run("up", "--yes", "--expect-no-changes")
    assert disks(cloud) == before


def test_another_patch_release_renews_machines_one_after_the_other(stack: Stack, cloud: Any) -> None:
    before = {one.name: (one.id, one.metadata[GENERATION_KEY]) for one in cloud.compute.servers()}
    born = disks(cloud)
    types, _ = change(stack, "rolling", kubernetes={"release": "v1.36.2+rke2r1"})
    assert types == {"PoolNodes"}
    after = {one.name: (one.id, one.metadata[GENERATION_KEY]) for one in cloud.compute.servers()}
    assert {name: one[0] for name, one in after.items()} == {name: one[0] for name, one in before.items()}
    assert all(after[name][1] != before[name][1] for name in before)
    assert {one.status for one in cloud.compute.servers()} == {"ACTIVE"}
    assert disks(cloud) == born
