"""The mirror of a closed network: what it has to hold, and what is asked of a real one on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from haven_iac.errors import ExitCode
from haven_iac.mirror.package import package
from haven_iac.plan.artifact_lists import FORMATS
from haven_iac.plan.artifacts import Artifacts, artifacts
from haven_iac.plan.build import plan
from tests import registry
from tests.registry import Registry
from tests.unit.platform_lab import EVERYTHING, facts, spec, texts

ROOT = Path(__file__).parents[2]
CHARTS, IMAGES = "oci://registry.example.nl/charts", "registry.example.nl/mirror"


def needed(**changes: Any) -> Artifacts:
    return artifacts(plan(spec(EVERYTHING, **changes), facts()))


def written(form: str) -> str:
    return FORMATS[form](needed(), CHARTS, IMAGES)


@pytest.mark.parametrize("kind", ["cloud", "nfs", "longhorn"])
def test_every_image_that_values_name_below_a_mirror_is_in_the_list(kind: str) -> None:
    described = spec(
        EVERYTHING, mirror={"images": IMAGES}, storage={"shared": {"kind": kind, "server": "nfs.example.nl"}}
    )
    made = plan(described, facts())
    listed = {one.mirrored(IMAGES).rpartition(":")[0] for one in artifacts(made).images}
    for release in made.releases:
        named = {text for text in texts(release.values) if text.startswith(f"{IMAGES}/")}
        repositories = {text.rpartition(":")[0] if ":" in text.rsplit("/", 1)[-1] else text for text in named}
        assert repositories - {f"{IMAGES}/library"} <= listed, release.name


def test_a_mirror_in_the_description_does_not_change_where_things_are_published() -> None:
    assert needed() == needed(mirror={"charts": CHARTS, "images": IMAGES})


def test_every_release_with_pods_has_images_and_each_is_pinned_to_a_tag() -> None:
    found = needed()
    slots = {slot for one in found.images for slot in one.slots}
    assert slots == {r.slot for r in plan(spec(EVERYTHING), facts()).releases if r.workloads}
    assert all(one.tag and one.tag != "latest" and "." in one.host for one in found.images)


def test_the_plain_list_has_a_line_for_everything() -> None:
    lines = written("plain").splitlines()
    found = needed()
    assert len(lines) == len(found.charts) + len(found.images)
    assert "chart traefik 41.3.0 oci://ghcr.io/traefik/helm/traefik" in lines
    assert "image docker.io/library/traefik:v3.7.11" in lines


def test_skopeo_gets_hosts_with_paths_and_tags() -> None:
    found = yaml.safe_load(written("skopeo"))
    assert found["docker.io"]["images"]["library/traefik"] == ["v3.7.11"]
    count = sum(len(tags) for host in found.values() for tags in host["images"].values())
    assert count == len(needed().images)


@pytest.mark.parametrize(("form", "tool"), [("crane", "crane copy"), ("skopeo-copy", "skopeo copy --all")])
def test_commands_copy_each_image_to_where_the_charts_look_for_it(form: str, tool: str) -> None:
    lines = written(form).splitlines()
    assert all(line.startswith(f"{tool} ") for line in lines)
    assert any(line.endswith("registry.example.nl/mirror/library/traefik:v3.7.11") for line in lines)


def test_helm_commands_are_shell_and_make_a_chart_of_a_plain_file() -> None:
    text = written("helm")
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)
    assert "haven-iac mirror package gateway-api gateway-api.yaml --version 1.6.1" in text
    assert text.count("helm push") == len(needed().charts)


def test_a_zarf_package_has_a_component_for_each_slot_with_charts_and_images() -> None:
    found = yaml.safe_load(written("zarf"))
    parts = {one["name"]: one for one in found["components"]}
    assert set(parts) == {one.slots[0] for one in needed().charts}
    assert parts["gateway"]["charts"][0]["version"] == "41.3.0"
    assert parts["gateway-api"]["manifests"][0]["files"][0].endswith("standard-install.yaml")


def test_values_of_ones_own_that_name_an_image_are_mentioned() -> None:
    own = {"gateway": {"values": {"image": {"tag": "v3.7.12"}}}}
    assert any("addons.gateway" in note for note in needed(platform={"addons": own}).notes)
    assert not any("addons" in note for note in needed().notes)


def test_a_packaged_file_is_a_chart_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    crds = b"kind: CustomResourceDefinition\n# {{ not a template }}\n"
    first = package("gateway-api", "1.6.1", crds, tmp_path)
    assert first.name == "gateway-api-1.6.1.tgz"
    before = first.read_bytes()
    assert package("gateway-api", "1.6.1", crds, tmp_path).read_bytes() == before
    shutil.unpack_archive(first, tmp_path / "out", "gztar", filter="data")
    assert yaml.safe_load((tmp_path / "out/gateway-api/Chart.yaml").read_text())["version"] == "1.6.1"
    assert (tmp_path / "out/gateway-api/crds/gateway-api.yaml").read_bytes() == crds


# Asked of a registry


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a project whose stack `local` gets a mirror from `ask`."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def full() -> Callable[[Registry], None]:
    """Give what fills a registry with everything that the stack needs."""

    def fill(server: Registry) -> None:
        from haven_iac.prepare import from_document

        document = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text())["config"]["haven:cluster"]
        found = artifacts(from_document(document).plan)
        for chart in found.charts:
            server.chart(f"charts/{chart.name}", chart.version, b"archive")
        for image in found.images:
            server.image(f"mirror/{image.path}", image.tag)

    return fill


@pytest.fixture
def server() -> Iterator[Registry]:
    with registry.running() as made:
        yield made


def ask(project: Path, mirror: Mapping[str, str], *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `mirror check` with a mirror in the description."""
    file = project / "stacks" / "Pulumi.local.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"]["haven:cluster"]["mirror"] = dict(mirror)
    file.write_text(yaml.safe_dump(document))
    return subprocess.run(
        [sys.executable, "-m", "haven_iac.cli.app", "mirror", "check", *words],
        cwd=project,
        env={**os.environ, "HOME": str(project), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_mirror_is_complete_and_says_its_digests(
    project: Path, server: Registry, full: Callable[[Registry], None]
) -> None:
    full(server)
    mirror = {"charts": f"oci://{server.host}/charts", "images": f"{server.host}/mirror"}
    done = ask(project, mirror, "--plain-http", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert found["complete"] is True
    assert all(one["digest"].startswith("sha256:") for one in found["held"])


def test_what_a_mirror_lacks_is_said_and_is_an_error_of_its_own(
    project: Path, server: Registry, full: Callable[[Registry], None]
) -> None:
    full(server)
    del server.manifests["mirror/grafana/loki", "3.7.6"]
    del server.manifests["charts/traefik", "41.3.0"]
    mirror = {"charts": f"oci://{server.host}/charts", "images": f"{server.host}/mirror"}
    done = ask(project, mirror, "--plain-http")
    assert done.returncode == ExitCode.MIRROR
    lacks = [line.split()[2] for line in done.stdout.splitlines() if line.startswith("lacks")]
    assert lacks == [f"oci://{server.host}/charts/traefik:41.3.0", f"{server.host}/mirror/grafana/loki:3.7.6"]
    assert "the mirror lacks 2 of" in done.stderr


def test_a_chart_repository_is_asked_for_its_index(
    project: Path, server: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tls")
    with registry.running(folder) as secured:
        entries = {"traefik": [{"version": "41.3.0"}], "loki": [{"version": "1.0.0"}]}
        secured.files["/charts/index.yaml"] = yaml.safe_dump({"entries": entries}).encode()
        done = ask(project, {"charts": f"https://{secured.host}/charts"}, "--ca", str(folder / "ca.pem"), "--json")
        there = {one["source"]: one["there"] for one in json.loads(done.stdout)["held"]}
    assert there["oci://ghcr.io/traefik/helm/traefik 41.3.0"] is True
    assert there["oci://ghcr.io/grafana-community/helm-charts/loki 18.11.0"] is False


def test_a_mirror_behind_a_private_authority_needs_that_authority(
    project: Path, tmp_path_factory: pytest.TempPathFactory, full: Callable[[Registry], None]
) -> None:
    folder = tmp_path_factory.mktemp("tls")
    with registry.running(folder) as secured:
        full(secured)
        mirror = {"images": f"{secured.host}/mirror"}
        without = ask(project, mirror)
        with_it = ask(project, mirror, "--ca", str(folder / "ca.pem"))
    assert without.returncode != 0
    assert "--ca FILE" in without.stderr
    assert without.stderr.count("HVN310") == 1
    assert with_it.returncode == 0, with_it.stderr


def test_a_registry_that_wants_a_token_gets_one(
    project: Path, server: Registry, full: Callable[[Registry], None]
) -> None:
    full(server)
    server.token = "t0ken"
    done = ask(project, {"images": f"{server.host}/mirror"}, "--plain-http")
    assert done.returncode == 0, done.stderr
    assert any(path.startswith("/token?service=here&scope=pull") for path in server.asked)


def test_a_mirror_that_does_not_answer_is_no_mirror_that_lacks_everything(project: Path, server: Registry) -> None:
    host = server.host
    server.server_close()
    done = ask(project, {"images": f"{host}/mirror"}, "--plain-http")
    assert done.returncode != ExitCode.MIRROR
    assert "cannot be asked" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_mirror_there_is_nothing_to_ask(project: Path) -> None:
    done = ask(project, {})
    assert done.returncode == ExitCode.MIRROR
    assert "names no mirror" in done.stderr
