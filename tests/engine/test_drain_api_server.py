"""A cluster gives back what its controllers hold: against a real API server, with the controllers' part played."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from haven_iac.clouds.openstack.api import MERGE, ApiError, Kube
from haven_iac.clouds.openstack.drain import NAME, drain
from haven_iac.keys.authority import certificate
from haven_iac.keys.kubeconfig import render
from haven_iac.keys.material import make
from tests.engine.keys_lab import ApiServer

pytestmark = pytest.mark.engine

CLEANUP = "service.kubernetes.io/load-balancer-cleanup"
SERVICES, CLAIMS, VOLUMES = (
    "/api/v1/namespaces/default/services",
    "/api/v1/namespaces/default/persistentvolumeclaims",
    "/api/v1/persistentvolumes",
)


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give an administrator of an API server without any controller."""
    material = make("drain-bcdfg", datetime.now(UTC)).files
    with ApiServer(tmp_path_factory.mktemp("api"), material) as server:
        issuer, now = server.pair("client-ca"), datetime.now(UTC)
        admin = certificate(issuer, "admin", now, timedelta(hours=1), groups=["system:masters"], client=True)
        text = render(server=server.server, ca=material["ca.crt"], cert=admin.cert, key=admin.key, cluster="drain")
        deadline = time.monotonic() + 60
        while True:
            try:
                Kube(text).ask("GET", "/api/v1/namespaces/default")
                break
            except Exception:
                assert time.monotonic() < deadline
                time.sleep(0.3)
        yield text


@pytest.fixture
def kube(kubeconfig: str) -> Iterator[Kube]:
    """Give a cluster that is empty before and after."""
    found = Kube(kubeconfig)
    yield found
    for path in (SERVICES, CLAIMS, VOLUMES):
        for one in found.items(path):
            name = one["metadata"]["name"]
            if name != "kubernetes":
                found.ask("PATCH", f"{path}/{name}", {"metadata": {"finalizers": None}}, kind=MERGE)
                found.delete(f"{path}/{name}")
    for kind in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
        found.delete(f"/apis/admissionregistration.k8s.io/v1/{kind}/{NAME}")
    until(found, allowed=True)


def until(kube: Kube, *, allowed: bool) -> None:
    """Wait until new load balancers are refused, or no longer: a policy takes the API server a moment."""
    deadline = time.monotonic() + 30
    while asked_for(kube) is not allowed:
        assert time.monotonic() < deadline
        time.sleep(0.3)


def asked_for(kube: Kube) -> bool:
    """Return whether a load balancer could be asked for."""
    try:
        service(kube, "trial")
    except ApiError as error:
        return "being taken down" not in error.what
    kube.ask("PATCH", f"{SERVICES}/trial", {"metadata": {"finalizers": None}}, kind=MERGE)
    kube.delete(f"{SERVICES}/trial")
    return True


def service(kube: Kube, name: str, *finalizers: str) -> None:
    body = {
        "metadata": {"name": name, "finalizers": [CLEANUP, *finalizers]},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    kube.ask("POST", SERVICES, body)


def claim(kube: Kube, name: str, *finalizers: str, policy: str = "Delete") -> None:
    """Make a claim and the volume that it is bound to."""
    resources = {"requests": {"storage": "1Gi"}}
    body = {
        "metadata": {"name": name, "finalizers": list(finalizers)},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources, "volumeName": f"pv-{name}"},
    }
    kube.ask("POST", CLAIMS, body)
    volume = {
        "metadata": {"name": f"pv-{name}", "finalizers": ["external-provisioner.volume.kubernetes.io/finalizer"]},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "persistentVolumeReclaimPolicy": policy,
            "claimRef": {"namespace": "default", "name": name},
            "csi": {"driver": "cinder.csi.openstack.org", "volumeHandle": name},
        },
    }
    kube.ask("POST", VOLUMES, volume)


@contextmanager
def controllers(kubeconfig: str) -> Iterator[list[str]]:
    """Play what Kubernetes and the cloud's controllers do with what is being deleted; give what they let go."""
    done, ended = list[str](), threading.Event()
    kube = Kube(kubeconfig)

    def loose(path: str, one: Any, finalizer: str) -> None:
        left = [text for text in one["metadata"].get("finalizers") or () if text != finalizer]
        kube.ask("PATCH", f"{path}/{one['metadata']['name']}", {"metadata": {"finalizers": left}}, kind=MERGE)

    def work() -> None:
        while not ended.wait(0.2):
            for one in kube.items(SERVICES):
                if one["metadata"].get("deletionTimestamp") and CLEANUP in (one["metadata"].get("finalizers") or ()):
                    loose(SERVICES, one, CLEANUP)
                    done.append(one["metadata"]["name"])
            for one in kube.items(CLAIMS):
                if one["metadata"].get("deletionTimestamp"):
                    loose(CLAIMS, one, "kubernetes.io/pvc-protection")
            claims = {one["metadata"]["name"] for one in kube.items(CLAIMS)}
            for one in kube.items(VOLUMES):
                spec = one["spec"]
                if spec["claimRef"]["name"] not in claims and spec["persistentVolumeReclaimPolicy"] == "Delete":
                    kube.ask(
                        "PATCH", f"{VOLUMES}/{one['metadata']['name']}", {"metadata": {"finalizers": None}}, kind=MERGE
                    )
                    kube.delete(f"{VOLUMES}/{one['metadata']['name']}")
                    done.append(one["metadata"]["name"])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join()


def test_load_balancers_and_volumes_are_given_back_those_to_be_kept_too(kube: Kube, kubeconfig: str) -> None:
    service(kube, "web")
    claim(kube, "data")
    claim(kube, "kept", policy="Retain")
    said: list[str] = []
    with controllers(kubeconfig) as done:
        assert drain(kube, said.append)
    assert sorted(done) == ["pv-data", "pv-kept", "web"]
    assert said == ["asked the cluster to give back 1 load balancers, 2 volume claims"]


def test_a_stuck_finalizer_is_waited_for_and_said_and_then_it_goes_on(kube: Kube, kubeconfig: str) -> None:
    service(kube, "web", "example.nl/stuck")
    claim(kube, "data", "example.nl/stuck")
    said: list[str] = []
    began = time.monotonic()
    with controllers(kubeconfig) as done:
        assert not drain(kube, said.append, still=2)
    assert time.monotonic() - began < 15
    assert done == ["web"]
    assert "did not go: Service default/web, held by finalizer example.nl/stuck; going on with the cloud itself" in said
    assert any("PersistentVolumeClaim default/data, held by finalizer example.nl/stuck" in text for text in said)


def test_nothing_new_can_be_asked_for_meanwhile(kube: Kube, kubeconfig: str) -> None:
    with controllers(kubeconfig):
        drain(kube, print, still=2)
    until(kube, allowed=False)
    with pytest.raises(ApiError, match="being taken down"):
        claim(kube, "again")
    kube.ask("POST", SERVICES, {"metadata": {"name": "inside"}, "spec": {"ports": [{"port": 80}]}})


def test_a_cluster_that_does_not_answer_is_said_and_passed_over(kubeconfig: str, tmp_path: Path) -> None:
    said: list[str] = []
    host = kubeconfig.split("server:")[1].split()[0]
    assert not drain(Kube(kubeconfig.replace(host, "https://127.0.0.1:1"), 2), said.append)
    [text] = said
    assert "could not be asked" in text
    assert "going on with the cloud itself" in text
