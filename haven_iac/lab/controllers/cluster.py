"""One cluster of a lab: the containers that run here, and what their pods say about them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from haven_iac.lab.controllers import csinode, podspec
from haven_iac.lab.controllers.podspec import Object
from haven_iac.lab.controllers.process import Process
from haven_iac.lab.controllers.volumes import MissingError, Volumes
from haven_iac.lab.kube import Kube, KubeError, write_kubeconfig, write_private

INTERVAL = 2.0
"""Seconds between two looks."""

_TOKEN_SECONDS = 3600
_LONGEST_SOCKET = 107


class Cluster(threading.Thread):
    """Follows one cluster.

    Args:
        folder: of the cluster.
        pods: folder for the files of pods; short, as sockets lie in it.
        binaries: where each program is.
    """

    def __init__(self, folder: Path, pods: Path, binaries: Mapping[str, str]) -> None:
        super().__init__(name=folder.name)
        self.folder, self.pods, self.binaries = folder, pods, binaries
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
            if "deletionTimestamp" not in pod["metadata"] and not podspec.image_names(pod).isdisjoint(podspec.CLOUD)
        ]
        found = self.api.items(csinode.NODES, {"resourceVersion": "0"})
        nodes = {node["metadata"]["name"]: node for node in found}
        alive = [pod for pod in running if has_kubelet(nodes.get(pod["spec"].get("nodeName", "")))]
        chosen = choose([pod for pod in alive if podspec.is_cloud_pod(pod)], self._played)
        for uid in [uid for uid in self._played if uid not in chosen]:
            self._played.pop(uid).stop()
        for uid, pod in chosen.items():
            if uid not in self._played:
                self._played[uid] = PlayedPod(pod, self)
            self._played[uid].reconcile(pod)
        plugins = [pod for pod in running if podspec.is_node_plugin(pod)]
        if plugins or self._registered:
            csinode.register(self.api, nodes, plugins)
            self._registered = bool(plugins)

    def read(self, kind: str, namespace: str, name: str) -> Object | None:
        """Return a Secret or ConfigMap, or None."""
        return self.api.find(f"/api/v1/namespaces/{namespace}/{kind}/{name}")

    def _say(self, text: str) -> None:
        if text != self._said:
            print(f"{self.name}: {text}", flush=True)
            self._said = text


def has_kubelet(node: Object | None) -> bool:
    """Return whether a node runs pods: not when Unknown; one that waits for its network still does."""
    conditions = node.get("status", {}).get("conditions", []) if node else []
    return node is not None and not any(item["type"] == "Ready" and item["status"] == "Unknown" for item in conditions)


def choose(pods: Sequence[Object], played: Container[str]) -> dict[str, Object]:
    """Return one pod of each owner, by uid: the played one, else the newest; replicas wait for the same lease."""
    chosen: dict[str, Object] = {}
    for pod in sorted(pods, key=lambda one: str(one["metadata"]["creationTimestamp"])):
        metadata = pod["metadata"]
        owners = [item["uid"] for item in metadata.get("ownerReferences", []) if item.get("controller")]
        owner = owners[0] if owners else metadata["uid"]
        if owner not in chosen or chosen[owner]["metadata"]["uid"] not in played:
            chosen[owner] = pod
    return {pod["metadata"]["uid"]: pod for pod in chosen.values()}


class PlayedPod:
    """One pod whose containers run here.

    Args:
        pod: as the API has it.
        cluster: that it is in.
    """

    def __init__(self, pod: Object, cluster: Cluster) -> None:
        metadata = pod["metadata"]
        self._cluster = cluster
        self._name, self._namespace, self._uid = metadata["name"], metadata["namespace"], metadata["uid"]
        self._folder = cluster.pods / self._uid[:8]
        self._volumes = Volumes(pod, self._folder, cluster.read)
        self._processes: dict[str, Process] = {}
        self._token_until = 0.0

    def reconcile(self, pod: Object) -> None:
        """Start what should run, and report what does not."""
        troubles: dict[str, tuple[str, str, int, int | None]] = {}
        self._refresh_token(pod)
        for container in pod["spec"]["containers"]:
            binary = self._cluster.binaries.get(podspec.image_name(container))
            if not binary:
                continue  # a sidecar without a part here, such as livenessprobe
            name = container["name"]
            try:
                mounts = self._volumes.mount(container)
                if name not in self._processes:
                    self._add(pod, container, binary, mounts)
            except MissingError as error:
                if name not in self._processes:
                    troubles[name] = ("CreateContainerConfigError", str(error), 0, None)
        for name, process in self._processes.items():
            process.keep()
            if not process.settled:
                troubles[name] = ("CrashLoopBackOff", process.last_words(), process.restarts, process.exit_code)
        self._report(pod, troubles)

    def stop(self) -> None:
        """End every process, and remove the files."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait()
        self._volumes.remove()

    def _add(self, pod: Object, container: Object, binary: str, mounts: Mapping[str, str]) -> None:
        name = podspec.image_name(container)
        values = podspec.environment(pod, container, self._volumes.values)
        words = [podspec.moved(word, mounts) for word in podspec.flags(container, values)]
        words = podspec.out_of_cluster(name, words, str(self._folder), self._namespace)
        for word in words:
            socket = word.partition("unix://")[2] or (word.partition("=")[2] if "csi-address" in word else "")
            if len(socket) > _LONGEST_SOCKET:
                raise MissingError(f"socket path {socket} is longer than {_LONGEST_SOCKET}: use a shorter folder")
        if name in podspec.COMPANIONS:
            other, others = podspec.COMPANIONS[name]
            if other not in self._cluster.binaries:
                raise MissingError(f"{name} needs {other}")
            command = [self._cluster.binaries[other], *(word.format(folder=self._folder) for word in others)]
            self._processes[other] = self._process(other, command, {})
        values = {key: podspec.moved(value, mounts) for key, value in values.items()}
        self._processes[container["name"]] = self._process(container["name"], [binary, *words], values)

    def _process(self, name: str, command: Sequence[str], values: Mapping[str, str]) -> Process:
        log = self._cluster.folder / "logs" / f"{self._namespace}.{self._name}.{name}.log"
        fixed = {"PATH": os.defpath, "HOME": str(self._folder), "POD_NAMESPACE": self._namespace}
        return Process(command, {**fixed, **values}, log)

    def _refresh_token(self, pod: Object) -> None:
        """Write a kubeconfig of the pod's ServiceAccount, with a token that is bound to the pod."""
        if time.monotonic() < self._token_until:
            return
        api = self._cluster.api
        account = pod["spec"].get("serviceAccountName", "default")
        bound = {"apiVersion": "v1", "kind": "Pod", "name": self._name, "uid": self._uid}
        request: Object = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_SECONDS, "boundObjectRef": bound},
        }
        path = f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{account}/token"
        token = self._folder / "token"
        write_private(token, api.create(path, request)["status"]["token"].encode())
        credential = {"tokenFile": str(token)}
        write_kubeconfig(self._folder / "kubeconfig", api.server, api.authority, account, credential)
        self._token_until = time.monotonic() + _TOKEN_SECONDS / 2

    def _report(self, pod: Object, troubles: Mapping[str, tuple[str, str, int, int | None]]) -> None:
        """Let the pod's status show containers that do not run, as the kubelet would."""
        before = pod["status"].get("containerStatuses", [])
        after = [self._status(status, troubles.get(status["name"])) for status in before]
        if after == before:
            return
        healthy = "True" if all(status["ready"] for status in after) else "False"
        conditions = [{"type": kind, "status": healthy} for kind in ("Ready", "ContainersReady")]
        path = f"/api/v1/namespaces/{self._namespace}/pods/{self._name}/status"
        try:
            self._cluster.api.patch(path, {"status": {"containerStatuses": after, "conditions": conditions}})
        except KubeError as error:
            if error.status != 404:
                raise

    def _status(self, status: Object, trouble: tuple[str, str, int, int | None] | None) -> Object:
        status = dict(status)
        if trouble:
            reason, message, restarts, code = trouble
            waiting = {"waiting": {"reason": reason, "message": message}}
            status.update(ready=False, restartCount=restarts, state=waiting)
            if code is not None:
                ended = {"exitCode": code % 256, "reason": "Error", "message": message}
                status["lastState"] = {"terminated": ended}
        elif not status["ready"] and status["name"] in self._processes:
            started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            status.update(ready=True, state={"running": {"startedAt": started}})
        return status
