"""After a kill: what was being created is found and adopted, or forgotten; nothing is left orphaned."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from haven_iac.deploy.tracker import type_of

Find = Callable[[str, Mapping[str, Any], Collection[str]], str | None]
"""Takes a type token, inputs, and ids that are recorded; returns the id of an object that was created but not
recorded."""


@dataclass
class Recovered:
    """What was done about the operations that a killed run left."""

    adopted: list[str] = field(default_factory=list)
    """URNs of objects that exist and were not recorded."""
    dropped: list[str] = field(default_factory=list)
    """URNs whose operation is forgotten: the next run does it again."""
    half: list[str] = field(default_factory=list)
    """URNs of what the cloud holds and could not finish: it has to be made anew."""

    @property
    def any(self) -> bool:
        """Return whether there was anything to do."""
        return bool(self.adopted or self.dropped)


def recover(state: dict[str, Any], find: Find) -> Recovered:
    """Settle the pending operations of an exported state, in place.

    A create that is found in the cloud is written into the state with its inputs as outputs, for the refresh that
    has to follow; what it was to replace is marked for deletion. Everything else is dropped: an update or delete is
    done again by the next run, and a create that nobody finds did not happen.

    Args:
        state: what `pulumi stack export` printed.
        find: looks an object up by type and inputs.
    """
    done = Recovered()
    deployment = state.get("deployment") or {}
    for operation in deployment.pop("pending_operations", None) or []:
        resource = operation["resource"]
        urn, inputs = resource["urn"], resource.get("inputs") or {}
        resources = deployment.setdefault("resources", [])
        found = None
        if operation.get("type") == "creating" and resource.get("custom"):
            found = find(type_of(urn), inputs, {str(one["id"]) for one in resources if one.get("id")})
        if found is None:
            done.dropped.append(urn)
            continue
        made = {**resource, "id": found, "outputs": dict(inputs)}
        for one in resources:
            if one["urn"] == urn:
                one["delete"] = True
        resources.insert(_place(resources, made), made)
        done.adopted.append(urn)
    return done


def half_made(state: Mapping[str, Any]) -> list[str]:
    """Return the URNs of what a cloud took on and could not finish, such as a load balancer that ended in ERROR.

    The engine records it with an error, and would go on with it as if it were good. Kubernetes' own objects are left
    out, which become ready later, and so are resources of ours, which go on from where they were.
    """
    resources = (state.get("deployment") or {}).get("resources") or ()
    return [
        str(one["urn"])
        for one in resources
        if one.get("initErrors") and one.get("custom") and not one["type"].startswith(("kubernetes:", "pulumi-python:"))
    ]


def _place(resources: list[dict[str, Any]], made: Mapping[str, Any]) -> int:
    """Return where a resource may stand: after everything that it needs, and before what may need it already."""
    needs = {made.get("parent"), str(made.get("provider") or "").rpartition("::")[0], *(made.get("dependencies") or ())}
    return max((position + 1 for position, one in enumerate(resources) if one["urn"] in needs), default=len(resources))
