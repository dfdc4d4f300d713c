"""Our own objects in a real API server: they are taken, and they let through and refuse what they should."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kubernetes import dynamic
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import DynamicApiError, ResourceNotFoundError

from haven_iac.keys.authority import certificate
from haven_iac.keys.material import make
from haven_iac.plan.build import plan
from tests.engine.keys_lab import ApiServer, _client
from tests.unit.platform_lab import EVERYTHING, facts, spec

pytestmark = pytest.mark.engine

OF_CHARTS = {
    "cert-manager.io",
    "gateway.networking.k8s.io",
    "kustomize.toolkit.fluxcd.io",
    "snapshot.storage.k8s.io",
    "source.toolkit.fluxcd.io",
}
"""Groups of kinds that charts, or the distribution, bring along."""
LOOSE = {"app-c": {"podSecurity": "privileged"}}
GOOD = "registry.example.nl/apps/web:1.2.3"
DIGEST = f"registry.example.nl/apps/web@sha256:{'a' * 64}"


class Cluster:
    """An API server with the objects of one plan."""

    def __init__(self, server: ApiServer) -> None:
        issuer = server.pair("client-ca")
        leaf = certificate(
            issuer, "admin", datetime.now(UTC), timedelta(hours=1), groups=["system:masters"], client=True
        )
        self.api = dynamic.DynamicClient(_client(server.kubeconfig(leaf)))
        self.strange: set[str] = set()

    def create(self, body: dict[str, Any], *, dry: bool = False) -> None:
        """Create one object, or say whether that would work."""
        kind = self.api.resources.get(api_version=body["apiVersion"], kind=body["kind"])
        more = {"dry_run": "All"} if dry else {}
        kind.create(body=body, namespace=body["metadata"].get("namespace"), **more)

    def build(self, mode: str) -> None:
        """Create what the plan has of our own."""
        for one in plan(spec(EVERYTHING, policy={"mode": mode}, tenants=LOOSE), facts()).manifests:
            try:
                self.create(dict(one.body))
            except ResourceNotFoundError:
                self.strange.add(str(one.body["apiVersion"]).split("/")[0])
        for namespace in ("app-a", "app-b", "app-c", "default", "logging"):
            where = {"name": "default", "namespace": namespace}
            self.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where})

    def refused(self, namespace: str, image: str = GOOD, **pod: Any) -> str:
        """Return why a pod would be refused, or nothing."""
        try:
            self.create(_pod(namespace, image, **pod), dry=True)
        except (ApiException, DynamicApiError) as error:
            return str(error.body)
        return ""


def _pod(namespace: str, image: str, **pod: Any) -> dict[str, Any]:
    container = {
        "name": "web",
        "image": image,
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            **pod,
        },
    }


def _wait(cluster: Cluster, image: str) -> None:
    deadline = time.monotonic() + 30
    while not cluster.refused("app-a", image):
        assert time.monotonic() < deadline, f"no policy refuses {image}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    material = make("demo-abcde", datetime.now(UTC))
    with ApiServer(tmp_path_factory.mktemp("api"), material.files) as server:
        made = Cluster(server)
        made.build("deny")
        for image in ("registry.example.nl/apps/web", "docker.io/web:1"):  # policies work after a moment, one by one
            _wait(made, image)
        yield made


def test_every_object_is_taken_but_those_whose_kinds_come_with_charts(cluster: Cluster) -> None:
    assert cluster.strange == OF_CHARTS


@pytest.mark.parametrize("image", [GOOD, DIGEST, f"registry.example.nl/apps/web:latest@sha256:{'a' * 64}"])
def test_a_pinned_image_from_a_named_registry_runs(cluster: Cluster, image: str) -> None:
    assert cluster.refused("app-a", image) == ""


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("registry.example.nl/apps/web", "pinned-images"),
        ("registry.example.nl/apps/web:latest", "pinned-images"),
        ("registry.example.nl/apps/web@sha256:short", "pinned-images"),
        ("docker.io/web:1", "allowed-registries"),
        ("registry.example.nl.evil.test/web:1", "allowed-registries"),
        ("web:1", "allowed-registries"),
    ],
)
def test_an_image_without_tag_or_from_elsewhere_is_refused(cluster: Cluster, image: str, policy: str) -> None:
    assert f"haven-iac-{policy}" in cluster.refused("app-a", image)


def test_an_init_container_is_judged_too(cluster: Cluster) -> None:
    first = {**_pod("app-a", "docker.io/web:1")["spec"]["containers"][0], "name": "first"}
    assert "allowed-registries" in cluster.refused("app-a", initContainers=[first])


@pytest.mark.parametrize("shared", ["hostNetwork", "hostPID", "hostIPC"])
def test_nobody_shares_the_nodes_namespaces_at_any_level(cluster: Cluster, shared: str) -> None:
    assert "haven-iac-no-host-namespaces" in cluster.refused("app-c", **{shared: True})


def test_a_workload_is_refused_before_it_makes_pods(cluster: Cluster) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": _pod("app-a", GOOD)["spec"]}
    template["spec"]["containers"][0].pop("resources")
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "app-a"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template},
    }
    with pytest.raises(DynamicApiError) as caught:
        cluster.create(body, dry=True)
    assert "haven-iac-requests-set" in str(caught.value.body)


@pytest.mark.parametrize("namespace", ["default", "logging"])
def test_kubernetes_and_the_platform_are_left_alone(cluster: Cluster, namespace: str) -> None:
    assert cluster.refused(namespace, "docker.io/web", hostPID=True) == ""


def test_a_tenant_is_held_to_its_pod_security_level(cluster: Cluster) -> None:
    root = {"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}
    assert "restricted" in cluster.refused("app-a", securityContext=root)
    assert cluster.refused("app-b", securityContext=root) == ""
