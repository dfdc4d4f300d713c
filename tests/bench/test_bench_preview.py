"""Ours against the bare engine: the same number of resources, previewed by plain `pulumi preview`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from haven_iac.clouds.local.control_plane import ControlPlane
from haven_iac.clouds.local.endpoint import choose
from haven_iac.clouds.local.settings import Settings
from haven_iac.keys.authority import Pair, certificate
from haven_iac.keys.kubeconfig import render
from haven_iac.keys.material import make
from haven_iac.prepare import prepare
from haven_iac.project import Project
from haven_iac.toolchain import ensure
from tests.bench import bare
from tests.engine.conftest import stack as stack
from tests.engine.stack import Stack

pytestmark = [pytest.mark.bench, pytest.mark.engine]

ROUNDS = 3
MOST = 1.3
"""What our program may take in proportion to the bare one. Goal is 1.2; seen: 1.09 idle, 1.19 beside other work."""


def pulumi(folder: Path, env: Mapping[str, str], *args: str) -> tuple[float, str]:
    """Return how long a command took, and what it printed."""
    began = time.monotonic()
    done = subprocess.run(
        ["pulumi", "--non-interactive", *args], cwd=folder, env={**env}, capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 0, "\n".join(line for line in said if "creat" not in line)
    return time.monotonic() - began, done.stdout


def test_preview_takes_no_more_than_a_bare_programs(stack: Stack, tmp_path: Path) -> None:
    took = stack.json("up", "--yes")
    count = sum(took["changes"].values())
    project = Project(stack.folder)
    ready = prepare(project, stack.name)
    tools = ensure(["engine"])
    common = {**os.environ, **tools.env()}
    common.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    ours = {
        **common,
        "PULUMI_BACKEND_URL": (stack.state / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(stack.state / "passphrase"),
    }
    control = ControlPlane(tmp_path / "bare-cluster")
    try:
        now = datetime.now(UTC)
        files = make("bare-xxxxx", now).files
        settings = Settings("bare", choose(str(tmp_path)), "10.42.0.0/16", "10.43.0.0/16", "10.20.0.5")
        control.create(settings, files)
        client = Pair(files["client-ca.crt"], files["client-ca.key"])
        admin = certificate(client, "admin", now, timedelta(hours=1), groups=["system:masters"], client=True)
        kubeconfig = render(
            server=settings.endpoint.server, ca=files["ca.crt"], cert=admin.cert, key=admin.key, cluster="bare"
        )
        program = tmp_path / "bare"
        bare.write(program, ready.plan, kubeconfig)
        state = tmp_path / "bare-state"
        state.mkdir()
        theirs = {**common, "PULUMI_BACKEND_URL": state.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "bench"}
        pulumi(program, theirs, "stack", "init", "bench")
        _, text = pulumi(program, theirs, "up", "--yes", "--skip-preview", "--stack", "bench")
        registered = int(re.findall(r"\+ (\d+) created", text)[-1])
        shutil.rmtree(program)
        bare.write(program, ready.plan, kubeconfig, groups=count - registered)
        pulumi(program, theirs, "up", "--yes", "--skip-preview", "--stack", "bench")
        pairs = [
            (
                pulumi(stack.folder, ours, "preview", "--stack", stack.name, "--expect-no-changes")[0],
                pulumi(program, theirs, "preview", "--stack", "bench", "--expect-no-changes")[0],
            )
            for _ in range(ROUNDS)
        ]
    finally:
        control.destroy()
    us, them = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    print(f"preview of {count} resources: ours {us:.2f} s, bare {them:.2f} s, ratio {us / them:.2f}")
    assert us / them < MOST
