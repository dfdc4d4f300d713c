"""The verdict before anything exists: a pure function of the plan."""

from __future__ import annotations

from datetime import date

from haven_iac import dated
from haven_iac.compliance import catalogue
from haven_iac.compliance.model import Basis, Result, Verdict
from haven_iac.compliance.rules import judge
from haven_iac.compliance.subject import Subject, of_plan
from haven_iac.plan.model import ClusterPlan
from haven_iac.spec.compliance import Profile


def verdict(subject: Subject, plan: ClusterPlan, basis: Basis, today: date) -> Verdict:
    """Return every check's result for one cluster, planned or live."""
    results = [Result(check, **vars(judge(check.id, subject))) for check in catalogue.checks()]
    topics = dated.everything()
    return Verdict(
        basis=basis,
        catalogue=catalogue.CURRENT,
        results=tuple(results),
        simulated=plan.facts.simulated or subject.simulated,
        sandbox=plan.spec.compliance.profile is Profile.SANDBOX,
        warnings=(warning,) if (warning := catalogue.stale(today, topics)) else (),
        data=tuple((topic.name, topic.as_of) for topic in topics),
    )


def predict(plan: ClusterPlan, today: date) -> Verdict:
    """Return what the checker is expected to say of a plan.

    Args:
        plan: what would be built.
        today: tells whether the data behind the checks is still fresh.
    """
    return verdict(of_plan(plan), plan, Basis.PREDICTED, today)
