"""What is done to nodes through the Kubernetes API: waited for, labelled, drained, taken out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from haven_iac.clouds.openstack.api import MERGE, ApiError, Kube
from haven_iac.errors import DeployError, UnreachableError

NODES = "/api/v1/nodes"
PAUSE = 1.0
DRAIN_SECONDS = 600.0
"""How long pods may take to leave a node; disruption budgets are kept."""
DETACH_SECONDS = 120.0
"""How long the cloud may take to take volumes off a drained node: Nova rebuilds no server that is losing one."""
ATTACHMENTS = "/apis/storage.k8s.io/v1/volumeattachments"

Taint = Mapping[str, str]


def wait(api: Kube, names: Iterable[str], patience: float, done: Callable[[Any], bool]) -> list[str]:
    """Return the nodes that are not there, or not `done`, when patience ends; none mostly.

    Args:
        api: the cluster's.
        names: of the nodes.
        patience: seconds.
        done: told of a Node object.
    """
    missing, deadline = sorted(names), time.monotonic() + patience
    while True:
        try:
            seen = {node["metadata"]["name"]: node for node in api.items(NODES)}
            missing = [name for name in missing if name not in seen or not done(seen[name])]
        except UnreachableError:
            seen = {}
        if not missing or time.monotonic() >= deadline:
            return missing
        time.sleep(PAUSE)


def known(node: Any) -> bool:
    """Return True: the node has registered."""
    return True


def ready(node: Any) -> bool:
    """Return whether a node takes pods."""
    return condition(node, "Ready")


def condition(node: Any, kind: str) -> bool:
    """Return whether a node's condition of that type is true."""
    return any(one["type"] == kind and one["status"] == "True" for one in node["status"].get("conditions") or ())


def settle(
    api: Kube,
    name: str,
    labels: Mapping[str, str],
    taints: Sequence[Taint],
    gone_labels: Iterable[str] = (),
    gone_taints: Iterable[Taint] = (),
) -> None:
    """Give a node its labels and taints, and take away what we gave it before; nobody else's are touched.

    Args:
        api: the cluster's.
        name: of the node.
        labels: by key.
        taints: each with key, value and effect.
        gone_labels: keys that it had from us and has no longer.
        gone_taints: taints that it had from us and has no longer.
    """
    for _ in range(10):
        node = api.get(f"{NODES}/{name}")
        if node is None:
            raise DeployError(f"the node {name} is not there", fix="run this again: nodes come back when they boot")
        now = node["spec"].get("taints") or []
        after = merged(now, taints, gone_taints)
        have = node["metadata"].get("labels") or {}
        dropped = {key: None for key in gone_labels if key not in labels and key in have}
        changed = {key: value for key, value in labels.items() if have.get(key) != value}
        if not dropped and not changed and after == now:
            return
        body = {
            "metadata": {
                "labels": {**changed, **dropped},
                "resourceVersion": node["metadata"]["resourceVersion"],
            },
            **({"spec": {"taints": after}} if after != now else {}),
        }
        try:
            api.ask("PATCH", f"{NODES}/{name}", body, kind=MERGE)
            return
        except ApiError as error:
            if error.status != 409:
                raise
    raise DeployError(f"the node {name} changes all the time", fix="run this again")


def merged(now: Sequence[Taint], ours: Sequence[Taint], gone: Iterable[Taint]) -> list[Taint]:
    """Return a node's taints: ours as they should be, and whatever others put there."""
    mine = {(one["key"], one["effect"]) for one in [*ours, *gone]}
    kept = [one for one in now if (one["key"], one["effect"]) not in mine]
    wanted = {(one["key"], one["effect"]): _taint(one) for one in ours}
    same = {key: one for one in now if (key := (one["key"], one["effect"])) in wanted}
    return [
        *kept,
        *(
            same[key] if key in same and same[key].get("value", "") == one.get("value", "") else one
            for key, one in wanted.items()
        ),
    ]


def _taint(one: Taint) -> Taint:
    return {key: value for key, value in one.items() if value}


def drain(api: Kube, name: str, patience: float = DRAIN_SECONDS) -> None:
    """Let no new pod come to a node, and ask every pod there to leave, as disruption budgets allow; volumes leave too.

    Raises:
        DeployError: some are still there when patience ends.
    """
    try:
        api.ask("PATCH", f"{NODES}/{name}", {"spec": {"unschedulable": True}}, kind=MERGE)
    except ApiError as error:
        if error.status == 404:
            return
        raise
    deadline = time.monotonic() + patience
    held: dict[str, str] = {}
    while leaving := movable(api.items("/api/v1/pods", fieldSelector=f"spec.nodeName={name}")):
        if time.monotonic() >= deadline:
            pods = "; ".join(f"{pod}: {why}" for pod, why in sorted(held.items())[:5])
            raise DeployError(
                f"{len(leaving)} pods do not leave the node {name} within {patience:.0f} s: {pods or 'they are slow'}",
                fix="give them another node or another disruption budget, or delete them; then run this again",
            )
        held = {}
        for pod in leaving:
            about = pod["metadata"]
            if "deletionTimestamp" not in about and (why := _evict(api, about["namespace"], about["name"])):
                held[f"{about['namespace']}/{about['name']}"] = why
        time.sleep(PAUSE)
    deadline = time.monotonic() + DETACH_SECONDS
    while any(one["spec"].get("nodeName") == name for one in api.items(ATTACHMENTS)) and time.monotonic() < deadline:
        time.sleep(PAUSE)


def _evict(api: Kube, namespace: str, name: str) -> str:
    """Ask one pod to leave; return why it may not yet."""
    path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(name)}/eviction"
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    try:
        api.ask("POST", path, body)
    except ApiError as error:
        if error.status in (429, 500):
            return "a disruption budget keeps it"
        if error.status != 404:
            raise
    return ""


def movable(pods: Iterable[Any]) -> list[Any]:
    """Return the pods that have to leave: not those that belong to the node, nor those that are done."""
    return [
        pod
        for pod in pods
        if pod["status"].get("phase") not in ("Succeeded", "Failed")
        and "kubernetes.io/config.mirror" not in (pod["metadata"].get("annotations") or {})
        and not any(one["kind"] == "DaemonSet" for one in pod["metadata"].get("ownerReferences") or ())
    ]


def remove(api: Kube, name: str, distribution: str, *, server: bool, patience: float = 60.0) -> None:
    """Take a drained node out of its cluster; a server leaves etcd first, while the others have a majority.

    Args:
        api: the cluster's.
        name: of the node.
        distribution: rke2 or k3s, whose controller takes members out of etcd.
        server: whether it is part of the control plane.
        patience: seconds to wait for etcd; the Node's own finalizer does the rest.
    """
    if server:
        mark, done = f"etcd.{distribution}.cattle.io/remove", f"etcd.{distribution}.cattle.io/removed-node-name"
        node = api.get(f"{NODES}/{name}")
        if node is None:
            return
        if any(key.startswith(f"etcd.{distribution}.cattle.io/") for key in node["metadata"].get("annotations") or {}):
            api.ask("PATCH", f"{NODES}/{name}", {"metadata": {"annotations": {mark: "true"}}}, kind=MERGE)
            wait(api, [name], patience, lambda one: done in (one["metadata"].get("annotations") or {}))
    api.delete(f"{NODES}/{name}")
    deadline = time.monotonic() + patience
    while api.get(f"{NODES}/{name}") is not None and time.monotonic() < deadline:
        time.sleep(PAUSE)
