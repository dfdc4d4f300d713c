"""Charts are applied without their Helm hooks: every hook that is left unrun is listed, with what takes its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import haven_iac
from haven_iac.platform.versions import read
from tests.unit.platform_lab import EVERYTHING
from tests.unit.test_platform_namespaces import planned

FILE = Path(haven_iac.__file__).parent / "data" / "hooks.yaml"
CHARTS: dict[str, Any] = yaml.safe_load(FILE.read_text())["charts"]
HOOKS = [(chart, hook) for chart, about in CHARTS.items() for hook in about["hooks"]]
WHEN = {f"{side}-{what}" for side in ("pre", "post") for what in ("install", "upgrade", "delete", "rollback")}


def values() -> dict[str, Any]:
    """Return the values of every chart, with every slot filled, in the two ways to share volumes."""
    found = {}
    for kind in ("cloud", "longhorn"):
        made = planned(EVERYTHING, storage={"shared": {"kind": kind}})
        found |= {one.chart: one.values for one in made.releases}
    return found


def test_the_hooks_of_every_pinned_chart_were_read_at_its_version() -> None:
    pinned = {chart: {row[chart].version for row in read().rows.values() if chart in row} for chart in CHARTS}
    every = {chart for row in read().rows.values() for chart in row}
    assert set(CHARTS) >= every
    for chart in every:
        assert CHARTS[chart]["version"] in pinned[chart], f"read the hooks of {chart} {pinned[chart]} again"


@pytest.mark.parametrize(("chart", "hook"), HOOKS, ids=[f"{chart}: {hook['what']}" for chart, hook in HOOKS])
def test_a_hook_that_is_left_unrun_is_turned_off_or_done_otherwise(chart: str, hook: dict[str, Any]) -> None:
    assert set(hook["when"]) <= WHEN
    assert hook["does"]
    assert hook["instead"]
    if path := hook.get("off"):
        found: Any = values()[chart]
        for part in path.split("."):
            found = found[part]
        assert found is False, f"{chart}: {path} is {found!r}"


def test_what_waits_for_a_webhook_is_done_by_us() -> None:
    release = planned(EVERYTHING).release("certificates")
    assert release is not None
    assert [one["kind"] for one in release.accepts] == ["ClusterIssuer"]
