"""What stands in a cluster, object by object: whether anything went, came anew or was written."""

from __future__ import annotations

from collections.abc import Container, Mapping

from haven_iac.kube import Kube
from haven_iac.resources import OWNER

Inventory = Mapping[str, tuple[str, int]]
"""Uid and generation, by kind, namespace and name; the generation is 0 where it says nothing."""
DERIVED = ("pods", "endpointslices")
"""What is never written by us, and follows the labels of others' objects."""

FLUXS = ("Kustomization flux-system/platform",)
"""What says whose the releases are, and so does change."""


def made(kube: Kube) -> dict[str, tuple[str, int]]:
    """Return uid and generation of every object that we made, of every kind, and the uid of every pod."""
    found: dict[str, tuple[str, int]] = {}
    groups = [one["preferredVersion"]["groupVersion"] for one in (kube.get("/apis") or {})["groups"]]
    for version in ("v1", *groups):
        base = f"/api/{version}" if version == "v1" else f"/apis/{version}"
        for kind in kube.kinds(version):
            if "/" in kind["name"] or "list" not in kind["verbs"] or kind["name"] in ("events", "componentstatuses"):
                continue
            which = {} if kind["name"] == "pods" else {"labelSelector": f"{OWNER}=voorbeeldstad"}
            for one in kube.items(f"{base}/{kind['name']}", bare=True, **which):
                about = one["metadata"]
                name = f"{kind['kind']} {about.get('namespace', '')}/{about['name']}"
                found[name] = (about["uid"], 0 if kind["name"] in DERIVED else about.get("generation", 0))
    return found


def moved(before: Inventory, after: Inventory, but: Container[str] = FLUXS) -> dict[str, str]:
    """Return what is gone, was made again or was written anew, and which of these."""
    found = {}
    for name, known in before.items():
        now = after.get(name)
        if name not in but and now != known:
            found[name] = "gone" if now is None else "made again" if now[0] != known[0] else "written anew"
    return found
