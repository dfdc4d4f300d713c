"""The runs that one description takes: two where releases are handed over, so that nothing that leaves is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from haven_iac.errors import DeployError
from haven_iac.hand_over import owner_in
from haven_iac.prepare import Prepared, from_document
from haven_iac.spec.gitops import Owner


def runs(ready: Prepared, state: Mapping[str, Any]) -> list[Prepared]:
    """Return what is applied, one after the other; the last is what the description says.

    Args:
        ready: the plan.
        state: the stack as it was exported; empty when there is none yet.

    Raises:
        DeployError: GitOps is taken out while the releases are Flux's.
    """
    before = owner_in(dict(state))
    given = ready.spec.gitops
    if given is None:
        if before is Owner.FLUX:
            raise DeployError(
                "the releases are Flux's, and `gitops` is gone from the description",
                fix="put it back with `owner: haven-iac`, run `haven-iac up`, then take it out",
            )
        return [ready]
    if given.owner is Owner.FLUX and before not in (Owner.MOVING, Owner.FLUX):
        return [_moving(ready), ready]
    return [ready]


def _moving(ready: Prepared) -> Prepared:
    document = ready.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    document["gitops"]["owner"] = Owner.MOVING.value
    other = from_document(document)
    return replace(ready, spec=other.spec, plan=other.plan)
