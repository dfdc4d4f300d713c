"""One pod whose containers run on this machine, and what its status says about them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from haven_iac.lab.controllers import podspec
from haven_iac.lab.controllers.box import ACCOUNT, Box
from haven_iac.lab.controllers.podspec import Object
from haven_iac.lab.controllers.process import Process
from haven_iac.lab.controllers.volumes import MissingError, Volumes
from haven_iac.lab.kube import Kube, KubeError, write_kubeconfig, write_private

_TOKEN_SECONDS = 3600
_LONGEST_SOCKET = 107

Trouble = tuple[str, str, int, int | None]
"""Reason, message, restarts and exit code of a container that does not run."""


@dataclass(frozen=True)
class Host:
    """What pods of one cluster run with."""

    api: Callable[[], Kube]
    """The administrator's way to the API."""
    folder: Path
    """Of the cluster."""
    pods: Path
    """For the files of pods; short, as sockets lie in it."""
    binaries: Mapping[str, str]
    """Where each program is."""

    def read(self, kind: str, namespace: str, name: str) -> Object | None:
        """Return an object of the core API in a namespace, or None."""
        return self.api().find(f"/api/v1/namespaces/{namespace}/{kind}/{name}")

    def claimed(self, namespace: str, claim: str) -> Path:
        """Return the folder with what the volume of a claim holds.

        Raises:
            MissingError: it is not bound.
        """
        found = self.read("persistentvolumeclaims", namespace, claim) or {}
        name = found.get("spec", {}).get("volumeName", "")
        volume = self.api().find(f"/api/v1/persistentvolumes/{name}") if name else None
        handle = (volume or {}).get("spec", {}).get("csi", {}).get("volumeHandle")
        if not handle:
            raise MissingError(f'persistentvolumeclaim "{claim}" is not bound')
        return self.folder.parent.parent / "volumes" / str(handle) / "data"


