"""The life of a simulated cluster, with the real command, engine and Kubernetes API."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from tests.checker_fixtures import raw
from tests.engine.stack import Stack, commands_of, typed

pytestmark = pytest.mark.engine


def api(stack: Stack) -> Any:
    document = yaml.safe_load(stack.run("kubeconfig", "--ttl", "1h").stdout)
    return config.new_client_from_config_dict(document)


def changed(stack: Stack) -> dict[str, list[str]]:
    """Return what `preview` would do, by operation."""
    found: dict[str, list[str]] = {}
    for step in stack.json("preview")["steps"]:
        found.setdefault(step["operation"], []).append(f"{step['type']} {step['name']}")
    return found


def test_what_up_leaves_is_as_planned_and_a_second_run_changes_nothing(running: Stack) -> None:
    status = running.json("status")
    planned = running.json("plan")
    assert status["ready"]
    assert status["simulated"] is True
    assert {node["name"] for node in status["nodes"]} == {node["name"] for node in planned["nodes"]}
    assert set(status["loadBalancers"]) == {"gateway/traefik"}
    assert set(status["volumeClaims"]) == {"Bound"}
    running.run("up", "--expect-no-changes")
    again = running.json("up", "--yes")
    assert set(again["changes"]) == {"same"}


def test_prediction_and_observation_agree_on_every_check(running: Stack) -> None:
    found = running.json("verify", "--strict")
    assert found["simulated"] is True
    assert [row["id"] for row in found["checks"] if not row["agree"]] == []
    assert [row["id"] for row in found["checks"] if row["observed"]["status"] == "FAIL"] == []


def test_every_command_of_the_page_about_the_verdict_works(running: Stack) -> None:
    """With a stand-in for the checker, a fixture for its result, and a list of releases that has its hash."""
    project, ended = running.folder, datetime.now(UTC) - timedelta(minutes=5)
    (project / "result.json").write_bytes(raw(ended=ended))
    (project / "haven").write_text(f"#!/bin/sh\ncat {project}/result.json\n")
    digest = hashlib.sha256((project / "haven").read_bytes()).hexdigest()
    (project / "releases.json").write_text(json.dumps([{"version": "12.8.0", "hashes": {"linux-amd64": digest}}]))
    commands = commands_of("verdict.md")
    assert len(commands) > 8
    try:
        said = {" ".join(words[1:]): typed(words, project).stdout for words in commands}
        [kept] = (project / "stacks" / "evidence" / running.name).iterdir()
        assert json.loads(kept.read_text())["binary"]["listed"] == "12.8.0 linux-amd64"
    finally:
        shutil.rmtree(project / "stacks" / "evidence", ignore_errors=True)
    assert not any("compliant" in text.lower() for text in said.values())
    assert "a rehearsal, never evidence" in said["verify --evidence result.json"]
    assert '<html lang="nl">' in (project / "verdict.html").read_text()
    assert len(said["verify history"].splitlines()) > 4
    assert yaml.safe_load(said["verify --print-rbac"])["kind"] == "ClusterRole"


@pytest.mark.parametrize(
    ("check", "broken"), [("multiaz", "zone label"), ("rwxvolumes", "storage class"), ("logs", "log collector")]
)
def test_what_is_broken_on_purpose_is_seen_and_mended(running: Stack, check: str, broken: str) -> None:
    with api(running) as connection:
        core, apps, storage = (
            client.CoreV1Api(connection),
            client.AppsV1Api(connection),
            client.StorageV1Api(connection),
        )
        if broken == "zone label":
            node = core.list_node().items[-1].metadata.name
            core.patch_node(node, {"metadata": {"labels": {"topology.kubernetes.io/zone": None}}})
        elif broken == "storage class":
            storage.delete_storage_class("shared")
        else:
            apps.delete_namespaced_daemon_set("alloy", "logging")
    found = running.json("verify", "--strict", expect=8)
    assert [row["id"] for row in found["checks"] if not row["agree"]] == [check]
    running.run("refresh")
    running.run("up", "--yes")
    running.run("verify", "--strict")


def test_editing_a_label_changes_the_nodes_that_carry_it_and_nothing_else(running: Stack) -> None:
    running.edit(pools={"general": {"labels": {"tier": "other"}}})
    planned = changed(running)
    assert set(planned) == {"update"}
    assert {one.rsplit("-", 2)[0] for one in planned["update"]} == {"kubernetes:core/v1:Node voorbeeldstad-general"}
    assert len(planned["update"]) == 3
    running.run("up", "--yes")
    with api(running) as connection:
        nodes = client.CoreV1Api(connection).list_node(label_selector="tier=other").items
    assert len(nodes) == 3


def test_a_larger_pool_adds_its_node_and_nothing_else(running: Stack) -> None:
    running.edit(pools={"general": {"size": 4}})
    planned = changed(running)
    assert set(planned) == {"create"}
    assert [one.split()[0] for one in planned["create"]] == ["kubernetes:core/v1:Node"]
    running.edit(pools={"general": {"size": 3}})
    running.run("up", "--expect-no-changes")


def test_editing_an_add_ons_value_changes_that_add_on_and_nothing_else(running: Stack) -> None:
    before = running.file.read_text()
    running.edit(platform={"addons": {"metrics": {"values": {"args": ["--metric-resolution=30s"]}}}})
    planned = changed(running)
    assert set(planned) == {"update"}
    assert planned["update"] == ["kubernetes:apps/v1:Deployment metrics-server:kube-system/metrics-server"]
    running.file.write_text(before)
    running.run("up", "--expect-no-changes")


def test_a_process_that_died_is_started_again_by_the_next_run(running: Stack) -> None:
    processes = {one["name"]: one for one in running.json("local", "status")["processes"]}
    os.kill(processes["kube-scheduler"]["pid"], signal.SIGKILL)
    assert set(changed(running)) == {"update"}
    running.run("up", "--yes")
    assert running.json("local", "status")["running"] is True
    running.run("up", "--expect-no-changes")


def test_policies_refuse_what_they_should_and_nothing_of_the_platform(running: Stack) -> None:
    running.edit(tenants={"app": {"podSecurity": "baseline"}})
    running.run("up", "--yes")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "namespace": "app"},
        "spec": {"containers": [{"name": "x", "image": "example.nl/x:latest"}]},
    }
    with api(running) as connection:
        with pytest.raises(client.ApiException, match="tag other than latest"):
            client.CoreV1Api(connection).create_namespaced_pod("app", pod)
        pod["spec"]["containers"][0] |= {
            "image": "example.nl/x:1",
            "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}},
        }  # type: ignore[index]
        client.CoreV1Api(connection).create_namespaced_pod("app", pod)


def test_secrets_stand_nowhere_in_the_clear(running: Stack) -> None:
    for file in (path for path in (running.state / "state").rglob("*") if path.is_file()):
        assert "PRIVATE KEY" not in file.read_text(errors="replace"), file
    arguments = [path.read_bytes() for pid in running.processes() if (path := _cmdline(pid)).exists()]
    assert not [one for one in arguments if b"PRIVATE KEY" in one]
    assert not list((running.state / "tmp").glob("*")) if (running.state / "tmp").exists() else True


def _cmdline(pid: int) -> Any:
    from pathlib import Path

    return Path(f"/proc/{pid}/cmdline")


def test_plain_pulumi_sees_the_same_stack(running: Stack) -> None:
    exports = running.run("toolchain", "env").stdout
    script = f"{exports}\npulumi preview --stack {running.name} --expect-no-changes --non-interactive"
    done = subprocess.run(["bash", "-c", script], cwd=running.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_clusters_stand_side_by_side(running: Stack, stack: Stack) -> None:
    stack.run("up", "--yes")
    ours, theirs = stack.json("status"), running.json("status")
    assert ours["server"] != theirs["server"]
    assert ours["identity"] != theirs["identity"]
    stack.run("destroy", "--yes")
    assert running.json("status")["ready"]


def test_destroy_leaves_no_process_no_file_and_no_state(running: Stack) -> None:
    before = running.file.read_text()
    running.run("destroy", "--yes")
    assert running.processes() == []
    assert not running.state.exists()
    assert "encryptionsalt" not in running.file.read_text()
    assert yaml.safe_load(running.file.read_text())["config"] == yaml.safe_load(before)["config"]
    running.run("status", expect=5)
