"""The restore drill against a real Velero, its node agents and snapshot programs; backups are in the lab's Swift, by S3.

Nodes and pods are simulated, so what is in a volume is put there by the test, and found again in the restored one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haven_iac.clouds.openstack.api import Kube
from haven_iac.toolchain import ensure
from tests.engine.stack import Stack
from tests.lab.conftest import Inside
from tests.lab.stacks import everything, project, settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

VELERO = "/apis/velero.io/v1/namespaces/velero"
BUCKET = "voorbeeldstad-backup"
WRITTEN = b"what somebody keeps\n" * 4096


@pytest.fixture(scope="session")
def backup(lab: Inside) -> None:
    """Have the lab run Velero for real, its programs built first where they are not there."""
    if not lab.lab.namespace.here:
        ensure(lab.lab.tools(["backup"]))
        lab.run(lambda: lab.lab.up(more=["backup"]))
    elif "backup" not in lab.lab.extras:
        pytest.fail("this lab runs no Velero: `haven-iac lab up --with backup` first")


@pytest.fixture(scope="module")
def stack(backup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a project with the stack for the lab, made."""
    with project(tmp_path_factory.mktemp("lab") / "project") as made:
        made.run("up", "--yes")
        yield made


@pytest.fixture(scope="module")
def api(stack: Stack) -> Kube:
    """Give the cluster's API, as an administrator for an hour."""
    return Kube(stack.run("kubeconfig", "--ttl", "1h").stdout)


def phase(api: Kube) -> str:
    """Return what Velero says of its bucket."""
    found = api.get(f"{VELERO}/backupstoragelocations/default") or {}
    return str((found.get("status") or {}).get("phase", ""))


def files(cloud: Any) -> set[str]:
    """Return the files in the bucket, but for those of volumes' repositories, which are kept."""
    return {one.name for one in cloud.object_store.objects(BUCKET) if "/kopia/" not in one.name}


def claim_with_volume(api: Kube, cloud: Any, name: str) -> tuple[str, str]:
    """Make a namespace with a claim and a pod that uses it; return the volume's object and its id in the cloud."""
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": strict}})
    claims = f"/api/v1/namespaces/{name}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    api.ask("POST", claims, {"metadata": {"name": "files"}, "spec": spec})
    container = {
        "name": "c",
        "image": "registry.k8s.io/pause:3.10",
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
