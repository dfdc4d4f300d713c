"""Where the time went: the chain of resources that each waited for the one before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

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
    """Return what each resource in an exported state had to wait for.

    That is what it or a parent of its depends on, its provider, and where one of these is a component, all of its
    children.
    """
    listed = deployment.get("resources")
    resources = {one["urn"]: one for one in listed} if isinstance(listed, list) else {}
    children: dict[str, list[str]] = {}
    for urn, one in resources.items():
        children.setdefault(one.get("parent") or "", []).append(urn)

    def family(urn: str) -> Iterator[str]:
        yield urn
        for child in children.get(urn, ()):
            yield from family(child)

    @cache
    def needs(urn: str) -> frozenset[str]:
        one = resources.get(urn)
        if one is None:
            return frozenset()
        named = {*(one.get("dependencies") or []), str(one.get("provider") or "").rpartition("::")[0]}
        inherited = needs(one["parent"]) if one.get("parent") else frozenset()
        return inherited | {member for need in named if need in resources for member in family(need)}

    return {urn: set(needs(urn)) for urn in resources}
