"""The verdict on a live cluster, by the same rules: a pure function of what the reader saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from haven_iac.compliance.model import Basis, Verdict
from haven_iac.compliance.predict import verdict
from haven_iac.compliance.subject import Subject
from haven_iac.compliance.words import Said, said
from haven_iac.plan.model import ClusterPlan


def observe(seen: Subject, plan: ClusterPlan, today: date) -> Verdict:
    """Return what the checker is expected to say of the live cluster.

    Args:
        seen: what `haven_iac.compliance.reader` read.
        plan: what was built; tells whether it is a simulation or a sandbox, and which nodes there should be.
        today: tells whether the data behind the checks is still fresh.
    """
    found = verdict(seen, plan, Basis.OBSERVED, today)
    return replace(found, warnings=(*found.warnings, *_other_cluster(seen, plan)))


def _other_cluster(seen: Subject, plan: ClusterPlan) -> list[Said]:
    """Warn when this looks like some other cluster; a managed cloud names nodes itself, so nothing can be said."""
    planned = {node.name for node in plan.nodes}
    if plan.facts.managed_control_plane or not planned or planned & {node.name for node in seen.nodes}:
        return []
    return [said("warning.other_cluster", n=len(planned), name=plan.spec.name)]
