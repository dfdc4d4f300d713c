"""Hundreds of clusters validated, planned and judged in one process; and how quickly the command starts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
import yaml

from haven_iac.compliance.predict import predict
from haven_iac.compliance.suggest import suggested
from haven_iac.prepare import prepare, replan
from haven_iac.project import Project

pytestmark = pytest.mark.bench

ROOT = Path(__file__).parents[2]
CLUSTERS = 342
"""As many as there are municipalities."""
MOST_SECONDS = 5
"""Of processor time, so that a busy machine fails nothing: to read, plan and judge all of them."""
MOST_TO_JUDGE = 5
"""Seconds to judge all of them, with the smallest change for everything that fails."""
HEAVY = ("pulumi", "pulumi_kubernetes", "kubernetes", "cryptography", "rich", "openstack")


def write(project: Path, number: int) -> str:
    """Write a stack file that is like no other, and return the stack's name."""
    zones = [f"az{n + 1}" for n in range(1 + number % 4)]
    pools = {f"pool-{n}": {"size": 1 + (number * 7 + n) % 9, "labels": {"n": str(n)}} for n in range(1 + number % 5)}
    cluster = {
        "name": f"gemeente-{number}",
        "cloud": {"kind": "local", "zones": zones},
        "controlPlane": {"size": (1, 3, 5)[number % 3]},
        "pools": pools,
        "ingress": {"domain": f"apps.gemeente-{number}.nl"},
        "platform": {"size": ("small", "medium", "large")[number % 3]},
        "logs": {"retention": f"{30 + number}d"},
        "compliance": {"enforce": "advisory"},
    }
    document = {"config": {"haven:extends": ["profiles/production.yaml"], "haven:cluster": cluster}}
    (project / "stacks" / f"Pulumi.c{number}.yaml").write_text(yaml.safe_dump(document))
    return f"c{number}"


def test_every_municipality_is_planned_and_judged_in_seconds(tmp_path: Path) -> None:
    (tmp_path / "stacks" / "profiles").mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    profile = (ROOT / "stacks" / "profiles" / "production.yaml").read_text()
    (tmp_path / "stacks" / "profiles" / "production.yaml").write_text(profile)
    names = [write(tmp_path, number) for number in range(CLUSTERS)]

    began = time.process_time()
    for name in names:
        yaml.safe_load((tmp_path / "stacks" / f"Pulumi.{name}.yaml").read_text())
        yaml.safe_load(profile)
    reading = time.process_time() - began

    began = time.process_time()
    plans = [prepare(Project(tmp_path), name).plan for name in names]
    planning = time.process_time() - began

    began = time.process_time()
    verdicts = [predict(plan, date(2026, 11, 24)) for plan in plans]
    judging = time.process_time() - began

    began = time.process_time()
    advised = [suggested(verdict, plan, replan) for verdict, plan in zip(verdicts, plans, strict=True)]
    advising = time.process_time() - began
    failing = [result for verdict in advised for result in verdict.failed]
    assert len(failing) > CLUSTERS / 3
    assert all(result.edits for result in failing)

    took = planning + judging
    print(f"{CLUSTERS} clusters read, planned and judged, in seconds of processor: {took:.2f}")
    print(f"that is {took / reading:.1f} times reading their files")
    print(f"of which judged: {judging:.2f} s, {judging / planning:.2f} times planning")
    print(f"a change that works for {len(failing)} failing checks: {advising:.2f} s, {advising / planning:.2f} times")
    assert took < MOST_SECONDS
    assert judging < MOST_TO_JUDGE


def started(*words: str) -> float:
    """Return the shortest of some starts of Python, in seconds."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
        times.append(time.monotonic() - began)
    return min(times)


@pytest.mark.parametrize(("words", "most"), [(("--help",), 2.0), (("validate",), 2.5)])
def test_the_command_starts_about_as_quickly_as_its_libraries(words: tuple[str, ...], most: float) -> None:
    libraries = started(
        "-c", "import typer.main, typer._adapters, yaml; from pydantic import BaseModel; import importlib.metadata"
    )
    ours = started("-m", "haven_iac.cli.app", *words)
    print(f"haven-iac {' '.join(words)}: {ours:.3f} s, {ours / libraries:.2f} times its libraries alone")
    assert ours / libraries < most


def test_nothing_heavy_is_imported_to_validate() -> None:
    code = (
        "import sys, json\nsys.argv = ['haven-iac', 'validate']\nfrom haven_iac.cli.app import app\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []
