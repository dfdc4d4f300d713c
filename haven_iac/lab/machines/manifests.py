"""Applies manifests as the distributions' deploy controller does; blocking."""

from __future__ import annotations

from pathlib import Path

import yaml

from haven_iac.lab.kube import Kube, KubeError
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.plan import Plan

CRDS = Path(__file__).parent / "crds.yaml"


def of_machine(root: Root, plan: Plan) -> dict[str, bytes]:
    """Return what is in the folder of manifests, by path, without what is disabled."""
    found = {}
    for path in root.files(f"{plan.data_dir}/server/manifests", (".yaml", ".yml", ".json")):
        stem = path.rpartition("/")[2].rpartition(".")[0]
        if stem not in plan.many("disable") and root.read(f"{path}.skip") is None:
            found[path] = root.read(path) or b""
    return found


def apply(kube: Kube, data: bytes) -> list[str]:
    """Return what went wrong; objects that exist are brought in line."""
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
