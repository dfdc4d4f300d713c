"""Tools come whole or not at all, whatever happens while they are had."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from haven_iac import toolchain
from haven_iac.errors import ToolchainError
from haven_iac.toolchain import build, cache, install, release
from haven_iac.toolchain.tools import wanted

LOCAL = wanted(["local"])


class Place(NamedTuple):
    mirror: Path
    cache: Path


def script(version: str, seconds: float = 0) -> str:
    return f"#!/bin/sh\nsleep {seconds}\necho version v{version}\n"


def offer(folder: Path, **texts: str) -> None:
    """Put tools into a mirror: small scripts that tell the right version, unless said otherwise."""
    folder.mkdir(exist_ok=True)
    lines = []
    for tool in LOCAL:
        file = folder / tool.name
        file.write_text(texts.get(tool.name.replace("-", "_"), script(tool.version)))
        lines.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {tool.name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Give an empty cache and a mirror that holds the local control plane."""
    made = Place(tmp_path / "mirror", tmp_path / "cache")
    offer(made.mirror)
    monkeypatch.setenv("HAVEN_TOOLCHAIN_MIRROR", str(made.mirror))
    monkeypatch.setenv("HAVEN_TOOLCHAIN_CACHE", str(made.cache))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return made


def ensure_elsewhere() -> subprocess.Popen[str]:
    code = "from haven_iac.toolchain import ensure; print(ensure(['local']).path('kwok'))"
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def test_every_tool_is_had_and_then_found(place: Place) -> None:
    tools = toolchain.ensure(["local"])
    assert {tools.path(tool.name).parent for tool in LOCAL} == {cache.bin_folder()}
    assert {one.source for one in toolchain.survey(["local"])} == {"cache"}


def test_a_damaged_mirror_is_told_and_leaves_nothing_broken(place: Place) -> None:
    (place.mirror / "kwok").write_text("#!/bin/sh\necho other\n")
    with pytest.raises(ToolchainError, match="hash"):
        toolchain.ensure(["local"])
    assert {one.tool.name: one.source for one in toolchain.survey(["local"])}["kwok"] == "mirror"
    assert not list((place.cache / ".making").iterdir())
    offer(place.mirror)
    assert toolchain.ensure(["local"]).path("kwok").is_file()


def test_a_tool_of_another_version_never_gets_into_the_cache(place: Place) -> None:
    offer(place.mirror, etcd=script("3.0.1"))
    with pytest.raises(ToolchainError, match="does not run here as version"):
        toolchain.ensure(["local"])
    assert {one.tool.name: one.source for one in toolchain.survey(["local"])}["etcd"] == "mirror"


def test_a_tool_that_was_damaged_later_is_had_again(place: Place) -> None:
    toolchain.ensure(["local"])
    etcd = next(tool for tool in LOCAL if tool.name == "etcd")
    file = place.cache / etcd.folder / "etcd"
    file.write_text("rubbish")
    assert {one.tool.name: one.source for one in toolchain.survey(["local"])}["etcd"] == "mirror"
    assert "version" in toolchain.ensure(["local"]).path("etcd").read_text()


def test_another_version_on_the_path_is_not_used(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name, version in (("etcd", "3.0.1"), ("kwok", next(t.version for t in LOCAL if t.name == "kwok"))):
        (theirs / name).write_text(script(version))
        (theirs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{theirs}:/usr/bin:/bin")
    found = {one.tool.name: one.source for one in toolchain.survey(["local"])}
    assert found["etcd"] == "mirror"
    assert found["kwok"] == "path"


def test_two_processes_at_once_do_not_clash(place: Place) -> None:
    both = [ensure_elsewhere() for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert out.strip() == str(cache.bin_folder() / "kwok")


def test_killed_in_the_middle_it_starts_again(place: Place) -> None:
    version = next(tool.version for tool in LOCAL if tool.name == "kube-apiserver")
    offer(place.mirror, kube_apiserver=script(version, seconds=15))
    process = ensure_elsewhere()
    making = place.cache / ".making"
    deadline = time.monotonic() + 30
    while not list(making.glob("kube-apiserver*/new/kube-apiserver")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list(making.iterdir())
    offer(place.mirror)
    assert toolchain.ensure(["local"]).path("kube-apiserver").is_file()
    assert not list(making.iterdir())


class TestBeforeAnythingStarts:
    @pytest.fixture(autouse=True)
    def only_builds(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("HAVEN_TOOLCHAIN_MIRROR")
        monkeypatch.setattr(release, "reachable", lambda tool: False)

    def test_no_go_is_said(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ToolchainError, match="Go") as refused:
            toolchain.ensure(["local"])
        assert refused.value.fix

    def test_too_little_disk_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = shutil.disk_usage("/")
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10**9))
        monkeypatch.setattr(build, "check_go", lambda: None)
        with pytest.raises(ToolchainError, match="GB free") as refused:
            install.check([one for one in toolchain.survey(["local"]) if one.location is None])
        assert refused.value.fix


def test_a_mirror_that_is_no_folder_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAVEN_TOOLCHAIN_MIRROR", str(place.mirror / "nowhere"))
    with pytest.raises(ToolchainError, match="no folder"):
        toolchain.ensure(["local"])
