"""What is done to nodes through the Kubernetes API: only ours is touched, and pods are asked to leave politely."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from haven_iac.clouds.openstack import nodes
from haven_iac.clouds.openstack.api import ApiError
from haven_iac.errors import DeployError


def taint(key: str, effect: str = "NoSchedule", value: str = "") -> dict[str, str]:
    return {"key": key, "effect": effect, **({"value": value} if value else {})}


class FakeApi:
    """Keeps nodes and pods; counts what was changed."""

    def __init__(self, node: dict[str, Any], pods: list[dict[str, Any]] | None = None) -> None:
        self.node = node
        self.pods = pods or []
        self.patches: list[Any] = []
        self.conflicts = 0
        self.held = 0
        """How often a disruption budget says no."""
        self.attached: list[str] = []
        """Nodes that a volume is on; each look takes one away."""

    def get(self, path: str, **query: str) -> Any:
        return self.node if path.endswith(self.node["metadata"]["name"]) else None

    def items(self, path: str, **query: str) -> Iterator[Any]:
        if path == nodes.ATTACHMENTS:
            seen, self.attached = self.attached, self.attached[1:]
            yield from [{"spec": {"nodeName": one}} for one in seen]
            return
        yield from list(self.pods if path.endswith("pods") else [self.node])

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        if path.endswith("eviction"):
            if self.held:
                self.held -= 1
                raise ApiError(429, "Cannot evict pod as it would violate the pod's disruption budget.")
            self.pods = [one for one in self.pods if one["metadata"]["name"] != body["metadata"]["name"]]
            return {}
        if self.conflicts:
            self.conflicts -= 1
            raise ApiError(409, "the object has been modified")
        self.patches.append(body)
        return {}

    def delete(self, path: str, **query: str) -> bool:
        return True


def node(labels: dict[str, str] | None = None, taints: list[dict[str, str]] | None = None) -> dict[str, Any]:
    about = {"name": "n1", "labels": labels or {}, "resourceVersion": "7"}
    return {"metadata": about, "spec": {"taints": taints or []}, "status": {"conditions": []}}


def pod(name: str, **more: Any) -> dict[str, Any]:
    about = {"name": name, "namespace": "apps", **more.pop("metadata", {})}
    return {"metadata": about, "spec": {}, "status": {"phase": "Running", **more}}


def test_taints_of_others_stay() -> None:
    cloud = taint("node.cloudprovider.kubernetes.io/shutdown")
    after = nodes.merged([cloud, taint("old")], [taint("new", "NoExecute", "x")], [taint("old")])
    assert after == [cloud, taint("new", "NoExecute", "x")]


def test_a_node_that_is_as_it_should_be_is_not_touched() -> None:
    api = FakeApi(node({"tier": "general", "other": "theirs"}, [taint("a", value="1")]))
    nodes.settle(api, "n1", {"tier": "general"}, [taint("a", value="1")])  # type: ignore[arg-type]
    assert api.patches == []


def test_only_labels_of_ours_are_changed_and_taken_away() -> None:
    api = FakeApi(node({"tier": "old", "gone": "x", "theirs": "y"}))
    nodes.settle(api, "n1", {"tier": "new"}, [], ["gone", "tier", "never-there"])  # type: ignore[arg-type]
    assert api.patches == [{"metadata": {"labels": {"tier": "new", "gone": None}, "resourceVersion": "7"}}]


def test_a_change_in_between_is_tried_again() -> None:
    api = FakeApi(node())
    api.conflicts = 2
    nodes.settle(api, "n1", {"tier": "new"}, [])  # type: ignore[arg-type]
    assert len(api.patches) == 1


def test_pods_that_belong_to_the_node_or_are_done_do_not_have_to_leave() -> None:
    daemon = pod("d", metadata={"ownerReferences": [{"kind": "DaemonSet"}]})
    mirror = pod("m", metadata={"annotations": {"kubernetes.io/config.mirror": "x"}})
    done = pod("s", phase="Succeeded")
    plain = pod("p")
    assert nodes.movable([daemon, mirror, done, plain]) == [plain]


def test_a_node_is_closed_first_and_budgets_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "PAUSE", 0.0)
    api = FakeApi(node(), [pod("a"), pod("b")])
    api.held = 3
    nodes.drain(api, "n1")  # type: ignore[arg-type]
    assert api.patches == [{"spec": {"unschedulable": True}}]
    assert api.pods == []


def test_volumes_leave_a_drained_node_too_and_those_of_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "PAUSE", 0.0)
    api = FakeApi(node(), [pod("a")])
    api.attached = ["n1", "n1", "n2"]
    nodes.drain(api, "n1")  # type: ignore[arg-type]
    assert api.attached == []  # it looked three times, and the third time only n2 was there


def test_pods_that_never_leave_are_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "PAUSE", 0.0)
    api = FakeApi(node(), [pod("a")])
    api.held = 10**9
    with pytest.raises(DeployError, match=r"1 pods do not leave the node n1 .* apps/a: a disruption budget") as caught:
        nodes.drain(api, "n1", patience=0.05)  # type: ignore[arg-type]
    assert "run this again" in caught.value.fix