class PlayedPod:
    """One pod.

    Args:
        pod: as the API has it.
        host: what it runs with.
    """

    def __init__(self, pod: Object, host: Host) -> None:
        metadata = pod["metadata"]
        self._host = host
        self._name, self._namespace, self._uid = metadata["name"], metadata["namespace"], metadata["uid"]
        self._folder = host.pods / self._uid[:8]
        self._volumes = Volumes(pod, self._folder, host.read, lambda name: host.claimed(self._namespace, name))
        self._processes: dict[str, Process] = {}
        self._boxes: dict[str, Box] = {}
        self._once = pod["spec"].get("restartPolicy") == "Never"
        self._token_until = 0.0

    def reconcile(self, pod: Object) -> None:
        """Start what should run, and report what does not."""
        troubles: dict[str, Trouble] = {}
        self._refresh_token(pod)
        for container in pod["spec"]["containers"]:
            binary = self._host.binaries.get(podspec.image_name(container))
            if not binary:
                continue  # a sidecar without a part here, such as livenessprobe
            name = container["name"]
            boxed = podspec.image_name(container) in podspec.BOXED
            try:
                mounts = self._volumes.mount(container, moved=not boxed)
                if name not in self._processes:
                    (self._enclose if boxed else self._add)(pod, container, binary, mounts)
            except MissingError as error:
                if name not in self._processes:
                    troubles[name] = ("CreateContainerConfigError", str(error), 0, None)
        for name, process in self._processes.items():
            process.keep()
            if not process.settled and process.ended is None:
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
            if other not in self._host.binaries:
                raise MissingError(f"{name} needs {other}")
            command = [self._host.binaries[other], *(word.format(folder=self._folder) for word in others)]
            self._processes[other] = self._process(other, command, {})
        values = {key: podspec.moved(value, mounts) for key, value in values.items()}
        values = {"HOME": str(self._folder), "POD_NAMESPACE": self._namespace, **values}
        self._processes[container["name"]] = self._process(container["name"], [binary, *words], values)

    def _enclose(self, pod: Object, container: Object, binary: str, mounts: Mapping[str, str]) -> None:
        """Start a program in a root of its own, where it finds everything as in a container."""
        values = podspec.environment(pod, container, self._volumes.values)
        path, *words = podspec.command(container, values)
        server = urlsplit(self._host.api().server)
        own = {"KUBERNETES_SERVICE_HOST": str(server.hostname), "KUBERNETES_SERVICE_PORT": str(server.port)}
        seen = {**mounts, ACCOUNT: str(self._folder / "account"), **self._brought(pod, mounts)}
        box = Box(self._folder / container["name"] / "root", binary, path)
        words += podspec.added_in_box(podspec.image_name(container), words)
        self._boxes[container["name"]] = box
        command = box.command(words, seen)
        self._processes[container["name"]] = self._process(container["name"], command, {**own, **values})

    def _brought(self, pod: Object, mounts: Mapping[str, str]) -> dict[str, str]:
        """Return the programs that init containers bring into a volume, each with its path in the container.

        Raises:
            MissingError: one of them is not on this machine.
        """
        places = {Path(source).name: inside for inside, source in mounts.items()}
        found: dict[str, str] = {}
        for container in pod["spec"].get("initContainers", []):
            name = podspec.image_name(container)
            if name not in podspec.BROUGHT:
                continue
            if name not in self._host.binaries:
                raise MissingError(f"{name} is not on this machine")
            for mount in container.get("volumeMounts", []):
                if mount["name"] in places:
                    found[f"{places[mount['name']]}/{name}"] = self._host.binaries[name]
        return found

    def _process(self, name: str, command: Sequence[str], values: Mapping[str, str]) -> Process:
        log = self._host.folder / "logs" / f"{self._namespace}.{self._name}.{name}.log"
        return Process(command, {"PATH": os.defpath, **values}, log, once=self._once)

    def _refresh_token(self, pod: Object) -> None:
        """Write what the pod's ServiceAccount may do, as a kubeconfig and as a container finds it; bound to the pod."""
        if time.monotonic() < self._token_until:
            return
        api = self._host.api()
        account = pod["spec"].get("serviceAccountName", "default")
        bound = {"apiVersion": "v1", "kind": "Pod", "name": self._name, "uid": self._uid}
        request: Object = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_SECONDS, "boundObjectRef": bound},
        }
        path = f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{account}/token"
        found = {"token": api.create(path, request)["status"]["token"].encode()}
        found |= {"ca.crt": api.authority, "namespace": self._namespace.encode()}
        for name, data in found.items():
            write_private(self._folder / "account" / name, data)
        credential = {"tokenFile": str(self._folder / "account" / "token")}
        write_kubeconfig(self._folder / "kubeconfig", api.server, api.authority, account, credential)
        self._token_until = time.monotonic() + _TOKEN_SECONDS / 2

    def _report(self, pod: Object, troubles: Mapping[str, Trouble]) -> None:
        """Let the pod's status show containers that do not run, as the kubelet would."""
        before = pod["status"].get("containerStatuses", [])
        after = [self._status(status, troubles.get(status["name"])) for status in before]
        if after == before:
            return
        healthy = "True" if all(status["ready"] for status in after) else "False"
        conditions = [{"type": kind, "status": healthy} for kind in ("Ready", "ContainersReady")]
        change: Object = {"containerStatuses": after, "conditions": conditions}
        codes = [process.ended for process in self._processes.values()]
        if self._once and codes and None not in codes:
            change["phase"] = "Failed" if any(codes) else "Succeeded"
        path = f"/api/v1/namespaces/{self._namespace}/pods/{self._name}/status"
        try:
            self._host.api().patch(path, {"status": change})
        except KubeError as error:
            if error.status != 404:
                raise

    def _status(self, status: Object, trouble: Trouble | None) -> Object:
        status = dict(status)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        process = self._processes.get(status["name"])
        if process and process.ended is not None:
            box = self._boxes.get(status["name"])
            ended = {"exitCode": process.ended % 256, "reason": "Error" if process.ended else "Completed"}
            ended |= {"finishedAt": now, "message": box.last_words() if box else ""}
            status.update(ready=False, started=False, state={"terminated": ended})
        elif trouble:
            reason, message, restarts, code = trouble
            waiting = {"waiting": {"reason": reason, "message": message}}
            status.update(ready=False, restartCount=restarts, state=waiting)
            if code is not None:
                ended = {"exitCode": code % 256, "reason": "Error", "message": message}
                status["lastState"] = {"terminated": ended}
        elif not status["ready"] and process:
            status.update(ready=True, state={"running": {"startedAt": now}})
        return status
