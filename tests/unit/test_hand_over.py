"""Flux lets go of what it installed: suspended first, then removed; also where Flux does not answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from haven_iac import hand_over
from haven_iac.errors import DeployError
from haven_iac.platform.gitops import LABEL

FLUX = "/namespaces/flux-system/"


def thing(kind: str, name: str, **more: Any) -> dict[str, Any]:
    about = {"name": name, "namespace": "flux-system", "labels": {LABEL: "test"}, "finalizers": ["fluxcd.io"]}
    return {"kind": kind, "metadata": about, "spec": {}, **more}


class Cluster:
    """As much of an API as letting go needs."""

    def __init__(self, *, answers: bool, again: bool = False) -> None:
        release = thing("HelmRelease", "traefik", status={"helmChart": "flux-system/flux-system-traefik"})
        release["spec"] = {"releaseName": "traefik", "storageNamespace": "gateway"}
        chart, other = thing("HelmChart", "flux-system-traefik"), thing("HelmChart", "flux-system-somebodys")
        self.held = [thing("Kustomization", "gateway"), release, chart, other, thing("HelmRepository", "traefik")]
        self.whole = thing("Kustomization", "platform")
        self.records = ["sh.helm.release.v1.traefik.v1"]
        self.did: list[str] = []
        self.answers = answers
        """Whether there is a Flux that takes its finalizers away."""
        self.again = again
        """Whether somebody makes everything anew."""

    def read(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        return self.whole

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        if path == "/api/v1/namespaces/gateway/secrets":
            assert query["labelSelector"] == "owner=helm,name=traefik"
            return [{"metadata": {"name": name}} for name in self.records]
        kind = {"kustomizations": "Kustomization", "helmreleases": "HelmRelease", "helmcharts": "HelmChart"}
        wanted = kind.get(path.partition(FLUX)[2], "HelmRepository")
        return [one for one in self.held if one["kind"] == wanted]

    def merge(self, one: Mapping[str, Any], change: Mapping[str, Any]) -> None:
        name = f"{one['kind']} {one['metadata']['name']}"
        if "spec" in change:
            self.did.append(f"suspend {name}")
        elif not self.again:
            self.did.append(f"undo {name}")
            self.held = [other for other in self.held if other["metadata"] != one["metadata"]]

    def delete(self, one: Mapping[str, Any]) -> bool:
        name = f"{one['kind']} {one['metadata']['name']}"
        self.did.append(f"delete {name}")
        if one["kind"] == "Secret":
            self.records = []
            return True
        assert f"suspend {name}" in self.did
        if self.answers:
            self.held = [other for other in self.held if other["metadata"] != one["metadata"]]
        one["metadata"]["deletionTimestamp"] = "2026-11-25T00:00:00Z"
        return True


@pytest.fixture
def rested(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give what lets Flux rest in a cluster, without waiting."""

    def rest(cluster: Cluster) -> list[str]:
        @contextmanager
        def connect(kubeconfig: str) -> Iterator[Cluster]:
            yield cluster

        monkeypatch.setattr(hand_over, "connect", connect)
        monkeypatch.setattr(hand_over, "PATIENCE", 0.3)
        return hand_over.rest("somewhere", "test")

    return rest


def test_each_is_suspended_before_the_first_is_removed(rested: Any) -> None:
    cluster = Cluster(answers=True)
    assert rested(cluster) == ["traefik"]
    kinds = [words.split()[0] for words in cluster.did]
    assert kinds == sorted(kinds, key=["suspend", "delete"].index)
    assert cluster.did[0] == "suspend Kustomization platform"
    assert "delete Kustomization platform" not in cluster.did  # it is ours, and waits
    assert [one["metadata"]["name"] for one in cluster.held] == ["flux-system-somebodys"]
    assert cluster.records == []


def test_without_a_flux_that_answers_what_would_keep_them_is_undone(rested: Any) -> None:
    cluster = Cluster(answers=False)
    rested(cluster)
    assert [one["metadata"]["name"] for one in cluster.held] == ["flux-system-somebodys"]
    assert "undo HelmRelease traefik" in cluster.did


def test_what_somebody_makes_anew_stops_the_run(rested: Any) -> None:
    with pytest.raises(DeployError, match="HelmRelease traefik"):
        rested(Cluster(answers=False, again=True))


def test_a_cluster_that_flux_never_had_is_left_alone(rested: Any) -> None:
    cluster = Cluster(answers=True)
    cluster.held, cluster.whole = [], None  # type: ignore[assignment]
    assert rested(cluster) == []
    assert cluster.did == []
