"""Where the time went: the chain of resources that each waited for the one before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from haven_iac.deploy.tracker import Step


@dataclass(frozen=True)
class Link:
    """One resource on the critical path."""

    name: str
    type: str
    seconds: float
    """How long it took itself."""
    waited: float
    """How long nothing that it depends on was being worked on before it began."""


def critical_path(steps: Mapping[str, Step], needs: Mapping[str, Collection[str]]) -> list[Link]:
    """Return the chain that decided how long a run took, first one first.

    Args:
        steps: what happened, by URN.
        needs: for each URN what it depends on, its parent included.
    """
    timed = {urn: step for urn, step in steps.items() if step.ended is not None and not _only_groups(step)}
    if not timed:
        return []
    urn: str | None = max(timed, key=lambda one: timed[one].ended or 0)
    path: list[Link] = []
    seen: set[str] = set()
    while urn is not None and urn not in seen:
        seen.add(urn)
        step = timed[urn]
        before = [one for one in _reach(urn, needs, timed) if one not in seen]
        previous = max(before, key=lambda one: timed[one].ended or 0, default=None)
        begun = (timed[previous].ended or 0.0) if previous else 0.0
        path.append(Link(step.name, step.type, (step.ended or 0.0) - step.started, max(0.0, step.started - begun)))
        urn = previous
    return path[::-1]


def _only_groups(step: Step) -> bool:
    """Return whether a resource does no work itself: the stack, and components."""
    return step.type == "pulumi:pulumi:Stack" or step.type.startswith(("haven:index:", "kubernetes:helm.sh/v4"))


def _reach(urn: str, needs: Mapping[str, Collection[str]], timed: Mapping[str, Step]) -> set[str]:
    """Return what one depends on; through what took no time of its own, to what did."""
    found: set[str] = set()
    todo, seen = list(needs.get(urn, ())), set[str]()
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in timed and (timed[one].ended or 0.0) <= timed[urn].started + 0.05:
            found.add(one)
        else:
            todo.extend(needs.get(one, ()))
    return found


def dependencies(deployment: Mapping[str, object]) -> dict[str, set[str]]:
    """Return what each resource in an exported state depends on, its parent and provider included."""
    found: dict[str, set[str]] = {}
    resources = deployment.get("resources")
    for resource in resources if isinstance(resources, list) else []:
        provider = str(resource.get("provider") or "").rpartition("::")[0]
        needs = {*(resource.get("dependencies") or []), resource.get("parent"), provider}
        found[resource["urn"]] = {str(need) for need in needs if need}
    return found
