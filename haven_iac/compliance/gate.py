"""Whether a predicted verdict lets a run start."""

from __future__ import annotations

from haven_iac.compliance.model import Verdict
from haven_iac.errors import ComplianceError, Problem
from haven_iac.spec import ClusterSpec
from haven_iac.spec.compliance import Enforce


def refusal(spec: ClusterSpec, verdict: Verdict) -> ComplianceError | None:
    """Return why `up` must not start, or None.

    Args:
        spec: says in `compliance.enforce` whether a failing mandatory check stops a run.
        verdict: the prediction.
    """
    failed = [result for result in verdict.failed if result.check.mandatory]
    if not failed or spec.compliance.enforce is not Enforce.MANDATORY:
        return None
    names = ", ".join(result.check.id for result in failed)
    return ComplianceError(
        f"compliance.enforce is mandatory and these checks are predicted to fail: {names}",
        problems=[
            Problem(f"{r.check.id} is predicted to fail: {r.reason}", r.fix, ComplianceError.code) for r in failed
        ],
    )
