"""The policy pack with the real engine: findings beside a preview, and a run that is stopped before its changes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from haven_iac.cli.policy_pack import make
from haven_iac.toolchain import ensure
from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

MULTIAZ = "multiaz is predicted to fail: nodes stand in 1 zone (az1) and 2 are needed; take cloud.zones out"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from haven_iac.cli.policy_pack import _cache

    folder = _cache()
    make(folder)
    assert not make(folder)  # what is as it should be is left alone
    return folder


@pytest.fixture
def one_zone(stack: Stack) -> Stack:
    stack.edit(cloud={"zones": ["az1"]}, compliance={"enforce": "advisory"})
    return stack


def pulumi(stack: Stack, *args: str, expect: int) -> str:
    """Run plain Pulumi in the project, without our command around it."""
    state = stack.folder.parent / "state"
    state.mkdir(exist_ok=True)
    env = {**os.environ, **ensure(["engine"]).env(), "PULUMI_BACKEND_URL": state.as_uri()}
    env |= {"PULUMI_CONFIG_PASSPHRASE": "x", "NO_COLOR": "1"}
    done = subprocess.run(
        ["pulumi", "--non-interactive", *args, "--stack", stack.name],
        cwd=stack.folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    assert "compliant" not in (done.stdout + done.stderr).lower()
    return done.stdout + done.stderr


def test_findings_stand_beside_a_preview_and_stop_nothing_unless_asked(one_zone: Stack, pack: Path) -> None:
    pulumi(one_zone, "stack", "init", expect=0)
    text = pulumi(one_zone, "preview", "--policy-pack", str(pack), expect=0)
    assert "[advisory]  haven-multiaz" in text
    assert "predicted to fail: nodes stand in 1 zone (az1) and 2 are needed" in text
    assert "haven-logs" not in text
    settings = one_zone.folder / "policies.json"
    settings.write_text(json.dumps({"haven-multiaz": "mandatory"}))
    config = ("--policy-pack", str(pack), "--policy-pack-config", str(settings))
    stopped = pulumi(one_zone, "up", "--yes", "--skip-preview", *config, expect=1)
    assert "[mandatory]  haven-multiaz" in stopped
    assert one_zone.processes() == []
    state = json.loads(pulumi(one_zone, "stack", "export", expect=0))
    assert not state["deployment"].get("resources")


def test_what_the_description_enforces_stops_a_preview(one_zone: Stack, pack: Path) -> None:
    one_zone.edit(compliance={"enforce": "mandatory"})
    pulumi(one_zone, "stack", "init", expect=0)
    text = pulumi(one_zone, "preview", "--policy-pack", str(pack), expect=1)
    assert "[mandatory]  haven-enforced" in text
    assert MULTIAZ in text
    alone = pulumi(one_zone, "preview", expect=1)
    assert "compliance.enforce is mandatory and these checks are predicted to fail: multiaz" in alone
