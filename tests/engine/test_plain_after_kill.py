"""Plain `pulumi` after a kill: the program says what to run instead, before anything is changed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess

import pytest

from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

KIND = "openstack:networking/network:Network"
PENDING = {
    "type": "creating",
    "resource": {
        "urn": f"urn:pulumi:local::haven::haven:index:Network${KIND}::voorbeeldstad-network",
        "type": KIND,
        "custom": True,
        "inputs": {"name": "voorbeeldstad-bcdfg-network"},
    },
}


def test_a_plain_run_is_told_what_to_run_instead(stack: Stack) -> None:
    told = stack.run("toolchain", "env").stdout
    env = {**os.environ, **dict(_pairs(told))}

    def pulumi(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *words, "--non-interactive"], cwd=stack.folder, env=env, capture_output=True, text=True
        )

    assert pulumi("stack", "init", "local").returncode == 0
    [file] = (stack.state / "state" / ".pulumi" / "stacks").rglob("local.json")
    document = json.loads(file.read_text())
    document["checkpoint"].setdefault("latest", {})["pending_operations"] = [PENDING]
    file.write_text(json.dumps(document))
    for words in (("preview",), ("up", "--yes", "--skip-preview")):
        done = pulumi(*words, "--stack", "local")
        assert done.returncode != 0
        assert "killed while it made Network voorbeeldstad-network" in done.stdout + done.stderr
        assert "haven-iac up -s local" in done.stdout + done.stderr
        assert "ClusterKeys" not in done.stdout
    assert stack.processes() == []


def _pairs(told: str) -> list[tuple[str, str]]:
    lines = [line.removeprefix("export ") for line in told.splitlines() if line.startswith("export ")]
    return [
        (name, os.path.expandvars(shlex.split(value)[0])) for name, _, value in (one.partition("=") for one in lines)
    ]
