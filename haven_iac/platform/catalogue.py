"""Every add-on, built in or installed beside us, and what they come to for one cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from haven_iac.errors import HavenError
from haven_iac.facts import CloudFacts
from haven_iac.installed import entry_points
from haven_iac.platform import (
    backup,
    block_driver,
    block_storage,
    certificates,
    cloud_controller,
    dns,
    dns_solver,
    gateway,
    gateway_api,
    gitops,
    log_collector,
    logs,
    metrics,
    monitoring,
    monitoring_crds,
    namespaces,
    nfs_driver,
    policy,
    shared_driver,
    shared_storage,
    slots,
    snapshots,
    storage,
    verification,
)
from haven_iac.platform.common import merged
from haven_iac.platform.keys import CHARTS, Strange, strange
from haven_iac.platform.release import AddOn, Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.backup import VolumeBackup
from haven_iac.spec.known import ADD_ON_GROUP
from haven_iac.spec.rules.issue import Issue

BUILT_IN: tuple[AddOn, ...] = (
    gateway_api,
    monitoring_crds,
    cloud_controller,
    block_driver,
    nfs_driver,
    shared_driver,
    certificates,
    dns_solver,
    gateway,
    snapshots,
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
    verification,
)


@lru_cache(maxsize=1)
def addons() -> Mapping[str, AddOn]:
    """Return every add-on that is installed, by its slot.

    Those of other packages come by entry point (group `haven_iac.addons`, named after the slot); one of them takes
    the place of ours in its slot.

    Raises:
        HavenError: an entry point is no add-on, or is not named after its slot.
    """
    found = {addon.slot: addon for addon in BUILT_IN}
    for entry in entry_points(ADD_ON_GROUP):
        addon = entry.load()
        if not all(hasattr(addon, part) for part in ("slot", "release", "manifests")):
            raise HavenError(f"{entry.value} is not an add-on", fix="see haven_iac.platform.release.AddOn")
        if addon.slot != entry.name or entry.name == slots.NAMESPACES:
            what = f"{entry.value} fills the slot {addon.slot!r} and is installed as {entry.name!r}"
            raise HavenError(what, fix="name the entry point after its slot; namespaces is never replaced")
        found[entry.name] = addon
    return MappingProxyType(found)


def releases(spec: ClusterSpec, facts: CloudFacts) -> tuple[Release, ...]:
    """Return the charts of one cluster, with the spec's own values and mirror put in.

    Raises:
        HavenError: an add-on needs a slot that nobody fills, or is none.
    """
    found = []
    for slot, addon in addons().items():
        release = addon.release(spec, facts) if slots.ours(spec, facts, slot) else None
        if release:
            found.append(_own(spec, facts, release))
    return tuple(found)


def strange_values(spec: ClusterSpec, facts: CloudFacts) -> Iterator[tuple[str, Strange]]:
    """Yield what is wrong with the values of the spec's own, each with its slot.

    An add-on of another package knows its chart's keys itself: nothing is said about its values.
    """
    for slot, given in spec.platform.addons.items():
        addon = addons().get(slot)
        if not given.values or addon not in BUILT_IN:
            continue
        release = addon.release(spec, facts)
        if release is None:
            yield slot, Strange((), f"the slot {slot} has no chart that could take values", "take values out")
        else:
            yield from ((slot, one) for one in strange(release.chart, given.values))


def problems(spec: ClusterSpec, facts: CloudFacts) -> Iterator[Issue]:
    """Yield what the description asks of this cloud and cannot have, and what no cloud may offer."""
    asked = spec.backup.volumes if spec.backup.enabled else None
    if asked in (VolumeBackup.MOVE, VolumeBackup.SNAPSHOT) and not storage.snapshots(spec, facts):
        what = f"volumes cannot be backed up by {asked.value}: nothing makes snapshots here"
        yield Issue(("backup", "volumes"), what, "write `volumes: files`, or none")
    for what in storage.problems(spec, facts):
        yield Issue(("storage",), what, "mend the adapter of this cloud, or write another `storage.shared.kind`")


def manifests(spec: ClusterSpec, facts: CloudFacts, installed: Sequence[Release]) -> tuple[Manifest, ...]:
    """Return the objects of our own: namespaces first, each other one after them.

    Args:
        spec: the cluster.
        facts: what its cloud offers.
        installed: what `releases` returned; says which namespaces are needed.
    """
    found = list(namespaces.manifests(spec, facts, installed))
    for slot, addon in addons().items():
        ours = slots.ours(spec, facts, slot)
        for one in addon.manifests(spec, facts) if slots.wanted(spec, slot) else ():
            if ours or one.beside:
                found.append(replace(one, needs=_needs(spec, facts, slot, one.needs)))
    return tuple(found)


def chart_folder(chart: str) -> Path:
    """Return the folder of a stand-in chart.

    Raises:
        HavenError: there is no stand-in for that chart.
    """
    folder = CHARTS / chart
    if not (folder / "Chart.yaml").is_file():
        raise HavenError(
            f"there is no stand-in for the chart {chart}",
            fix="write `charts: upstream` below platform, or leave `stand_in` of its release at False",
        )
    return folder


def _own(spec: ClusterSpec, facts: CloudFacts, release: Release) -> Release:
    """Return a release with the user's values on top, from the mirror where there is one.

    In a mirror everything is a chart, also what upstream publishes as a plain file.
    """
    add_on = spec.platform.addons.get(release.slot)
    own = replace(
        release,
        values=merged(release.values, add_on.values) if add_on else release.values,
        needs=_needs(spec, facts, release.slot, _scheduled(release)),
        repo=spec.mirror.charts.rstrip("/") if spec.mirror.charts else release.repo,
        manifest="" if spec.mirror.charts else release.manifest,
    )
    return replace(own, owner=gitops.owner(spec, own))


def _scheduled(release: Release) -> tuple[str, ...]:
    """Return what a release needs: before its pods can run, the cloud controller has to take the taint off nodes."""
    if release.workloads and release.slot != slots.CLOUD_CONTROLLER:
        return (slots.CLOUD_CONTROLLER, *release.needs)
    return release.needs


def _needs(spec: ClusterSpec, facts: CloudFacts, slot: str, needs: Sequence[str]) -> tuple[str, ...]:
    """Return the slots that come before: the namespaces always, and never one that is not ours."""
    every = dict.fromkeys((slots.NAMESPACES, *needs))
    if strange := [need for need in every if need != slots.NAMESPACES and need not in addons()]:
        what = f"the add-on for {slot} needs {', '.join(strange)}, and no add-on fills that"
        raise HavenError(what, fix="install the package that does, or mend the add-on")
    return tuple(need for need in every if _made(spec, facts, need))


def _made(spec: ClusterSpec, facts: CloudFacts, slot: str) -> bool:
    """Return whether anything is made in a slot: it is ours, or objects of ours stand beside what fills it."""
    if slots.ours(spec, facts, slot):
        return True
    beside = slots.wanted(spec, slot) and slot in addons()
    return beside and any(one.beside for one in addons()[slot].manifests(spec, facts))
