"""Flux's real controllers as processes of this machine, beside a simulated cluster; charts come from a registry."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from haven_iac.kube import Kube
from haven_iac.platform.catalogue import CHARTS, chart_folder
from haven_iac.platform.common import NS_GITOPS
from haven_iac.platform.gitops import LABEL
from haven_iac.platform.versions import pinned
from haven_iac.toolchain import Tools, ensure, known
from tests.registry import Registry, archive

CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller")
SECONDS = 240
"""How long Flux may take for anything."""
KINDS = {
    "GitRepository": "source.toolkit.fluxcd.io/v1",
    "HelmRepository": "source.toolkit.fluxcd.io/v1",
    "HelmChart": "source.toolkit.fluxcd.io/v1",
    "Kustomization": "kustomize.toolkit.fluxcd.io/v1",
    "HelmRelease": "helm.toolkit.fluxcd.io/v2",
}


PLAIN = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: plains.velero.io, annotations: {api-approved.kubernetes.io: "unapproved, test"}}
spec:
  group: velero.io
  scope: Namespaced
  names: {plural: plains, singular: plain, kind: Plain}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
HOOK = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: left-by-a-hook
  annotations: {helm.sh/hook: "pre-install,post-install,pre-upgrade,post-upgrade"}
"""


def publish(registry: Registry, minor: str, folder: Path) -> None:
    """Hold every stand-in chart under the version of the real one.

    That of Flux has Flux's real kinds in it; that of Velero a kind outside its templates and a hook, as real ones have.
    """
    special = {"flux2": _with_kinds(ensure(["gitops"]), folder), "velero": _with_hook(folder)}
    for chart in sorted(one.name for one in CHARTS.iterdir() if one.is_dir()):
        version = pinned(minor, chart).version
        registry.chart(f"charts/{chart}", version, archive(special.get(chart, chart_folder(chart)), chart, version))


def _with_hook(folder: Path) -> Path:
    made = folder / "velero"
    shutil.copytree(chart_folder("velero"), made)
    (made / "crds").mkdir()
    (made / "crds" / "plains.yaml").write_text(PLAIN)
    (made / "templates" / "hook.yaml").write_text(HOOK)
    return made


def _with_kinds(tools: Tools, folder: Path) -> Path:
    """Return a copy of the stand-in for Flux's chart whose kinds are those that come with the controllers."""
    made = folder / "flux2"
    shutil.copytree(chart_folder("flux2"), made)
    objects = made / "templates" / "flux.yaml"
    objects.write_text(objects.read_text().partition("{{- end }}\n")[2])
    documents = []
    for name in CONTROLLERS:
        for file in known()[name].copies:
            kind = yaml.safe_load((tools.path(name).parent / file).read_text())
            kind["metadata"]["annotations"]["helm.sh/resource-policy"] = "keep"
            documents.append(yaml.safe_dump(kind, width=1000).replace("{{", "{{ `{{` }}"))
    (made / "templates" / "kinds.yaml").write_text("---\n".join(documents))
    return made


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def controllers(folder: Path, kubeconfig: str) -> Iterator[dict[str, Path]]:
    """Run the controllers, and give the log of each.

    Args:
        folder: for their logs and files.
        kubeconfig: with every right.
    """
    tools = ensure(["gitops"])
    credential = folder / "kubeconfig"
    credential.touch(mode=0o600)
    credential.write_text(kubeconfig)
    env = {"KUBECONFIG": str(credential), "RUNTIME_NAMESPACE": NS_GITOPS, "HOME": str(folder), "TMPDIR": str(folder)}
    common = ["--watch-all-namespaces", "--enable-leader-election=false", "--metrics-addr=0", "--health-addr=0"]
    artifacts = f"127.0.0.1:{_free()}"
    own = {
        "source-controller": [
            f"--storage-path={folder / 'artifacts'}",
            f"--storage-addr={artifacts}",
            f"--storage-adv-addr={artifacts}",
        ],
        "kustomize-controller": ["--no-remote-bases"],
        "helm-controller": [],
    }
    (folder / "artifacts").mkdir()
    running: list[subprocess.Popen[bytes]] = []
    logs = {name: folder / f"{name}.log" for name in CONTROLLERS}
    try:
        for name in CONTROLLERS:
            with logs[name].open("wb") as log:
                command = [str(tools.path(name)), *common, "--requeue-dependency=1s", *own[name]]
                running.append(subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=log))
        yield logs
        assert [one.poll() for one in running] == [None] * len(running), _ends(logs)
    finally:
        for one in running:
            one.kill()
            one.wait()


def _ends(logs: dict[str, Path]) -> str:
    return "\n".join(f"{name}: {log.read_text()[-2000:]}" for name, log in logs.items())


def objects(kube: Kube, kind: str, **query: str) -> list[dict[str, Any]]:
    """Return Flux's objects of one kind."""
    plural = kind.lower().removesuffix("y") + ("ies" if kind.endswith("y") else "s")
    found = kube.items(f"/apis/{KINDS[kind]}/namespaces/{NS_GITOPS}/{plural}", **query)
    return [{**one, "apiVersion": KINDS[kind], "kind": kind} for one in found]


def mine(kube: Kube, kind: str) -> list[dict[str, Any]]:
    """Return Flux's objects of one kind that the repository has for our cluster."""
    return objects(kube, kind, labelSelector=f"{LABEL}=voorbeeldstad")


def ready(one: dict[str, Any]) -> bool:
    """Return whether Flux says so of the object as it is now."""
    status = one.get("status") or {}
    now = status.get("observedGeneration") == one["metadata"].get("generation")
    return now and any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or ())


def said(one: dict[str, Any]) -> str:
    """Return what Flux says of an object."""
    conditions = (one.get("status") or {}).get("conditions") or []
    words = "; ".join(f"{c['type']}={c['status']} {c.get('message', '')}" for c in conditions)
    return f"{one['kind']} {one['metadata']['name']}: {words or 'nothing yet'}"


def until(kube: Kube, what: Callable[[], bool]) -> None:
    """Wait until something holds; what does not is told with what Flux says of its objects."""
    end = time.monotonic() + SECONDS
    while not what():
        every = [one for kind in KINDS for one in objects(kube, kind) if not ready(one)]
        assert time.monotonic() < end, "\n".join(said(one) for one in every)
        time.sleep(0.5)


def settled(kube: Kube, releases: int) -> bool:
    """Return whether Flux has made everything that the repository holds for so many releases."""
    every = [mine(kube, kind) for kind in ("Kustomization", "HelmRelease")]
    return all(len(found) == releases and all(map(ready, found)) for found in every)


def again(kube: Kube, *kinds: str) -> None:
    """Ask Flux to look at its objects of some kinds now."""
    now = datetime.now(UTC).isoformat()
    for kind in kinds:
        for one in objects(kube, kind):
            kube.merge(one, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": now}}})
