"""Every add-on keeps to the contract; the one in the examples takes a slot by its entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from haven_iac.platform import block_storage, certificates, gateway, log_collector, metrics, policy
from haven_iac.testing import contracts

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "addon"


@pytest.mark.parametrize("addon", [block_storage, certificates, gateway, log_collector, metrics, policy])
class TestOurs(contracts.AddOnContract):
    @pytest.fixture(autouse=True)
    def _given(self, addon: Any) -> None:
        self.addon = addon


class TestExample(contracts.AddOnContract):
    @pytest.fixture(autouse=True)
    def _given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(EXAMPLE))
        import haven_fluent_bit

        self.addon = haven_fluent_bit.ADD_ON

    def test_its_stand_in_has_the_version_that_it_pins(self) -> None:
        """What is rehearsed is what is installed."""
        release = self._made()[2]
        assert release is not None
        chart = yaml.safe_load((Path(release.folder) / "Chart.yaml").read_text())
        assert chart["version"] == f"{release.version}-stand-in"
        assert (chart["name"], chart["appVersion"]) == (release.chart, release.app_version)


def test_the_example_takes_its_slot_as_soon_as_it_is_installed(tmp_path: Path) -> None:
    metadata = tmp_path / "haven_fluent_bit-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: haven-fluent-bit\nVersion: 0.1.0\n")
    lines = (EXAMPLE / "pyproject.toml").read_text().partition('"haven_iac.addons"]\n')[2].partition("\n")[0]
    (metadata / "entry_points.txt").write_text(f"[haven_iac.addons]\n{lines.replace(chr(34), '')}\n")

    def planned(**more: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "haven_iac.cli.app", "plan", "-s", "local", "--json"],
            cwd=ROOT,
            env={**os.environ, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    ours = planned()
    theirs = planned(PYTHONPATH=os.pathsep.join([str(tmp_path), str(EXAMPLE)]))
    changed = {
        slot["slot"]: (slot["chart"], other["chart"])
        for slot, other in zip(
            sorted(ours["releases"], key=lambda one: one["slot"]),
            sorted(theirs["releases"], key=lambda one: one["slot"]),
            strict=True,
        )
        if slot != other
    }
    assert changed == {"log-collector": ("alloy", "fluent-bit")}
    # Nobody has seen the checker pass with this one, and the prediction does not claim that it does.
    status = {one["id"]: one["status"] for one in theirs["verdict"]["results"]}
    assert status["logs"] == "NEEDS_EVIDENCE"
