"""A pod's volumes as folders on this machine."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from pathlib import Path

from haven_iac.lab.controllers import podspec
from haven_iac.lab.controllers.podspec import Object
from haven_iac.lab.kube import write_private

KUBELET = "/var/lib/kubelet"

Read = Callable[[str, str, str], Object | None]
"""From kind, namespace and name to an object, or None."""


class MissingError(Exception):
    """Something the kubelet would wait for before it starts the container."""


class Volumes:
    """The volumes of one pod.

    Args:
        pod: as the API has it.
        folder: for its files.
        read: gives Secrets and ConfigMaps.
        claimed: gives the folder with what the volume of a claim holds; claims are left out when it is.
    """

    def __init__(self, pod: Object, folder: Path, read: Read, claimed: Callable[[str], Path] | None = None) -> None:
        self.pod, self.folder, self.read, self.claimed = pod, folder, read, claimed

    def values(self, kind: str, reference: Object) -> dict[str, str]:
        """Return the values of a Secret or ConfigMap as text.

        Raises:
            MissingError: it is not there.
        """
        return {key: value.decode(errors="replace") for key, value in self._data(kind, reference).items()}

    def mount(self, container: Object, *, moved: bool = True) -> dict[str, str]:
        """Write the files of one container; return where each mount path is here.

        Args:
            container: of the pod.
            moved: files that name mounted ones name where those are here.

        Raises:
            MissingError: a Secret, ConfigMap or volume is not there.
        """
        volumes = {volume["name"]: volume for volume in self.pod["spec"].get("volumes", [])}
        mounts: dict[str, str] = {}
        contents: dict[Path, dict[str, bytes]] = {}
        for mount in container.get("volumeMounts", []):
            volume = volumes[mount["name"]]
            files = self._files(volume)
            if files is not None:
                target = self.folder / container["name"] / mount["name"]
                contents[target] = files
            elif "emptyDir" in volume or volume.get("hostPath", {}).get("path", "").startswith(KUBELET):
                target = self.folder / mount["name"]
                target.mkdir(parents=True, exist_ok=True)
            elif "persistentVolumeClaim" in volume and self.claimed:
                target = self.claimed(volume["persistentVolumeClaim"]["claimName"])
                target.mkdir(parents=True, exist_ok=True)
            else:
                continue  # the system's own folders: the same here
            mounts[mount["mountPath"].rstrip("/")] = str(target / mount.get("subPath", "")).rstrip("/")
        for target, files in contents.items():
            target.mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                _replace(target / name, _moved(data, mounts) if moved else data)
        return mounts

    def remove(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self, volume: Object) -> dict[str, bytes] | None:
        if "secret" in volume:
            return self._data("secrets", {**volume["secret"], "name": volume["secret"]["secretName"]})
        if "configMap" in volume:
            return self._data("configmaps", volume["configMap"])
        if "projected" not in volume:
            return None
        files: dict[str, bytes] = {}
        for source in volume["projected"].get("sources", []):
            for kind, key in (("secrets", "secret"), ("configmaps", "configMap")):
                if key in source:
                    files.update(self._data(kind, source[key]))
        return files

    def _data(self, kind: str, reference: Object) -> dict[str, bytes]:
        found = self.read(kind, self.pod["metadata"]["namespace"], reference["name"])
        if found is None:
            if reference.get("optional"):
                return {}
            raise MissingError(f'{kind[:-1]} "{reference["name"]}" not found')
        data = {key: value.encode() for key, value in (found.get("data") or {}).items()}
        if kind == "secrets":
            data = {key: base64.b64decode(value) for key, value in data.items()}
        for key, value in (found.get("binaryData") or {}).items():
            data[key] = base64.b64decode(value)
        if "items" not in reference:
            return data
        for item in reference["items"]:
            if item["key"] not in data:
                raise MissingError(f'{kind[:-1]} "{reference["name"]}" has no key "{item["key"]}"')
        return {item["path"]: data[item["key"]] for item in reference["items"]}


def _moved(data: bytes, mounts: dict[str, str]) -> bytes:
    """Return a file's content; a cloud.conf names other mounted files."""
    try:
        return podspec.moved(data.decode(), mounts).encode()
    except UnicodeDecodeError:
        return data


def _replace(path: Path, data: bytes) -> None:
    """Replace a file when it has changed, as the kubelet does for a running pod."""
    if not path.is_file() or path.read_bytes() != data:
        write_private(path, data)
