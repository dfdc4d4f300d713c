"""One cluster of a lab: the containers that run here, and what their pods say about them."""

from __future__ import annotations

import threading
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from haven_iac.lab.controllers import csinode, podspec
from haven_iac.lab.controllers.pod import Host, PlayedPod
from haven_iac.lab.controllers.podspec import Object
from haven_iac.lab.kube import Kube

INTERVAL = 2.0
"""Seconds between two looks."""


class Cluster(threading.Thread):
    """Follows one cluster.

    Args:
        folder: of the cluster.
        pods: folder for the files of pods; short, as sockets lie in it.
        binaries: where each program is.
    """

    def __init__(self, folder: Path, pods: Path, binaries: Mapping[str, str]) -> None:
        super().__init__(name=folder.name)
        self.folder = folder
        self._host = Host(lambda: self.api, folder, pods, binaries)
        self._ours = {*podspec.CLOUD, *(name for name in podspec.BOXED if name in binaries)}
        self._played: dict[str, PlayedPod] = {}
        self._registered = True  # CSI drivers on nodes, perhaps by an earlier run
        self._api: Kube | None = None
        self._stopping = threading.Event()
        self._said = ""

    @property
    def api(self) -> Kube:
        """Return the administrator's way to the API."""
        if self._api is None:
            self._api = Kube(self.folder / "kubeconfig")
        return self._api

    def stop(self) -> None:
        """Ask to end."""
        self._stopping.set()

    def end(self) -> None:
        """End, with every process."""
        self.stop()
        self.join()

    def run(self) -> None:
        """Follow until asked to end."""
        while not self._stopping.is_set():
            try:
                self._reconcile()
                self._say("in order")
            except Exception as error:  # processes go on, as they do without an API server
                self._say(f"{type(error).__name__}: {error}")
                self._api = None
            self._stopping.wait(INTERVAL)
        for pod in self._played.values():
            pod.stop()

    def _reconcile(self) -> None:
        query = {"fieldSelector": "status.phase=Running", "resourceVersion": "0"}
        running = [
            pod
            for pod in self.api.items("/api/v1/pods", query)
            if "deletionTimestamp" not in pod["metadata"] and not podspec.image_names(pod).isdisjoint(self._ours)
        ]
        found = self.api.items(csinode.NODES, {"resourceVersion": "0"})
        nodes = {node["metadata"]["name"]: node for node in found}
        alive = [pod for pod in running if has_kubelet(nodes.get(pod["spec"].get("nodeName", "")))]
        chosen = choose([pod for pod in alive if not podspec.is_node_plugin(pod)], self._played)
        for uid in [uid for uid in self._played if uid not in chosen]:
            self._played.pop(uid).stop()
        for uid, pod in chosen.items():
            if uid not in self._played:
                self._played[uid] = PlayedPod(pod, self._host)
            self._played[uid].reconcile(pod)
        plugins = [pod for pod in running if podspec.is_node_plugin(pod)]
        if plugins or self._registered:
            csinode.register(self.api, nodes, plugins)
            self._registered = bool(plugins)

    def _say(self, text: str) -> None:
        if text != self._said:
            print(f"{self.name}: {text}", flush=True)
            self._said = text


def has_kubelet(node: Object | None) -> bool:
    """Return whether a node runs pods: not when Unknown; one that waits for its network still does."""
    conditions = node.get("status", {}).get("conditions", []) if node else []
    return node is not None and not any(item["type"] == "Ready" and item["status"] == "Unknown" for item in conditions)


def choose(pods: Sequence[Object], played: Container[str]) -> dict[str, Object]:
    """Return one pod of each owner, by uid: the played one, else the newest; replicas wait for the same lease.

    Of a DaemonSet, every node has its own part to do.
    """
    chosen: dict[str, Object] = {}
    for pod in sorted(pods, key=lambda one: str(one["metadata"]["creationTimestamp"])):
        metadata = pod["metadata"]
        owners = [item for item in metadata.get("ownerReferences", []) if item.get("controller")]
        owner = owners[0]["uid"] if owners and owners[0].get("kind") != "DaemonSet" else metadata["uid"]
        if owner not in chosen or chosen[owner]["metadata"]["uid"] not in played:
            chosen[owner] = pod
    return {pod["metadata"]["uid"]: pod for pod in chosen.values()}
