"""The real cloud controller and CSI programs run against the lab's cloud, with what their pods give them."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.lab.cloud import until
from tests.lab.conftest import AGENT, FIRST, Cluster, Inside

pytestmark = pytest.mark.lab

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def controlled(lab: Inside, cluster: Cluster) -> Cluster:
    """Give the cluster with cloud controller manager and Cinder CSI in it."""
    public = lab.run(lambda: lab.user.find("network", "/v2.0/networks", "networks", "public"))
    config = "\n".join(
        (
            "[Global]",
            *("auth-url=http://127.0.0.1:5000/v3", "username=haven", "password=haven-lab"),
            *("tenant-name=haven-demo", "domain-name=Default", "region=RegionOne"),
            "[LoadBalancer]",
            *(f"subnet-id={cluster.net.subnet}", f"floating-network-id={public}", "create-monitor=true"),
        )
    )

    def apply() -> None:
        secret = {"name": "cloud-config", "namespace": "kube-system"}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": secret, "stringData": {"cloud.conf": config}}
        cluster.kube.apply(body)
        for name in ("ccm", "cinder"):
            for document in yaml.safe_load_all((DATA / f"{name}.yaml").read_text()):
                cluster.kube.apply(document)

    lab.run(apply)
    return cluster


def test_nodes_get_zone_and_provider_id_from_the_real_controller(lab: Inside, controlled: Cluster) -> None:
    def initialised() -> dict[str, tuple[object, object]]:
        found = {}
        for name, node in controlled.nodes().items():
            taints = [taint["key"] for taint in node["spec"].get("taints", [])]
            if not any(key.endswith("/uninitialized") for key in taints):
                labels = node["metadata"]["labels"]
                found[name] = labels.get("topology.kubernetes.io/zone"), node["spec"].get("providerID")
        return found if len(found) == 2 else {}

    found = lab.run(lambda: until("initialised nodes", initialised, 120))
    assert found[FIRST.name] == ("az1", f"openstack:///{controlled.first}")
    assert found[AGENT.name] == ("az2", f"openstack:///{controlled.agent}")


def test_a_service_gets_a_load_balancer_whose_members_are_online(lab: Inside, controlled: Cluster) -> None:
    kube = controlled.kube
    path = "/api/v1/namespaces/default/services/web"

    def expose() -> tuple[str, str]:
        kube.apply(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "web", "namespace": "default"},
                "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]},
            }
        )
        address = until(
            "an address", lambda: (kube.get(path)["status"]["loadBalancer"].get("ingress") or [{}])[0].get("ip"), 120
        )

        def online() -> bool:
            balancers = lab.user.get("load-balancer", "/v2/lbaas/loadbalancers")["loadbalancers"]
            [made] = [one for one in balancers if one["name"] == "kube_service_lab_default_web"]
            return bool(made["operating_status"] == "ONLINE")

        until("ONLINE", online, 60)
        with urllib.request.urlopen(f"http://{address}/", timeout=10) as reply:
            return str(address), reply.read().decode()

    address, body = lab.run(expose)
    assert address.startswith("127.77.0.")
    assert "pods that do not run" in body


def test_a_claim_is_bound_in_the_zone_of_its_pod(lab: Inside, controlled: Cluster) -> None:
    kube = controlled.kube
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "cinder-fast",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "user", "namespace": "default"},
        "spec": {
            "nodeSelector": {"tier": "general"},
            "containers": [{"name": "main", "image": "test", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    }

    def bind() -> str:
        namespace = kube.get("/api/v1/namespaces/default")
        namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "privileged"
        kube.update("/api/v1/namespaces/default", namespace)
        kube.apply(claim)
        kube.apply(pod)
        path = "/api/v1/namespaces/default/persistentvolumeclaims/data"
        until("bound", lambda: kube.get(path)["status"]["phase"] == "Bound", 120)
        [volume] = lab.user.get("block-storage", "/volumes/detail")["volumes"]
        return str(volume["availability_zone"])

    assert lab.run(bind) == "az2"


def test_nova_shows_a_floating_address_that_came_after_the_boot(lab: Inside, controlled: Cluster) -> None:
    def associate() -> str:
        user = lab.user
        public = user.find("network", "/v2.0/networks", "networks", "public")
        [port] = user.get("network", f"/v2.0/ports?device_id={controlled.agent}")["ports"]
        made = user.network("floatingip", floating_network_id=public, port_id=port["id"])
        address = made["floating_ip_address"]

        def shown() -> bool:
            addresses = user.shown(controlled.agent)["addresses"].values()
            return address in [one["addr"] for network in addresses for one in network]

        until("nova knows it", shown, 30)
        return str(address)

    assert lab.run(associate).startswith("127.77.0.")
