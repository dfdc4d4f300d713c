"""A plain run is told of what a killed one was making, wherever the state is kept."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from haven_iac.interrupted import MARK, backend, making, refusal
from haven_iac.project import Project


def creating(kind: str, name: str, **more: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:dev::haven::{kind}::{name}"
    return {"type": "creating", "resource": {"urn": urn, "type": kind, "custom": True, **more}}


NETWORK = creating("openstack:networking/network:Network", "voorbeeld-network")
PENDING = [
    NETWORK,
    creating("kubernetes:core/v1:Namespace", "gateway"),
    creating("pulumi-python:dynamic/haven:ClusterKeys", "voorbeeld-keys"),
    creating("haven:index:Network", "voorbeeld-network", custom=False),
    {**creating("openstack:compute/instance:Instance", "a"), "type": "updating"},
]
SAID = "Network voorbeeld-network"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "Pulumi.yaml").write_text("name: haven\nruntime: python\n")
    for name in ("PULUMI_BACKEND_URL", MARK):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return Project(tmp_path)


def kept(folder: Path, *, packed: bool = False) -> None:
    """Write a state as the engine's file backend does."""
    data = json.dumps({"version": 3, "checkpoint": {"latest": {"pending_operations": PENDING}}}).encode()
    place = folder / ".pulumi" / "stacks" / "haven"
    place.mkdir(parents=True)
    if packed:
        (place / "dev.json.gz").write_bytes(gzip.compress(data))
    else:
        (place / "dev.json").write_bytes(data)


def test_only_creates_that_would_be_made_twice_count() -> None:
    assert making({"deployment": {"pending_operations": PENDING}}) == [SAID]
    assert making({}) == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_backend_is_read_directly(project: Project, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    kept(project.root / "state", packed=packed)
    monkeypatch.setenv("PULUMI_BACKEND_URL", (project.root / "state").as_uri())
    error = refusal(project, "haven", "dev")
    assert error is not None
    assert SAID in error.what
    assert "haven-iac up -s dev" in error.fix
    assert refusal(project, "haven", "prod") is None


def test_any_other_backend_is_asked_through_the_engine(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_ = project.root / "bin"
    bin_.mkdir()
    (project.root / "export.json").write_text(json.dumps({"deployment": {"pending_operations": [NETWORK]}}))
    (bin_ / "pulumi").write_text(
        f'#!/bin/sh\n[ "$*" = "stack export --stack dev --non-interactive" ] && cat {project.root}/export.json\n'
    )
    (bin_ / "pulumi").chmod(0o700)
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    error = refusal(project, "haven", "dev")
    assert error is not None
    assert SAID in error.what
    assert refusal(project, "haven", "prod") is None


def test_the_command_itself_is_not_stopped(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(project.root / "state")
    monkeypatch.setenv("PULUMI_BACKEND_URL", (project.root / "state").as_uri())
    monkeypatch.setenv(MARK, "a run of ours")
    assert refusal(project, "haven", "dev") is None


def test_the_backend_is_found_as_the_engine_finds_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend(project) == ""
    home = project.root / "home"
    home.mkdir()
    (home / "credentials.json").write_text(json.dumps({"current": "https://api.pulumi.com"}))
    assert backend(project) == "https://api.pulumi.com"
    (project.root / "Pulumi.yaml").write_text("name: haven\nbackend:\n  url: s3://bucket\n")
    assert backend(project) == "s3://bucket"
    (project.root / "Pulumi.yaml").write_text("name: haven\nbackend: {url: 'gs://bucket'}\n")
    assert backend(project) == "gs://bucket"
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///there")
    assert backend(project) == "file:///there"
