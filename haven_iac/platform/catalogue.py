"""Every add-on, built in or installed beside us, and what they come to for one cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path

from haven_iac.errors import Problem, SpecError
from haven_iac.facts import CloudFacts
from haven_iac.platform import (
    backup,
    block_storage,
    certificates,
    dns,
    gateway,
    gateway_api,
    gitops,
    log_collector,
    logs,
    metrics,
    monitoring,
    monitoring_crds,
    namespaces,
    policy,
    shared_storage,
    slots,
)
from haven_iac.platform.common import merged
from haven_iac.platform.release import AddOn, Manifest, Release
from haven_iac.spec import ClusterSpec

GROUP = "haven_iac.addons"
"""Entry-point group: a package's add-on replaces the built-in one of the same slot, or fills a slot of its own."""

BUILT_IN: tuple[AddOn, ...] = (
    gateway_api,
    monitoring_crds,
    certificates,
    gateway,
    block_storage,
    shared_storage,
    logs,
    log_collector,
    metrics,
    monitoring,
    backup,
    policy,
    dns,
    gitops,
)

_CHARTS = Path(__file__).parent / "charts"


@lru_cache(maxsize=1)
def addons() -> dict[str, AddOn]:
    """Return every add-on by its slot."""
    found = {addon.slot: addon for addon in BUILT_IN}
    for entry in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        addon: AddOn = entry.load()
        found[addon.slot] = addon
    return found


def releases(spec: ClusterSpec, facts: CloudFacts) -> tuple[Release, ...]:
    """Return the charts of one cluster, with the spec's own values and mirror put in.

    Raises:
        SpecError: the spec speaks of a slot that does not exist.
    """
    _slots_exist(spec)
    found = []
    for slot, addon in addons().items():
        release = addon.release(spec, facts) if slots.ours(spec, facts, slot) else None
        if release:
            found.append(_own(spec, release))
    return tuple(found)


def manifests(spec: ClusterSpec, facts: CloudFacts, installed: Sequence[Release]) -> tuple[Manifest, ...]:
    """Return the objects of our own: namespaces first, each other one after them.

    Args:
        spec: the cluster.
        facts: what its cloud offers.
        installed: what `releases` returned; says which namespaces are needed.
    """
    found = list(namespaces.manifests(spec, facts, installed))
    for slot, addon in addons().items():
        if slots.ours(spec, facts, slot):
            for one in addon.manifests(spec, facts):
                found.append(replace(one, needs=(slots.NAMESPACES, *one.needs)))
    return tuple(found)


def chart_folder(chart: str) -> Path:
    """Return the folder of a stand-in chart.

    Raises:
        FileNotFoundError: there is no stand-in for that chart.
    """
    folder = _CHARTS / chart
    if not (folder / "Chart.yaml").is_file():
        raise FileNotFoundError(f"there is no stand-in for the chart {chart}")
    return folder


def _own(spec: ClusterSpec, release: Release) -> Release:
    add_on = spec.platform.addons.get(release.slot)
    values = merged(release.values, add_on.values) if add_on else release.values
    repo = spec.mirror.charts or release.repo
    return replace(release, values=values, repo=repo)


def _slots_exist(spec: ClusterSpec) -> None:
    known = [slots.NAMESPACES, *addons()]
    problems = []
    for name in spec.platform.addons:
        if name not in known or name == slots.NAMESPACES:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"the slots are {', '.join(addons())}"
            problems.append(Problem(f"there is no slot {name!r}", hint, SpecError.code, path=f"platform.addons.{name}"))
    if problems:
        raise SpecError.of(problems)
