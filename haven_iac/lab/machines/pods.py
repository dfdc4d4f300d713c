"""What a kubelet that comes back does with the pods of its node; kwok plays kubelets that never were away."""

from __future__ import annotations

from haven_iac.lab.kube import Kube, Object


def restart(kube: Kube, node: str) -> None:
    """Let every pod of a node that is not ready be made again: nobody would say otherwise that it is."""
    for pod in kube.items("/api/v1/pods", {"fieldSelector": f"spec.nodeName={node}"}):
        if unready(pod):
            about = pod["metadata"]
            kube.delete(f"/api/v1/namespaces/{about['namespace']}/pods/{about['name']}", {"gracePeriodSeconds": "0"})


def unready(pod: Object) -> bool:
    """Return whether a pod was ready once and is no longer, since its node was away."""
    found = pod.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "False" for one in found)
