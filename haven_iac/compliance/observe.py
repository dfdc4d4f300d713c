"""The verdict on a live cluster, by the same rules: a pure function of what the reader saw."""

from __future__ import annotations

from datetime import date

from haven_iac.compliance.model import Basis, Verdict
from haven_iac.compliance.predict import verdict
from haven_iac.compliance.subject import Subject
from haven_iac.plan.model import ClusterPlan


def observe(seen: Subject, plan: ClusterPlan, today: date) -> Verdict:
    """Return what the checker is expected to say of the live cluster.

    Args:
        seen: what `haven_iac.compliance.reader` read.
        plan: what was built; tells whether it is a simulation or a sandbox.
        today: tells whether the data behind the checks is still fresh.
    """
    return verdict(seen, plan, Basis.OBSERVED, today)
