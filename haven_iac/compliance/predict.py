"""The verdict before anything exists: a pure function of the plan."""

from __future__ import annotations

from datetime import date

from haven_iac.compliance import catalogue
from haven_iac.compliance.model import Basis, Result, Verdict
from haven_iac.compliance.rules import judge
from haven_iac.compliance.subject import Subject, of_plan
from haven_iac.plan.model import ClusterPlan
from haven_iac.spec.cluster import Profile
from haven_iac.versions import minors


def verdict(subject: Subject, plan: ClusterPlan, basis: Basis, today: date) -> Verdict:
    """Return every check's result for one cluster, planned or live."""
    oldest = min(catalogue.inputs().as_of, minors().as_of)
    results = []
    for check in catalogue.checks():
        outcome = judge(check.id, subject)
        results.append(Result(check, **vars(outcome)))
    return Verdict(
        basis=basis,
        catalogue=catalogue.CURRENT,
        results=tuple(results),
        simulated=plan.facts.simulated or subject.simulated,
        sandbox=plan.spec.compliance.profile is Profile.SANDBOX,
        warnings=(warning,) if (warning := catalogue.stale(today, oldest)) else (),
    )


def predict(plan: ClusterPlan, today: date) -> Verdict:
    """Return what the checker is expected to say of a plan.

    Args:
        plan: what would be built.
        today: tells whether the data behind the checks is still fresh.
    """
    return verdict(of_plan(plan), plan, Basis.PREDICTED, today)
