"""Applies manifests as the distributions' deploy controller does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import yaml

from haven_iac.lab.kube import Kube, KubeError
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.plan import Plan

CRDS = Path(__file__).parent / "crds.yaml"

RETRY = float(os.environ.get("HAVEN_LAB_JOIN_RETRY", "2"))
"""Seconds between attempts to deploy manifests, times five."""


def of_machine(root: Root, plan: Plan) -> dict[str, bytes]:
    """Return what is in the folder of manifests, by path, without what is disabled."""
    found = {}
    for path in root.files(f"{plan.data_dir}/server/manifests", (".yaml", ".yml", ".json")):
        stem = path.rpartition("/")[2].rpartition(".")[0]
        if stem not in plan.many("disable") and root.read(f"{path}.skip") is None:
            found[path] = root.read(path) or b""
    return found


async def deploy(kube: Kube, root: Root, plan: Plan, log: Callable[[str], None]) -> None:
    """Apply a server's folder of manifests, until all of it is applied."""
    todo, said = of_machine(root, plan), set[str]()
    while todo:
        for path, data in list(todo.items()):
            errors = await asyncio.to_thread(apply, kube, data)
            if not errors:
                todo.pop(path)
                log(f'{plan.unit}: level=info msg="Applied manifest {path}"')
            elif errors[0] not in said:
                said.add(errors[0])
                what = f"Failed to process config: failed to process {path}: {'; '.join(errors)}"
                log(f'{plan.unit}: level=error msg="{what}"')
        if todo:
            await asyncio.sleep(5 * RETRY)


def apply(kube: Kube, data: bytes) -> list[str]:
    """Return what went wrong; objects that exist are brought in line; blocking."""
    try:
        documents = [document for document in yaml.safe_load_all(data) if document]
    except yaml.YAMLError as error:
        return [f"yaml: {' '.join(str(error).split())}"]
    errors = []
    for document in documents:
        many = str(document.get("kind", "")).endswith("List")
        for item in (document.get("items") or []) if many else [document]:
            try:
                kube.apply(item)
            except (KubeError, KeyError) as error:
                errors.append(str(error))
    return errors
