"""A platform over its life, on one simulated cluster: tenants, an upgrade, the hand-over to Flux and back, failures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from haven_iac.kube import Kube, KubeError, connect
from haven_iac.plan.flux import files
from haven_iac.platform import versions
from haven_iac.platform.gitops import LABEL
from haven_iac.prepare import prepare
from haven_iac.project import Project
from haven_iac.toolchain import ensure
from tests.engine.inventory import made, moved
from tests.engine.stack import ROOT, Stack

pytestmark = pytest.mark.engine

OLDER = {
    "cert-manager": ("v1.20.3", "v1.20.3"),
    "traefik": ("41.2.0", "3.7.10"),
    "velero": ("12.0.3", "1.18.0"),
}
"""What the row of the minor before has, by chart: version, and version of the application."""
SLOTS = {"cert-manager": "certificates", "traefik": "gateway", "velero": "backup"}
TEAM = {"groups": {"edit": ["winkel-team"]}, "quota": {"pods": 10, "storage": "20Gi"}}
GITOPS = {"repository": "https://git.example.nl/platform/clusters.git"}
MAIN = """\
import sys
from pathlib import Path

from haven_iac.platform import versions

versions.FILE = Path(sys.argv.pop(1))
from haven_iac.cli.app import main

main()
"""


class Pinned(Stack):
    """A stack whose table of versions has two rows that differ."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        data = yaml.safe_load(versions.FILE.read_text())
        for chart, (version, app) in OLDER.items():
            about = data["charts"][chart]
            about["versions"][version] = {"app": app, "published": "2026-01-01", "images": []}
        data["minors"]["1.35"] = {chart: version for chart, (version, _) in OLDER.items()}
        self.table = folder / "charts.yaml"
        self.table.write_text(yaml.safe_dump(data))

    def start(self, *args: str, **env: str) -> subprocess.Popen[str]:
        which = () if args[0] == "toolchain" else ("-s", self.name)
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, str(self.table), *args, *which],
            cwd=self.folder,
            env={**os.environ, "PYTHONWARNINGS": "default", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pinned]:
    folder = tmp_path_factory.mktemp("life") / "project"
    folder.mkdir()
    made = Pinned(folder)
    made.edit(
        kubernetes={"version": "1.35"},
        tenants={"winkel": TEAM},
        ingress={"hosts": ["www.winkel.test"]},
        policy={"mode": "deny"},
        gitops=GITOPS,
    )
    made.run("up", "--yes")
    yield made
    made.remove()


