"""What is wrong with a plan on the cloud that a probe saw: everything at once, each with its place.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.probing.snapshot import Snapshot
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.plan.model import ClusterPlan, PoolPlan, Role
from haven_iac.spec.nodes import DiskSpec

MOST_NAMES = 8
"""Names that a message lists."""


@dataclass(frozen=True)
class Case:
    """A plan, and the cloud it is for."""

    plan: ClusterPlan
    settings: OpenStackSettings
    seen: Snapshot

    def path(self, pool: PoolPlan) -> str:
        """Return where a pool is described."""
        return "controlPlane" if pool.role is Role.CONTROL_PLANE else f"pools.{pool.name}"

    def disk(self, pool: PoolPlan) -> DiskSpec:
        """Return the root disk of a pool's nodes."""
        spec = self.plan.spec
        return spec.control_plane.disk if pool.role is Role.CONTROL_PLANE else spec.pools[pool.name].disk


Rule = Callable[[Case], Iterator[Finding]]


def error(what: str, fix: str, path: str) -> Finding:
    """Return something that stops the plan."""
    return Finding("error", what, fix, path)


def warning(what: str, fix: str, path: str) -> Finding:
    """Return something that a person should know."""
    return Finding("warning", what, fix, path)


def choose(wanted: str, among: Iterable[str], nothing: str = "there are none") -> str:
    """Return advice on which name to write instead of one that does not exist."""
    names = sorted(set(among))
    if not names:
        return nothing
    close = get_close_matches(wanted, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{hint}there {'is' if len(names) == 1 else 'are'}: {listed(names)}"


def listed(names: Iterable[str]) -> str:
    """Return some names, not too many."""
    found = sorted(names)
    more = len(found) - MOST_NAMES
    return ", ".join(found[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "") if found else "none"


def judge(case: Case) -> list[Finding]:
    """Return everything that is wrong, in the order of the description; errors and warnings together."""
    from haven_iac.clouds.openstack.probing import (
        judge_access,
        judge_balancer,
        judge_compute,
        judge_network,
        judge_objects,
        judge_quota,
        judge_storage,
        judge_user_data,
    )

    modules = (
        judge_access,
        judge_compute,
        judge_user_data,
        judge_network,
        judge_balancer,
        judge_storage,
        judge_objects,
        judge_quota,
    )
    found: dict[Finding, None] = {}
    for module in modules:
        for rule in module.RULES:
            found.update(dict.fromkeys(rule(case)))
    return list(found)
