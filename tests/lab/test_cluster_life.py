"""A cluster on the lab, from an empty project to an empty one: one `up` for the whole file, tests in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from haven_iac.clouds.openstack.api import MERGE, Kube
from tests.engine.stack import Stack
from tests.lab.stacks import Things, everything, project, settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

POD = "registry.k8s.io/pause:3.10"


@pytest.fixture(scope="module")
def before(cloud: Any) -> Things:
    """Give what is in the project before the cluster is."""
    return everything(cloud)


@pytest.fixture(scope="module")
def stack(before: Things, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a project with the stack for the lab; what a failed test leaves is destroyed."""
    with project(tmp_path_factory.mktemp("lab") / "project") as made:
        yield made


@pytest.fixture(scope="module")
def up(stack: Stack) -> Any:
    """Give what `up --json` says of the cluster, made once."""
    return stack.json("up", "--yes")


@pytest.fixture(scope="module")
def api(stack: Stack, up: Any) -> Kube:
    """Give the cluster's API, as an administrator for an hour."""
    return Kube(stack.run("kubeconfig", "--ttl", "1h").stdout)


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


def test_destroy_leaves_nothing(stack: Stack, api: Kube, cloud: Any, before: Things) -> None:
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
