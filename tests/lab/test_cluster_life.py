"""A cluster on the lab, from an empty project to an empty one: one `up` for the whole file, tests in their order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from haven_iac.clouds.openstack.api import MERGE, Kube
from tests.engine.stack import Stack

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

POD = "registry.k8s.io/pause:3.10"


def everything(cloud: Any) -> set[tuple[str, str]]:
    """Return every object of every service in the project, by kind and id."""
    lists = {
        "server": cloud.compute.servers(),
        "server group": cloud.compute.server_groups(),
        "network": (one for one in cloud.network.networks() if not one.is_router_external),
        "subnet": (one for one in cloud.network.subnets() if one.project_id == cloud.current_project_id),
        "router": cloud.network.routers(),
        "port": cloud.network.ports(),
        "floating IP": cloud.network.ips(),
        "security group": cloud.network.security_groups(),
        "security group rule": cloud.network.security_group_rules(),
        "load balancer": cloud.load_balancer.load_balancers(),
        "listener": cloud.load_balancer.listeners(),
        "pool": cloud.load_balancer.pools(),
        "monitor": cloud.load_balancer.health_monitors(),
        "volume": cloud.block_storage.volumes(),
        "snapshot": cloud.block_storage.snapshots(),
        "share": cloud.shared_file_system.shares(),
        "application credential": cloud.identity.application_credentials(cloud.current_user_id),
    }
    return {(kind, one.id) for kind, found in lists.items() for one in found}


@pytest.fixture(scope="module")
def before(cloud: Any) -> set[tuple[str, str]]:
    """Give what is in the project before the cluster is."""
    return everything(cloud)


@pytest.fixture(scope="module")
def stack(before: set[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a project with the stack for the lab; what a failed test leaves is destroyed."""
    folder = tmp_path_factory.mktemp("lab") / "project"
    folder.mkdir()
    made = Stack(folder, "other")
    made.name = "lab"
    yield made
    if (made.state / "state").is_dir():
        process = made.start("destroy", "--yes")
        process.communicate(timeout=900)
    made.remove()


@pytest.fixture(scope="module")
def up(stack: Stack) -> Any:
    """Give what `up --json` says of the cluster, made once."""
    return stack.json("up", "--yes")


@pytest.fixture(scope="module")
def api(stack: Stack, up: Any) -> Kube:
    """Give the cluster's API, as an administrator for an hour."""
    return Kube(stack.run("kubeconfig", "--ttl", "1h").stdout)


def settled(look: Any, seconds: float = 90.0) -> Any:
    """Return what a look returns, as soon as it is something."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def test_six_nodes_with_the_zones_that_the_cloud_controller_gave_them(api: Kube) -> None:
    nodes = list(api.items("/api/v1/nodes"))
    assert len(nodes) == 6
    assert all(one["spec"]["providerID"].startswith("openstack:///") for one in nodes)
    for one in nodes:
        assert one["metadata"]["labels"]["topology.kubernetes.io/zone"] in one["metadata"]["name"]
        assert not [t for t in one["spec"].get("taints") or () if "uninitialized" in t["key"]]
    tiers = {one["metadata"]["labels"].get("tier", "") for one in nodes}
    assert tiers == {"general", ""}


def test_the_gateway_has_an_address_and_the_verdict_is_as_predicted(up: Any) -> None:
    assert up["loadBalancers"]["gateway/traefik"].startswith("127.77.")
    assert up["simulated"] is True
    statuses = [{one["id"]: one["status"] for one in up[half]["results"]} for half in ("predicted", "observed")]
    assert statuses[0] == statuses[1]


def test_volumes_are_bound_by_the_real_drivers(api: Kube) -> None:
    for name, kind, mode in (("one", "block", "ReadWriteOnce"), ("many", "shared", "ReadWriteMany")):
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"storageClassName": kind, "accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}},
        }
        api.ask("POST", "/api/v1/namespaces/default/persistentvolumeclaims", claim)
    pod: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "user", "namespace": "default"}}
    pod["spec"] = {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "c",
                "image": POD,
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            }
        ],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "one"}}],
    }
    api.ask("POST", "/api/v1/namespaces/default/pods", pod)

    def bound() -> bool:
        claims = list(api.items("/api/v1/namespaces/default/persistentvolumeclaims"))
        return {one["metadata"]["name"] for one in claims if one["status"].get("phase") == "Bound"} == {"one", "many"}

    assert settled(bound)


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    stack.run("up", "--yes", "--expect-no-changes")


def test_reading_what_exists_finds_no_drift(stack: Stack) -> None:
    changes = stack.json("refresh")["changes"]
    assert set(changes) <= {"same"}, changes


def test_labels_and_taints_change_in_place(stack: Stack, api: Kube, cloud: Any) -> None:
    servers = {one.id for one in cloud.compute.servers()}
    pool = {"labels": {"tier": "other"}, "taints": {"example.nl/for": {"value": "x", "effect": "PreferNoSchedule"}}}
    stack.edit(pools={"general": pool})
    changes = stack.json("up", "--yes")["changes"]
    assert set(changes) <= {"same", "update"}
    nodes = [one for one in api.items("/api/v1/nodes") if "general" in one["metadata"]["name"]]
    assert {one["metadata"]["labels"]["tier"] for one in nodes} == {"other"}
    assert all([t["key"] for t in one["spec"]["taints"]] == ["example.nl/for"] for one in nodes)
    assert {one.id for one in cloud.compute.servers()} == servers


def test_a_pool_grows_and_shrinks_and_its_nodes_are_drained_first(stack: Stack, api: Kube, cloud: Any) -> None:
    stack.edit(pools={"general": {"size": 4}})
    stack.run("up", "--yes")
    names = {one["metadata"]["name"] for one in api.items("/api/v1/nodes")}
    assert len(names) == 7
    stack.edit(pools={"general": {"size": 3}})
    stack.run("up", "--yes")
    assert len(list(api.items("/api/v1/nodes"))) == 6
    assert len(list(cloud.compute.servers())) == 6


def test_destroy_leaves_nothing(stack: Stack, api: Kube, cloud: Any, before: set[tuple[str, str]]) -> None:
    """With a Service, volumes of a user's own, and a finalizer that nobody takes away."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    api.ask("POST", "/api/v1/namespaces/default/services", service)

    def address() -> Any:
        found = api.get("/api/v1/namespaces/default/services/web")
        return found["status"].get("loadBalancer", {}).get("ingress")

    assert settled(address)
    stuck = {"metadata": {"finalizers": ["example.nl/never"]}}
    api.ask("PATCH", "/api/v1/namespaces/default/persistentvolumeclaims/many", stuck, kind=MERGE)
    stack.run("destroy", "--yes")
    assert everything(cloud) - before == set()
