"""What a cloud does inside a cluster, simulated: volumes are bound, load balancers get an address.

Run as a process of its own: `python -m haven_iac.clouds.local.simulator --kubeconfig=FILE --seed=TEXT`.
Nothing is stored and nothing listens: it lets real objects reach the state that they have in a real cluster.
"""

from __future__ import annotations

import argparse
import hashlib
import time
import traceback
from typing import Any

from kubernetes import client, config

from haven_iac.clouds.local import BLOCK_PROVISIONER, SHARED_PROVISIONER

SECONDS = 0.4
PROVISIONERS = (BLOCK_PROVISIONER, SHARED_PROVISIONER)
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


def volume_for(claim: Any, provisioner: str) -> dict[str, Any]:
    """Return the PersistentVolume that a claim is bound to."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": f"pvc-{claim.metadata.uid}",
            "annotations": {PROVISIONED_BY: provisioner},
            "labels": {"haven-iac/simulated": "true"},
        },
        "spec": {
            "accessModes": claim.spec.access_modes,
            "capacity": {"storage": claim.spec.resources.requests["storage"]},
            "storageClassName": claim.spec.storage_class_name,
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": "/simulated"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": claim.metadata.name,
                "namespace": claim.metadata.namespace,
                "uid": claim.metadata.uid,
            },
        },
    }


def bind_volumes(core: Any, immediate: set[str]) -> None:
    """Make a volume for each claim that waits for one, and remove volumes whose claim is gone."""
    for claim in core.list_persistent_volume_claim_for_all_namespaces().items:
        notes = claim.metadata.annotations or {}
        provisioner = notes.get(PROVISIONER)
        waits = claim.status.phase == "Pending" and provisioner in PROVISIONERS
        if waits and (claim.spec.storage_class_name in immediate or SELECTED_NODE in notes):
            try:
                core.create_persistent_volume(volume_for(claim, str(provisioner)))
            except client.ApiException as error:
                if error.status != 409:
                    raise
    for volume in core.list_persistent_volume(label_selector="haven-iac/simulated=true").items:
        if volume.status.phase == "Released":
            core.delete_persistent_volume(volume.metadata.name)


def address_of(seed: str, namespace: str, name: str) -> str:
    """Return the loopback address of a load balancer; nothing answers there."""
    value = hashlib.sha256(f"{seed}/{namespace}/{name}".encode()).digest()
    return f"127.{192 + value[0] % 60}.{value[1]}.{1 + value[2] % 254}"


def give_addresses(core: Any, seed: str) -> None:
    """Give each Service of type LoadBalancer an address of its own."""
    for service in core.list_service_for_all_namespaces().items:
        if service.spec.type == "LoadBalancer" and not (service.status.load_balancer.ingress or []):
            name, namespace = service.metadata.name, service.metadata.namespace
            status = {"status": {"loadBalancer": {"ingress": [{"ip": address_of(seed, namespace, name)}]}}}
            core.patch_namespaced_service_status(name, namespace, status)


def main() -> None:
    """Work until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--seed", required=True)
    given = parser.parse_args()
    api: Any = config.new_client_from_config(given.kubeconfig)  # type: ignore[no-untyped-call]
    core: Any = client.CoreV1Api(api)
    storage: Any = client.StorageV1Api(api)
    while True:
        try:
            classes = storage.list_storage_class().items
            bind_volumes(core, {c.metadata.name for c in classes if c.volume_binding_mode == "Immediate"})
            give_addresses(core, given.seed)
        except Exception:
            traceback.print_exc()
            time.sleep(2)
        time.sleep(SECONDS)


if __name__ == "__main__":
    main()
