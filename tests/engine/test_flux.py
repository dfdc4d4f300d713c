"""The hand-over with Flux's real controllers: the same objects, one way and the other, and again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from haven_iac.kube import Kube
from haven_iac.platform.gitops import handed
from haven_iac.prepare import prepare
from haven_iac.project import Project
from tests import git_server, registry
from tests.engine import flux
from tests.engine.flux import again, mine, settled, until
from tests.engine.inventory import made, moved
from tests.engine.stack import Stack

pytestmark = [pytest.mark.flux, pytest.mark.timeout(3600)]

TRAEFIK = "/apis/apps/v1/namespaces/gateway/deployments/traefik"
HOOKS = "/api/v1/namespaces/velero/configmaps/left-by-a-hook"


@dataclass
class Around:
    """A cluster, and what Flux works with beside it."""

    stack: Stack
    git: git_server.GitServer
    releases: int
    """How many are Flux's when it owns them."""

    def publish(self) -> str:
        """Export what the repository has to hold, and return the commit."""
        self.stack.run("gitops", "export", str(self.git.clone))
        return self.git.commit("As exported")

    def owner(self, name: str) -> None:
        """Hand the releases over."""
        self.stack.edit(gitops={"owner": name})
        self.stack.run("up", "--yes")


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Around]:
    folder = tmp_path_factory.mktemp("flux")
    (folder / "project").mkdir()
    (folder / "controllers").mkdir()
    stack = Stack(folder / "project")
    with ExitStack() as ends:
        ends.callback(stack.remove)
        charts = ends.enter_context(registry.running(folder))
        git = ends.enter_context(git_server.running(folder / "git"))
        flux.publish(charts, "1.36", folder)
        stack.edit(
            platform={"charts": "upstream"},
            mirror={"charts": f"oci://{charts.host}/charts", "caSecret": "mirror-ca"},
            gitops={"repository": git.url, "secret": "git-login", "caSecret": "git-ca"},
        )
        (folder / "login").write_text(git_server.LOGIN)
        held = {"mirror-ca": folder / "ca.pem", "git-ca": folder / "git" / "ca.pem", "git-login": folder / "login"}
        lines = [stack.run("toolchain", "env").stdout, f"pulumi stack init {stack.name}"]
        lines += [f"pulumi config set --secret haven:{key} --stack local <{file}" for key, file in held.items()]
        subprocess.run(["bash", "-e", "-c", "\n".join(lines)], cwd=stack.folder, check=True, capture_output=True)
        stack.run("up", "--yes")
        plan = prepare(Project(stack.folder), stack.name).plan
        given = Around(stack, git, len([one for one in plan.releases if handed(one)]))
        given.publish()
        kubeconfig = stack.run("kubeconfig", "--ttl", "1h").stdout
        ends.enter_context(flux.controllers(folder / "controllers", kubeconfig))
        yield given


def records(kube: Kube) -> set[str]:
    """Return the releases that Helm has records of."""
    found = kube.items("/api/v1/secrets", labelSelector="owner=helm")
    return {one["metadata"]["labels"]["name"] for one in found}


def test_flux_takes_over_the_very_same_objects(around: Around) -> None:
    with around.stack.kube() as kube:
        before = made(kube)
        assert len(before) > 150
        assert "CustomResourceDefinition /plains.velero.io" in before
        around.owner("flux")
        until(kube, lambda: settled(kube, around.releases))
        assert moved(before, made(kube)) == {}
        assert records(kube) == {one["spec"]["releaseName"] for one in mine(kube, "HelmRelease")}
        assert kube.get(HOOKS) is None
    around.stack.run("verify", "--strict")
    around.stack.run("up", "--expect-no-changes")


def test_what_the_repository_says_then_holds(around: Around) -> None:
    with around.stack.kube() as kube:
        before = made(kube)
        app = kube.get(TRAEFIK)
        assert app is not None
        kube.merge({**app, "apiVersion": "apps/v1", "kind": "Deployment"}, {"spec": {"replicas": 5}})
        again(kube, "HelmRelease")
        until(kube, lambda: (kube.get(TRAEFIK) or {})["spec"]["replicas"] == app["spec"]["replicas"])

        around.stack.edit(ingress={"replicas": 4})
        around.publish()
        again(kube, "GitRepository")
        until(kube, lambda: (kube.get(TRAEFIK) or {})["spec"]["replicas"] == 4)
        until(kube, lambda: settled(kube, around.releases))
        assert {name for name in moved(before, made(kube)) if not name.startswith("Pod ")} == {
            "Deployment gateway/traefik"
        }
        assert kube.get(HOOKS) is None
    around.stack.run("up", "--yes")


def test_flux_lets_go_and_everything_stays_as_it_is(around: Around) -> None:
    with around.stack.kube() as kube:
        before = made(kube)
        around.owner("haven-iac")
        assert moved(before, made(kube)) == {}
        for kind in ("HelmRelease", "HelmRepository", "HelmChart"):
            assert flux.objects(kube, kind) == []
        assert [one["metadata"]["name"] for one in flux.objects(kube, "Kustomization")] == ["platform"]
        assert records(kube) == set()
    around.stack.run("up", "--expect-no-changes")


def test_it_goes_to_flux_again_and_gitops_can_be_taken_out_after_it_came_back(around: Around) -> None:
    with around.stack.kube() as kube:
        before = made(kube)
        around.owner("flux")
        until(kube, lambda: settled(kube, around.releases))
        assert moved(before, made(kube)) == {}
        around.owner("haven-iac")
        assert moved(before, made(kube)) == {}
        around.stack.edit(gitops=None)
        around.stack.run("up", "--yes", "--allow-disruption")
        gone = moved(before, made(kube))
        assert gone
        assert {name for name in gone if "flux-system" not in name and "flux" not in name} == set()
        assert kube.get("/api/v1/namespaces/flux-system") is None
