"""A closed network: charts come from a registry with TLS and a private authority, pulled by the real engine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from haven_iac.platform.catalogue import chart_folder
from haven_iac.platform.versions import pinned
from haven_iac.spec.known import SLOTS
from tests import registry
from tests.engine.conftest import stack as stack
from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

KEPT = {"gateway-api": "gateway-api", "metrics": "metrics-server"}
"""What is installed: slot, and its chart; one of the two is published as a plain file and only in a mirror a chart."""


def test_charts_come_from_the_mirror_under_its_own_authority(stack: Stack, tmp_path: Path) -> None:
    with registry.running(tmp_path) as server:
        for chart in KEPT.values():
            version = pinned("1.36", chart).version
            server.chart(f"charts/{chart}", version, registry.archive(chart_folder(chart), chart, version))
        stack.edit(
            mirror={
                "charts": f"oci://{server.host}/charts",
                "images": "registry.example.nl/mirror",
                "caSecret": "mirror-ca",
            },
            platform={"charts": "upstream", "addons": {slot: {"enabled": False} for slot in SLOTS if slot not in KEPT}},
            compliance={"enforce": "advisory"},
        )
        said = stack.run("up", "--yes", expect=3)
        assert "pulumi config set --secret haven:mirror-ca" in said.stderr
        script = (
            f"{stack.run('toolchain', 'env').stdout}\npulumi stack init {stack.name}\n"
            f"pulumi config set --secret haven:mirror-ca --stack {stack.name} <{tmp_path}/ca.pem"
        )
        subprocess.run(["bash", "-c", script], cwd=stack.folder, check=True, capture_output=True)
        stack.run("up", "--yes")
        pulled = {path.split("/")[3] for path in server.asked if "/manifests/" in path}
        assert pulled == set(KEPT.values())
        assert "BEGIN CERTIFICATE" not in (stack.file.read_text())
        stack.run("up", "--expect-no-changes")
    stack.run("destroy", "--yes")
