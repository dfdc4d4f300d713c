"""The smallest change to a description that makes a failing check pass: tried before it is said.

Candidates come in the order of how little they change; the first one that works, and breaks no other check, is kept.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from haven_iac.compliance.model import Edit, Result, Status, Verdict
from haven_iac.compliance.rules import judge
from haven_iac.compliance.rules.infrastructure import NEEDED
from haven_iac.compliance.subject import of_plan
from haven_iac.compliance.words import Said, said
from haven_iac.errors import HavenError
from haven_iac.plan.model import ClusterPlan, PoolPlan, Role
from haven_iac.spec.nodes import NodePoolSpec
from haven_iac.spec.storage import SharedKind
from haven_iac.versions import minors

Edits = tuple[Edit, ...]
Replan = Callable[[Mapping[str, Any]], ClusterPlan]
"""Returns the plan of a description; raises HavenError where that description has problems."""


def suggested(verdict: Verdict, plan: ClusterPlan, replan: Replan) -> Verdict:
    """Return a prediction in which each failing check has the smallest change that makes it pass, where one is known.

    Args:
        verdict: predicted on the plan.
        plan: what it was predicted on.
        replan: plans a changed description.
    """
    if not verdict.failed:
        return verdict
    document = plan.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return replace(verdict, results=tuple(_with_edits(one, verdict, plan, document, replan) for one in verdict.results))


def _with_edits(
    result: Result, verdict: Verdict, plan: ClusterPlan, document: Mapping[str, Any], replan: Replan
) -> Result:
    if result.status is not Status.FAIL:
        return result
    for edits in candidates(result.check.id, plan):
        if _works(edits, result, verdict, document, replan):
            return replace(result, edits=edits, fix=said("fix.edits", edits=tuple(map(_in_words, edits))))
    return result


def _in_words(edit: Edit) -> Said:
    path = ".".join(edit.path)
    return (
        said("fix.drop", path=path) if edit.value is None else said("fix.set", path=path, value=json.dumps(edit.value))
    )


def _works(edits: Edits, result: Result, verdict: Verdict, document: Mapping[str, Any], replan: Replan) -> bool:
    try:
        subject = of_plan(replan(apply(document, edits)))
    except HavenError:
        return False
    if judge(result.check.id, subject).status is not Status.PASS:
        return False
    passing = [one.check.id for one in verdict.results if one.status is Status.PASS]
    return all(judge(check, subject).status is Status.PASS for check in passing)


def apply(document: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """Return a description with changes made."""
    changed: dict[str, Any] = copy.deepcopy(dict(document))
    for edit in edits:
        *above, last = edit.path
        place = changed
        for key in above:
            below = place.get(key)
            place[key] = dict(below) if isinstance(below, Mapping) else {}
            place = place[key]
        if edit.value is None:
            place.pop(last, None)
        else:
            place[last] = edit.value
    return changed


def candidates(check: str, plan: ClusterPlan) -> Iterator[Edits]:
    """Yield changes that may make a check pass, the smallest first.

    None for what no description decides: which image nodes boot from is known to the cloud, and a description that
    calls it by another name has the same machines.
    """
    yield from _CANDIDATES.get(check, _none)(plan)


def _none(plan: ClusterPlan) -> Iterator[Edits]:
    return iter(())


def _multiaz(plan: ClusterPlan) -> Iterator[Edits]:
    """Let a group of nodes spread, or the whole cluster; else let there be more nodes; else both."""
    spec = plan.spec
    limits: list[tuple[str, ...]] = [("controlPlane", "zones")] if spec.control_plane.zones else []
    limits += [("pools", name, "zones") for name, pool in spec.pools.items() if pool.zones]
    limits += [("cloud", "zones")] if spec.cloud.zones else []
    spread = [(Edit(path, None),) for path in limits]
    workers = _workers(plan)
    more = [_sized(one, spec.pools[one.name], len(one.nodes) + extra) for extra in (1, 2) for one in workers]
    more += _hamasters(plan)
    yield from spread
    yield from more
    for first in spread:
        yield from ((*first, *second) for second in more)


def _hamasters(plan: ClusterPlan) -> Iterator[Edits]:
    if not plan.facts.managed_control_plane:
        yield (Edit(("controlPlane", "size"), NEEDED),)


def _haworkers(plan: ClusterPlan) -> Iterator[Edits]:
    """Let the largest pool that applications may use be larger."""
    missing = NEEDED - sum(pool.minimum for pool in _workers(plan))
    for pool in _workers(plan):
        yield _sized(pool, plan.spec.pools[pool.name], pool.minimum + missing)


def _workers(plan: ClusterPlan) -> list[PoolPlan]:
    """Return the pools of workers: those without taints first, the largest first."""
    pools = [pool for pool in plan.pools if pool.role is Role.WORKER]
    return sorted(pools, key=lambda pool: (bool(plan.spec.pools[pool.name].taints), -pool.minimum, pool.name))


def _sized(pool: PoolPlan, spec: NodePoolSpec, least: int) -> Edits:
    """Return what makes a pool at least so large."""
    where = ("pools", pool.name)
    if not spec.autoscale:
        return (Edit((*where, "size"), least),)
    edits = [Edit((*where, "autoscale", "min"), least)]
    if spec.autoscale.max < least:
        edits.append(Edit((*where, "autoscale", "max"), least))
    if "size" in spec.model_fields_set and spec.size < least:
        edits.append(Edit((*where, "size"), least))
    return tuple(edits)


def _kubernetesversion(plan: ClusterPlan) -> Iterator[Edits]:
    for minor in minors().supported:
        if minor > plan.spec.kubernetes.version:
            yield (Edit(("kubernetes", "version"), minor),)


def _rwxvolumes(plan: ClusterPlan) -> Iterator[Edits]:
    for kind in (SharedKind.CLOUD, SharedKind.MANILA, SharedKind.LONGHORN):
        if kind is not plan.spec.storage.shared.kind:
            yield (Edit(("storage", "shared", "kind"), kind.value),)


def _slots(*slots: str, also: Edits = ()) -> Callable[[ClusterPlan], Iterator[Edits]]:
    """Return what turns on some of the slots that are off, and some of the other settings; the fewest first."""

    def found(plan: ClusterPlan) -> Iterator[Edits]:
        addons = plan.spec.platform.addons
        off = [Edit(("platform", "addons", slot, "enabled"), True) for slot in slots if _off(addons.get(slot))]
        possible = [*off, *also]
        for number in range(1, len(possible) + 1):
            yield from combinations(possible, number)

    return found


def _off(addon: Any) -> bool:
    return addon is not None and not addon.enabled


_CANDIDATES: Mapping[str, Callable[[ClusterPlan], Iterator[Edits]]] = {
    "multiaz": _multiaz,
    "hamasters": _hamasters,
    "haworkers": _haworkers,
    "kubernetesversion": _kubernetesversion,
    "rwxvolumes": _rwxvolumes,
    "autocerts": _slots("certificates"),
    "logs": _slots("logs", "log-collector", also=(Edit(("logs", "enabled"), True),)),
    "metrics": _slots("metrics"),
}