def pulumi(folder: Path, env: Mapping[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    command = ["pulumi", "--non-interactive", *args]
    return subprocess.run(command, cwd=folder, env={**env}, capture_output=True, text=True, check=False)


def test_a_team_deploys_its_application_with_no_more_rights_than_its_own(running: Pinned, tmp_path: Path) -> None:
    program = tmp_path / "tenant"
    shutil.copytree(ROOT / "examples" / "tenant", program)
    credential = tmp_path / "kubeconfig"
    credential.write_text(running.run("kubeconfig", "--user", "jan", "--group", "winkel-team").stdout)
    (tmp_path / "state").mkdir()
    env = {
        **os.environ,
        **ensure(["engine"]).env(),
        "KUBECONFIG": str(credential),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
    }
    assert pulumi(program, env, "stack", "init", "test").returncode == 0
    for key, value in (("host", "winkel.apps.voorbeeldstad.test"), ("ownHost", "www.winkel.test")):
        pulumi(program, env, "config", "set", key, value)
    done = pulumi(program, env, "up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    with running.kube() as kube:
        claim = kube.get("/api/v1/namespaces/winkel/persistentvolumeclaims/files")
        app = kube.get("/apis/apps/v1/namespaces/winkel/deployments/winkel")
        route = kube.get("/apis/gateway.networking.k8s.io/v1/namespaces/winkel/httproutes/winkel")
        gateway = kube.get("/apis/gateway.networking.k8s.io/v1/namespaces/gateway/gateways/traefik-gateway")
        quota = kube.get("/api/v1/namespaces/winkel/resourcequotas/tenant")
        policies = kube.items("/apis/networking.k8s.io/v1/namespaces/winkel/networkpolicies")
        certificates = kube.items("/apis/cert-manager.io/v1/namespaces/gateway/certificates")
    assert (claim["status"]["phase"], claim["status"]["accessModes"]) == ("Bound", ["ReadWriteMany"])
    assert app["status"]["readyReplicas"] == 2
    listeners = {one["name"]: one for one in gateway["spec"]["listeners"]}
    for parent, host in zip(route["spec"]["parentRefs"], route["spec"]["hostnames"], strict=True):
        listener = listeners[parent["sectionName"]]
        assert listener["hostname"] in (host, f"*.{host.partition('.')[2]}")
        secrets = {one["name"] for one in listener["tls"]["certificateRefs"]}
        assert secrets <= {one["spec"]["secretName"] for one in certificates}
    assert {"default-deny", "allow-platform", "allow-within", "winkel-mail"} == {
        one["metadata"]["name"] for one in policies
    }
    assert quota["status"]["used"]["pods"] == "2"
    with connect(credential.read_text()) as kube:
        for path in ("/api/v1/secrets", "/api/v1/namespaces/gateway/secrets", "/api/v1/nodes"):
            with pytest.raises(KubeError, match="forbidden"):
                kube.items(path)
        balancer = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": "winkel"}}
        with pytest.raises(KubeError, match="exceeded quota"):
            kube.create({**balancer, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
    assert pulumi(program, env, "destroy", "--yes", "--skip-preview").returncode == 0


def test_the_next_minors_row_moves_what_differs_and_nothing_else_in_order(running: Pinned) -> None:
    running.edit(kubernetes={"version": "1.36"})
    told = {one["what"]: one for one in running.json("plan")["changes"] if one["kind"] == "release"}
    assert set(told) == set(OLDER)
    assert all(f"version {OLDER[chart][0]} → " in one["detail"] for chart, one in told.items())
    steps = running.json("preview")["steps"]
    moved = {one["phase"].removeprefix("platform: ") for one in steps if one["phase"].startswith("platform")}
    assert moved == set(SLOTS.values())
    assert {one["operation"] for one in steps} == {"update"}
    done = running.run("up", "--yes")
    begun = re.findall(r"platform: ([\w-]+) \(", done.stderr)
    assert begun.index("certificates") < begun.index("gateway")
    assert set(begun) == set(SLOTS.values())
    with running.kube() as kube:
        [container] = kube.get("/apis/apps/v1/namespaces/gateway/deployments/traefik")["spec"]["template"]["spec"][
            "containers"
        ]
    assert container["image"].endswith(versions.pinned("1.36", "traefik").app_version)


def as_flux(kube: Kube, repository: Mapping[str, str]) -> None:
    """Do what Flux's controllers would do: make the HelmReleases, and take over what they find, by force."""
    for path, text in repository.items():
        if path.endswith("base/release.yaml"):
            release = yaml.safe_load(text)
            release["metadata"]["labels"] = {LABEL: "voorbeeldstad"}
            kube.create(release)
            spec = release["spec"]
            notes = {"meta.helm.sh/release-name": spec["releaseName"]}
            for kind in ("Deployment", "StatefulSet", "DaemonSet"):
                plural = f"/apis/apps/v1/namespaces/{spec['targetNamespace']}/{kind.lower()}s"
                for one in kube.items(plural, labelSelector=f"app.kubernetes.io/instance={spec['releaseName']}"):
                    about = {
                        "name": one["metadata"]["name"],
                        "namespace": spec["targetNamespace"],
                        "annotations": notes,
                    }
                    body = {"apiVersion": "apps/v1", "kind": kind, "metadata": about}
                    kube.apply(body, "helm-controller", force=True)


def test_the_releases_go_to_flux_and_come_back_as_the_same_objects(running: Pinned) -> None:
    with running.kube() as kube:
        before = made(kube)
    assert len(before) > 150
    ours = running.json("preview")["changes"]["same"]

    running.edit(gitops={"owner": "flux"})
    env = {
        **os.environ,
        **ensure(["engine"]).env(),
        "PULUMI_BACKEND_URL": (running.state / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(running.state / "passphrase"),
    }
    plain = pulumi(running.folder, env, "preview", "--stack", running.name)
    assert plain.returncode != 0
    assert "apply `gitops.owner: moving` first" in plain.stdout + plain.stderr

    before_failure = running.file.read_text()
    running.edit(platform={"addons": {"metrics": {"values": {"resources": {"requests": {"cpu": "ten"}}}}}})
    running.run("up", "--yes", expect=5)
    running.file.write_text(before_failure)
    done = running.run("up", "--yes")
    assert "step 1 of 2" in done.stderr  # not on record, as the metrics were not marked to stay
    assert "step 2 of 2" in done.stderr
    with running.kube() as kube:
        assert moved(before, made(kube)) == {}
        assert (
            kube.get("/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/platform")["spec"][
                "suspend"
            ]
            is False
        )
        as_flux(kube, files(prepare(Project(running.folder), running.name).plan))
    left = running.json("preview")["changes"]
    assert set(left) == {"same"}
    assert left["same"] < ours - 80  # our state has let go
    running.run("verify", "--strict")
    running.edit(gitops=None)
    assert "gone from the description" in running.run("up", "--yes", "--allow-disruption", expect=5).stderr

    running.edit(gitops={**GITOPS, "owner": "haven-iac"})
    running.run("up", "--yes")
    with running.kube() as kube:
        assert moved(before, made(kube)) == {}
        assert kube.items("/apis/helm.toolkit.fluxcd.io/v2/namespaces/flux-system/helmreleases") == []
    assert running.json("preview")["changes"] == {"same": ours}


def test_a_failure_names_the_chart_the_object_and_the_way_on(running: Pinned) -> None:
    before = running.file.read_text()
    running.edit(platform={"addons": {"metrics": {"values": {"resources": {"requests": {"cpu": "ten"}}}}}})
    said = running.run("up", "--yes", expect=5).stderr
    assert "platform: metrics: release metrics-server (chart metrics-server " in said
    assert "Deployment kube-system/metrics-server" in said
    assert "then run the same command again" in said
    running.file.write_text(before)
    running.run("up", "--yes")
    running.run("up", "--expect-no-changes")
